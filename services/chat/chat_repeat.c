/*  chat_repeat - what calls came to, so that a repeat of one comes to the same. */

#include "chat_repeat.h"

#include <stdlib.h>

void chat_repeat_init (chat_repeat_t *self)
{
    *self = (chat_repeat_t){0};
    TAILQ_INIT (&self->ages);
}

chat_outcome_t *chat_repeat_reserve (chat_repeat_t *self, int *out_err)
{
    chat_outcome_t *outcome = NULL;
    if (self->count >= CHAT_REPEAT_CALLS)
        *out_err = -PT_E_busy;
    else if (!(outcome = calloc (1, sizeof *outcome)))
        *out_err = -PT_E_memory;
    else
        self->count++;
    return outcome;
}

void chat_repeat_drop (chat_repeat_t *self, chat_outcome_t **outcome_p)
{
    if (!*outcome_p)
        return;
    free (*outcome_p);
    *outcome_p = NULL;
    self->count--;
}

void chat_repeat_keep (chat_repeat_t *self, chat_outcome_t **outcome_p, uint64_t call, int err, char *text,
                       uint32_t len, uint64_t now_ms)
{
    chat_outcome_t *outcome = *outcome_p;
    *outcome_p = NULL;
    outcome->call = call;
    outcome->until_ms = now_ms + LIM_DEADLINE_MS;
    outcome->err = err;
    outcome->text = text;
    outcome->len = text ? len : 0;
    self->bytes += outcome->len;
    LIST_INSERT_HEAD (&self->slots[call % CHAT_REPEAT_SLOTS], outcome, in_slot);
    TAILQ_INSERT_TAIL (&self->ages, outcome, by_age);
}

const chat_outcome_t *chat_repeat_find (const chat_repeat_t *self, uint64_t call)
{
    const chat_outcome_t *outcome = LIST_FIRST (&self->slots[call % CHAT_REPEAT_SLOTS]);
    while (outcome && outcome->call != call)
        outcome = LIST_NEXT (outcome, in_slot);
    return outcome;
}

static void s_forget (chat_repeat_t *self, chat_outcome_t *outcome)
{
    LIST_REMOVE (outcome, in_slot);
    TAILQ_REMOVE (&self->ages, outcome, by_age);
    self->bytes -= outcome->len;
    free (outcome->text);
    chat_repeat_drop (self, &outcome);
}

void chat_repeat_sweep (chat_repeat_t *self, uint64_t now_ms)
{
    chat_outcome_t *outcome;
    /*  NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyzer does not see that removal moves the head. */
    while ((outcome = TAILQ_FIRST (&self->ages)) && outcome->until_ms <= now_ms)
        s_forget (self, outcome);
}

void chat_repeat_fini (chat_repeat_t *self)
{
    chat_repeat_sweep (self, UINT64_MAX);
}
