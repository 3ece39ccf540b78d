/*  sv_ready - whether a service can serve that depends on another one. */

#include "sv_ready.h"
#include <stdio.h>

static void s_take (sv_ready_t *state, sv_ready_event_t event, unsigned live, uint64_t now_ms)
{
    switch (event) {
    case SV_READY_BROKERS:
        state->live = live;
        break;
    case SV_READY_OK:
        state->was_ok = true;
        state->ok_ms = now_ms;
        state->is_bad = false;
        break;
    case SV_READY_BAD:
        state->is_bad = true;
        break;
    case SV_READY_AWAY:
        state->is_bad = false;
        break;
    case SV_READY_TICK:
        break;
    }
}

/*  What is wrong with the other service; NULL when nothing is. */
static const char *s_find_fault (const sv_ready_t *state, uint64_t now_ms)
{
    if (state->was_ok && now_ms - state->ok_ms <= SV_READY_FRESH_MS)
        return NULL;
    if (state->is_bad)
        return "can't serve";
    return state->was_ok ? "does not answer any more" : "has not answered yet";
}

sv_ready_verdict_t sv_ready_step (sv_ready_t *state, sv_ready_event_t event, unsigned live, uint64_t now_ms)
{
    s_take (state, event, live, now_ms);
    const char *fault = s_find_fault (state, now_ms);
    sv_ready_verdict_t verdict = {.next_ask_ms = SV_READY_ASK_SOON_MS};
    if (state->live == 0)
        snprintf (verdict.reason, sizeof verdict.reason, "no broker is live");
    else if (fault)
        snprintf (verdict.reason, sizeof verdict.reason, "%s %s", state->name, fault);
    else
        verdict = (sv_ready_verdict_t){.is_ready = true, .next_ask_ms = SV_READY_ASK_MS};
    return verdict;
}
