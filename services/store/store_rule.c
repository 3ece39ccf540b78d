/*  store_rule - who may say and change what in a room.

    A stranger learns nothing of a room that is not public: it is not_found.

    A room of a dialect follows the rules of its kind but for these: in `public` and
    `open` anybody may post; in `public` staff governs and nobody else; in `member` and
    `chat` every member may add others; in `member` a message may be empty. */

#include "store_rule.h"

static int s_refuse (store_entry_t *entry, int error, const char *detail)
{
    entry->verdict = STORE_REFUSED;
    entry->error = error;
    entry->detail = detail;
    return error;
}

static int s_refuse_stranger (const store_room_t *room, store_entry_t *entry)
{
    return s_refuse (entry, room->kind == PT_room_kind_PUBLIC ? -PT_E_not_member : -PT_E_not_found, NULL);
}

static bool s_is_open (const store_room_t *room)
{
    return room->dialect == PT_room_dialect_PUBLIC || room->dialect == PT_room_dialect_OPEN;
}

static bool s_is_sociable (const store_room_t *room)
{
    return room->dialect == PT_room_dialect_MEMBER || room->dialect == PT_room_dialect_CHAT;
}

/*  The role by which a sender's changes of membership are judged. */
static pt_role_t s_standing (const store_room_t *room, const store_pair_t *sender)
{
    if (room->dialect != PT_room_dialect_PUBLIC)
        return sender->role;
    if (sender->is_staff)
        return PT_role_OWNER;
    return sender->role < PT_role_MEMBER ? sender->role : PT_role_MEMBER;
}

static int s_change (store_entry_t *entry, pt_change_t what, pt_role_t role)
{
    entry->what = what;
    entry->role = role;
    return 0;
}

static int s_nothing (store_entry_t *entry, pt_role_t role)
{
    entry->verdict = STORE_SAME;
    entry->role = role;
    return 0;
}

static const char *const s_files[] = {
    "attachments.0: no file of the sender's", "attachments.1: no file of the sender's",
    "attachments.2: no file of the sender's", "attachments.3: no file of the sender's",
    "attachments.4: no file of the sender's", "attachments.5: no file of the sender's",
    "attachments.6: no file of the sender's", "attachments.7: no file of the sender's",
    "attachments.8: no file of the sender's", "attachments.9: no file of the sender's",
};
_Static_assert(sizeof (s_files) / sizeof (s_files[0]) == LIM_ATTACHMENTS, "a sentence for each");

/*  Nobody posts what somebody else keeps, or learns whether it is there. */
static int s_rule_files (store_entry_t *entry)
{
    if (entry->asked.file_count > LIM_ATTACHMENTS)
        return s_refuse (entry, -PT_E_invalid, "too many attachments");
    for (unsigned i = 0; i < entry->asked.file_count; i++)
        if (!(entry->told >> i & 1))
            return s_refuse (entry, -PT_E_not_found, s_files[i]);
    return 0;
}

int store_rule_message (const store_room_t *room, pt_role_t sender, store_entry_t *entry)
{
    bool is_empty = entry->asked.body.len == 0 && entry->asked.file_count == 0;
    if (entry->asked.kind != PT_item_kind_MESSAGE || (is_empty && room->dialect != PT_room_dialect_MEMBER))
        return s_refuse (entry, -PT_E_invalid, "a message needs a body or a file");
    if (sender == PT_role_none && !s_is_open (room))
        return s_refuse_stranger (room, entry);
    if (sender == PT_role_READER)
        return s_refuse (entry, -PT_E_forbidden, "readers may not post");
    return s_rule_files (entry);
}

/*  A member's role becomes another one. */
static int s_rule_role (const store_room_t *room, pt_role_t sender, const store_pair_t *target, store_entry_t *entry,
                        pt_role_t role)
{
    bool is_self = entry->asked.account == entry->sender;
    if (is_self && role == target->role)
        return s_nothing (entry, role);
    if (is_self && role > target->role)
        return s_refuse (entry, -PT_E_forbidden, "nobody raises oneself");
    if (!is_self && sender < PT_role_ADMIN)
        return s_refuse (entry, -PT_E_forbidden, "admins and owners change roles");
    if (!is_self && sender < PT_role_OWNER && (role >= PT_role_ADMIN || target->role >= PT_role_ADMIN))
        return s_refuse (entry, -PT_E_forbidden, "owners alone make and change admins and owners");
    if (role == target->role)
        return s_nothing (entry, role);
    if (target->role == PT_role_OWNER && room->owners <= 1)
        return s_refuse (entry, -PT_E_forbidden, "the last owner stays owner; make another one first");
    return s_change (entry, PT_change_ROLE, role);
}

/*  Somebody comes in, or is brought in. */
static int s_rule_joined (const store_room_t *room, pt_role_t sender, const store_pair_t *target, store_entry_t *entry)
{
    pt_role_t role = entry->asked.role ? entry->asked.role : PT_role_MEMBER;
    if (entry->asked.account == entry->sender) {
        if (target->role && !entry->asked.role)
            return s_nothing (entry, target->role);
        if (target->role)
            return s_rule_role (room, sender, target, entry, role);
        if (room->kind != PT_room_kind_PUBLIC)
            return s_refuse_stranger (room, entry);
        if (role != PT_role_MEMBER)
            return s_refuse (entry, -PT_E_forbidden, "who joins is a member");
        if (!target->exists)
            return s_refuse (entry, -PT_E_not_found, "no such account");
        return s_change (entry, PT_change_JOINED, role);
    }
    if (sender == PT_role_none)
        return s_refuse_stranger (room, entry);
    if (target->role && !entry->asked.role)
        return s_nothing (entry, target->role);
    if (target->role)
        return s_rule_role (room, sender, target, entry, role);
    bool may_bring = s_is_sociable (room) && sender == PT_role_MEMBER && role == PT_role_MEMBER;
    if (sender < PT_role_ADMIN && !may_bring)
        return s_refuse (entry, -PT_E_forbidden, "admins and owners add members");
    if (sender < PT_role_OWNER && role >= PT_role_ADMIN)
        return s_refuse (entry, -PT_E_forbidden, "owners alone make and change admins and owners");
    if (!target->exists)
        return s_refuse (entry, -PT_E_not_found, "no such account");
    return s_change (entry, PT_change_JOINED, role);
}

static int s_rule_asked_role (const store_room_t *room, pt_role_t sender, const store_pair_t *target,
                              store_entry_t *entry)
{
    if (!entry->asked.role)
        return s_refuse (entry, -PT_E_invalid, "which role?");
    if (sender == PT_role_none)
        return s_refuse_stranger (room, entry);
    if (!target->role)
        return s_refuse (entry, -PT_E_not_found, "no such member");
    return s_rule_role (room, sender, target, entry, entry->asked.role);
}

static int s_rule_left (const store_room_t *room, pt_role_t sender, const store_pair_t *target, store_entry_t *entry)
{
    (void)sender;
    if (entry->asked.account != entry->sender)
        return s_refuse (entry, -PT_E_forbidden, "one leaves oneself alone");
    if (!target->role)
        return s_nothing (entry, PT_role_none);
    if (target->role == PT_role_OWNER && room->owners <= 1 && room->members > 1)
        return s_refuse (entry, -PT_E_forbidden, "the last owner can't leave the others; make another owner first");
    return s_change (entry, PT_change_LEFT, PT_role_none);
}

static int s_rule_kicked (const store_room_t *room, pt_role_t sender, const store_pair_t *target, store_entry_t *entry)
{
    if (entry->asked.account == entry->sender)
        return s_rule_left (room, sender, target, entry);
    if (sender == PT_role_none)
        return s_refuse_stranger (room, entry);
    if (sender < PT_role_ADMIN)
        return s_refuse (entry, -PT_E_forbidden, "admins and owners remove members");
    if (!target->role)
        return s_nothing (entry, PT_role_none);
    if (target->role >= sender)
        return s_refuse (entry, -PT_E_forbidden, "only members of a lower role can be removed");
    return s_change (entry, PT_change_KICKED, PT_role_none);
}

typedef int (s_rule_fn) (const store_room_t *room, pt_role_t sender, const store_pair_t *target, store_entry_t *entry);

static s_rule_fn *const s_rules[] = {
    [PT_change_JOINED] = s_rule_joined,
    [PT_change_LEFT] = s_rule_left,
    [PT_change_KICKED] = s_rule_kicked,
    [PT_change_ROLE] = s_rule_asked_role,
};

int store_rule_change (const store_room_t *room, const store_pair_t *asker, const store_pair_t *target,
                       store_entry_t *entry)
{
    pt_role_t sender = s_standing (room, asker);
    unsigned what = entry->asked.what;
    if (what >= sizeof (s_rules) / sizeof (s_rules[0]) || !s_rules[what])
        return s_refuse (entry, -PT_E_invalid, "what should change?");
    if (room->kind == PT_room_kind_DIRECT) {
        if (sender == PT_role_none)
            return s_refuse_stranger (room, entry);
        return s_refuse (entry, -PT_E_forbidden, "the two of a direct room stay");
    }
    return s_rules[what](room, sender, target, entry);
}
