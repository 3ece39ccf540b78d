/*  sv_probe_test - a daemon of nothing but a probe, against a store played by the
    test.  The program runs itself as that daemon. */

#include "child.h"
#include "harness.h"
#include "sv_probe.h"
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/*  ---- the daemon ---------------------------------------------------------------- */

typedef struct {
    sv_daemon_t *daemon; /* first: sv_daemon_on_status looks for it here */
    sv_probe_t *probe;
} tiny_t;

static const sv_handler_t s_handlers[] = {{PT_OP_chat_status, sv_daemon_on_status}};

static int s_init (sv_daemon_t *daemon, void **out_ctx, int *out_exit)
{
    (void)out_exit;
    tiny_t *self = calloc (1, sizeof *self);
    if (!self)
        return -PT_E_memory;
    *out_ctx = self;
    self->daemon = daemon;
    self->probe = sv_probe_new (daemon, PT_OP_store_status, "store");
    return self->probe ? sv_bus_serve (sv_daemon_bus (daemon), s_handlers, 1, 8, self) : -PT_E_memory;
}

static void s_drain (void *ctx)
{
    tiny_t *self = ctx;
    sv_probe_stop (self->probe);
    sv_probe_stop (self->probe);
}

static void s_fini (void **ctx_p)
{
    tiny_t *self = *ctx_p;
    if (!self)
        return;
    sv_probe_destroy (&self->probe);
    free (self);
    *ctx_p = NULL;
}

static const sv_role_t s_role = {.program = "parley-tiny",
                                 .summary = "a probe for tests",
                                 .role = PT_PEER_chat,
                                 .config_size = sizeof (sv_common_t),
                                 .init = s_init,
                                 .drain = s_drain,
                                 .fini = s_fini};

/*  ---- the other side ------------------------------------------------------------- */

static int s_set_up (void **state)
{
    static const char *const args[] = {"--drain-ms", "1s", NULL};
    *state = harness_new ("/proc/self/exe", PT_PEER_chat, args);
    return 0;
}

static int s_tear_down (void **state)
{
    harness_t *harness = *state;
    harness_destroy (&harness);
    return 0;
}

static void s_answer (harness_t *harness, bool is_ready)
{
    harness_answer_status (harness, harness_expect (harness, PT_OP_store_status), is_ready);
}

/*  The daemon takes frames in order: what was answered before counts. */
static void s_assert_reason (harness_t *harness, const char *reason)
{
    const pt_empty_t nothing = {0};
    uint64_t id = harness_request (harness, PT_OP_chat_status, &nothing);
    const pt_status_t *status = harness_reply (harness, id)->msg;
    assert_non_null (status);
    assert_int_equal (status->ready, reason == NULL);
    if (reason && !pt_str_eq (status->reason, pt_str (reason)))
        fail_msg ("the reason is '%.*s'", (int)status->reason.len, status->reason.at);
}

/*  Waits for the end of the daemon; its exit code.  The harness reaps it. */
static int s_wait_end (const harness_t *harness)
{
    struct pollfd end = {.fd = child_open (harness_pid (harness)), .events = POLLIN};
    siginfo_t info = {0};
    assert_int_equal (poll (&end, 1, HARNESS_WAIT_MS), 1);
    close (end.fd);
    assert_int_equal (waitid (P_PID, (id_t)harness_pid (harness), &info, WEXITED | WNOWAIT), 0);
    return info.si_code == CLD_EXITED ? info.si_status : -1;
}

static void it_asks_until_the_other_can_serve (void **state)
{
    harness_t *harness = *state;
    s_assert_reason (harness, "store has not answered yet");
    harness_refuse (harness, harness_expect (harness, PT_OP_store_status), PT_E_unavailable, NULL);
    s_assert_reason (harness, "store has not answered yet");
    s_answer (harness, false);
    s_assert_reason (harness, "store can't serve");
    s_answer (harness, true);
    s_assert_reason (harness, NULL);
}

static void one_bad_answer_does_not_flap_and_it_goes_on_asking (void **state)
{
    harness_t *harness = *state;
    s_answer (harness, true);
    s_assert_reason (harness, NULL);
    s_answer (harness, false);
    s_assert_reason (harness, NULL);
    harness_expect (harness, PT_OP_store_status);
}

/*  The question has 1.5 s and the drain 1 s: it would be cut, with another exit
    code, if it waited for the answer. */
static void a_drain_does_not_wait_for_an_open_question (void **state)
{
    harness_t *harness = *state;
    harness_expect (harness, PT_OP_store_status);
    assert_int_equal (kill (harness_pid (harness), SIGTERM), 0);
    assert_int_equal (s_wait_end (harness), 0);
}

int main (int argc, char **argv)
{
    if (argc > 1)
        return sv_daemon_main (&s_role, argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (it_asks_until_the_other_can_serve, s_set_up, s_tear_down),
        cmocka_unit_test_setup_teardown (one_bad_answer_does_not_flap_and_it_goes_on_asking, s_set_up, s_tear_down),
        cmocka_unit_test_setup_teardown (a_drain_does_not_wait_for_an_open_question, s_set_up, s_tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
