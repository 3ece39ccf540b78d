/*  cli_timeline_test - answers of instances to a timeline in text and JSON. */

#include "cli_timeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define START INT64_C (1795267283000000) /* 2026-11-21T13:21:23Z */

static cli_timeline_t *s_new (const char *trace, uint64_t room, uint64_t seq)
{
    cli_target_t target = {.room = room, .seq = seq};
    snprintf (target.trace, sizeof target.trace, "%s", trace);
    cli_timeline_t *self = cli_timeline_new (&target);
    assert_non_null (self);
    return self;
}

static pt_trace_t s_answer (const char *service, const char *instance, uint64_t pid, const pt_hop_t *hops,
                            uint32_t count)
{
    return (pt_trace_t){.service = pt_str (service), .instance = pt_str (instance), .pid = pid, .hops = {hops, count}};
}

static void s_assert_text (cli_timeline_t *self, bool is_json, const char *wanted)
{
    pt_buf_t buf;
    pt_buf_init (&buf, 1 << 20);
    if (is_json)
        cli_timeline_print_json (self, &buf);
    else
        cli_timeline_print (self, &buf);
    pt_buf_put (&buf, "", 1);
    assert_int_equal (pt_buf_error (&buf), 0);
    assert_string_equal (buf.at, wanted);
    pt_buf_fini (&buf);
}

/*  A message that a gateway took, store committed and a gateway delivered. */
static cli_timeline_t *s_new_whole (void)
{
    cli_timeline_t *self = s_new ("", 4, 5);
    const pt_hop_t seen[] = {
        {.kind = PT_hop_kind_ACKED, .at = START + 2000, .has_trace = true, .trace = PT_LIT ("t-1"), .has_seq = true},
        {.kind = PT_hop_kind_DELIVERED, .at = START + 2500, .has_seq = true, .seq = 5, .has_count = true, .count = 3},
    };
    pt_trace_t answer = s_answer ("gateway", "0a", 11, seen, 2);
    cli_timeline_add_message (self, &answer);
    const pt_hop_t stored[] = {
        {.kind = PT_hop_kind_BEGUN,
         .at = START + 500,
         .has_trace = true,
         .trace = PT_LIT ("t-1"),
         .has_count = true,
         .count = 1},
        {.kind = PT_hop_kind_COMMITTED,
         .at = START + 1500,
         .has_trace = true,
         .trace = PT_LIT ("t-1"),
         .has_room = true,
         .room = 4,
         .has_seq = true,
         .seq = 5},
    };
    answer = s_answer ("store", "0b", 22, stored, 2);
    cli_timeline_add_request (self, &answer);
    const pt_hop_t taken[] = {
        {.kind = PT_hop_kind_ASKED,
         .at = START,
         .has_trace = true,
         .trace = PT_LIT ("t-1"),
         .has_opcode = true,
         .opcode = PT_OP_chat_send,
         .has_broker = true},
        {.kind = PT_hop_kind_ACKED,
         .at = START + 2000,
         .has_trace = true,
         .trace = PT_LIT ("t-1"),
         .has_seq = true,
         .seq = 5},
    };
    answer = s_answer ("gateway", "0a", 11, taken, 2);
    cli_timeline_add_request (self, &answer);
    cli_timeline_set_item (self, &(pt_item_t){.kind = PT_item_kind_MESSAGE,
                                              .has_sender = true,
                                              .sender = 9,
                                              .has_send_id = true,
                                              .send_id = PT_LIT ("mine"),
                                              .at = START + 1000});
    return self;
}

static void test_hops_of_all_instances_are_drawn_in_order (void **state)
{
    (void)state;
    cli_timeline_t *self = s_new_whole ();
    assert_int_equal (cli_timeline_exit (self), CLI_OK);
    s_assert_text (self, false,
                   "room 4 seq 5: message by account 9, send_id mine, committed at 2026-11-21T13:21:23.001000Z\n"
                   "request t-1\n"
                   "from 2026-11-21T13:21:23.000000Z\n"
                   "\n"
                   "    0.000 ms  +0.000    *    gateway 11      asks chat_send (broker 0)\n"
                   "    0.500 ms  +0.500    | *  store 22        begins a transaction of 1 row\n"
                   "    1.500 ms  +1.000    | *  store 22        has 5 committed\n"
                   "    2.000 ms  +0.500    *    gateway 11      answers the client: 5\n"
                   "    2.500 ms  +0.500    *    gateway 11      delivers 5 to 3 subscriptions\n");
    cli_timeline_destroy (&self);
    assert_null (self);
}

static void test_the_same_for_machines (void **state)
{
    (void)state;
    cli_timeline_t *self = s_new_whole ();
    s_assert_text (self, true,
                   "{\"room\":\"4\",\"seq\":5,\"item\":{\"sender\":\"9\",\"send_id\":\"mine\",\"at_us\":"
                   "1795267283001000},\"requests\":[\"t-1\"],\"hops\":["
                   "{\"kind\":\"asked\",\"service\":\"gateway\",\"instance\":\"0a\",\"at_us\":1795267283000000,"
                   "\"pid\":11,\"broker\":0,\"op\":\"chat_send\",\"request\":\"t-1\"},"
                   "{\"kind\":\"begun\",\"service\":\"store\",\"instance\":\"0b\",\"at_us\":1795267283000500,"
                   "\"step_us\":500,\"pid\":22,\"count\":1,\"request\":\"t-1\"},"
                   "{\"kind\":\"committed\",\"service\":\"store\",\"instance\":\"0b\",\"at_us\":1795267283001500,"
                   "\"step_us\":1000,\"pid\":22,\"seq\":5,\"request\":\"t-1\"},"
                   "{\"kind\":\"acked\",\"service\":\"gateway\",\"instance\":\"0a\",\"at_us\":1795267283002000,"
                   "\"step_us\":500,\"pid\":11,\"seq\":5,\"request\":\"t-1\"},"
                   "{\"kind\":\"delivered\",\"service\":\"gateway\",\"instance\":\"0a\",\"at_us\":1795267283002500,"
                   "\"step_us\":500,\"pid\":11,\"seq\":5,\"count\":3}"
                   "],\"forgotten\":[],\"more\":false,\"silent\":0}\n");
    cli_timeline_destroy (&self);
}

static void test_what_is_forgotten_is_said_beside_what_store_knows (void **state)
{
    (void)state;
    cli_timeline_t *self = s_new ("", 4, 5);
    pt_trace_t answer = s_answer ("chat", "0c", 33, NULL, 0);
    answer.since = START + 2000000;
    cli_timeline_add_message (self, &answer);
    answer = s_answer ("store", "0b", 22, NULL, 0);
    cli_timeline_add_message (self, &answer);
    cli_timeline_add_silence (self);
    cli_timeline_set_item (
        self, &(pt_item_t){.kind = PT_item_kind_MEMBER, .has_account = true, .account = 8, .at = START + 1000});
    assert_int_equal (cli_timeline_exit (self), CLI_MISSING);
    s_assert_text (self, false,
                   "room 4 seq 5: change of membership of account 8, committed at 2026-11-21T13:21:23.001000Z\n"
                   "\nNo instance remembers a hop of it.\n"
                   "\nchat 33 remembers nothing before 2026-11-21T13:21:25.000000Z.\n"
                   "\nQuestions without an answer: 1.\n");
    cli_timeline_destroy (&self);
}

static void test_an_item_that_store_does_not_have_is_said (void **state)
{
    (void)state;
    cli_timeline_t *self = s_new ("", 4, 5);
    cli_timeline_set_item (self, NULL);
    s_assert_text (self, false,
                   "room 4 seq 5: store has no such item, or could not be asked\n"
                   "\nNo instance remembers a hop of it.\n");
    cli_timeline_destroy (&self);
}

static void test_sends_of_one_array_are_told_to_share_their_hops (void **state)
{
    (void)state;
    cli_timeline_t *self = s_new ("t-1", 0, 0);
    const pt_hop_t hops[] = {
        {.kind = PT_hop_kind_COMMITTED,
         .at = START,
         .has_trace = true,
         .trace = PT_LIT ("t-1"),
         .has_room = true,
         .room = 4,
         .has_seq = true,
         .seq = 5,
         .has_last = true,
         .last = 8},
        {.kind = PT_hop_kind_ANSWERED,
         .at = START,
         .has_trace = true,
         .trace = PT_LIT ("t-1"),
         .has_opcode = true,
         .opcode = 0xffff,
         .has_status = true,
         .status = PT_E_busy},
    };
    pt_trace_t answer = s_answer ("store", "0b", 22, hops, 2);
    answer.more = true;
    cli_timeline_add_request (self, &answer);
    uint64_t room, seq;
    assert_true (cli_timeline_message (self, &room, &seq));
    assert_int_equal (room, 4);
    assert_int_equal (seq, 5);
    s_assert_text (self, false,
                   "room 4 seq 5: store has no such item, or could not be asked\n"
                   "request t-1\n"
                   "from 2026-11-21T13:21:23.000000Z\n"
                   "\n"
                   "    0.000 ms  +0.000    *  store 22        has 5..8 committed\n"
                   "    0.000 ms  +0.000    *  store 22        has the answer to a request: busy\n"
                   "\nSeveral sends went as one array: its request id and hops are theirs together.\n"
                   "\nThere is more than is shown.\n");
    cli_timeline_destroy (&self);
}

static void test_request_ids_are_followed_once_and_up_to_a_bound (void **state)
{
    (void)state;
    cli_timeline_t *self = s_new ("", 4, 5);
    char names[CLI_TRACES_MAX + 1][8];
    pt_hop_t hops[2 * (CLI_TRACES_MAX + 1)];
    for (unsigned i = 0; i < 2 * (CLI_TRACES_MAX + 1); i++) {
        unsigned name = i % (CLI_TRACES_MAX + 1);
        snprintf (names[name], sizeof names[name], "t-%u", name);
        hops[i] = (pt_hop_t){.kind = PT_hop_kind_ACKED, .has_trace = true, .trace = pt_str (names[name])};
    }
    pt_trace_t answer = s_answer ("gateway", "0a", 11, hops, 2 * (CLI_TRACES_MAX + 1));
    cli_timeline_add_message (self, &answer);
    for (unsigned i = 0; i < CLI_TRACES_MAX; i++)
        assert_string_equal (cli_timeline_trace (self, i), names[i]);
    assert_null (cli_timeline_trace (self, CLI_TRACES_MAX));
    assert_int_equal (cli_timeline_exit (self), CLI_MISSING);
    cli_timeline_destroy (&self);
}

static void test_hops_beyond_the_bound_are_left_out_and_said (void **state)
{
    (void)state;
    static pt_hop_t hops[CLI_HOPS_MAX + 1];
    for (unsigned i = 0; i <= CLI_HOPS_MAX; i++)
        hops[i] = (pt_hop_t){.kind = PT_hop_kind_TAKEN, .at = START + i, .has_trace = true, .trace = PT_LIT ("t")};
    cli_timeline_t *self = s_new ("t", 0, 0);
    pt_trace_t answer = s_answer ("gateway", "0a", 11, hops, CLI_HOPS_MAX + 1);
    cli_timeline_add_request (self, &answer);
    pt_buf_t buf;
    pt_buf_init (&buf, 8 << 20);
    cli_timeline_print (self, &buf);
    pt_buf_put (&buf, "", 1);
    assert_non_null (strstr (buf.at, "\nThere is more than is shown.\n"));
    pt_buf_fini (&buf);
    cli_timeline_destroy (&self);
}

static void test_the_arguments_name_a_message_or_a_request (void **state)
{
    (void)state;
    static const struct {
        const char *args[3];
        unsigned count;
        bool is_good;
    } rows[] = {
        {{"4711", "42"}, 2, true}, {{"t-1"}, 1, true},      {{"4711"}, 1, true},
        {{"4711", "0"}, 2, false}, {{"x", "42"}, 2, false}, {{"-1", "42"}, 2, false},
        {{""}, 1, false},          {{NULL}, 0, false},      {{"1", "99999999999999999999"}, 2, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cli_target_t target;
        FILE *err = fopen ("/dev/null", "we");
        int rc = cli_target_parse (&target, rows[i].args, rows[i].count, err);
        fclose (err);
        if ((rc == 0) != rows[i].is_good)
            fail_msg ("row %zu", i);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_hops_of_all_instances_are_drawn_in_order),
        cmocka_unit_test (test_the_same_for_machines),
        cmocka_unit_test (test_what_is_forgotten_is_said_beside_what_store_knows),
        cmocka_unit_test (test_an_item_that_store_does_not_have_is_said),
        cmocka_unit_test (test_sends_of_one_array_are_told_to_share_their_hops),
        cmocka_unit_test (test_request_ids_are_followed_once_and_up_to_a_bound),
        cmocka_unit_test (test_hops_beyond_the_bound_are_left_out_and_said),
        cmocka_unit_test (test_the_arguments_name_a_message_or_a_request),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
