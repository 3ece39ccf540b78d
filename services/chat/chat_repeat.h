/*  chat_repeat - what calls came to, so that a repeat of one comes to the same.

    The bus sends a call that is slow to be answered once more, under the same key.  Here
    each outcome is kept until no repeat can be on its way any more, LIM_DEADLINE_MS.
    Whoever acts reserves an entry first: once something has happened nothing can keep it
    from being remembered.  A pure structure: time comes in as an argument. */

#ifndef CHAT_REPEAT_H
#define CHAT_REPEAT_H

#include "pt_error.h"
#include "pt_message.h"
#include <sys/queue.h>

/*  Calls remembered; beyond it a call is refused with `busy`, before anything happens. */
#define CHAT_REPEAT_CALLS 16384
#define CHAT_REPEAT_SLOTS 4096

typedef struct chat_outcome {
    LIST_ENTRY (chat_outcome) in_slot;
    TAILQ_ENTRY (chat_outcome) by_age;
    uint64_t call;
    uint64_t until_ms;
    int err;    /* 0 or a negative error */
    char *text; /* the answer's, owned; NULL: none */
    uint32_t len;
} chat_outcome_t;

/*  Embedded. */
typedef struct {
    LIST_HEAD (chat_outcome_slot, chat_outcome) slots[CHAT_REPEAT_SLOTS];
    TAILQ_HEAD (chat_outcomes, chat_outcome) ages;
    size_t count; /* kept and reserved */
    size_t bytes; /* of the texts kept */
} chat_repeat_t;

void chat_repeat_init (chat_repeat_t *self);
void chat_repeat_fini (chat_repeat_t *self);

/*  Reserves an entry, to be given to chat_repeat_keep or _drop; NULL with -PT_E_busy or
    -PT_E_memory. */
chat_outcome_t *chat_repeat_reserve (chat_repeat_t *self, int *out_err);
void chat_repeat_drop (chat_repeat_t *self, chat_outcome_t **outcome_p);

/*  Keeps what `call` came to; `text` (malloc'ed, may be NULL) is taken. */
void chat_repeat_keep (chat_repeat_t *self, chat_outcome_t **outcome_p, uint64_t call, int err, char *text,
                       uint32_t len, uint64_t now_ms);

/*  What it came to, borrowed; NULL: not known. */
const chat_outcome_t *chat_repeat_find (const chat_repeat_t *self, uint64_t call);

/*  Forgets what is old. */
void chat_repeat_sweep (chat_repeat_t *self, uint64_t now_ms);

#endif
