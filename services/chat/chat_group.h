/*  chat_group - the groups of this instance: which channels what is sent to a group goes to.

    A pure structure; time comes in as an argument.  A channel is a member for a day from when it
    was last added, as with Django's channel layers.  A repeat of a call that is known has the outcome
    of the first and no other effect.  Nobody is told who the members are. */

#ifndef CHAT_GROUP_H
#define CHAT_GROUP_H

#include "pt_error.h"
#include "pt_message.h"

typedef struct chat_group chat_group_t;

/*  Beyond these an addition is refused with `too_many`. */
#define CHAT_GROUPS 1024
#define CHAT_GROUP_MEMBERS 256     /* of one group */
#define CHAT_GROUP_ALL (16 * 1024) /* members of all groups */
#define CHAT_GROUP_KEPT_MS 86400000

/*  NULL when out of memory. */
chat_group_t *chat_group_new (void);
void chat_group_destroy (chat_group_t **self_p);

/*  Adds or renews, and takes out (also who is no member).  `call` is the same for a call and its
    repeats.  0, or -PT_E_too_many, -PT_E_busy or -PT_E_memory. */
PT_MUSTCHECK int chat_group_add (chat_group_t *self, pt_str_t group, pt_str_t channel, uint64_t call, uint64_t now_ms);
PT_MUSTCHECK int chat_group_discard (chat_group_t *self, pt_str_t group, pt_str_t channel, uint64_t call,
                                     uint64_t now_ms);

/*  Calls `fn` for each member, whose name is borrowed; for a repeat not at all.  `fn` must not change
    groups.  0, or -PT_E_busy or -PT_E_memory: then for none. */
typedef void (chat_group_fn) (void *ctx, pt_str_t channel);
PT_MUSTCHECK int chat_group_send (chat_group_t *self, pt_str_t group, uint64_t call, uint64_t now_ms, chat_group_fn *fn,
                                  void *ctx);

#endif
