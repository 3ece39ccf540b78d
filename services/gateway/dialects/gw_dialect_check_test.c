/*  gw_dialect_check_test - what fields must be, sentence by sentence. */

#include "gw_dialect_check.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define JSON "application/json"
#define FORM "application/x-www-form-urlencoded"

static pt_arena_t *s_arena;

static int s_setup (void **state)
{
    (void)state;
    s_arena = pt_arena_new (256 * 1024);
    return s_arena ? 0 : -1;
}

static int s_teardown (void **state)
{
    (void)state;
    pt_arena_destroy (&s_arena);
    return 0;
}

static gw_dialect_body_t s_body (const char *type, const char *text)
{
    gw_dialect_body_t body;
    const char *detail;
    pt_arena_reset (s_arena);
    assert_int_equal (gw_dialect_body_read (&body, type, pt_str (text), "errors", s_arena, &detail), 0);
    return body;
}

/*  What was found in the body: nothing (""), or one sentence about `v`. */
static void s_found (const gw_dialect_body_t *body, bool is_there, const char *sentence)
{
    assert_int_equal (body->faults.count, *sentence != '\0');
    if (*sentence) {
        assert_false (is_there);
        assert_true (pt_str_eq (body->faults.at[0].field, PT_LIT ("v")));
        if (!pt_str_eq (body->faults.at[0].sentence, pt_str (sentence)))
            fail_msg ("%.*s", (int)body->faults.at[0].sentence.len, body->faults.at[0].sentence.at);
    }
    assert_int_equal (gw_dialect_is_good (body), *sentence == '\0');
}

static void test_text_is_trimmed_counted_and_judged (void **state)
{
    (void)state;
    static const gw_text_rule_t plain = {.is_required = true, .max = 5, .min = 2}, optional = {.max = 5};
    static const gw_text_rule_t lax = {.keeps_space = true, .may_be_blank = true, .may_be_null = true};
    static const struct {
        const char *type, *text;
        const gw_text_rule_t *rule;
        const char *value, *sentence; /* value NULL: there is none */
    } rows[] = {
        {JSON, "{\"v\":\" ab\\n\"}", &plain, "ab", ""},
        {JSON, "{\"v\":\" ab \"}", &lax, " ab ", ""},
        {JSON, "{\"v\":\"\\u00e9\\u00e9\\u00e9\\u00e9\\u00e9\"}", &plain, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9",
         ""},
        {JSON, "{\"v\":12}", &plain, "12", ""},
        {JSON, "{}", &plain, NULL, "This field is required."},
        {JSON, "{}", &optional, NULL, ""},
        {JSON, "{\"v\":null}", &plain, NULL, "This field may not be null."},
        {JSON, "{\"v\":null}", &optional, NULL, "This field may not be null."},
        {JSON, "{\"v\":null}", &lax, NULL, ""},
        {JSON, "{\"v\":\"  \"}", &plain, NULL, "This field may not be blank."},
        {JSON, "{\"v\":\"\"}", &optional, NULL, "This field may not be blank."},
        {JSON, "{\"v\":\"\"}", &lax, "", ""},
        {JSON, "{\"v\":\"abcdef\"}", &plain, NULL, "Ensure this field has no more than 5 characters."},
        {JSON, "{\"v\":\"a\"}", &plain, NULL, "Ensure this field has at least 2 characters."},
        {JSON, "{\"v\":true}", &plain, NULL, "Not a valid string."},
        {JSON, "{\"v\":[]}", &plain, NULL, "Not a valid string."},
        {JSON, "{\"v\":{}}", &plain, NULL, "Not a valid string."},
        {FORM, "v=%ff", &plain, NULL, "Not a valid string."},
        {FORM, "v=a%00b", &plain, NULL, "Null characters are not allowed."},
        {FORM, "v=", &plain, NULL, "This field may not be blank."},
        {FORM, "v=", &optional, NULL, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        gw_dialect_body_t body = s_body (rows[i].type, rows[i].text);
        pt_str_t value = PT_LIT ("");
        bool is_there = gw_dialect_text (&body, "v", rows[i].rule, &value);
        s_found (&body, is_there, rows[i].sentence);
        assert_int_equal (is_there, rows[i].value != NULL);
        assert_true (pt_str_eq (value, pt_str (rows[i].value ? rows[i].value : "")));
    }
}

static void test_a_truth_has_many_words (void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int truth; /* -1: none */
        const char *sentence;
    } rows[] = {
        {"true", 1, ""},
        {"false", 0, ""},
        {"1", 1, ""},
        {"0", 0, ""},
        {"\"True\"", 1, ""},
        {"\"yes\"", 1, ""},
        {"\"on\"", 1, ""},
        {"\"t\"", 1, ""},
        {"\"N\"", 0, ""},
        {"\"off\"", 0, ""},
        {"\"maybe\"", -1, "Must be a valid boolean."},
        {"\"\"", -1, "Must be a valid boolean."},
        {"2", -1, "Must be a valid boolean."},
        {"[true]", -1, "Must be a valid boolean."},
        {"null", -1, "This field may not be null."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[64];
        bool truth = false;
        snprintf (text, sizeof text, "{\"v\":%s}", rows[i].value);
        gw_dialect_body_t body = s_body (JSON, text);
        bool is_there = gw_dialect_flag (&body, "v", true, &truth);
        s_found (&body, is_there, rows[i].sentence);
        assert_int_equal (is_there ? truth : -1, rows[i].truth);
    }
    gw_dialect_body_t body = s_body (JSON, "{}");
    bool truth;
    assert_false (gw_dialect_flag (&body, "v", false, &truth));
    s_found (&body, false, "");
}

static void test_integers_are_digits_or_numbers (void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int64_t number;
        bool is_ok;
    } rows[] = {
        {"5", 5, true},       {"\"5\"", 5, true}, {"-5", -5, true},     {"\"5.0\"", 0, false},
        {"5.5", 0, false},    {"true", 0, false}, {"\"\"", 0, false},   {"\" 5\"", 0, false},
        {"\"5x\"", 0, false}, {"[5]", 0, false},  {"\"+5\"", 0, false}, {"\"99999999999999999999\"", 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[64];
        int64_t number = 0;
        snprintf (text, sizeof text, "{\"v\":%s}", rows[i].value);
        gw_dialect_body_t body = s_body (JSON, text);
        bool is_there = gw_dialect_integer (&body, "v", true, &number);
        s_found (&body, is_there, rows[i].is_ok ? "" : "A valid integer is required.");
        if (rows[i].is_ok)
            assert_int_equal (number, rows[i].number);
    }
}

static void test_ids_of_other_things_are_told_by_their_type (void **state)
{
    (void)state;
    static const struct {
        const char *value, *sentence;
    } rows[] = {
        {"7", ""},
        {"\"7\"", ""},
        {"0", "Invalid pk \"0\" - object does not exist."},
        {"-3", "Invalid pk \"-3\" - object does not exist."},
        {"\"x\"", "Incorrect type. Expected pk value, received str."},
        {"true", "Incorrect type. Expected pk value, received bool."},
        {"1.5", "Incorrect type. Expected pk value, received float."},
        {"{}", "Incorrect type. Expected pk value, received dict."},
        {"null", "This field may not be null."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[64];
        uint64_t id = 0;
        snprintf (text, sizeof text, "{\"v\":%s}", rows[i].value);
        gw_dialect_body_t body = s_body (JSON, text);
        bool is_there = gw_dialect_pk (&body, "v", true, &id);
        s_found (&body, is_there, rows[i].sentence);
        assert_int_equal (id, is_there ? 7 : 0);
    }
}

static void test_lists_of_ids_come_as_lists_or_as_repeated_controls (void **state)
{
    (void)state;
    static const struct {
        const char *type, *text;
        unsigned count;
        const char *sentence;
    } rows[] = {
        {JSON, "{\"v\":[1,\"2\",1]}", 3, ""},
        {JSON, "{\"v\":[]}", 0, ""},
        {JSON, "{\"v\":\"1\"}", 0, "Expected a list of items but got type \"str\"."},
        {JSON, "{\"v\":{}}", 0, "Expected a list of items but got type \"dict\"."},
        {JSON, "{\"v\":[1,\"x\",null]}", 0, "Incorrect type. Expected pk value, received str."},
        {JSON, "{\"v\":[[1]]}", 0, "Incorrect type. Expected pk value, received list."},
        {JSON, "{\"v\":null}", 0, "This field may not be null."},
        {JSON, "{}", 0, "This field is required."},
        {FORM, "v=1&w=9&v=2", 2, ""},
        {FORM, "v=1&v=x", 0, "Incorrect type. Expected pk value, received str."},
        {FORM, "w=1", 0, "This field is required."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        gw_dialect_body_t body = s_body (rows[i].type, rows[i].text);
        pt_ids_t ids = {0};
        bool is_there = gw_dialect_pks (&body, "v", true, &ids);
        s_found (&body, is_there, rows[i].sentence);
        assert_int_equal (ids.count, rows[i].count);
        if (ids.count > 1)
            assert_true (ids.at[0] == 1 && ids.at[1] == 2);
    }
}

static void test_addresses_and_uuids_have_a_form (void **state)
{
    (void)state;
    static const struct {
        const char *value, *email, *uuid;
    } rows[] = {
        {"\" a@b.c \"", "", "Must be a valid UUID."},
        {"\"a@b\"", "Enter a valid email address.", "Must be a valid UUID."},
        {"\"0f8fad5b-d9cb-469f-A165-70867728950e\"", "Enter a valid email address.", ""},
        {"\"0f8fad5bd9cb469fA16570867728950e\"", "Enter a valid email address.", ""},
        {"\"{0f8fad5b-d9cb-469f-a165-70867728950e}\"", "Enter a valid email address.", ""},
        {"\"urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e\"", "Enter a valid email address.", ""},
        {"\"{0f8fad5b-d9cb-469f-a165-70867728950e\"", "Enter a valid email address.", "Must be a valid UUID."},
        {"\"0f8fad5b-d9cb-469f-a165-70867728950\"", "Enter a valid email address.", "Must be a valid UUID."},
        {"\"0f8fad5b-d9cb-469f-a165-70867728950e0\"", "Enter a valid email address.", "Must be a valid UUID."},
        {"\"\"", "This field may not be blank.", "Must be a valid UUID."},
        {"\"0f8fad5b-d9cb-469f-a165-70867728950g\"", "Enter a valid email address.", "Must be a valid UUID."},
        {"7", "Enter a valid email address.", "Must be a valid UUID."},
        {"null", "This field may not be null.", "This field may not be null."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[80];
        pt_str_t value;
        snprintf (text, sizeof text, "{\"v\":%s}", rows[i].value);
        gw_dialect_body_t body = s_body (JSON, text);
        bool is_there = gw_dialect_email (&body, "v", true, &value);
        s_found (&body, is_there, rows[i].email);
        body = s_body (JSON, text);
        is_there = gw_dialect_uuid (&body, "v", true, &value);
        s_found (&body, is_there, rows[i].uuid);
        if (is_there)
            assert_true (pt_str_eq (value, PT_LIT ("0f8fad5b-d9cb-469f-a165-70867728950e")));
    }
}

static void test_all_fields_at_fault_are_told_at_once (void **state)
{
    (void)state;
    const gw_text_rule_t rule = {.is_required = true};
    gw_dialect_body_t body = s_body (JSON, "{\"b\":[]}");
    pt_str_t text;
    int64_t number;
    assert_false (gw_dialect_text (&body, "a", &rule, &text));
    assert_false (gw_dialect_text (&body, "b", &rule, &text));
    assert_false (gw_dialect_integer (&body, "c", true, &number));
    gw_dialect_fault (&body, "c", "Another word about it.");
    pt_buf_t out;
    pt_buf_init (&out, 1024);
    gw_dialect_faults_write (&out, &body.faults);
    pt_buf_put (&out, "", 1);
    assert_string_equal (out.at, "{\"a\":[\"This field is required.\"],\"b\":[\"Not a valid string.\"],"
                                 "\"c\":[\"This field is required.\",\"Another word about it.\"]}");
    pt_buf_fini (&out);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_text_is_trimmed_counted_and_judged),
        cmocka_unit_test (test_a_truth_has_many_words),
        cmocka_unit_test (test_integers_are_digits_or_numbers),
        cmocka_unit_test (test_ids_of_other_things_are_told_by_their_type),
        cmocka_unit_test (test_lists_of_ids_come_as_lists_or_as_repeated_controls),
        cmocka_unit_test (test_addresses_and_uuids_have_a_form),
        cmocka_unit_test (test_all_fields_at_fault_are_told_at_once),
    };
    return cmocka_run_group_tests (tests, s_setup, s_teardown);
}
