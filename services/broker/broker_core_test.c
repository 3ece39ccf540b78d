/*  broker_core_test - every rule of the routing core, one test each. */

#include "broker_rig.h"

/*  Peers by id. */
enum { GATE = 1, GATE2 = 2, CHAT = 10, CHAT2 = 11, CHAT3 = 12, STORE = 20, OPERATOR = 30, AUTH = 40 };

static const rig_ask_t s_send = {PT_OP_chat_send, 0, 5000};

static int s_set_up (void **state)
{
    rig_t *rig = rig_new (0x1234567890abcdefu);
    *state = rig;
    rig_ready (rig, PT_PEER_gateway, GATE, 0);
    return 0;
}

static int s_tear_down (void **state)
{
    rig_destroy ((rig_t **)state);
    return 0;
}

static rig_frame_t s_expect (rig_t *rig, uint32_t id, pt_kind_t kind)
{
    rig_frame_t frame = {0};
    if (!rig_take (rig, id, kind, &frame))
        fail_msg ("peer %u was sent no frame of kind %d", id, kind);
    return frame;
}

static void s_expect_none (rig_t *rig, uint32_t id, pt_kind_t kind)
{
    rig_frame_t frame;
    if (rig_take (rig, id, kind, &frame))
        fail_msg ("peer %u was sent a frame of kind %d", id, kind);
}

static void s_expect_status (rig_t *rig, uint32_t id, uint64_t correlation, int status)
{
    rig_frame_t frame = s_expect (rig, id, PT_KIND_REPLY);
    assert_int_equal (frame.envelope.correlation, correlation);
    assert_int_equal (frame.envelope.status, status);
    assert_int_equal (frame.envelope.service, PT_SERVICE_broker);
    s_expect_none (rig, id, PT_KIND_REPLY);
}

/*  Lives through `ms` with peers that keep talking. */
static void s_live (rig_t *rig, uint64_t ms)
{
    static const struct {
        pt_peer_t role;
        uint32_t id;
    } peers[] = {{PT_PEER_gateway, GATE},
                 {PT_PEER_gateway, GATE2},
                 {PT_PEER_chat, CHAT},
                 {PT_PEER_chat, CHAT2},
                 {PT_PEER_chat, CHAT3}};
    for (uint64_t done = 0; done < ms; done += 500) {
        rig_tick (rig, 500);
        for (size_t i = 0; i < sizeof peers / sizeof *peers; i++) {
            pt_envelope_t envelope = {.version = PT_VERSION, .kind = PT_KIND_REPLY, .correlation = 1};
            rig_step (rig, BROKER_REPLY, peers[i].role, peers[i].id, &envelope, NULL, 1); /* any traffic counts */
        }
    }
}

/*  ---- places ----------------------------------------------------------------------- */

static void a_worker_without_a_place_gets_one_when_another_leaves (void **state)
{
    rig_t *rig = *state;
    const uint32_t first = 50, late = first + LIM_WORKERS;
    for (uint32_t id = first; id <= late; id++)
        rig_ready (rig, PT_PEER_chat, id, 1);
    assert_int_equal (rig->notes[BROKER_NOTE_FULL], 1);
    for (uint32_t id = first; id < late; id++)
        rig_leave (rig, PT_PEER_chat, id);
    rig_presence (rig, BROKER_HEARTBEAT, PT_PEER_chat, late, PT_SERVICE_chat, 1, 1000 + late);
    rig_ask (rig, PT_PEER_gateway, GATE, 7, s_send);
    s_expect (rig, late, PT_KIND_REQUEST);
}

/*  ---- passing -------------------------------------------------------------------- */

static void a_request_goes_to_the_worker_and_its_answer_back (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    rig_ask (rig, PT_PEER_gateway, GATE, 77, s_send);
    rig_frame_t request = s_expect (rig, CHAT, PT_KIND_REQUEST);
    assert_int_not_equal (request.envelope.correlation, 77);
    assert_int_equal (request.envelope.opcode, PT_OP_chat_send);
    assert_int_equal (request.envelope.deadline_ms, 5000);
    assert_string_equal (request.envelope.trace, "t-1");
    assert_int_equal (request.body, 77);
    rig_answer (rig, PT_PEER_chat, CHAT, request.envelope.correlation, 0, 99);
    rig_frame_t reply = s_expect (rig, GATE, PT_KIND_REPLY);
    assert_int_equal (reply.envelope.correlation, 77);
    assert_int_equal (reply.envelope.service, PT_SERVICE_chat);
    assert_int_equal (reply.envelope.status, 0);
    assert_int_equal (reply.body, 99);
    assert_false (broker_core_is_busy (rig->core));
}

static void two_clients_with_one_correlation_get_their_own_answers (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_gateway, GATE2, 0);
    rig_ready (rig, PT_PEER_chat, CHAT, 2);
    rig_ask (rig, PT_PEER_gateway, GATE, 7, s_send);
    rig_ask (rig, PT_PEER_gateway, GATE2, 7, s_send);
    uint64_t first = s_expect (rig, CHAT, PT_KIND_REQUEST).envelope.correlation;
    uint64_t second = s_expect (rig, CHAT, PT_KIND_REQUEST).envelope.correlation;
    assert_int_not_equal (first, second);
    rig_answer (rig, PT_PEER_chat, CHAT, second, 0, 2);
    rig_answer (rig, PT_PEER_chat, CHAT, first, 0, 1);
    assert_int_equal (s_expect (rig, GATE, PT_KIND_REPLY).body, 1);
    assert_int_equal (s_expect (rig, GATE2, PT_KIND_REPLY).body, 2);
}

static void one_routing_id_at_two_doors_is_two_peers (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, GATE, 1); /* same id as the gateway's */
    rig_ask (rig, PT_PEER_gateway, GATE, 7, s_send);
    assert_int_equal (s_expect (rig, GATE, PT_KIND_REQUEST).role, PT_PEER_chat);
}

static void a_second_answer_is_dropped (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    rig_ask (rig, PT_PEER_gateway, GATE, 7, s_send);
    uint64_t number = s_expect (rig, CHAT, PT_KIND_REQUEST).envelope.correlation;
    rig_answer (rig, PT_PEER_chat, CHAT, number, 0, 1);
    rig_answer (rig, PT_PEER_chat, CHAT, number, 0, 2);
    assert_int_equal (s_expect (rig, GATE, PT_KIND_REPLY).body, 1);
    s_expect_none (rig, GATE, PT_KIND_REPLY);
    assert_int_equal (broker_core_stats (rig->core)->late, 1);
}

static void an_answer_of_another_worker_is_dropped (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    rig_ask (rig, PT_PEER_gateway, GATE, 7, s_send);
    uint64_t number = s_expect (rig, CHAT, PT_KIND_REQUEST).envelope.correlation;
    rig_ready (rig, PT_PEER_chat, CHAT2, 1);
    rig_answer (rig, PT_PEER_chat, CHAT2, number, 0, 1);
    s_expect_none (rig, GATE, PT_KIND_REPLY);
    rig_answer (rig, PT_PEER_chat, CHAT, number, 0, 2);
    assert_int_equal (s_expect (rig, GATE, PT_KIND_REPLY).body, 2);
}

static void numbers_of_two_brokers_never_meet (void **state)
{
    rig_t *rig = *state;
    rig_t *other = rig_new (0xfedcba0987654321u);
    rig_ready (other, PT_PEER_gateway, GATE, 0);
    rig_ready (other, PT_PEER_chat, CHAT, 1);
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    rig_ask (rig, PT_PEER_gateway, GATE, 7, s_send);
    rig_ask (other, PT_PEER_gateway, GATE, 8, s_send);
    uint64_t late = s_expect (rig, CHAT, PT_KIND_REQUEST).envelope.correlation;
    rig_answer (other, PT_PEER_chat, CHAT, late, 0, 1);
    s_expect_none (other, GATE, PT_KIND_REPLY);
    rig_destroy (&other);
}

static void a_worker_cannot_answer_as_the_broker_except_to_refuse (void **state)
{
    static const struct {
        int status;
        unsigned service;
    } cases[] = {{0, PT_SERVICE_chat}, {PT_E_busy, PT_SERVICE_broker}};
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig_ask (rig, PT_PEER_gateway, GATE, 7, s_send);
        pt_envelope_t envelope = {
            .version = PT_VERSION,
            .kind = PT_KIND_REPLY,
            .service = PT_SERVICE_broker,
            .status = (uint16_t)cases[i].status,
            .correlation = s_expect (rig, CHAT, PT_KIND_REQUEST).envelope.correlation,
        };
        rig_step (rig, BROKER_REPLY, PT_PEER_chat, CHAT, &envelope, NULL, 1);
        assert_int_equal (s_expect (rig, GATE, PT_KIND_REPLY).envelope.service, cases[i].service);
    }
}

/*  ---- credit and queues ------------------------------------------------------------ */

static void credit_is_never_exceeded_and_the_oldest_goes_first (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 2);
    for (uint64_t i = 1; i <= 5; i++)
        rig_ask (rig, PT_PEER_gateway, GATE, i, s_send);
    uint64_t first = s_expect (rig, CHAT, PT_KIND_REQUEST).envelope.correlation;
    assert_int_equal (s_expect (rig, CHAT, PT_KIND_REQUEST).body, 2);
    s_expect_none (rig, CHAT, PT_KIND_REQUEST);
    assert_int_equal (broker_core_queued (rig->core, PT_SERVICE_chat), 3);
    rig_answer (rig, PT_PEER_chat, CHAT, first, 0, 1);
    assert_int_equal (s_expect (rig, CHAT, PT_KIND_REQUEST).body, 3);
    s_expect_none (rig, CHAT, PT_KIND_REQUEST);
}

static void work_without_affinity_goes_to_the_freest (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 2);
    rig_ready (rig, PT_PEER_chat, CHAT2, 4);
    for (int i = 1; i <= 2; i++) {
        rig_ask (rig, PT_PEER_gateway, GATE, (uint64_t)i, s_send);
        assert_int_equal (s_expect (rig, CHAT2, PT_KIND_REQUEST).body, i);
    }
    for (int i = 3; i <= 6; i++)
        rig_ask (rig, PT_PEER_gateway, GATE, (uint64_t)i, s_send);
    for (int i = 0; i < 2; i++) {
        s_expect (rig, CHAT, PT_KIND_REQUEST);
        s_expect (rig, CHAT2, PT_KIND_REQUEST);
    }
}

static void one_key_meets_in_one_worker_and_waits_there (void **state)
{
    rig_t *rig = *state;
    static const rig_ask_t ask = {PT_OP_chat_send, 4711, 5000};
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    rig_ready (rig, PT_PEER_chat, CHAT2, 1);
    for (uint64_t i = 1; i <= 3; i++)
        rig_ask (rig, PT_PEER_gateway, GATE, i, ask);
    rig_frame_t frame;
    uint32_t chosen = rig_take (rig, CHAT, PT_KIND_REQUEST, &frame) ? CHAT : CHAT2;
    if (chosen == CHAT2)
        frame = s_expect (rig, CHAT2, PT_KIND_REQUEST);
    s_expect_none (rig, CHAT, PT_KIND_REQUEST); /* the other has credit, and is not asked */
    s_expect_none (rig, CHAT2, PT_KIND_REQUEST);
    rig_answer (rig, PT_PEER_chat, chosen, frame.envelope.correlation, 0, 1);
    assert_int_equal (s_expect (rig, chosen, PT_KIND_REQUEST).body, 2);
}

static void what_waited_for_any_worker_is_bound_to_the_first_by_its_key (void **state)
{
    rig_t *rig = *state;
    for (uint64_t i = 1; i <= 3; i++)
        rig_ask (rig, PT_PEER_gateway, GATE, i, (rig_ask_t){PT_OP_chat_send, i, 5000});
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    assert_int_equal (s_expect (rig, CHAT, PT_KIND_REQUEST).body, 1);
    rig_ready (rig, PT_PEER_chat, CHAT2, 5);
    s_expect_none (rig, CHAT2, PT_KIND_REQUEST);
}

static void the_oldest_goes_first_with_and_without_key (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    for (uint64_t i = 1; i <= 6; i++)
        rig_ask (rig, PT_PEER_gateway, GATE, i, (rig_ask_t){PT_OP_chat_send, i % 2, 5000});
    for (int i = 1; i <= 6; i++) {
        rig_frame_t request = s_expect (rig, CHAT, PT_KIND_REQUEST);
        assert_int_equal (request.body, i);
        rig_answer (rig, PT_PEER_chat, CHAT, request.envelope.correlation, 0, 1);
    }
}

static void keys_spread_over_the_workers (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1000);
    rig_ready (rig, PT_PEER_chat, CHAT2, 1000);
    for (uint64_t i = 1; i <= 1000; i++)
        rig_ask (rig, PT_PEER_gateway, GATE, i, (rig_ask_t){PT_OP_chat_send, i, 5000});
    unsigned count = 0;
    for (rig_frame_t frame; rig_take (rig, CHAT, PT_KIND_REQUEST, &frame);)
        count++;
    assert_in_range (count, 400, 600);
}

static void what_waits_for_a_dead_worker_goes_to_another (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    rig_ready (rig, PT_PEER_chat, CHAT2, 1);
    uint64_t key = 1;
    for (;; key++) { /* a key of CHAT's */
        rig_ask (rig, PT_PEER_gateway, GATE, key, (rig_ask_t){PT_OP_chat_send, key, 5000});
        rig_frame_t frame;
        if (rig_take (rig, CHAT, PT_KIND_REQUEST, &frame))
            break;
        frame = s_expect (rig, CHAT2, PT_KIND_REQUEST);
        rig_answer (rig, PT_PEER_chat, CHAT2, frame.envelope.correlation, 0, 1);
        s_expect (rig, GATE, PT_KIND_REPLY);
    }
    rig_ask (rig, PT_PEER_gateway, GATE, 1000, (rig_ask_t){PT_OP_chat_send, key, 5000});
    s_expect_none (rig, CHAT2, PT_KIND_REQUEST);
    rig_leave (rig, PT_PEER_chat, CHAT);
    assert_int_equal (s_expect (rig, CHAT2, PT_KIND_REQUEST).body, 1000);
    s_expect_status (rig, GATE, key, PT_E_worker_lost);
}

static void a_worker_that_drains_keeps_what_it_has_and_gets_nothing_new (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    rig_ask (rig, PT_PEER_gateway, GATE, 1, s_send);
    rig_ask (rig, PT_PEER_gateway, GATE, 2, s_send);
    uint64_t number = s_expect (rig, CHAT, PT_KIND_REQUEST).envelope.correlation;
    rig_ready (rig, PT_PEER_chat, CHAT, 0);
    rig_answer (rig, PT_PEER_chat, CHAT, number, 0, 1);
    s_expect_none (rig, CHAT, PT_KIND_REQUEST);
    assert_int_equal (s_expect (rig, GATE, PT_KIND_REPLY).envelope.status, 0);
    rig_ready (rig, PT_PEER_chat, CHAT2, 1);
    assert_int_equal (s_expect (rig, CHAT2, PT_KIND_REQUEST).body, 2);
}

static void credit_may_be_changed_while_requests_wait (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    for (uint64_t i = 1; i <= 4; i++)
        rig_ask (rig, PT_PEER_gateway, GATE, i, s_send);
    rig_presence (rig, BROKER_CREDIT, PT_PEER_chat, CHAT, PT_SERVICE_chat, 3, 1000 + CHAT);
    for (int i = 1; i <= 3; i++)
        assert_int_equal (s_expect (rig, CHAT, PT_KIND_REQUEST).body, i);
    s_expect_none (rig, CHAT, PT_KIND_REQUEST);
}

static void a_full_queue_is_busy_at_once (void **state)
{
    rig_t *rig = *state;
    for (uint64_t i = 1; i <= LIM_SERVICE_QUEUE; i++)
        rig_ask (rig, PT_PEER_gateway, GATE, i, s_send);
    s_expect_none (rig, GATE, PT_KIND_REPLY);
    assert_int_equal (broker_core_queued (rig->core, PT_SERVICE_chat), LIM_SERVICE_QUEUE);
    rig_ask (rig, PT_PEER_gateway, GATE, 999999, s_send);
    s_expect_status (rig, GATE, 999999, PT_E_busy);
    rig_ask (rig, PT_PEER_gateway, GATE, 5, (rig_ask_t){PT_OP_auth_keys, 0, 5000}); /* others are not disturbed */
    s_expect_none (rig, GATE, PT_KIND_REPLY);
}

/*  ---- time ------------------------------------------------------------------------- */

static void without_a_worker_a_request_waits_for_one (void **state)
{
    rig_t *rig = *state;
    rig_ask (rig, PT_PEER_gateway, GATE, 1, s_send);
    rig_ask (rig, PT_PEER_gateway, GATE, 2, (rig_ask_t){PT_OP_chat_send, 5, 5000});
    s_live (rig, 2000);
    rig_ready (rig, PT_PEER_chat, CHAT, 2);
    rig_frame_t request = s_expect (rig, CHAT, PT_KIND_REQUEST);
    assert_int_equal (request.body, 1);
    assert_int_equal (request.envelope.deadline_ms, 3000);
    assert_int_equal (s_expect (rig, CHAT, PT_KIND_REQUEST).body, 2);
}

static void without_a_worker_the_deadline_ends_with_unavailable (void **state)
{
    rig_t *rig = *state;
    rig_ask (rig, PT_PEER_gateway, GATE, 1, (rig_ask_t){PT_OP_chat_send, 0, 400});
    rig_tick (rig, 399);
    s_expect_none (rig, GATE, PT_KIND_REPLY);
    rig_tick (rig, 1 + 8);
    s_expect_status (rig, GATE, 1, PT_E_unavailable);
}

static void in_the_queue_of_workers_the_deadline_ends_with_deadline (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    rig_ask (rig, PT_PEER_gateway, GATE, 1, s_send);
    rig_ask (rig, PT_PEER_gateway, GATE, 2, (rig_ask_t){PT_OP_chat_send, 0, 400});
    rig_tick (rig, 410);
    s_expect_status (rig, GATE, 2, PT_E_deadline);
    assert_int_equal (broker_core_queued (rig->core, PT_SERVICE_chat), 0);
}

static void an_expired_request_counts_until_its_worker_answers (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    rig_ask (rig, PT_PEER_gateway, GATE, 1, (rig_ask_t){PT_OP_chat_send, 0, 400});
    uint64_t number = s_expect (rig, CHAT, PT_KIND_REQUEST).envelope.correlation;
    rig_tick (rig, 410);
    s_expect_status (rig, GATE, 1, PT_E_deadline);
    rig_ask (rig, PT_PEER_gateway, GATE, 2, s_send);
    s_expect_none (rig, CHAT, PT_KIND_REQUEST);
    rig_answer (rig, PT_PEER_chat, CHAT, number, 0, 1);
    s_expect_none (rig, GATE, PT_KIND_REPLY);
    assert_int_equal (s_expect (rig, CHAT, PT_KIND_REQUEST).body, 2);
}

static void a_request_whose_time_is_up_is_not_taken (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    rig_ask (rig, PT_PEER_gateway, GATE, 1, (rig_ask_t){PT_OP_chat_send, 0, 0});
    s_expect_status (rig, GATE, 1, PT_E_deadline);
    s_expect_none (rig, CHAT, PT_KIND_REQUEST);
}

static void a_deadline_is_cut_to_the_longest (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    rig_ask (rig, PT_PEER_gateway, GATE, 1, (rig_ask_t){PT_OP_chat_send, 0, UINT32_MAX});
    assert_int_equal (s_expect (rig, CHAT, PT_KIND_REQUEST).envelope.deadline_ms, LIM_DEADLINE_MS);
}

/*  ---- life and death ------------------------------------------------------------------ */

static void a_silent_worker_loses_its_requests_after_its_ttl (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    rig_ask (rig, PT_PEER_gateway, GATE, 1, (rig_ask_t){PT_OP_chat_send, 0, 20000});
    pt_envelope_t alive = {.version = PT_VERSION, .kind = PT_KIND_REPLY, .correlation = 1};
    for (int i = 0; i < 5; i++) {
        rig_tick (rig, 500);
        rig_step (rig, BROKER_REPLY, PT_PEER_gateway, GATE, &alive, NULL, 1);
    }
    s_expect_none (rig, GATE, PT_KIND_REPLY);
    rig_tick (rig, 500);
    rig_tick (rig, 500);
    s_expect_status (rig, GATE, 1, PT_E_worker_lost);
    assert_int_equal (rig->notes[BROKER_NOTE_LOST], 1);
}

static void an_unreachable_worker_is_found_by_a_probe (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    rig_ask (rig, PT_PEER_gateway, GATE, 1, s_send);
    rig->is_gone[CHAT] = true;
    rig_tick (rig, 120);
    s_expect_status (rig, GATE, 1, PT_E_worker_lost);
}

static void a_worker_that_cannot_be_reached_is_passed_over (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 5);
    rig_ready (rig, PT_PEER_chat, CHAT2, 1);
    rig->is_gone[CHAT] = true;
    rig_ask (rig, PT_PEER_gateway, GATE, 1, s_send);
    assert_int_equal (s_expect (rig, CHAT2, PT_KIND_REQUEST).body, 1);
    rig->is_full[CHAT2] = true;
    rig_ask (rig, PT_PEER_gateway, GATE, 2, s_send);
    rig->is_full[CHAT2] = false;
    rig_ready (rig, PT_PEER_chat, CHAT3, 1);
    assert_int_equal (s_expect (rig, CHAT3, PT_KIND_REQUEST).body, 2);
}

static void an_unknown_peer_is_told_to_say_ready (void **state)
{
    rig_t *rig = *state;
    rig_ask (rig, PT_PEER_gateway, GATE2, 1, s_send);
    rig_frame_t frame = s_expect (rig, GATE2, PT_KIND_DISCONNECT);
    assert_int_equal (frame.envelope.status, 0);
    s_expect_none (rig, GATE2, PT_KIND_REPLY);
    rig_presence (rig, BROKER_HEARTBEAT, PT_PEER_gateway, GATE2, 0, 0, 5);
    s_expect (rig, GATE2, PT_KIND_DISCONNECT);
    rig_leave (rig, PT_PEER_gateway, GATE2);
    s_expect_none (rig, GATE2, PT_KIND_DISCONNECT);
}

static void a_ready_is_answered_under_its_number (void **state)
{
    rig_t *rig = *state;
    pt_envelope_t envelope = {.version = PT_VERSION, .kind = PT_KIND_READY, .correlation = 42};
    pt_presence_t presence = {.generation = 9, .interval_ms = 1000, .ttl_ms = 3000};
    rig_step (rig, BROKER_READY, PT_PEER_gateway, GATE2, &envelope, &presence, 0);
    assert_int_equal (s_expect (rig, GATE2, PT_KIND_HEARTBEAT).envelope.correlation, 42);
}

static void a_broker_that_slept_declares_nobody_dead (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    rig_tick (rig, 1000);
    rig_ask (rig, PT_PEER_gateway, GATE, 1, (rig_ask_t){PT_OP_chat_send, 0, LIM_DEADLINE_MS});
    rig_tick (rig, 20000);
    s_expect_none (rig, GATE, PT_KIND_REPLY);
    assert_int_equal (rig->notes[BROKER_NOTE_SLEPT], 1);
    rig_tick (rig, 1000);
    s_expect_none (rig, GATE, PT_KIND_REPLY);
}

static void answers_to_a_client_that_is_gone_are_dropped (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    rig_ask (rig, PT_PEER_gateway, GATE, 1, s_send);
    rig_ask (rig, PT_PEER_gateway, GATE, 2, s_send);
    uint64_t number = s_expect (rig, CHAT, PT_KIND_REQUEST).envelope.correlation;
    rig_leave (rig, PT_PEER_gateway, GATE);
    rig_ready (rig, PT_PEER_gateway, GATE2, 0); /* takes the free slot, must not take the answer */
    rig_answer (rig, PT_PEER_chat, CHAT, number, 0, 1);
    s_expect_none (rig, GATE2, PT_KIND_REPLY);
    s_expect_none (rig, CHAT, PT_KIND_REQUEST); /* nobody waits for the second */
    assert_false (broker_core_is_busy (rig->core));
}

static void the_table_of_peers_is_bounded (void **state)
{
    rig_t *rig = *state;
    for (uint32_t i = 0; i < LIM_PEERS + 5; i++) {
        uint64_t id = 1000 + i;
        pt_envelope_t envelope = {.version = PT_VERSION, .kind = PT_KIND_READY};
        pt_presence_t presence = {.generation = id, .interval_ms = 1000, .ttl_ms = 3000};
        uint32_t parts[2] = {GATE2, 1000 + i}; /* the rig looks at the first part alone */
        broker_event_t event = {.kind = BROKER_READY,
                                .from = {.role = PT_PEER_gateway, .id = parts, .id_len = sizeof parts},
                                .envelope = &envelope,
                                .presence = &presence};
        broker_core_step (rig->core, &event, rig->now_ms);
    }
    assert_int_equal (rig->notes[BROKER_NOTE_JOINED], LIM_PEERS);
    assert_int_equal (rig->notes[BROKER_NOTE_FULL], 6);
    assert_int_equal (s_expect (rig, GATE2, PT_KIND_DISCONNECT).envelope.status, PT_E_busy);
}

/*  ---- rules ------------------------------------------------------------------------- */

static void roles_call_only_what_their_rule_allows (void **state)
{
    static const struct {
        pt_peer_t role;
        uint32_t id;
        uint16_t opcode;
        int status; /* 0: it is queued */
    } cases[] = {
        {PT_PEER_gateway, GATE, PT_OP_chat_send, 0},
        {PT_PEER_gateway, GATE, PT_OP_auth_keys, 0},
        {PT_PEER_gateway, GATE, PT_OP_store_append, PT_E_not_allowed_role},
        {PT_PEER_gateway, GATE, PT_OP_broker_state, PT_E_not_allowed_role},
        {PT_PEER_gateway, GATE, 0x0001, PT_E_not_allowed_role},
        {PT_PEER_gateway, GATE, 0x2f01, PT_E_not_allowed_role},
        {PT_PEER_gateway, GATE, 0xff01, PT_E_not_allowed_role},
        {PT_PEER_chat, CHAT, PT_OP_store_append, 0},
        {PT_PEER_chat, CHAT, PT_OP_auth_keys, PT_E_not_allowed_role},
        {PT_PEER_chat, CHAT, PT_OP_store_verify, PT_E_not_allowed_role},
        {PT_PEER_chat, CHAT, PT_OP_chat_channel_send, 0},
        {PT_PEER_chat, CHAT, PT_OP_chat_channel_receive, PT_E_not_allowed_role},
        {PT_PEER_gateway, GATE, PT_OP_chat_channel_receive, PT_E_not_allowed_role},
        {PT_PEER_operator, OPERATOR, PT_OP_chat_channel_receive, 0},
        {PT_PEER_operator, OPERATOR, PT_OP_store_verify, 0},
        {PT_PEER_store, STORE, PT_OP_chat_send, PT_E_not_allowed_role},
        {PT_PEER_operator, OPERATOR, PT_OP_store_status, 0},
        {PT_PEER_operator, OPERATOR, PT_OP_gateway_trace, 0},
        {PT_PEER_gateway, GATE, PT_OP_gateway_status, PT_E_not_allowed_role},
        {PT_PEER_operator, OPERATOR, 0x0503, PT_E_unknown_op},
    };
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 0);
    rig_ready (rig, PT_PEER_store, STORE, 0);
    rig_ready (rig, PT_PEER_operator, OPERATOR, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig_ask (rig, cases[i].role, cases[i].id, 100 + i, (rig_ask_t){cases[i].opcode, 0, 5000});
        if (cases[i].status)
            s_expect_status (rig, cases[i].id, 100 + i, cases[i].status);
        else
            s_expect_none (rig, cases[i].id, PT_KIND_REPLY);
    }
}

static void an_opcode_of_another_service_is_unknown (void **state)
{
    rig_t *rig = *state;
    pt_envelope_t envelope = {.version = PT_VERSION,
                              .kind = PT_KIND_REQUEST,
                              .service = PT_SERVICE_chat,
                              .opcode = PT_OP_store_append,
                              .correlation = 1,
                              .deadline_ms = 1000};
    rig_step (rig, BROKER_REQUEST, PT_PEER_gateway, GATE, &envelope, NULL, 1);
    s_expect_status (rig, GATE, 1, PT_E_unknown_op);
}

static void the_operator_may_ask_the_broker_itself (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_operator, OPERATOR, 0);
    rig_ask (rig, PT_PEER_operator, OPERATOR, 1, (rig_ask_t){PT_OP_broker_state, 0, 5000});
    assert_int_equal (rig->queries, 1);
}

static void a_role_serves_only_its_own_service (void **state)
{
    static const struct {
        pt_peer_t role;
        uint32_t id;
        unsigned service, credit;
        bool is_welcome;
    } cases[] = {
        {PT_PEER_chat, CHAT, PT_SERVICE_store, 1, false},
        {PT_PEER_chat, CHAT, PT_SERVICE_store, 0, false},
        {PT_PEER_gateway, GATE2, PT_SERVICE_auth, 1, false},
        {PT_PEER_gateway, GATE2, PT_SERVICE_none, 1, false},
        {PT_PEER_auth, AUTH, 200, 1, false},
        {PT_PEER_auth, AUTH, PT_SERVICE_auth, 1, true},
        {PT_PEER_chat, CHAT2, PT_SERVICE_none, 0, true},
    };
    rig_t *rig = *state;
    rig_ask (rig, PT_PEER_gateway, GATE, 1, s_send);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig_presence (rig, BROKER_READY, cases[i].role, cases[i].id, cases[i].service, cases[i].credit, 7);
        pt_kind_t kind = cases[i].is_welcome ? PT_KIND_HEARTBEAT : PT_KIND_DISCONNECT;
        int status = cases[i].is_welcome ? 0 : PT_E_not_allowed_role;
        assert_int_equal (s_expect (rig, cases[i].id, kind).envelope.status, status);
        s_expect_none (rig, cases[i].id, PT_KIND_REQUEST);
    }
    assert_int_equal (rig->notes[BROKER_NOTE_FOREIGN], 5);
}

static void a_client_cannot_get_credit_by_another_frame (void **state)
{
    rig_t *rig = *state;
    rig_ask (rig, PT_PEER_gateway, GATE, 1, s_send);
    rig_presence (rig, BROKER_CREDIT, PT_PEER_gateway, GATE, PT_SERVICE_chat, 9, 1000 + GATE);
    rig_presence (rig, BROKER_HEARTBEAT, PT_PEER_gateway, GATE, PT_SERVICE_chat, 9, 1000 + GATE);
    s_expect_none (rig, GATE, PT_KIND_REQUEST);
}

/*  ---- the end ------------------------------------------------------------------------- */

static void a_drain_sends_everybody_elsewhere_and_finishes_what_runs (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    rig_ask (rig, PT_PEER_gateway, GATE, 1, s_send);
    rig_ask (rig, PT_PEER_gateway, GATE, 2, s_send);
    uint64_t number = s_expect (rig, CHAT, PT_KIND_REQUEST).envelope.correlation;
    broker_core_step (rig->core, &(broker_event_t){.kind = BROKER_DRAIN}, rig->now_ms);
    assert_int_equal (s_expect (rig, GATE, PT_KIND_DISCONNECT).envelope.status, PT_E_draining);
    assert_int_equal (s_expect (rig, CHAT, PT_KIND_DISCONNECT).envelope.status, PT_E_draining);
    s_expect_status (rig, GATE, 2, PT_E_unavailable);
    rig_ask (rig, PT_PEER_gateway, GATE, 3, s_send);
    s_expect_status (rig, GATE, 3, PT_E_unavailable);
    rig_ready (rig, PT_PEER_gateway, GATE2, 0);
    assert_int_equal (s_expect (rig, GATE2, PT_KIND_DISCONNECT).envelope.status, PT_E_draining);
    assert_true (broker_core_is_busy (rig->core));
    rig_answer (rig, PT_PEER_chat, CHAT, number, 0, 1);
    assert_int_equal (s_expect (rig, GATE, PT_KIND_REPLY).envelope.status, 0);
    assert_false (broker_core_is_busy (rig->core));
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (a_worker_without_a_place_gets_one_when_another_leaves),
        TEST (a_request_goes_to_the_worker_and_its_answer_back),
        TEST (two_clients_with_one_correlation_get_their_own_answers),
        TEST (one_routing_id_at_two_doors_is_two_peers),
        TEST (a_second_answer_is_dropped),
        TEST (an_answer_of_another_worker_is_dropped),
        TEST (numbers_of_two_brokers_never_meet),
        TEST (a_worker_cannot_answer_as_the_broker_except_to_refuse),
        TEST (credit_is_never_exceeded_and_the_oldest_goes_first),
        TEST (work_without_affinity_goes_to_the_freest),
        TEST (one_key_meets_in_one_worker_and_waits_there),
        TEST (what_waited_for_any_worker_is_bound_to_the_first_by_its_key),
        TEST (the_oldest_goes_first_with_and_without_key),
        TEST (keys_spread_over_the_workers),
        TEST (what_waits_for_a_dead_worker_goes_to_another),
        TEST (a_worker_that_drains_keeps_what_it_has_and_gets_nothing_new),
        TEST (credit_may_be_changed_while_requests_wait),
        TEST (a_full_queue_is_busy_at_once),
        TEST (without_a_worker_a_request_waits_for_one),
        TEST (without_a_worker_the_deadline_ends_with_unavailable),
        TEST (in_the_queue_of_workers_the_deadline_ends_with_deadline),
        TEST (an_expired_request_counts_until_its_worker_answers),
        TEST (a_request_whose_time_is_up_is_not_taken),
        TEST (a_deadline_is_cut_to_the_longest),
        TEST (a_silent_worker_loses_its_requests_after_its_ttl),
        TEST (an_unreachable_worker_is_found_by_a_probe),
        TEST (a_worker_that_cannot_be_reached_is_passed_over),
        TEST (an_unknown_peer_is_told_to_say_ready),
        TEST (a_ready_is_answered_under_its_number),
        TEST (a_broker_that_slept_declares_nobody_dead),
        TEST (answers_to_a_client_that_is_gone_are_dropped),
        TEST (the_table_of_peers_is_bounded),
        TEST (roles_call_only_what_their_rule_allows),
        TEST (an_opcode_of_another_service_is_unknown),
        TEST (the_operator_may_ask_the_broker_itself),
        TEST (a_role_serves_only_its_own_service),
        TEST (a_client_cannot_get_credit_by_another_frame),
        TEST (a_drain_sends_everybody_elsewhere_and_finishes_what_runs),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
