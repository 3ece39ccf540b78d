/*  gw_front_test - telling handshakes from the rest, and taking tokens out. */

#include "gw_front.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_only_the_path_of_the_socket_is_kept (void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        gw_front_kind_t kind;
    } rows[] = {
        {"G", GW_FRONT_MORE},
        {"GET /v1/w", GW_FRONT_MORE},
        {"GET /v1/ws", GW_FRONT_MORE},
        {"GET /v1/ws HTTP/1.1\r\nHost: x\r\n", GW_FRONT_MORE},
        {"GET /v1/ws HTTP/1.1\r\nHost: x\r\n\r\n", GW_FRONT_WHOLE},
        {"GET /v1/ws HTTP/1.1\r\nHost: x\r\n\r\nmore", GW_FRONT_WHOLE},
        {"P", GW_FRONT_OTHER},
        {"get /v1/ws", GW_FRONT_OTHER},
        {"GET /v1/rooms", GW_FRONT_OTHER},
        {"GET /v2", GW_FRONT_OTHER},
        {"\x16\x03\x01", GW_FRONT_OTHER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal (gw_front_judge (rows[i].bytes, strlen (rows[i].bytes)), rows[i].kind);
}

#define HEAD "GET /v1/ws HTTP/1.1\r\nHost: x\r\n"

static void test_a_token_is_taken_out_of_the_list (void **state)
{
    (void)state;
    static const struct {
        const char *list, *rest, *token;
    } rows[] = {
        {"Sec-WebSocket-Protocol: bearer, abc.def, parley.v1.json", "Sec-WebSocket-Protocol: parley.v1.json",
         "abc.def"},
        {"Sec-WebSocket-Protocol: parley.v1.json, bearer, abc", "Sec-WebSocket-Protocol: parley.v1.json", "abc"},
        {"sec-websocket-protocol:a,bearer , x\t, b", "Sec-WebSocket-Protocol: a, b", "x"},
        {"Sec-WebSocket-Protocol: bearer, one, bearer, two", "Sec-WebSocket-Protocol: bearer, two", "one"},
        {"Sec-WebSocket-Protocol: parley.v1.json", "Sec-WebSocket-Protocol: parley.v1.json", NULL},
        {"Sec-WebSocket-Protocol: parley.v1.json, bearer", "Sec-WebSocket-Protocol: parley.v1.json", NULL},
        {"Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: bearer, x",
         "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: bearer, x", NULL},
        {"X-Other: bearer, x", "X-Other: bearer, x", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char bytes[512], expected[512];
        const char *token;
        size_t len = 0;
        pt_buf_t out;
        pt_buf_init (&out, 4096);
        snprintf (bytes, sizeof bytes, HEAD "%s\r\nX-A: b\r\n\r\ntail", rows[i].list);
        snprintf (expected, sizeof expected, HEAD "%s\r\nX-A: b\r\n\r\ntail", rows[i].rest);
        gw_front_take_token (bytes, strlen (bytes), &out, &token, &len);
        assert_int_equal (pt_buf_error (&out), 0);
        assert_int_equal (out.len, strlen (expected));
        assert_memory_equal (out.at, expected, out.len);
        if (rows[i].token) {
            assert_int_equal (len, strlen (rows[i].token));
            assert_memory_equal (token, rows[i].token, len);
        } else {
            assert_null (token);
        }
        pt_buf_fini (&out);
    }
}

static void test_what_looks_like_a_list_behind_the_head_is_left_alone (void **state)
{
    (void)state;
    static const char bytes[] = HEAD "\r\nSec-WebSocket-Protocol: bearer, x\r\n\r\n";
    const char *token;
    size_t len;
    pt_buf_t out;
    pt_buf_init (&out, 4096);
    gw_front_take_token (bytes, sizeof bytes - 1, &out, &token, &len);
    assert_null (token);
    assert_int_equal (out.len, sizeof bytes - 1);
    assert_memory_equal (out.at, bytes, out.len);
    pt_buf_fini (&out);
}

static void test_credentials_of_a_head_are_shown_where_they_are_plain (void **state)
{
    (void)state;
    static const struct {
        const char *head;
        bool is_shown;
        const char *authorization, *query, *cookies; /* NULL: absent */
    } rows[] = {
        {"GET /v1/ws HTTP/1.1\r\nHost: x", true, NULL, NULL, NULL},
        {"GET /v1/ws HTTP/1.1\r\nauthorization: \t Token a \r\nCookie:a=b", true, "Token a", NULL, "a=b"},
        {"GET /v1/ws?token=abc HTTP/1.1\r\nHost: x", true, NULL, "abc", NULL},
        {"GET /v1/ws?a=b&token=abc&token=d HTTP/1.1\r\nHost: x", true, NULL, "abc", NULL},
        {"GET /v1/ws?xtoken=abc&a=%20 HTTP/1.1\r\nHost: x", true, NULL, NULL, NULL},
        {"GET /v1/ws?token= HTTP/1.1\r\nHost: x", true, NULL, "", NULL},
        {"GET /v1/ws? HTTP/1.1\r\nHost: x", true, NULL, NULL, NULL},
        {"GET /v1/ws HTTP/1.1\r\nCookie: a=b\r\nCookie: c=d", true, NULL, NULL, NULL},
        {"GET /v1/ws HTTP/1.1\r\nX-Authorization: Token a", true, NULL, NULL, NULL},
        {"GET /v1/ws?token=a%62c HTTP/1.1\r\nHost: x", false, NULL, NULL, NULL},
        {"GET /v1/ws HTTP/1.1\r\nAuthorization: Token a\r\nAuthorization: Token a", false, NULL, NULL, NULL},
        {"GET /v1/wsx HTTP/1.1\r\nAuthorization: Token a", false, NULL, NULL, NULL},
        {"GET /v1/ws\r\nAuthorization: Token a", false, NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char bytes[512];
        gw_shown_t shown;
        snprintf (bytes, sizeof bytes, "%s\r\n\r\nCookie: behind=it\r\n\r\n", rows[i].head);
        bool is_shown = gw_front_show (bytes, strlen (bytes), &shown);
        if (is_shown != rows[i].is_shown)
            fail_msg ("%s: %d", rows[i].head, is_shown);
        if (!is_shown)
            continue;
        const pt_str_t got[] = {shown.authorization, shown.query, shown.cookies};
        const char *const want[] = {rows[i].authorization, rows[i].query, rows[i].cookies};
        for (size_t j = 0; j < 3; j++)
            if ((got[j].at != NULL) != (want[j] != NULL) || (want[j] && !pt_str_eq (got[j], pt_str (want[j]))))
                fail_msg ("%s: part %zu", rows[i].head, j);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_only_the_path_of_the_socket_is_kept),
        cmocka_unit_test (test_a_token_is_taken_out_of_the_list),
        cmocka_unit_test (test_what_looks_like_a_list_behind_the_head_is_left_alone),
        cmocka_unit_test (test_credentials_of_a_head_are_shown_where_they_are_plain),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
