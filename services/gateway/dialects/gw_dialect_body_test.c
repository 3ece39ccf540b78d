/*  gw_dialect_body_test - the same fields out of JSON, forms and multipart, and what can't be read. */

#include "gw_dialect_body.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define JSON "application/json"
#define FORM "application/x-www-form-urlencoded; charset=UTF-8"
#define PARTS "multipart/form-data; boundary=xx"
#define PART(name, text) "--xx\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" text "\r\n"

static pt_arena_t *s_arena;

static int s_setup (void **state)
{
    (void)state;
    s_arena = pt_arena_new (1024 * 1024);
    return s_arena ? 0 : -1;
}

static int s_teardown (void **state)
{
    (void)state;
    pt_arena_destroy (&s_arena);
    return 0;
}

static int s_read (gw_dialect_body_t *body, const char *type, const char *text, const char **out_detail)
{
    return gw_dialect_body_read (body, type, pt_str (text), "errors", s_arena, out_detail);
}

static void s_has_text (const gw_dialect_body_t *body, const char *name, const char *text)
{
    const gw_value_t *value = gw_dialect_body_field (body, name);
    assert_non_null (value);
    assert_int_equal (value->kind, GW_VALUE_TEXT);
    if (!pt_str_eq (value->text, pt_str (text)))
        fail_msg ("%s: %.*s", name, (int)value->text.len, value->text.at);
}

static void test_the_three_ways_to_write_a_body_give_the_same_fields (void **state)
{
    (void)state;
    static const struct {
        const char *type, *text;
    } rows[] = {
        {JSON, "{\"a\":\"x y&\\u00e9\",\"b\":\"\",\"a\\u0062\":\"1\"}"},
        {FORM, "&a=x+y%26%C3%a9&&b=&ab=1"},
        {PARTS, "preamble\r\n" PART ("a", "x y&\xc3\xa9") PART ("b", "") PART ("ab", "1") "--xx--\r\nepilogue"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        gw_dialect_body_t body;
        const char *detail;
        assert_int_equal (s_read (&body, rows[i].type, rows[i].text, &detail), 0);
        assert_int_equal (body.count, 3);
        assert_int_equal (body.is_form, i > 0);
        s_has_text (&body, "a", "x y&\xc3\xa9");
        s_has_text (&body, "b", "");
        s_has_text (&body, "ab", "1");
        assert_null (gw_dialect_body_field (&body, "c"));
    }
}

static void test_values_of_json_keep_their_kind (void **state)
{
    (void)state;
    static const struct {
        const char *value;
        gw_value_kind_t kind;
        const char *text, *type;
    } rows[] = {
        {"\"s\"", GW_VALUE_TEXT, "s", "str"},   {"-12", GW_VALUE_INTEGER, "-12", "int"},
        {"0.1", GW_VALUE_REAL, "0.1", "float"}, {"1e300", GW_VALUE_REAL, "1e+300", "float"},
        {"true", GW_VALUE_BOOL, "", "bool"},    {"null", GW_VALUE_NULL, "", "NoneType"},
        {"[1,[2]]", GW_VALUE_LIST, "", "list"}, {"{\"a\":1}", GW_VALUE_OBJECT, "", "dict"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[64];
        const char *detail;
        gw_dialect_body_t body;
        snprintf (text, sizeof text, " {\"v\": %s}", rows[i].value);
        assert_int_equal (s_read (&body, JSON, text, &detail), 0);
        const gw_value_t *value = gw_dialect_body_field (&body, "v");
        assert_int_equal (value->kind, rows[i].kind);
        assert_true (pt_str_eq (value->text, pt_str (rows[i].text)));
        assert_string_equal (gw_dialect_body_type (value), rows[i].type);
        if (value->kind == GW_VALUE_LIST) {
            assert_int_equal (value->count, 2);
            assert_int_equal (value->items[0].kind, GW_VALUE_INTEGER);
            assert_int_equal (value->items[1].kind, GW_VALUE_LIST);
        }
    }
}

static void test_what_is_no_object_is_told_by_its_type (void **state)
{
    (void)state;
    static const struct {
        const char *text, *sentence;
    } rows[] = {{"[1]", "Invalid data. Expected a dictionary, but got list."},
                {"\"x\"", "Invalid data. Expected a dictionary, but got str."},
                {"7", "Invalid data. Expected a dictionary, but got int."},
                {"null", "No data provided"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        gw_dialect_body_t body;
        const char *detail;
        assert_int_equal (s_read (&body, JSON, rows[i].text, &detail), -PT_E_invalid);
        assert_int_equal (body.faults.count, 1);
        assert_true (pt_str_eq (body.faults.at[0].field, PT_LIT ("errors")));
        assert_true (pt_str_eq (body.faults.at[0].sentence, pt_str (rows[i].sentence)));
    }
}

static void test_a_body_that_cant_be_read_says_so_without_quoting_it (void **state)
{
    (void)state;
    static const struct {
        const char *type, *text, *begin;
    } rows[] = {
        {JSON, "{secret", "JSON parse error - "},
        {JSON, "{\"a\":\"secret\"", "JSON parse error - "},
        {JSON, "{\"a\":\"\\u0000secret\"}", "JSON parse error - "},
        {JSON, "{\"a\":1,\"a\":2}", "JSON parse error - "},
        {JSON, "  ", "JSON parse error - "},
        {"multipart/form-data", "secret", "Multipart form parse error - "},
        {PARTS, "secret", "Multipart form parse error - "},
        {PARTS, PART ("a", "secret"), "Multipart form parse error - "},
        {PARTS, PART ("a", "secret") "--xxx", "Multipart form parse error - "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        gw_dialect_body_t body;
        const char *detail = NULL;
        assert_int_equal (s_read (&body, rows[i].type, rows[i].text, &detail), -PT_E_malformed);
        assert_non_null (detail);
        if (strncmp (detail, rows[i].begin, strlen (rows[i].begin)) != 0 || strstr (detail, "secret"))
            fail_msg ("%s: %s", rows[i].text, detail);
    }
    gw_dialect_body_t body;
    const char *detail;
    assert_int_equal (s_read (&body, "text/plain", "a=b", &detail), -PT_E_unsupported_media);
    assert_int_equal (s_read (&body, NULL, "a=b", &detail), -PT_E_unsupported_media);
    assert_int_equal (s_read (&body, NULL, "", &detail), 0);
    assert_int_equal (body.count, 0);
}

static void test_of_fields_with_one_name_the_last_counts (void **state)
{
    (void)state;
    gw_dialect_body_t body;
    const char *detail;
    assert_int_equal (s_read (&body, FORM, "a=1&b=2&a=3", &detail), 0);
    assert_int_equal (body.count, 3);
    s_has_text (&body, "a", "3");
}

static void test_a_percent_sign_without_digits_stands_for_itself (void **state)
{
    (void)state;
    gw_dialect_body_t body;
    const char *detail;
    assert_int_equal (s_read (&body, FORM, "a=100%&b=%zz%4&c=%41%&d", &detail), 0);
    s_has_text (&body, "a", "100%");
    s_has_text (&body, "b", "%zz%4");
    s_has_text (&body, "c", "A%");
    s_has_text (&body, "d", "");
}

static void test_a_file_of_a_form_is_one (void **state)
{
    (void)state;
    gw_dialect_body_t body;
    const char *detail;
    assert_int_equal (s_read (&body, PARTS,
                              "--xx\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.png\"\r\n"
                              "Content-Type: image/png\r\n\r\n\r\n--x\r\n\r\n" PART ("t", "x") "--xx--",
                              &detail),
                      0);
    assert_int_equal (body.count, 2);
    const gw_value_t *file = gw_dialect_body_field (&body, "f");
    assert_int_equal (file->kind, GW_VALUE_FILE);
    assert_true (pt_str_eq (file->file_name, PT_LIT ("a.png")));
    assert_true (pt_str_eq (file->text, PT_LIT ("\r\n--x\r\n")));
    s_has_text (&body, "t", "x");
}

static void test_a_body_has_so_many_fields_at_most (void **state)
{
    (void)state;
    char form[GW_DIALECT_FIELDS * 8 + 16] = "", json[GW_DIALECT_FIELDS * 8 + 16] = "{";
    for (unsigned i = 0; i < GW_DIALECT_FIELDS; i++) {
        sprintf (form + strlen (form), "%sa=1", i > 0 ? "&" : "");
        sprintf (json + strlen (json), "%s\"%u\":1", i > 0 ? "," : "", i);
    }
    for (int is_more = 0; is_more < 2; is_more++) {
        gw_dialect_body_t body;
        const char *detail;
        char whole[sizeof json + 16];
        assert_int_equal (s_read (&body, FORM, form, &detail), is_more ? -PT_E_malformed : 0);
        snprintf (whole, sizeof whole, "%s}", json);
        assert_int_equal (s_read (&body, JSON, whole, &detail), is_more ? -PT_E_malformed : 0);
        strcat (form, "&b=2");
        strcat (json, ",\"b\":1");
    }
}

static void test_a_lack_of_memory_is_told (void **state)
{
    (void)state;
    static const struct {
        const char *type, *text;
    } rows[] = {{JSON, "{\"a\":\"0123456789\",\"b\":[1,2]}"},
                {FORM, "a=0123456789&b=1"},
                {PARTS, PART ("a", "0123456789") "--xx--"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool has_failed = false, has_passed = false;
        for (size_t max = 64; !has_passed; max += 64) {
            gw_dialect_body_t body;
            const char *detail;
            pt_arena_t *arena = pt_arena_new (max);
            if (!arena)
                continue;
            int err = gw_dialect_body_read (&body, rows[i].type, pt_str (rows[i].text), "errors", arena, &detail);
            assert_true (err == 0 || err == -PT_E_memory);
            has_failed = has_failed || err != 0;
            has_passed = err == 0;
            pt_arena_destroy (&arena);
        }
        assert_true (has_failed);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_the_three_ways_to_write_a_body_give_the_same_fields),
        cmocka_unit_test (test_values_of_json_keep_their_kind),
        cmocka_unit_test (test_what_is_no_object_is_told_by_its_type),
        cmocka_unit_test (test_a_body_that_cant_be_read_says_so_without_quoting_it),
        cmocka_unit_test (test_of_fields_with_one_name_the_last_counts),
        cmocka_unit_test (test_a_percent_sign_without_digits_stands_for_itself),
        cmocka_unit_test (test_a_file_of_a_form_is_one),
        cmocka_unit_test (test_a_body_has_so_many_fields_at_most),
        cmocka_unit_test (test_a_lack_of_memory_is_told),
    };
    return cmocka_run_group_tests (tests, s_setup, s_teardown);
}
