/*  sv_ready_test - readiness as scripts of events. */

#include "sv_ready.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
    uint64_t now_ms;
    sv_ready_event_t event;
    unsigned live;
    const char *reason; /* "": ready */
} row_t;

static void s_play (const row_t *rows, size_t count)
{
    sv_ready_t state = {.name = "store"};
    for (size_t i = 0; i < count; i++) {
        sv_ready_verdict_t verdict = sv_ready_step (&state, rows[i].event, rows[i].live, rows[i].now_ms);
        bool is_ready = rows[i].reason[0] == '\0';
        if (verdict.is_ready != is_ready || strcmp (verdict.reason, rows[i].reason) != 0)
            fail_msg ("row %zu: ready is %d, reason is '%s'", i, verdict.is_ready, verdict.reason);
        assert_int_equal (verdict.next_ask_ms, is_ready ? SV_READY_ASK_MS : SV_READY_ASK_SOON_MS);
    }
}
#define PLAY(rows) s_play (rows, sizeof (rows) / sizeof (rows)[0])

static void it_needs_a_broker_and_an_answer (void **state)
{
    (void)state;
    static const row_t rows[] = {
        {100, SV_READY_BROKERS, 0, "no broker is live"},
        {200, SV_READY_TICK, 0, "no broker is live"},
        {300, SV_READY_BROKERS, 1, "store has not answered yet"},
        {400, SV_READY_AWAY, 0, "store has not answered yet"},
        {500, SV_READY_OK, 0, ""},
        {600, SV_READY_TICK, 0, ""},
    };
    PLAY (rows);
}

static void a_lost_answer_does_not_flap_and_a_silence_counts (void **state)
{
    (void)state;
    static const row_t rows[] = {
        {0, SV_READY_BROKERS, 2, "store has not answered yet"},
        {1000, SV_READY_OK, 0, ""},
        {3000, SV_READY_AWAY, 0, ""},
        {5000, SV_READY_BAD, 0, ""},
        {1000 + SV_READY_FRESH_MS, SV_READY_TICK, 0, ""},
        {1000 + SV_READY_FRESH_MS + 1, SV_READY_TICK, 0, "store can't serve"},
        {6500, SV_READY_AWAY, 0, "store does not answer any more"},
        {7000, SV_READY_OK, 0, ""},
    };
    PLAY (rows);
}

static void an_answer_that_it_cannot_serve_does_not_count (void **state)
{
    (void)state;
    static const row_t rows[] = {
        {0, SV_READY_BROKERS, 1, "store has not answered yet"},
        {10, SV_READY_BAD, 0, "store can't serve"},
        {20, SV_READY_OK, 0, ""},
    };
    PLAY (rows);
}

static void without_a_broker_a_fresh_answer_does_not_count (void **state)
{
    (void)state;
    static const row_t rows[] = {
        {0, SV_READY_BROKERS, 1, "store has not answered yet"},
        {10, SV_READY_OK, 0, ""},
        {20, SV_READY_BROKERS, 0, "no broker is live"},
        {30, SV_READY_BROKERS, 2, ""},
    };
    PLAY (rows);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (it_needs_a_broker_and_an_answer),
        cmocka_unit_test (a_lost_answer_does_not_flap_and_a_silence_counts),
        cmocka_unit_test (an_answer_that_it_cannot_serve_does_not_count),
        cmocka_unit_test (without_a_broker_a_fresh_answer_does_not_count),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
