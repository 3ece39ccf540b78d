/*  chat_group - the groups of this instance: which channels what is sent to a group goes to.

    A group exists as long as it has a member.  All memberships last equally long, so one list in the
    order of additions says which are over; it is looked at whenever a group is used. */

#include "chat_group.h"

#include "chat_name.h"
#include "chat_repeat.h"
#include <stdlib.h>

typedef struct s_member {
    LIST_ENTRY (s_member) in_group;
    TAILQ_ENTRY (s_member) by_age;
    struct s_group *group;
    chat_name_t channel;
    uint64_t until_ms;
} s_member_t;

typedef struct s_group {
    chat_name_t name; /* first: what the table finds */
    LIST_HEAD (s_members, s_member) members;
    unsigned count;
} s_group_t;

struct chat_group {
    chat_names_t groups;
    TAILQ_HEAD (s_ages, s_member) ages;
    size_t count; /* members of all groups */
    chat_repeat_t repeat;
};

/*  ---- members ---------------------------------------------------------------------- */

static s_group_t *s_find_group (const chat_group_t *self, pt_str_t group)
{
    return (s_group_t *)chat_names_find (&self->groups, group);
}

static s_member_t *s_find_member (const s_group_t *group, pt_str_t channel)
{
    s_member_t *member = LIST_FIRST (&group->members);
    while (member && !chat_name_is (&member->channel, channel))
        member = LIST_NEXT (member, in_group);
    return member;
}

static void s_release_group (chat_group_t *self, s_group_t *group)
{
    if (group->count > 0)
        return;
    chat_names_remove (&self->groups, &group->name);
    free (group);
}

static void s_remove (chat_group_t *self, s_member_t *member)
{
    s_group_t *group = member->group;
    LIST_REMOVE (member, in_group);
    TAILQ_REMOVE (&self->ages, member, by_age);
    free (member);
    self->count--;
    group->count--;
    s_release_group (self, group);
}

static void s_sweep (chat_group_t *self, uint64_t now_ms)
{
    s_member_t *member;
    /*  NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyzer does not see that removal moves the head. */
    while ((member = TAILQ_FIRST (&self->ages)) && member->until_ms <= now_ms)
        s_remove (self, member);
    chat_repeat_sweep (&self->repeat, now_ms);
}

static s_group_t *s_add_group (chat_group_t *self, pt_str_t name, int *out_err)
{
    s_group_t *group = NULL;
    if (self->groups.count >= CHAT_GROUPS)
        *out_err = -PT_E_too_many;
    else if (!(group = calloc (1, sizeof *group)))
        *out_err = -PT_E_memory;
    else {
        LIST_INIT (&group->members);
        chat_name_set (&group->name, name);
        chat_names_add (&self->groups, &group->name);
    }
    return group;
}

static s_member_t *s_add_member (chat_group_t *self, s_group_t *group, pt_str_t channel, int *out_err)
{
    s_member_t *member = NULL;
    if (group->count >= CHAT_GROUP_MEMBERS || self->count >= CHAT_GROUP_ALL)
        *out_err = -PT_E_too_many;
    else if (!(member = calloc (1, sizeof *member)))
        *out_err = -PT_E_memory;
    else {
        member->group = group;
        chat_name_set (&member->channel, channel);
        LIST_INSERT_HEAD (&group->members, member, in_group);
        TAILQ_INSERT_TAIL (&self->ages, member, by_age);
        self->count++;
        group->count++;
    }
    return member;
}

/*  ---- calls --------------------------------------------------------------------------- */

static int s_add (chat_group_t *self, pt_str_t name, pt_str_t channel, uint64_t now_ms)
{
    int err = 0;
    s_group_t *group = s_find_group (self, name);
    if (!group && !(group = s_add_group (self, name, &err)))
        return err;
    s_member_t *member = s_find_member (group, channel);
    if (!member && !(member = s_add_member (self, group, channel, &err))) {
        s_release_group (self, group);
        return err;
    }
    member->until_ms = now_ms + CHAT_GROUP_KEPT_MS;
    TAILQ_REMOVE (&self->ages, member, by_age);
    TAILQ_INSERT_TAIL (&self->ages, member, by_age);
    return 0;
}

static int s_discard (chat_group_t *self, pt_str_t name, pt_str_t channel, uint64_t now_ms)
{
    (void)now_ms;
    const s_group_t *group = s_find_group (self, name);
    s_member_t *member = group ? s_find_member (group, channel) : NULL;
    if (member)
        s_remove (self, member);
    return 0;
}

/*  Lets time pass, then does what `fn` does unless the call is known. */
static int s_change (chat_group_t *self, pt_str_t group, pt_str_t channel, uint64_t call, uint64_t now_ms,
                     int (*fn) (chat_group_t *, pt_str_t, pt_str_t, uint64_t))
{
    s_sweep (self, now_ms);
    const chat_outcome_t *known = chat_repeat_find (&self->repeat, call);
    if (known)
        return known->err;
    int err = 0;
    chat_outcome_t *outcome = chat_repeat_reserve (&self->repeat, &err);
    if (!outcome)
        return err;
    err = fn (self, group, channel, now_ms);
    chat_repeat_keep (&self->repeat, &outcome, call, err, NULL, 0, now_ms);
    return err;
}

int chat_group_add (chat_group_t *self, pt_str_t group, pt_str_t channel, uint64_t call, uint64_t now_ms)
{
    return s_change (self, group, channel, call, now_ms, s_add);
}

int chat_group_discard (chat_group_t *self, pt_str_t group, pt_str_t channel, uint64_t call, uint64_t now_ms)
{
    return s_change (self, group, channel, call, now_ms, s_discard);
}

int chat_group_send (chat_group_t *self, pt_str_t name, uint64_t call, uint64_t now_ms, chat_group_fn *fn, void *ctx)
{
    s_sweep (self, now_ms);
    if (chat_repeat_find (&self->repeat, call))
        return 0;
    int err = 0;
    chat_outcome_t *outcome = chat_repeat_reserve (&self->repeat, &err);
    if (!outcome)
        return err;
    chat_repeat_keep (&self->repeat, &outcome, call, 0, NULL, 0, now_ms);
    const s_group_t *group = s_find_group (self, name);
    for (const s_member_t *member = group ? LIST_FIRST (&group->members) : NULL; member;
         member = LIST_NEXT (member, in_group))
        fn (ctx, chat_name_text (&member->channel));
    return 0;
}

/*  ---- life ------------------------------------------------------------------------------ */

chat_group_t *chat_group_new (void)
{
    chat_group_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    TAILQ_INIT (&self->ages);
    chat_repeat_init (&self->repeat);
    return self;
}

void chat_group_destroy (chat_group_t **self_p)
{
    chat_group_t *self = *self_p;
    if (!self)
        return;
    s_sweep (self, UINT64_MAX);
    free (self);
    *self_p = NULL;
}
