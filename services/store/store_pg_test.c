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

typedef struct {
    sv_loop_t *loop;
    unsigned failures;
} rig_t;

static void s_on_state (void *ctx, bool is_up)
{
    rig_t *rig = ctx;
    assert_false (is_up);
    if (++rig->failures == FAILURES)
        sv_loop_stop (rig->loop);
}

static void s_on_end (void *arg)
{
    sv_loop_stop (((rig_t *)arg)->loop);
}

static void a_server_that_cannot_be_reached_is_tried_again_soon (void **state)
{
    (void)state;
    int fds[DEAF_FDS];
    char conninfo[64];
    snprintf (conninfo, sizeof conninfo, "host=127.0.0.1 port=%u user=nobody", deaf_listen (fds));
    rig_t rig = {.loop = sv_zloop_new ()};
    sv_log_t *log = sv_log_new ("store_pg_test", 2, SV_ERROR, "text");
    sv_metrics_t *metrics = sv_metrics_new ();
    sv_timer_t *end = sv_loop_timer (rig.loop, WAIT_MS, 0, s_on_end, &rig);
    uint64_t begin_ms = sv_now_ms ();
    store_pg_t *pg = store_pg_new (&(store_pg_config_t){
        .name = "deaf",
        .conninfo = conninfo,
        .loop = rig.loop,
        .log = log,
        .metrics = metrics,
        .on_state = s_on_state,
        .ctx = &rig,
    });
    assert_non_null (pg);
    assert_int_equal (sv_loop_run (rig.loop), 0);
    assert_int_equal (rig.failures, FAILURES);
    assert_in_range (sv_now_ms () - begin_ms, 0, 4000);
    assert_false (store_pg_is_up (pg));
    store_pg_destroy (&pg);
    sv_timer_cancel (rig.loop, &end);
    sv_metrics_destroy (&metrics);
    sv_log_destroy (&log);
    sv_loop_destroy (&rig.loop);
    deaf_close (fds);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (a_server_that_cannot_be_reached_is_tried_again_soon)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
