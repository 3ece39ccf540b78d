/*  broker_direct_test - requests for one instance alone: they get to that one, or
    the asker is told. */

#include "broker_rig.h"

enum { GATE = 1, CHAT, CHAT2, OPERATOR };

/*  As rig_ready gives them. */
#define GENERATION(id) (1000u + (id))

static int s_set_up (void **state)
{
    rig_t *rig = rig_new (7);
    rig_ready (rig, PT_PEER_operator, OPERATOR, 0);
    rig->sent_count = 0;
    *state = rig;
    return 0;
}

static int s_tear_down (void **state)
{
    rig_destroy ((rig_t **)state);
    return 0;
}

static void s_ask (rig_t *rig, pt_peer_t role, uint32_t from, uint16_t opcode, uint64_t generation)
{
    pt_envelope_t envelope = {
        .version = PT_VERSION,
        .kind = PT_KIND_DIRECT,
        .service = (uint8_t)(opcode >> 8),
        .opcode = opcode,
        .correlation = 77,
        .deadline_ms = 5000,
        .affinity = generation,
    };
    rig_step (rig, BROKER_REQUEST, role, from, &envelope, NULL, 77);
}

static rig_frame_t s_expect (rig_t *rig, uint32_t id, pt_kind_t kind)
{
    rig_frame_t frame = {0};
    if (!rig_take (rig, id, kind, &frame))
        fail_msg ("peer %u was sent no frame of kind %d", id, kind);
    return frame;
}

static void s_expect_refusal (rig_t *rig, uint32_t id, int status)
{
    rig_frame_t frame = s_expect (rig, id, PT_KIND_REPLY);
    assert_int_equal (frame.envelope.correlation, 77);
    assert_int_equal (frame.envelope.status, status);
    assert_int_equal (frame.envelope.service, PT_SERVICE_broker);
    assert_false (broker_core_is_busy (rig->core));
}

static void it_goes_to_the_one_it_names_as_a_plain_request (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 100);
    rig_ready (rig, PT_PEER_chat, CHAT2, 1);
    const uint32_t workers[] = {CHAT, CHAT2};
    for (int i = 0; i < 2; i++) {
        s_ask (rig, PT_PEER_operator, OPERATOR, PT_OP_chat_status, GENERATION (workers[i]));
        rig_frame_t request = s_expect (rig, workers[i], PT_KIND_REQUEST);
        assert_int_equal (request.envelope.affinity, 0);
        rig_answer (rig, PT_PEER_chat, workers[i], request.envelope.correlation, 0, 5);
        rig_frame_t reply = s_expect (rig, OPERATOR, PT_KIND_REPLY);
        assert_int_equal (reply.envelope.status, 0);
        assert_int_equal (reply.envelope.service, PT_SERVICE_chat);
        assert_int_equal (reply.body, 5);
    }
}

static void a_gateway_that_serves_is_reached_like_any_other (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_gateway, GATE, 16);
    s_ask (rig, PT_PEER_operator, OPERATOR, PT_OP_gateway_status, GENERATION (GATE));
    s_expect (rig, GATE, PT_KIND_REQUEST);
}

static void an_instance_that_is_not_there_is_not_found_though_others_are (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    s_ask (rig, PT_PEER_operator, OPERATOR, PT_OP_chat_status, GENERATION (CHAT2));
    s_expect_refusal (rig, OPERATOR, PT_E_not_found);
    assert_int_equal (broker_core_stats (rig->core)->refused, 1);
    assert_int_equal (broker_core_stats (rig->core)->busy, 0);
}

static void an_instance_of_another_service_is_not_found (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    s_ask (rig, PT_PEER_operator, OPERATOR, PT_OP_store_status, GENERATION (CHAT));
    s_expect_refusal (rig, OPERATOR, PT_E_not_found);
}

static void it_waits_for_the_one_it_names_while_others_are_free (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    rig_ready (rig, PT_PEER_chat, CHAT2, 1);
    s_ask (rig, PT_PEER_operator, OPERATOR, PT_OP_chat_status, GENERATION (CHAT));
    uint64_t first = s_expect (rig, CHAT, PT_KIND_REQUEST).envelope.correlation;
    s_ask (rig, PT_PEER_operator, OPERATOR, PT_OP_chat_status, GENERATION (CHAT));
    rig_frame_t frame;
    assert_false (rig_take (rig, CHAT, PT_KIND_REQUEST, &frame) || rig_take (rig, CHAT2, PT_KIND_REQUEST, &frame));
    rig_answer (rig, PT_PEER_chat, CHAT, first, 0, 1);
    s_expect (rig, CHAT, PT_KIND_REQUEST);
}

static void an_instance_that_drains_is_not_found_also_for_what_waits (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    rig_ready (rig, PT_PEER_chat, CHAT2, 1);
    s_ask (rig, PT_PEER_operator, OPERATOR, PT_OP_chat_status, GENERATION (CHAT));
    uint64_t first = s_expect (rig, CHAT, PT_KIND_REQUEST).envelope.correlation;
    s_ask (rig, PT_PEER_operator, OPERATOR, PT_OP_chat_status, GENERATION (CHAT));
    rig_ready (rig, PT_PEER_chat, CHAT, 0);
    assert_int_equal (s_expect (rig, OPERATOR, PT_KIND_REPLY).envelope.status, PT_E_not_found);
    rig_answer (rig, PT_PEER_chat, CHAT, first, 0, 1);
    assert_int_equal (s_expect (rig, OPERATOR, PT_KIND_REPLY).envelope.status, 0);
    s_ask (rig, PT_PEER_operator, OPERATOR, PT_OP_chat_status, GENERATION (CHAT));
    s_expect_refusal (rig, OPERATOR, PT_E_not_found);
}

static void an_instance_that_dies_is_told_and_another_never_asked (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    rig_ready (rig, PT_PEER_chat, CHAT2, 4);
    s_ask (rig, PT_PEER_operator, OPERATOR, PT_OP_chat_status, GENERATION (CHAT)); /* it has this one */
    s_ask (rig, PT_PEER_operator, OPERATOR, PT_OP_chat_status, GENERATION (CHAT)); /* this one waits */
    rig_leave (rig, PT_PEER_chat, CHAT);
    unsigned lost = 0, not_found = 0;
    for (int i = 0; i < 2; i++) {
        uint16_t status = s_expect (rig, OPERATOR, PT_KIND_REPLY).envelope.status;
        lost += status == PT_E_worker_lost;
        not_found += status == PT_E_not_found;
    }
    assert_int_equal (lost, 1);
    assert_int_equal (not_found, 1);
    rig_frame_t frame;
    assert_false (rig_take (rig, CHAT2, PT_KIND_REQUEST, &frame));
    assert_false (broker_core_is_busy (rig->core));
}

static void one_that_is_found_unreachable_is_not_found (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    rig_ready (rig, PT_PEER_chat, CHAT2, 1);
    rig->is_gone[CHAT] = true;
    s_ask (rig, PT_PEER_operator, OPERATOR, PT_OP_chat_status, GENERATION (CHAT));
    s_expect_refusal (rig, OPERATOR, PT_E_not_found);
}

static void nobody_but_an_operator_picks_an_instance (void **state)
{
    rig_t *rig = *state;
    rig_ready (rig, PT_PEER_gateway, GATE, 0);
    rig_ready (rig, PT_PEER_chat, CHAT, 1);
    s_ask (rig, PT_PEER_gateway, GATE, PT_OP_chat_status, GENERATION (CHAT));
    s_expect_refusal (rig, GATE, PT_E_not_allowed_role);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (it_goes_to_the_one_it_names_as_a_plain_request),
        TEST (a_gateway_that_serves_is_reached_like_any_other),
        TEST (an_instance_that_is_not_there_is_not_found_though_others_are),
        TEST (an_instance_of_another_service_is_not_found),
        TEST (it_waits_for_the_one_it_names_while_others_are_free),
        TEST (an_instance_that_drains_is_not_found_also_for_what_waits),
        TEST (an_instance_that_dies_is_told_and_another_never_asked),
        TEST (one_that_is_found_unreachable_is_not_found),
        TEST (nobody_but_an_operator_picks_an_instance),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
