/*  chat_policy - rules beyond the schema, as pure functions.

    Each check adds the fields at fault to `error` (memory from `arena`) and
    returns 0 or -PT_E_invalid. */

#ifndef CHAT_POLICY_H
#define CHAT_POLICY_H

#include "pt_arena.h"
#include "pt_message.h"

/*  One message; `index` is its place in the array, for the path of a field. */
PT_MUSTCHECK int chat_policy_send (const pt_send_entry_t *entry, uint32_t index, bool takes_empty, pt_arena_t *arena,
                                   pt_error_t *error);

/*  A new room: group when no kind is given; a name unless direct or of the dialect `clock`;
    a direct room is with exactly one other account.  Whom a dialect wants in it store knows. */
PT_MUSTCHECK int chat_policy_room_create (const pt_room_create_t *msg, pt_arena_t *arena, pt_error_t *error);
pt_room_kind_t chat_policy_room_kind (const pt_room_create_t *msg);

/*  A new name or topic obeys the rules of a first one. */
PT_MUSTCHECK int chat_policy_room_update (const void *msg, pt_arena_t *arena, pt_error_t *error);

/*  At most one of after, before, around. */
PT_MUSTCHECK int chat_policy_history (const void *msg, pt_arena_t *arena, pt_error_t *error);

/*  A signal: what its kind needs, and an address that rooms of its dialect may have.
    Whose group it is that shall tell the time store knows. */
PT_MUSTCHECK int chat_policy_signal (const pt_room_signal_t *msg, pt_arena_t *arena, pt_error_t *error);

/*  What removing `member` is called: to remove oneself is to leave. */
pt_change_t chat_policy_removal (uint64_t account, uint64_t member);

/*  The key of one row of a request that has several: of the request's key and the account
    that the row is about, LIM_SEND_ID bytes at most.  Empty when the arena is full. */
pt_str_t chat_policy_key (pt_str_t key, uint64_t account, pt_arena_t *arena);

#endif
