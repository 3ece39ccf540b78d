/*  cli_report_test - facts to judgement and text. */

#include "cli_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int s_setup (void **state)
{
    *state = cli_report_new ("ipc:///run/b0,ipc:///run/b1");
    return *state ? 0 : -1;
}

static int s_teardown (void **state)
{
    cli_report_t *self = *state;
    cli_report_destroy (&self);
    assert_null (self);
    return 0;
}

static void s_add_broker (cli_report_t *self, unsigned broker, const char *const *services)
{
    pt_instance_t instances[8];
    pt_broker_state_t state = {.generation = PT_LIT ("b"),
                               .pid = 11,
                               .version = PT_LIT ("0.1.0"),
                               .uptime_ms = 192000,
                               .rss = 4299161,
                               .dropped = 3};
    memset (instances, 0, sizeof (instances));
    uint32_t count = 0;
    for (; services[count]; count++) {
        instances[count].service = pt_str (services[count]);
        instances[count].instance = PT_LIT ("00ff");
        instances[count].in_flight = 2;
        instances[count].queued = broker + 1;
    }
    state.instances.at = instances;
    state.instances.count = count;
    cli_report_add_broker (self, broker, &state);
}

#define BROKER(self, broker, ...) s_add_broker (self, broker, (const char *const[]){__VA_ARGS__, NULL})

static void s_add_status (cli_report_t *self, const char *service, bool is_ready, const char *reason)
{
    pt_status_t status = {.service = pt_str (service),
                          .instance = PT_LIT ("00ff"),
                          .version = PT_LIT ("0.1.0"),
                          .pid = 22,
                          .uptime_ms = 1000,
                          .rss = 1024,
                          .ready = is_ready};
    status.has_reason = reason != NULL;
    if (reason)
        status.reason = pt_str (reason);
    cli_report_add_status (self, &status);
}

static void s_make_whole (cli_report_t *self)
{
    BROKER (self, 0, "auth", "chat", "drive", "store", "gateway", "operator");
    BROKER (self, 1, "auth", "chat", "drive", "store", "gateway");
    s_add_status (self, "auth", true, NULL);
    s_add_status (self, "chat", true, NULL);
    s_add_status (self, "drive", true, NULL);
    s_add_status (self, "store", true, NULL);
    s_add_status (self, "gateway", true, NULL);
}

static void s_assert_missing (const cli_report_t *self, unsigned i, const char *wanted)
{
    char text[1024];
    bool is_there = cli_report_missing (self, i, text, sizeof (text));
    assert_int_equal (is_there, wanted != NULL);
    if (wanted)
        assert_string_equal (text, wanted);
}

static void a_whole_installation_is_well (void **state)
{
    cli_report_t *self = *state;
    s_make_whole (self);
    s_assert_missing (self, 0, NULL);
    assert_int_equal (cli_report_exit (self), CLI_OK);
    assert_int_equal (cli_report_answers (self), 2);
    assert_int_equal (self->instance_count, 5);
}

static void an_instance_both_brokers_list_is_one (void **state)
{
    cli_report_t *self = *state;
    s_make_whole (self);
    const cli_instance_t *chat = cli_report_find (self, "chat");
    assert_int_equal (chat->brokers, 2);
    assert_int_equal (chat->in_flight, 4);
    assert_int_equal (chat->queued, 2);
    assert_null (cli_report_find (self, "operator"));
}

static void without_brokers_only_they_are_missing (void **state)
{
    cli_report_t *self = *state;
    cli_report_add_silence (self, 0, -PT_E_deadline);
    cli_report_add_silence (self, 1, -PT_E_deadline);
    assert_int_equal (cli_report_exit (self), CLI_UNAVAILABLE);
    s_assert_missing (self, 0, "broker ipc:///run/b0 does not answer");
    s_assert_missing (self, 1, "broker ipc:///run/b1 does not answer");
    s_assert_missing (self, 2, NULL);
}

static void all_that_is_missing_is_named (void **state)
{
    cli_report_t *self = *state;
    BROKER (self, 0, "auth", "store", "gateway");
    s_add_status (self, "store", false, "database is down");
    assert_int_equal (cli_report_exit (self), CLI_MISSING);
    s_assert_missing (self, 0, "broker ipc:///run/b1 does not answer");
    s_assert_missing (self, 1, "auth is live and does not answer");
    s_assert_missing (self, 2, "no chat is live");
    s_assert_missing (self, 3, "no drive is live");
    s_assert_missing (self, 4, "store is not ready: database is down");
    s_assert_missing (self, 5, "gateway is live and does not answer");
    s_assert_missing (self, 6, NULL);
}

static void instances_are_named_by_a_number_in_hex (void **state)
{
    (void)state;
    assert_int_equal (cli_generation (PT_LIT ("00000000000000ff")), 255);
    assert_int_equal (cli_generation (PT_LIT ("fake")), 0);
    assert_int_equal (cli_generation (PT_LIT ("")), 0);
    assert_int_equal (cli_service_find (PT_LIT ("gateway"))->trace_opcode, PT_OP_gateway_trace);
    assert_null (cli_service_find (PT_LIT ("operator")));
}

static void one_ready_instance_of_a_service_is_enough (void **state)
{
    cli_report_t *self = *state;
    s_make_whole (self);
    pt_status_t other = {
        .service = PT_LIT ("store"), .instance = PT_LIT ("0001"), .version = PT_LIT ("0.1.0"), .pid = 1};
    cli_report_add_status (self, &other);
    assert_int_equal (cli_report_exit (self), CLI_OK);
    assert_string_equal (cli_report_find (self, "store")->instance, "00ff");
}

static void more_instances_than_fit_are_left_out (void **state)
{
    cli_report_t *self = *state;
    for (unsigned i = 0; i < CLI_INSTANCES_MAX + 10; i++) {
        char name[16];
        snprintf (name, sizeof (name), "%u", i);
        pt_status_t status = {.service = PT_LIT ("chat"), .instance = pt_str (name)};
        cli_report_add_status (self, &status);
    }
    assert_int_equal (self->instance_count, CLI_INSTANCES_MAX);
}

static const char *s_print (const cli_report_t *self, void (*print) (const cli_report_t *report, pt_buf_t *out))
{
    static char text[16384];
    pt_buf_t buf;
    pt_buf_init (&buf, sizeof (text) - 1);
    print (self, &buf);
    assert_int_equal (pt_buf_error (&buf), 0);
    memcpy (text, buf.at, buf.len);
    text[buf.len] = '\0';
    pt_buf_fini (&buf);
    return text;
}

static void people_get_two_tables_and_a_verdict (void **state)
{
    cli_report_t *self = *state;
    BROKER (self, 0, "gateway", "auth");
    s_add_status (self, "auth", true, NULL);
    assert_string_equal (s_print (self, cli_report_print),
                         "BROKER         STATE      VERSION  PID      UP   MEMORY  LIVE  DROPPED\n"
                         "ipc:///run/b0  ok         0.1.0     11  3m 12s  4.0 MiB     2        3\n"
                         "ipc:///run/b1  no answer\n"
                         "\n"
                         "SERVICE  STATE  VERSION  PID  UP   MEMORY  BROKERS  BUSY  QUEUED  INSTANCE\n"
                         "auth     ready  0.1.0     22  1s  1.0 KiB      1/1     2       1  00ff\n"
                         "gateway  live                                  1/1     2       1  00ff\n"
                         "\n"
                         "Missing: broker ipc:///run/b1 does not answer\n"
                         "Missing: no chat is live\n"
                         "Missing: no drive is live\n"
                         "Missing: no store is live\n"
                         "Missing: gateway is live and does not answer\n");
}

static void machines_get_one_json_object (void **state)
{
    cli_report_t *self = *state;
    BROKER (self, 0, "auth");
    cli_report_add_silence (self, 1, -PT_E_deadline);
    s_add_status (self, "auth", false, "say \"when\"");
    assert_string_equal (
        s_print (self, cli_report_print_json),
        "{\"ok\":false,\"brokers\":[{\"base\":\"ipc:///run/b0\",\"answers\":true,\"version\":\"0.1.0\",\"pid\":11,"
        "\"uptime_ms\":192000,\"rss\":4299161,\"dropped\":3},{\"base\":\"ipc:///run/b1\",\"answers\":false,"
        "\"error\":\"deadline\"}],\"instances\":[{\"service\":\"auth\",\"instance\":\"00ff\",\"brokers\":1,"
        "\"in_flight\":2,\"queued\":1,\"answers\":true,\"ready\":false,\"reason\":\"say \\\"when\\\"\","
        "\"version\":\"0.1.0\",\"pid\":22,\"uptime_ms\":1000,\"rss\":1024}],\"missing\":["
        "\"broker ipc:///run/b1 does not answer\",\"auth is not ready: say \\\"when\\\"\",\"no chat is live\","
        "\"no drive is live\",\"no store is live\",\"no gateway is live\"]}\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (a_whole_installation_is_well),           TEST (an_instance_both_brokers_list_is_one),
        TEST (without_brokers_only_they_are_missing),  TEST (all_that_is_missing_is_named),
        TEST (instances_are_named_by_a_number_in_hex), TEST (one_ready_instance_of_a_service_is_enough),
        TEST (more_instances_than_fit_are_left_out),   TEST (people_get_two_tables_and_a_verdict),
        TEST (machines_get_one_json_object),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
