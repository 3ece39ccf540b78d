/*  cli_text_test - numbers, tables and JSON. */

#include "cli_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static pt_buf_t s_buf;

static int s_setup (void **state)
{
    (void)state;
    pt_buf_init (&s_buf, 64 * 1024);
    return 0;
}

static int s_teardown (void **state)
{
    (void)state;
    pt_buf_fini (&s_buf);
    return 0;
}

static const char *s_text (void)
{
    pt_buf_put (&s_buf, "", 1);
    assert_int_equal (pt_buf_error (&s_buf), 0);
    return s_buf.at;
}

static void times_and_bytes_are_short (void **state)
{
    (void)state;
    static const struct {
        uint64_t ms;
        const char *text;
    } times[] = {{0, "0ms"},         {999, "999ms"},  {1000, "1s"},       {59999, "59s"},   {60000, "1m"},
                 {192000, "3m 12s"}, {3600000, "1h"}, {7260000, "2h 1m"}, {86400000, "1d"}, {187200000, "2d 4h"}};
    static const struct {
        uint64_t bytes;
        const char *text;
    } sizes[] = {{0, "0 B"}, {1023, "1023 B"}, {1024, "1.0 KiB"}, {4299161, "4.0 MiB"}, {1073741824, "1.0 GiB"}};
    char text[32];
    for (size_t i = 0; i < sizeof (times) / sizeof (times[0]); i++) {
        cli_print_time (times[i].ms, text, sizeof (text));
        assert_string_equal (text, times[i].text);
    }
    for (size_t i = 0; i < sizeof (sizes) / sizeof (sizes[0]); i++) {
        cli_print_bytes (sizes[i].bytes, text, sizeof (text));
        assert_string_equal (text, sizes[i].text);
    }
}

static void columns_are_as_wide_as_their_widest_cell (void **state)
{
    (void)state;
    cli_table_t *table = cli_table_new ("NAME|>COUNT|STATE");
    cli_table_row (table);
    cli_table_cell (table, "a long name");
    cli_table_cell (table, "%d", 7);
    cli_table_cell (table, "ok");
    cli_table_row (table);
    cli_table_cell (table, "gr\xc3\xbc\xc3\x9f");
    cli_table_cell (table, "%d", 1234567);
    cli_table_cell (table, "not ready");
    cli_table_print (table, &s_buf);
    cli_table_destroy (&table);
    assert_null (table);
    assert_string_equal (s_text (), "NAME           COUNT  STATE\n"
                                    "a long name        7  ok\n"
                                    "gr\xc3\xbc\xc3\x9f         1234567  not ready\n");
}

static void empty_cells_leave_no_spaces_at_the_end (void **state)
{
    (void)state;
    cli_table_t *table = cli_table_new ("A|>B|C");
    cli_table_row (table);
    cli_table_cell (table, "x");
    cli_table_row (table);
    cli_table_cell (table, "y");
    cli_table_cell (table, "%s", "");
    cli_table_cell (table, "z");
    cli_table_print (table, &s_buf);
    cli_table_destroy (&table);
    assert_string_equal (s_text (), "A  B  C\nx\ny     z\n");
}

static void cells_beyond_the_columns_and_control_characters_do_no_harm (void **state)
{
    (void)state;
    cli_table_t *table = cli_table_new ("A");
    cli_table_row (table);
    cli_table_cell (table, "\033[31mx\n");
    cli_table_cell (table, "lost");
    cli_table_print (table, &s_buf);
    cli_table_destroy (&table);
    assert_string_equal (s_text (), "A\n?[31mx?\n");
}

static void json_has_commas_where_they_belong (void **state)
{
    (void)state;
    cli_json_t json = {.out = &s_buf};
    cli_json_open (&json, NULL, '{');
    cli_json_bool (&json, "ok", true);
    cli_json_open (&json, "list", '[');
    cli_json_open (&json, NULL, '{');
    cli_json_close (&json, '}');
    cli_json_number (&json, NULL, UINT64_MAX);
    cli_json_text (&json, NULL, "a");
    cli_json_close (&json, ']');
    cli_json_bool (&json, "last", false);
    cli_json_close (&json, '}');
    assert_string_equal (s_text (), "{\"ok\":true,\"list\":[{},18446744073709551615,\"a\"],\"last\":false}");
}

static void json_text_is_escaped (void **state)
{
    (void)state;
    cli_json_t json = {.out = &s_buf};
    cli_json_open (&json, NULL, '[');
    cli_json_text (&json, NULL, "a\"b\\c\n\033");
    cli_json_text (&json, NULL, "gr\xc3\xbc\xc3\x9f");
    cli_json_text (&json, NULL, "bad \xff\xc3");
    cli_json_close (&json, ']');
    assert_string_equal (s_text (), "[\"a\\\"b\\\\c\\u000a\\u001b\",\"gr\xc3\xbc\xc3\x9f\",\"bad \\ufffd\\ufffd\"]");
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (times_and_bytes_are_short),
        TEST (columns_are_as_wide_as_their_widest_cell),
        TEST (empty_cells_leave_no_spaces_at_the_end),
        TEST (cells_beyond_the_columns_and_control_characters_do_no_harm),
        TEST (json_has_commas_where_they_belong),
        TEST (json_text_is_escaped),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
