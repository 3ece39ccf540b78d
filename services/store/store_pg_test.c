/*  store_pg_test - the connection alone, where nothing answers behind the address. */

#include "deaf.h"
#include "store_pg.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_MS 10000
#define FAILURES 2

/*  With so many failures behind it, an attempt is put off by half a second at least. */
#define SLOW_FAILURES 6
#define HURRIED 30
#define HURRIED_MS 5000

typedef struct {
    sv_loop_t *loop;
    sv_log_t *log;
    sv_metrics_t *metrics;
    sv_timer_t *end;
    store_pg_t *pg;
    unsigned failures;
    uint64_t hurried_ms; /* when it was hurried first */
} rig_t;

static void s_on_state (void *ctx, bool is_up)
{
    rig_t *rig = ctx;
    assert_false (is_up);
    if (++rig->failures == FAILURES)
        sv_loop_stop (rig->loop);
}

/*  As if a sibling came up each time this one has failed, from some time on. */
static void s_on_state_hurry (void *ctx, bool is_up)
{
    rig_t *rig = ctx;
    assert_false (is_up);
    if (++rig->failures == SLOW_FAILURES)
        rig->hurried_ms = sv_now_ms ();
    if (rig->failures >= SLOW_FAILURES)
        store_pg_hurry (rig->pg);
    if (rig->failures == SLOW_FAILURES + HURRIED)
        sv_loop_stop (rig->loop);
}

static void s_on_end (void *arg)
{
    sv_loop_stop (((rig_t *)arg)->loop);
}

/*  Runs a connection until `on_state` stops the loop, or time is up. */
static void s_run (rig_t *rig, const char *conninfo, void (*on_state) (void *ctx, bool is_up))
{
    *rig = (rig_t){.loop = sv_zloop_new (),
                   .log = sv_log_new ("store_pg_test", 2, SV_ERROR, "text"),
                   .metrics = sv_metrics_new ()};
    rig->end = sv_loop_timer (rig->loop, WAIT_MS, 0, s_on_end, rig);
    rig->pg = store_pg_new (&(store_pg_config_t){
        .name = "deaf",
        .conninfo = conninfo,
        .loop = rig->loop,
        .log = rig->log,
        .metrics = rig->metrics,
        .on_state = on_state,
        .ctx = rig,
    });
    assert_non_null (rig->pg);
    assert_int_equal (sv_loop_run (rig->loop), 0);
    assert_false (store_pg_is_up (rig->pg));
}

static void s_end (rig_t *rig)
{
    store_pg_destroy (&rig->pg);
    sv_timer_cancel (rig->loop, &rig->end);
    sv_metrics_destroy (&rig->metrics);
    sv_log_destroy (&rig->log);
    sv_loop_destroy (&rig->loop);
}

static void a_server_that_cannot_be_reached_is_tried_again_soon (void **state)
{
    (void)state;
    int fds[DEAF_FDS];
    char conninfo[64];
    snprintf (conninfo, sizeof conninfo, "host=127.0.0.1 port=%u user=nobody", deaf_listen (fds));
    rig_t rig;
    uint64_t begin_ms = sv_now_ms ();
    s_run (&rig, conninfo, s_on_state);
    assert_int_equal (rig.failures, FAILURES);
    assert_in_range (sv_now_ms () - begin_ms, 0, 4000);
    s_end (&rig);
    deaf_close (fds);
}

static void an_attempt_that_is_put_off_can_be_hurried (void **state)
{
    (void)state;
    rig_t rig;
    s_run (&rig, "host=/nonexistent user=nobody", s_on_state_hurry);
    assert_int_equal (rig.failures, SLOW_FAILURES + HURRIED);
    assert_in_range (sv_now_ms () - rig.hurried_ms, 0, HURRIED_MS);
    s_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (a_server_that_cannot_be_reached_is_tried_again_soon),
                                       cmocka_unit_test (an_attempt_that_is_put_off_can_be_hurried)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
