/*  sv_peers_test - who is alive: its rules, one test each. */

#include "sv_peers.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct {
    sv_peers_t *peers;
    uint64_t now_ms;
    unsigned readies[LIM_BROKERS], beats[LIM_BROKERS];
    unsigned changes;
    sv_peer_state_t history[16];
    bool is_deaf; /* sends fail */
} rig_t;

static bool s_ready (void *ctx, unsigned broker)
{
    rig_t *rig = ctx;
    rig->readies[broker]++;
    return !rig->is_deaf;
}

static bool s_beat (void *ctx, unsigned broker)
{
    rig_t *rig = ctx;
    rig->beats[broker]++;
    return !rig->is_deaf;
}

static void s_changed (void *ctx, unsigned broker, sv_peer_state_t state)
{
    rig_t *rig = ctx;
    assert_int_equal (sv_peers_state (rig->peers, broker), state);
    rig->history[rig->changes++ % 16] = state;
}

static int s_set_up (void **state)
{
    static const sv_peers_ops_t ops = {s_ready, s_beat, s_changed};
    rig_t *rig = calloc (1, sizeof *rig);
    assert_non_null (rig);
    rig->now_ms = 100000;
    rig->peers = sv_peers_new (2, &ops, rig);
    assert_non_null (rig->peers);
    *state = rig;
    return 0;
}

static int s_tear_down (void **state)
{
    rig_t *rig = *state;
    sv_peers_destroy (&rig->peers);
    free (rig);
    return 0;
}

static void s_tell (rig_t *rig, sv_peers_kind_t kind, unsigned broker)
{
    sv_peers_step (rig->peers, &(sv_peers_event_t){.kind = kind, .broker = broker}, rig->now_ms);
}

static void s_presence (rig_t *rig, unsigned broker, uint64_t generation, uint64_t ttl_ms)
{
    pt_presence_t presence = {.generation = generation, .interval_ms = 1000, .ttl_ms = ttl_ms};
    sv_peers_event_t event = {.kind = SV_PEERS_PRESENCE, .broker = broker, .presence = &presence};
    sv_peers_step (rig->peers, &event, rig->now_ms);
}

static void s_tick (rig_t *rig, uint64_t ms)
{
    rig->now_ms += ms;
    s_tell (rig, SV_PEERS_TICK, 0);
}

static void a_broker_is_told_ready_until_it_answers (void **state)
{
    rig_t *rig = *state;
    assert_int_equal (sv_peers_tick_ms (rig->peers), SV_PEERS_RETRY_MS);
    for (int i = 0; i < 4; i++)
        s_tick (rig, SV_PEERS_RETRY_MS);
    assert_int_equal (rig->readies[0], 4);
    s_presence (rig, 0, 7, 3000);
    assert_int_equal (sv_peers_state (rig->peers, 0), SV_PEER_LIVE);
    assert_int_equal (sv_peers_live (rig->peers), 1);
    s_tick (rig, SV_PEERS_RETRY_MS);
    assert_int_equal (rig->readies[0], 4);
    assert_int_equal (rig->readies[1], 5);
    s_presence (rig, 1, 8, 3000);
    assert_int_equal (sv_peers_tick_ms (rig->peers), LIM_HEARTBEAT_MS);
}

static void heartbeats_go_out_at_their_interval (void **state)
{
    rig_t *rig = *state;
    s_presence (rig, 0, 7, 60000);
    for (int i = 0; i < 5; i++)
        s_tick (rig, 999);
    assert_int_equal (rig->beats[0], 5);
    for (int i = 0; i < 10; i++)
        s_tick (rig, 50);
    assert_int_equal (rig->beats[0], 5);
}

static void any_traffic_keeps_a_broker_alive (void **state)
{
    rig_t *rig = *state;
    s_presence (rig, 0, 7, 3000);
    for (int i = 0; i < 10; i++) {
        s_tick (rig, 1000);
        s_tell (rig, SV_PEERS_HEARD, 0);
    }
    assert_int_equal (sv_peers_state (rig->peers, 0), SV_PEER_LIVE);
}

static void silence_counts_by_the_brokers_own_ttl (void **state)
{
    rig_t *rig = *state;
    s_presence (rig, 0, 7, 3000);
    s_presence (rig, 1, 8, 6000);
    s_tick (rig, 1000);
    s_tick (rig, 1000);
    s_tick (rig, 999);
    assert_int_equal (sv_peers_live (rig->peers), 2);
    s_tick (rig, 1);
    assert_int_equal (sv_peers_state (rig->peers, 0), SV_PEER_DOWN);
    assert_int_equal (sv_peers_state (rig->peers, 1), SV_PEER_LIVE);
}

static void who_slept_declares_nobody_dead (void **state)
{
    rig_t *rig = *state;
    s_presence (rig, 0, 7, 3000);
    s_tick (rig, 1000);
    s_tick (rig, 60000);
    assert_int_equal (sv_peers_state (rig->peers, 0), SV_PEER_LIVE);
    s_tick (rig, 1500);
    s_tick (rig, 1500);
    assert_int_equal (sv_peers_state (rig->peers, 0), SV_PEER_DOWN);
}

static void a_restart_shows_as_down_then_live (void **state)
{
    rig_t *rig = *state;
    s_presence (rig, 0, 7, 3000);
    s_presence (rig, 0, 7, 3000);
    assert_int_equal (rig->changes, 1);
    s_presence (rig, 0, 9, 3000);
    assert_int_equal (rig->changes, 3);
    assert_int_equal (rig->history[1], SV_PEER_DOWN);
    assert_int_equal (rig->history[2], SV_PEER_LIVE);
}

static void an_unknown_peer_says_ready_at_once_but_never_in_a_loop (void **state)
{
    rig_t *rig = *state;
    s_presence (rig, 0, 7, 3000);
    s_tell (rig, SV_PEERS_UNKNOWN, 0);
    assert_int_equal (rig->readies[0], 1);
    assert_int_equal (sv_peers_state (rig->peers, 0), SV_PEER_DOWN);
    for (int i = 0; i < 1000; i++)
        s_tell (rig, SV_PEERS_UNKNOWN, 0);
    assert_int_equal (rig->readies[0], 1);
    s_tick (rig, SV_PEERS_RETRY_MS);
    assert_int_equal (rig->readies[0], 2);
    s_presence (rig, 0, 7, 3000);
    assert_int_equal (sv_peers_state (rig->peers, 0), SV_PEER_LIVE);
}

static void a_refused_peer_asks_rarely (void **state)
{
    rig_t *rig = *state;
    s_tick (rig, 50);
    s_tell (rig, SV_PEERS_REFUSED, 0);
    for (int i = 0; i < 19; i++)
        s_tick (rig, 50);
    assert_int_equal (rig->readies[0], 1);
    s_tick (rig, 50);
    assert_int_equal (rig->readies[0], 2);
}

static void a_leaving_broker_is_live_again_only_as_another (void **state)
{
    rig_t *rig = *state;
    s_presence (rig, 0, 7, 3000);
    s_tell (rig, SV_PEERS_LEFT, 0);
    assert_int_equal (sv_peers_state (rig->peers, 0), SV_PEER_LEAVING);
    s_presence (rig, 0, 7, 3000);
    assert_int_equal (sv_peers_state (rig->peers, 0), SV_PEER_LEAVING);
    s_presence (rig, 0, 8, 3000);
    assert_int_equal (sv_peers_state (rig->peers, 0), SV_PEER_LIVE);
}

static void a_failed_send_is_a_death (void **state)
{
    rig_t *rig = *state;
    s_presence (rig, 0, 7, 3000);
    s_presence (rig, 1, 8, 3000);
    s_tell (rig, SV_PEERS_UNREACHABLE, 0);
    assert_int_equal (sv_peers_state (rig->peers, 0), SV_PEER_DOWN);
    rig->is_deaf = true;
    s_tick (rig, 1000);
    assert_int_equal (sv_peers_state (rig->peers, 1), SV_PEER_DOWN);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (a_broker_is_told_ready_until_it_answers),
        TEST (heartbeats_go_out_at_their_interval),
        TEST (any_traffic_keeps_a_broker_alive),
        TEST (silence_counts_by_the_brokers_own_ttl),
        TEST (who_slept_declares_nobody_dead),
        TEST (a_restart_shows_as_down_then_live),
        TEST (an_unknown_peer_says_ready_at_once_but_never_in_a_loop),
        TEST (a_refused_peer_asks_rarely),
        TEST (a_leaving_broker_is_live_again_only_as_another),
        TEST (a_failed_send_is_a_death),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
