/*  gw_dialect_problem_test - what is said to clients of dialects when something is wrong. */

#include "gw_dialect_problem.h"
#include "gw_problem.h"
#include "pt_codec.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DETAIL(text) "{\"detail\":\"" text "\"}"
#define TOKEN_NOT_VALID(message)                                                                                       \
    "{\"detail\":\"Given token not valid for any token type\",\"code\":\"token_not_valid\",\"messages\":"              \
    "[{\"token_class\":\"AccessToken\",\"token_type\":\"access\",\"message\":\"" message "\"}]}"

static const gw_dialect_t s_token = {"t", GW_CHALLENGE_TOKEN, "non_field_errors"};
static const gw_dialect_t s_bearer = {"b", GW_CHALLENGE_BEARER, "non_field_errors"};
static const gw_dialect_t s_none = {"n", GW_CHALLENGE_NONE, "errors"};

/*  Body and headers of what is said; the status. */
static int s_say (const gw_dialect_problem_t *problem, char body[1024], char headers[GW_PROBLEM_HEADERS])
{
    pt_buf_t out;
    pt_buf_init (&out, 4096);
    int status = gw_dialect_problem_write (&out, problem);
    gw_dialect_problem_headers (problem, status, headers);
    assert_int_equal (pt_buf_error (&out), 0);
    snprintf (body, 1024, "%.*s", (int)out.len, out.len > 0 ? out.at : "");
    pt_buf_fini (&out);
    return status;
}

static void test_errors_have_the_sentences_that_clients_know (void **state)
{
    (void)state;
    static const struct {
        int err, status;
        const char *body, *headers;
    } rows[] = {
        {PT_E_unauthenticated, 401, DETAIL ("Authentication credentials were not provided."),
         "WWW-Authenticate: Token\r\n"},
        {PT_E_forbidden, 403, DETAIL ("You do not have permission to perform this action."), ""},
        {PT_E_scope_missing, 403, DETAIL ("You do not have permission to perform this action."), ""},
        {PT_E_csrf_failed, 403, DETAIL ("CSRF Failed: CSRF token missing or incorrect."), ""},
        {PT_E_not_found, 404, DETAIL ("Not found."), ""},
        {PT_E_method_not_allowed, 405, DETAIL ("Method \\\"PUT\\\" not allowed."), ""},
        {PT_E_not_acceptable, 406, DETAIL ("Could not satisfy the request Accept header."), ""},
        {PT_E_unsupported_media, 415, DETAIL ("Unsupported media type \\\"text/\\\"x\\\" in request."), ""},
        {PT_E_unavailable, 503, DETAIL ("Service temporarily unavailable."), "Retry-After: 1\r\n"},
        {PT_E_busy, 503, DETAIL ("Service temporarily unavailable."), "Retry-After: 1\r\n"},
        {PT_E_invalid, 400, DETAIL ("A field is missing or out of bounds"), ""},
        {PT_E_internal, 500, DETAIL ("A server error occurred."), ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char body[1024], headers[GW_PROBLEM_HEADERS];
        const gw_credential_t shown = {.scheme = PT_scheme_none};
        int status = s_say (
            &(gw_dialect_problem_t){
                .dialect = &s_token, .shown = &shown, .err = -rows[i].err, .method = "PUT", .media = "text/\"x"},
            body, headers);
        assert_int_equal (status, rows[i].status);
        assert_string_equal (body, rows[i].body);
        assert_string_equal (headers, rows[i].headers);
    }
}

static void test_what_is_asked_of_who_shows_nothing_is_the_dialects (void **state)
{
    (void)state;
    static const struct {
        const gw_dialect_t *dialect;
        int status;
        const char *headers;
    } rows[] = {{&s_token, 401, "WWW-Authenticate: Token\r\n"},
                {&s_bearer, 401, "WWW-Authenticate: Bearer realm=\"api\"\r\n"},
                {&s_none, 403, ""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char body[1024], headers[GW_PROBLEM_HEADERS];
        int status =
            s_say (&(gw_dialect_problem_t){.dialect = rows[i].dialect, .err = -PT_E_unauthenticated}, body, headers);
        assert_int_equal (status, rows[i].status);
        assert_string_equal (headers, rows[i].headers);
    }
}

/*  Whatever the route asks for: the body goes by the scheme that was shown. */
static void test_a_credential_that_is_no_good_is_told_in_its_own_scheme (void **state)
{
    (void)state;
    static const char refresh[] = "awhhIZzNP7gba1aJVWgOqsThI8D9kpGu-ypGdyezfZk";
    const struct {
        pt_scheme_t scheme;
        const char *secret;
        int err;
        const char *body;
    } rows[] = {
        {PT_scheme_TOKEN, "", PT_E_token_invalid, DETAIL ("Invalid token header. No credentials provided.")},
        {PT_scheme_TOKEN, "a b", PT_E_token_invalid,
         DETAIL ("Invalid token header. Token string should not contain spaces.")},
        {PT_scheme_TOKEN, "ab", PT_E_token_invalid, DETAIL ("Invalid token.")},
        {PT_scheme_TOKEN, "ab", PT_E_token_revoked, DETAIL ("Invalid token.")},
        {PT_scheme_TOKEN, "ab", PT_E_inactive, DETAIL ("User inactive or deleted.")},
        {PT_scheme_BASIC, "", PT_E_bad_credentials, DETAIL ("Invalid basic header. No credentials provided.")},
        {PT_scheme_BASIC, "a b", PT_E_bad_credentials,
         DETAIL ("Invalid basic header. Credentials string should not contain spaces.")},
        {PT_scheme_BASIC, "x", PT_E_bad_credentials,
         DETAIL ("Invalid basic header. Credentials not correctly base64 encoded.")},
        {PT_scheme_BASIC, "Ym9iOng=", PT_E_bad_credentials, DETAIL ("Invalid username/password.")},
        {PT_scheme_BEARER, "", PT_E_token_invalid,
         "{\"detail\":\"Authorization header must contain two space-delimited values\","
         "\"code\":\"bad_authorization_header\"}"},
        {PT_scheme_BEARER, "a b", PT_E_token_invalid,
         "{\"detail\":\"Authorization header must contain two space-delimited values\","
         "\"code\":\"bad_authorization_header\"}"},
        {PT_scheme_BEARER, "a.b.c", PT_E_token_expired, TOKEN_NOT_VALID ("Token is invalid or expired")},
        {PT_scheme_BEARER, refresh, PT_E_token_invalid, TOKEN_NOT_VALID ("Token has wrong type")},
        {PT_scheme_BEARER, "a.b.c", PT_E_inactive, "{\"detail\":\"User is inactive\",\"code\":\"user_inactive\"}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char body[1024], headers[GW_PROBLEM_HEADERS];
        const gw_credential_t shown = {.scheme = rows[i].scheme, .secret = pt_str (rows[i].secret)};
        gw_dialect_problem_t problem = {.dialect = &s_none, .shown = &shown, .err = -rows[i].err};
        assert_int_equal (s_say (&problem, body, headers), 403);
        assert_string_equal (body, rows[i].body);
        assert_string_equal (headers, "");
        problem.dialect = &s_bearer;
        assert_int_equal (s_say (&problem, body, headers), 401);
    }
}

static void test_who_asks_too_often_hears_how_long_to_wait (void **state)
{
    (void)state;
    char body[1024], headers[GW_PROBLEM_HEADERS];
    gw_dialect_problem_t problem = {.dialect = &s_none, .err = -PT_E_too_many, .retry_ms = 2001};
    assert_int_equal (s_say (&problem, body, headers), 429);
    assert_string_equal (body, DETAIL ("Request was throttled. Expected available in 3 seconds."));
    assert_string_equal (headers, "Retry-After: 3\r\n");
    problem.retry_ms = 0;
    s_say (&problem, body, headers);
    assert_string_equal (body, DETAIL ("Request was throttled. Expected available in 1 second."));
    assert_string_equal (headers, "Retry-After: 1\r\n");
}

static const gw_dialect_refusal_t s_refusals[] = {
    {.field = "login", .code = "taken", .key = "message", .sentence = "there already", .is_plain = true},
    {.field = "members", .code = "not_found", .key = "members", .sentence = "Invalid pk \"%s\" - none."},
    {.field = "password", .code = "too_short", .key = "password1", .sentence = "short"},
    {.field = "password", .code = "common", .key = "password1", .sentence = "common"},
    {.err = PT_E_not_member, .status = 404, .key = "error", .sentence = "No!", .is_plain = true},
    {.err = PT_E_taken, .status = 208},
    {.err = PT_E_token_invalid,
     .status = 401,
     .key = "detail",
     .sentence = "bad",
     .is_plain = true,
     .beside = "\"x\":1"},
    {0}};

static int s_refuse (int err, const pt_error_t *error, char body[1024], char headers[GW_PROBLEM_HEADERS])
{
    pt_arena_t *arena = pt_arena_new (4096);
    assert_non_null (arena);
    int status = s_say (
        &(gw_dialect_problem_t){
            .dialect = &s_token, .err = -err, .error = error, .arena = arena, .refusals = s_refusals},
        body, headers);
    pt_arena_destroy (&arena);
    return status;
}

static void test_what_an_operation_refuses_is_worded_by_the_dialects_table (void **state)
{
    (void)state;
    char body[1024], headers[GW_PROBLEM_HEADERS];
    pt_arena_t *arena = pt_arena_new (4096);
    pt_error_t error = {0};
    pt_error_add (&error, arena, "password", "too_short", "native words");
    pt_error_add (&error, arena, "members", "not_found", "99");
    pt_error_add (&error, arena, "password", "common", NULL);
    pt_error_add (&error, arena, "nickname", "too_long", NULL);
    assert_int_equal (s_refuse (PT_E_invalid, &error, body, headers), 400);
    assert_string_equal (body, "{\"password1\":[\"short\",\"common\"],\"members\":[\"Invalid pk \\\"99\\\" - none.\"],"
                               "\"nickname\":[\"This value is too long.\"]}");
    pt_error_t taken = {0};
    pt_error_add (&taken, arena, "login", "taken", NULL);
    assert_int_equal (s_refuse (PT_E_taken, &taken, body, headers), 400);
    assert_string_equal (body, "{\"message\":\"there already\"}");
    pt_arena_destroy (&arena);
}

static void test_an_error_without_fields_is_worded_too_or_as_usual (void **state)
{
    (void)state;
    char body[1024], headers[GW_PROBLEM_HEADERS];
    const pt_error_t error = {0};
    assert_int_equal (s_refuse (PT_E_not_member, &error, body, headers), 404);
    assert_string_equal (body, "{\"error\":\"No!\"}");
    assert_int_equal (s_refuse (PT_E_taken, NULL, body, headers), 208);
    assert_string_equal (body, "");
    assert_int_equal (s_refuse (PT_E_token_invalid, NULL, body, headers), 401);
    assert_string_equal (body, "{\"detail\":\"bad\",\"x\":1}");
    assert_string_equal (headers, "WWW-Authenticate: Token\r\n");
    assert_int_equal (s_refuse (PT_E_not_found, NULL, body, headers), 404);
    assert_string_equal (body, DETAIL ("Not found."));
}

static void test_a_header_is_repeated_in_ascii_and_not_at_any_length (void **state)
{
    (void)state;
    char body[1024], headers[GW_PROBLEM_HEADERS], media[300];
    gw_dialect_problem_t problem = {.dialect = &s_none, .err = -PT_E_unsupported_media, .media = "t/\xff\xc3\xa9\t"};
    assert_int_equal (s_say (&problem, body, headers), 415);
    assert_string_equal (body, DETAIL ("Unsupported media type \\\"t/????\\\" in request."));
    memset (media, 'm', sizeof media - 1);
    media[sizeof media - 1] = '\0';
    problem.media = media;
    s_say (&problem, body, headers);
    assert_int_equal (strlen (body), strlen (DETAIL ("Unsupported media type \\\"\\\" in request.")) + 200);
}

static void test_more_faults_than_an_answer_takes_are_left_out (void **state)
{
    (void)state;
    gw_dialect_faults_t faults = {.count = 0};
    pt_buf_t out;
    pt_buf_init (&out, 64 * 1024);
    for (unsigned i = 0; i < GW_DIALECT_FAULTS + 5; i++)
        gw_dialect_faults_add (&faults, PT_LIT ("f"), PT_LIT ("s"), false);
    assert_int_equal (faults.count, GW_DIALECT_FAULTS);
    gw_dialect_faults_write (&out, &faults);
    assert_int_equal (out.len, strlen ("{\"f\":[]}") + GW_DIALECT_FAULTS * 4 - 1);
    pt_buf_fini (&out);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_errors_have_the_sentences_that_clients_know),
        cmocka_unit_test (test_what_is_asked_of_who_shows_nothing_is_the_dialects),
        cmocka_unit_test (test_a_credential_that_is_no_good_is_told_in_its_own_scheme),
        cmocka_unit_test (test_who_asks_too_often_hears_how_long_to_wait),
        cmocka_unit_test (test_what_an_operation_refuses_is_worded_by_the_dialects_table),
        cmocka_unit_test (test_an_error_without_fields_is_worded_too_or_as_usual),
        cmocka_unit_test (test_a_header_is_repeated_in_ascii_and_not_at_any_length),
        cmocka_unit_test (test_more_faults_than_an_answer_takes_are_left_out),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
