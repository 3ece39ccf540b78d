/*  gw_problem_test - problem documents and the headers that go with them. */

#include "gw_problem.h"
#include "pt_error.h"
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static json_t *s_document (int err, const char *detail, const pt_error_t *error, const char *trace)
{
    pt_buf_t out;
    pt_buf_init (&out, 65536);
    gw_problem_write (&out, err, detail, error, trace);
    assert_int_equal (pt_buf_error (&out), 0);
    json_t *json = json_loadb (out.at, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null (json);
    pt_buf_fini (&out);
    return json;
}

static const char *s_text (const json_t *json, const char *name)
{
    const char *text = json_string_value (json_object_get (json, name));
    return text ? text : "(absent)";
}

static void test_an_error_has_its_name_title_and_status (void **state)
{
    (void)state;
    json_t *json = s_document (-PT_E_not_found, NULL, NULL, "trace-1");
    assert_string_equal (s_text (json, "type"), "urn:parley:error:not_found");
    assert_string_equal (s_text (json, "title"), "No such thing");
    assert_string_equal (s_text (json, "code"), "not_found");
    assert_int_equal (json_integer_value (json_object_get (json, "status")), 404);
    assert_string_equal (s_text (json, "request_id"), "trace-1");
    assert_string_equal (s_text (json, "detail"), "(absent)");
    json_decref (json);
}

static void test_fields_and_detail_are_escaped (void **state)
{
    (void)state;
    const pt_field_error_t fields[] = {
        {.field = PT_LIT ("sends.0.bo\"dy"),
         .code = PT_LIT ("too_long"),
         .detail = PT_LIT ("a\nb"),
         .has_detail = true},
        {.field = PT_LIT ("name"), .code = PT_LIT ("missing")},
    };
    const pt_error_t error = {.detail = PT_LIT ("say \"no\"\x01"), .has_detail = true, .errors = {fields, 2}};
    json_t *json = s_document (-PT_E_invalid, NULL, &error, NULL);
    assert_string_equal (s_text (json, "detail"), "say \"no\"\x01");
    json_t *list = json_object_get (json, "errors");
    assert_int_equal (json_array_size (list), 2);
    assert_string_equal (s_text (json_array_get (list, 0), "field"), "sends.0.bo\"dy");
    assert_string_equal (s_text (json_array_get (list, 0), "detail"), "a\nb");
    assert_string_equal (s_text (json_array_get (list, 1), "code"), "missing");
    json_decref (json);
    json = s_document (-PT_E_invalid, "ours wins", &error, NULL);
    assert_string_equal (s_text (json, "detail"), "ours wins");
    json_decref (json);
}

static void test_an_unknown_number_is_internal (void **state)
{
    (void)state;
    json_t *json = s_document (-9999, NULL, NULL, NULL);
    assert_string_equal (s_text (json, "code"), "internal");
    assert_int_equal (json_integer_value (json_object_get (json, "status")), 500);
    json_decref (json);
}

static void test_headers_follow_the_status (void **state)
{
    (void)state;
    char out[GW_PROBLEM_HEADERS];
    const pt_error_t error = {.retry_ms = 2500, .has_retry_ms = true};
    const pt_error_t for_ever = {.retry_ms = UINT64_MAX, .has_retry_ms = true};
    assert_string_equal (gw_problem_headers (-PT_E_not_found, NULL, PT_scheme_none, out), "");
    assert_string_equal (gw_problem_headers (-PT_E_busy, NULL, PT_scheme_none, out), "Retry-After: 1\r\n");
    assert_string_equal (gw_problem_headers (-PT_E_too_many, &error, PT_scheme_none, out), "Retry-After: 3\r\n");
    assert_string_equal (gw_problem_headers (-PT_E_busy, &for_ever, PT_scheme_none, out), "Retry-After: 3600\r\n");
    assert_string_equal (gw_problem_headers (-PT_E_unauthenticated, NULL, PT_scheme_none, out),
                         "WWW-Authenticate: Bearer realm=\"parley\"\r\n");
    assert_non_null (
        strstr (gw_problem_headers (-PT_E_token_expired, NULL, PT_scheme_none, out), "error=\"invalid_token\""));
    assert_non_null (
        strstr (gw_problem_headers (-PT_E_token_invalid, NULL, PT_scheme_none, out), "error=\"invalid_token\""));
    assert_non_null (
        strstr (gw_problem_headers (-PT_E_token_wrong_type, NULL, PT_scheme_none, out), "error=\"invalid_token\""));
    assert_non_null (strstr (gw_problem_headers (-PT_E_upgrade_required, NULL, PT_scheme_none, out),
                             "Sec-WebSocket-Version: 13\r\n"));
    for (int err = 1; err < 64; err++) {
        size_t len = strlen (gw_problem_headers (err, NULL, PT_scheme_none, out));
        assert_true (len == 0 || memcmp (out + len - 2, "\r\n", 2) == 0);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_an_error_has_its_name_title_and_status),
        cmocka_unit_test (test_fields_and_detail_are_escaped),
        cmocka_unit_test (test_an_unknown_number_is_internal),
        cmocka_unit_test (test_headers_follow_the_status),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
