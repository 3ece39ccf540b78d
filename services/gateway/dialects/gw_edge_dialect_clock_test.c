/*  gw_edge_dialect_clock_test - groups that tell the time from outside: what is asked of chat,
    and what is said when it refuses. */

#include "gw_probe.h"

#define GROUP "chat_a1b2c3d4"
#define NOT_ONES_OWN "\r\n\r\n{\"error\":\"Group not found or you are not the creator\"}"

static int s_setup (void **state)
{
    *state = probe_new (NULL);
    return 0;
}

static int s_teardown (void **state)
{
    probe_t *self = *state;
    probe_destroy (&self);
    return 0;
}

/*  Account 7 asks that the group be told the time; chat's call is the test's to answer. */
static int s_tell (probe_t *self, const harness_frame_t **out_call)
{
    int fd = probe_connect (self->port);
    char text[4096];
    snprintf (text, sizeof text,
              "GET /api/send-test-message/?group_name=" GROUP
              " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
              self->token);
    probe_say (fd, text);
    *out_call = harness_expect (self->harness, PT_OP_chat_signal);
    return fd;
}

static void s_hear (int fd, int status, const char *text)
{
    const probe_got_t *got = probe_answer (fd);
    close (fd);
    if (probe_status (got) != status || !strstr (got->bytes, text))
        fail_msg ("not %d with %s: %s", status, text, got->bytes);
}

static void test_a_group_is_told_the_time_by_a_signal_that_is_numbered (void **state)
{
    probe_t *self = *state;
    uint64_t last = 0, teller = 0;
    for (unsigned turn = 0; turn < 2; turn++) {
        const harness_frame_t *call;
        int fd = s_tell (self, &call);
        const pt_room_signal_t *signal = call->msg;
        assert_true (pt_str_eq (signal->address, PT_LIT (GROUP)));
        assert_int_equal (signal->kind, PT_signal_TELL);
        assert_true (signal->has_account && signal->account == 7);
        assert_true (signal->has_teller && signal->has_number);
        assert_true (turn == 0 || (signal->teller == teller && signal->number > last));
        assert_false (signal->has_name || signal->has_text || signal->has_origin);
        teller = signal->teller;
        last = signal->number;
        harness_answer (self->harness, call, &(pt_empty_t){0});
        s_hear (fd, 200, "\r\n\r\n{\"message\":\"Test message sent to WebSocket group\"}");
    }
}

static void test_a_group_that_is_not_there_or_somebody_elses_sounds_the_same (void **state)
{
    probe_t *self = *state;
    static const struct {
        int err, status;
        const char *text;
    } rows[] = {{PT_E_not_found, 400, NOT_ONES_OWN},
                {PT_E_forbidden, 400, NOT_ONES_OWN},
                {PT_E_invalid, 400, NOT_ONES_OWN},
                {PT_E_unavailable, 503, "{\"detail\":\"Service temporarily unavailable.\"}"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const harness_frame_t *call;
        int fd = s_tell (self, &call);
        harness_refuse (self->harness, call, rows[i].err, NULL);
        s_hear (fd, rows[i].status, rows[i].text);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_group_is_told_the_time_by_a_signal_that_is_numbered),
        cmocka_unit_test (test_a_group_that_is_not_there_or_somebody_elses_sounds_the_same),
    };
    return cmocka_run_group_tests (tests, s_setup, s_teardown);
}
