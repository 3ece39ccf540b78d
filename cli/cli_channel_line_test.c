/*  Tests of what `parley channel` reads and writes. */

#include "cli_channel_line.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants the headers above first */
#include <cmocka.h>

#define WAIT_MS 2000

static const char *s_read (cli_channel_line_t *line, const char *text)
{
    return cli_channel_line_read (line, text, strlen (text), "key", WAIT_MS);
}

static void s_assert_str (pt_str_t found, const char *expected)
{
    assert_true (pt_str_eq (found, pt_str (expected)));
}

static void each_operation_becomes_its_call (void **state)
{
    (void)state;
    cli_channel_line_t line;
    assert_null (s_read (&line, "{\"op\":\"send\",\"channel\":\"c\",\"message\":{\"type\": \"hello\"}}"));
    assert_int_equal (line.opcode, PT_OP_chat_channel_send);
    assert_int_equal (line.affinity, pt_affinity (PT_LIT ("c")));
    s_assert_str (line.msg.send.channel, "c");
    s_assert_str (line.msg.send.message, "{\"type\":\"hello\"}");
    s_assert_str (line.msg.send.key, "key");
    cli_channel_line_free (&line);
    assert_null (s_read (&line, "{\"op\":\"group_add\",\"group\":\"g\",\"channel\":\"c\"}"));
    assert_int_equal (line.opcode, PT_OP_chat_channel_group_add);
    assert_int_equal (line.affinity, pt_affinity (PT_LIT ("g")));
    s_assert_str (line.msg.change.group, "g");
    s_assert_str (line.msg.change.channel, "c");
    cli_channel_line_free (&line);
    assert_null (s_read (&line, "{\"op\":\"group_discard\",\"group\":\"g\",\"channel\":\"c\"}"));
    assert_int_equal (line.opcode, PT_OP_chat_channel_group_discard);
    cli_channel_line_free (&line);
    assert_null (s_read (&line, "{\"op\":\"group_send\",\"group\":\"g\",\"message\":{}}"));
    assert_int_equal (line.opcode, PT_OP_chat_channel_group_send);
    assert_int_equal (line.affinity, pt_affinity (PT_LIT ("g")));
    s_assert_str (line.msg.group_send.message, "{}");
    cli_channel_line_free (&line);
}

static void a_receive_waits_for_its_time_in_seconds (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t wait_ms;
    } cases[] = {
        {"{\"op\":\"receive\",\"channel\":\"c\",\"timeout\":0.3}", 300},
        {"{\"op\":\"receive\",\"channel\":\"c\",\"timeout\":0}", 0},
        {"{\"op\":\"receive\",\"channel\":\"c\",\"timeout\":20}", LIM_CHANNEL_WAIT_MS},
        {"{\"op\":\"receive\",\"channel\":\"c\"}", WAIT_MS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cli_channel_line_t line;
        assert_null (s_read (&line, cases[i].text));
        assert_int_equal (line.opcode, PT_OP_chat_channel_receive);
        assert_int_equal (line.wait_ms, cases[i].wait_ms);
        assert_int_equal (line.msg.receive.timeout_ms, cases[i].wait_ms);
        cli_channel_line_free (&line);
    }
}

static void what_is_wrong_with_a_line_is_told (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *fault; /* how it begins */
    } cases[] = {
        {"", "a JSON object"},
        {"{", "a JSON object"},
        {"[]", "a JSON object"},
        {"\"send\"", "a JSON object"},
        {"{\"op\":\"send\",\"op\":\"send\"}", "a JSON object"},
        {"{}", "op: "},
        {"{\"op\":7}", "op: "},
        {"{\"op\":\"group_channels\",\"group\":\"g\"}", "op: "},
        {"{\"op\":\"send\",\"message\":{}}", "channel: "},
        {"{\"op\":\"send\",\"channel\":\"\",\"message\":{}}", "channel: "},
        {"{\"op\":\"send\",\"channel\":\"a\\u0000b\",\"message\":{}}", "channel: "},
        {"{\"op\":\"send\",\"channel\":7,\"message\":{}}", "channel: "},
        {"{\"op\":\"send\",\"channel\":\"c\"}", "message: "},
        {"{\"op\":\"send\",\"channel\":\"c\",\"message\":\"text\"}", "message: "},
        {"{\"op\":\"receive\"}", "channel: "},
        {"{\"op\":\"receive\",\"channel\":\"c\",\"timeout\":-1}", "timeout: "},
        {"{\"op\":\"receive\",\"channel\":\"c\",\"timeout\":20.1}", "timeout: "},
        {"{\"op\":\"receive\",\"channel\":\"c\",\"timeout\":\"1\"}", "timeout: "},
        {"{\"op\":\"receive\",\"channel\":\"c\",\"timeout\":null}", "timeout: "},
        {"{\"op\":\"group_add\",\"channel\":\"c\"}", "group: "},
        {"{\"op\":\"group_add\",\"group\":\"g\"}", "channel: "},
        {"{\"op\":\"group_send\",\"group\":\"g\"}", "message: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cli_channel_line_t line;
        const char *fault = s_read (&line, cases[i].text);
        if (!fault || strncmp (fault, cases[i].fault, strlen (cases[i].fault)) != 0)
            fail_msg ("%s: `%s`", cases[i].text, fault ? fault : "nothing is wrong");
        cli_channel_line_free (&line);
    }
}

/*  At the bound it passes, beyond it not: what passes here passes the schema. */
static void names_and_messages_have_the_bounds_of_the_schema (void **state)
{
    (void)state;
    static char text[2 * LIM_CHANNEL_MESSAGE], filling[LIM_CHANNEL_MESSAGE + 1];
    for (int beyond = 0; beyond < 2; beyond++) {
        cli_channel_line_t line;
        memset (filling, 'x', sizeof filling - 1);
        snprintf (text, sizeof text, "{\"op\":\"receive\",\"channel\":\"%.*s\"}", LIM_CHANNEL + beyond, filling);
        assert_int_equal (s_read (&line, text) != NULL, beyond);
        cli_channel_line_free (&line);
        snprintf (text, sizeof text, "{\"op\":\"send\",\"channel\":\"c\",\"message\":{\"m\":\"%.*s\"}}",
                  LIM_CHANNEL_MESSAGE - 8 + beyond, filling);
        assert_int_equal (s_read (&line, text) != NULL, beyond);
        cli_channel_line_free (&line);
    }
}

static void s_assert_answer (uint16_t opcode, const sv_reply_t *reply, const char *expected)
{
    cli_channel_line_t line = {.opcode = opcode};
    pt_buf_t buf;
    pt_buf_init (&buf, CLI_CHANNEL_LINE_MAX);
    cli_channel_line_write (&line, reply, &buf);
    pt_buf_put (&buf, "", 1);
    assert_int_equal (pt_buf_error (&buf), 0);
    assert_string_equal (buf.at, expected);
    pt_buf_fini (&buf);
}

static void an_outcome_becomes_one_line (void **state)
{
    (void)state;
    static const pt_empty_t empty = {0};
    static const pt_error_t bare = {0};
    const pt_error_t detailed = {.detail = PT_LIT ("it is \"full\""), .has_detail = true};
    pt_channel_received_t received = {.message = PT_LIT ("{\"a\":\n[1, 2.5, \"\\u0000\"]}"), .has_message = true};
    pt_channel_received_t none = {0};
    pt_channel_received_t broken = {.message = PT_LIT ("{}\n{}"), .has_message = true};
    s_assert_answer (PT_OP_chat_channel_send, &(sv_reply_t){.msg = &empty}, "{\"ok\":true}\n");
    s_assert_answer (PT_OP_chat_channel_receive, &(sv_reply_t){.msg = &received},
                     "{\"message\":{\"a\":[1,2.5,\"\\u0000\"]}}\n");
    s_assert_answer (PT_OP_chat_channel_receive, &(sv_reply_t){.msg = &none}, "{\"message\":null}\n");
    s_assert_answer (PT_OP_chat_channel_receive, &(sv_reply_t){.msg = &broken},
                     "{\"error\":\"the message that came is no JSON\"}\n");
    s_assert_answer (PT_OP_chat_channel_receive, &(sv_reply_t){.status = -PT_E_busy, .error = &bare},
                     "{\"error\":\"busy: Too much work at the moment; try again\"}\n");
    s_assert_answer (PT_OP_chat_channel_send, &(sv_reply_t){.status = -PT_E_busy, .error = &detailed},
                     "{\"error\":\"busy: it is \\\"full\\\"\"}\n");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (each_operation_becomes_its_call),
        cmocka_unit_test (a_receive_waits_for_its_time_in_seconds),
        cmocka_unit_test (what_is_wrong_with_a_line_is_told),
        cmocka_unit_test (names_and_messages_have_the_bounds_of_the_schema),
        cmocka_unit_test (an_outcome_becomes_one_line),
    };
    return cmocka_run_group_tests_name ("cli_channel_line", tests, NULL, NULL);
}
