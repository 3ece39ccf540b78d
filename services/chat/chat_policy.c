/*  chat_policy - rules beyond the schema, as pure functions. */

#include "chat_policy.h"
#include "pt_codec.h"
#include "sv_address.h"
#include "sv_text.h"

static int s_refuse (pt_error_t *error, pt_arena_t *arena, const char *field, const char *code, const char *detail)
{
    pt_error_add (error, arena, field, code, detail);
    return -PT_E_invalid;
}

/*  As s_refuse for a field of the `index`-th send; the path is lost rather
    than the refusal when the arena is full. */
static int s_refuse_send (pt_error_t *error, pt_arena_t *arena, uint32_t index, const char *field, const char *code,
                          const char *detail)
{
    const char *path = pt_arena_printf (arena, "sends.%u.%s", (unsigned)index, field);
    return s_refuse (error, arena, path ? path : field, code, detail);
}

int chat_policy_send (const pt_send_entry_t *entry, uint32_t index, bool takes_empty, pt_arena_t *arena,
                      pt_error_t *error)
{
    int rc = 0;
    if (sv_text_has_control (entry->send_id, false))
        rc = s_refuse_send (error, arena, index, "send_id", "encoding", "control characters are not allowed");
    bool has_files = entry->has_attachments && entry->attachments.count > 0;
    if (!takes_empty && !sv_text_has_ink (entry->body) && !(entry->body.len == 0 && has_files))
        rc = s_refuse_send (error, arena, index, "body", "too_short", "needs a character that is not white space");
    return rc;
}

static int s_check_name (pt_str_t name, pt_arena_t *arena, pt_error_t *error)
{
    if (sv_text_has_control (name, false))
        return s_refuse (error, arena, "name", "encoding", "control characters are not allowed");
    if (!sv_text_has_ink (name))
        return s_refuse (error, arena, "name", "too_short", "needs a character that is not white space");
    return 0;
}

static int s_check_topic (pt_str_t topic, pt_arena_t *arena, pt_error_t *error)
{
    if (sv_text_has_control (topic, true))
        return s_refuse (error, arena, "topic", "encoding", "control characters are not allowed");
    return 0;
}

static int s_check_direct (const pt_room_create_t *msg, pt_arena_t *arena, pt_error_t *error)
{
    uint32_t count = msg->has_members ? msg->members.count : 0;
    if (count == 0)
        return s_refuse (error, arena, "members", msg->has_members ? "too_short" : "missing",
                         "a direct room names one other account");
    if (count > 1)
        return s_refuse (error, arena, "members", "too_long", "a direct room names one other account");
    if (msg->members.at[0] == msg->account)
        return s_refuse (error, arena, "members.0", "not_one_of", "a direct room is with somebody else");
    return 0;
}

/*  A dialect has a kind of its own, which store enters. */
pt_room_kind_t chat_policy_room_kind (const pt_room_create_t *msg)
{
    return msg->has_kind && !msg->has_dialect ? msg->kind : PT_room_kind_GROUP;
}

static bool s_needs_name (const pt_room_create_t *msg)
{
    if (msg->has_dialect)
        return msg->dialect != PT_room_dialect_CLOCK && msg->dialect != PT_room_dialect_OPEN;
    return chat_policy_room_kind (msg) != PT_room_kind_DIRECT;
}

/*  An open room is named by who makes it, and by nothing that may name another room. */
static int s_check_address (const pt_room_create_t *msg, pt_arena_t *arena, pt_error_t *error)
{
    bool is_open = msg->has_dialect && msg->dialect == PT_room_dialect_OPEN;
    if (is_open && !msg->has_room_address)
        return s_refuse (error, arena, "room_address", "missing", NULL);
    if (msg->has_room_address && (!is_open || sv_address_dialect (msg->room_address) != PT_room_dialect_OPEN))
        return s_refuse (error, arena, "room_address", "not_one_of", "no open room can have this address");
    return 0;
}

int chat_policy_room_create (const pt_room_create_t *msg, pt_arena_t *arena, pt_error_t *error)
{
    bool is_direct = chat_policy_room_kind (msg) == PT_room_kind_DIRECT;
    int rc = 0;
    if (msg->has_name)
        rc = s_check_name (msg->name, arena, error);
    else if (s_needs_name (msg))
        rc = s_refuse (error, arena, "name", "missing", "a room that is not direct needs a name");
    if (msg->has_topic && s_check_topic (msg->topic, arena, error) != 0)
        rc = -PT_E_invalid;
    if (is_direct && s_check_direct (msg, arena, error) != 0)
        rc = -PT_E_invalid;
    if (s_check_address (msg, arena, error) != 0)
        rc = -PT_E_invalid;
    return rc;
}

int chat_policy_room_update (const void *msg, pt_arena_t *arena, pt_error_t *error)
{
    const pt_room_update_t *update = msg;
    int rc = 0;
    if (update->has_name)
        rc = s_check_name (update->name, arena, error);
    if (update->has_topic && s_check_topic (update->topic, arena, error) != 0)
        rc = -PT_E_invalid;
    return rc;
}

int chat_policy_history (const void *msg, pt_arena_t *arena, pt_error_t *error)
{
    const pt_history_query_t *query = msg;
    if (query->has_after + query->has_before + query->has_around + query->has_before_at < 2)
        return 0;
    return s_refuse (error, arena, query->has_around ? "around" : "before", "not_one_of",
                     "give one of after, before, around");
}

int chat_policy_signal (const pt_room_signal_t *msg, pt_arena_t *arena, pt_error_t *error)
{
    bool is_tell = msg->kind == PT_signal_TELL, is_said = msg->kind == PT_signal_SAID;
    int rc = 0;
    if (msg->kind == PT_signal_PROBE) /* says nothing to anybody */
        return 0;
    if (!is_tell && sv_address_dialect (msg->address) != PT_room_dialect_OPEN)
        rc = s_refuse (error, arena, "address", "not_one_of", "no open room can have this address");
    if (!is_said && !msg->has_account)
        rc = s_refuse (error, arena, "account", "missing", NULL);
    if (!is_said && !is_tell && !msg->has_name)
        rc = s_refuse (error, arena, "name", "missing", NULL);
    if (is_said && !msg->has_text)
        rc = s_refuse (error, arena, "text", "missing", NULL);
    return rc;
}

pt_change_t chat_policy_removal (uint64_t account, uint64_t member)
{
    return account == member ? PT_change_LEFT : PT_change_KICKED;
}

/*  FNV-1a of the key: both would not fit. */
pt_str_t chat_policy_key (pt_str_t key, uint64_t account, pt_arena_t *arena)
{
    uint64_t hash = UINT64_C (0xcbf29ce484222325);
    for (uint32_t i = 0; i < key.len; i++)
        hash = (hash ^ (uint8_t)key.at[i]) * UINT64_C (0x100000001b3);
    const char *text = pt_arena_printf (arena, "%016llx.%llu", (unsigned long long)hash, (unsigned long long)account);
    return text ? pt_str (text) : PT_LIT ("");
}
