/*  gw_edge_test - HTTP from outside: every rule of the edge that a hostile or
    clumsy client could break (README.md, rows 1 to 7). */

#include "gw_probe.h"
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#define H "Host: x\r\n"
#define JSON "Content-Type: application/json\r\n"
#define LIVE "GET /livez HTTP/1.1\r\n" H "\r\n"
#define SIGN_IN "POST /v1/sessions HTTP/1.1\r\n" H

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

typedef struct {
    const char *name, *text;
    int status; /* 0: none */
    const char *code;
} vector_t;

/*  Each is answered once, the request behind it is never seen, and the
    connection ends within a second. */
static void s_assert_ended (const probe_t *self, const vector_t *vectors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[32 * 1024], code[64];
        snprintf (text, sizeof text, "%s%s", vectors[i].text, LIVE);
        probe_got_t *got = probe_ask (self->port, text, strlen (text), PROBE_WAIT_MS);
        snprintf (code, sizeof code, "\"code\":\"%s\"", vectors[i].code);
        if (probe_status (got) != vectors[i].status || (vectors[i].code && !strstr (got->bytes, code)))
            fail_msg ("%s: %s", vectors[i].name, got->bytes);
        if (!got->is_closed || got->took_ms >= 1000)
            fail_msg ("%s: not closed after %u ms", vectors[i].name, (unsigned)got->took_ms);
        if (probe_count (got, "\r\nX-Request-ID: ") > 1)
            fail_msg ("%s: the request behind it was served: %s", vectors[i].name, got->bytes);
    }
}
#define ASSERT_ENDED(self, vectors) s_assert_ended (self, vectors, sizeof vectors / sizeof vectors[0])

/*  Row 1. */
static void test_only_websocket_can_be_upgraded_to (void **state)
{
    char huge[9000];
    memset (huge, 'w', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    char text[10000];
    snprintf (text, sizeof text, "GET /v1/ws HTTP/1.1\r\n" H "Connection: Upgrade\r\nUpgrade: %s\r\n\r\n", huge);
    const vector_t vectors[] = {
        {"h2c",
         "GET / HTTP/1.1\r\n" H "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
         "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
         404, "not_found"},
        {"h2c on the socket's path",
         "GET /v1/ws HTTP/1.1\r\n" H "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
         "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
         400, "malformed"},
        {"foo", "GET /v1/ws HTTP/1.1\r\n" H "Connection: Upgrade\r\nUpgrade: foo\r\n\r\n", 403, NULL},
        {"huge", text, 403, NULL},
        {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 501, "unknown_op"},
    };
    ASSERT_ENDED ((const probe_t *)*state, vectors);
    const probe_t *self = *state;
    probe_got_t *got = probe_get (self->port, "GET /v1/ws HTTP/1.1\r\n" H "Connection: Upgrade\r\nUpgrade:\r\n\r\n");
    assert_int_equal (probe_status (got), 426);
}

/*  Row 3. */
static void test_connect_and_unknown_methods_end_at_once (void **state)
{
    static const vector_t vectors[] = {
        {"CONNECT", "CONNECT x:80 HTTP/1.1\r\n" H "\r\n", 501, "unknown_op"},
        {"TRACE", "TRACE / HTTP/1.1\r\n" H "\r\n", 501, "unknown_op"},
        {"BREW", "BREW / HTTP/1.1\r\n" H "\r\n", 501, "unknown_op"},
        {"a TLS hello", "\x16\x03\x01\x02\x01\x01\x01\x01\xfc", 400, "malformed"},
        {"noise", "\x01\x02\x03\xff\xfe\r\n\r\n", 400, "malformed"},
    };
    ASSERT_ENDED ((const probe_t *)*state, vectors);
}

/*  Row 4. */
static void test_content_length_is_one_plain_number (void **state)
{
    static const vector_t vectors[] = {
        {"two", SIGN_IN "Content-Length: 3\r\nContent-Length: 40\r\n\r\nabc", 400, "malformed"},
        {"two equal", SIGN_IN "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400, "malformed"},
        {"list", SIGN_IN "Content-Length: 3, 3\r\n\r\nabc", 400, "malformed"},
        {"+3", SIGN_IN "Content-Length: +3\r\n\r\nabc", 400, "malformed"},
        {"3abc", SIGN_IN "Content-Length: 3abc\r\n\r\nabc", 400, "malformed"},
        {"-1", SIGN_IN "Content-Length: -1\r\n\r\nabc", 400, "malformed"},
        {"0x3", SIGN_IN "Content-Length: 0x3\r\n\r\nabc", 400, "malformed"},
        {"3.0", SIGN_IN "Content-Length: 3.0\r\n\r\nabc", 400, "malformed"},
        {"3 0", SIGN_IN "Content-Length: 3 0\r\n\r\nabc", 400, "malformed"},
        {"empty", SIGN_IN "Content-Length:\r\n\r\nabc", 400, "malformed"},
        {"huge", SIGN_IN "Content-Length: 99999999999999999999\r\n\r\nabc", 400, "malformed"},
        {"2^64+3", SIGN_IN "Content-Length: 18446744073709551619\r\n\r\nabc", 400, "malformed"},
        {"space before the colon", SIGN_IN "Content-Length : 3\r\n\r\nabc", 400, "malformed"},
        {"tab before the colon", SIGN_IN "Content-Length\t: 3\r\n\r\nabc", 400, "malformed"},
        {"-1 on GET", "GET /livez HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n", 400, "malformed"},
        {"two on GET", "GET /livez HTTP/1.1\r\n" H "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", 400, "malformed"},
        {"two on DELETE", "DELETE /v1/rooms/1 HTTP/1.1\r\n" H "Content-Length: 0\r\nContent-Length: 4\r\n\r\nGET ", 400,
         "malformed"},
        {"two on PUT", "PUT /v1/rooms/1/read HTTP/1.1\r\n" H "Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc", 400,
         "malformed"},
    };
    ASSERT_ENDED ((const probe_t *)*state, vectors);
}

static void test_a_nul_in_a_header_is_refused (void **state)
{
    const probe_t *self = *state;
    static const char length[] = SIGN_IN "Content-Length: 3\0000\r\n\r\nabc" LIVE;
    probe_got_t *got = probe_ask (self->port, length, sizeof length - 1, PROBE_WAIT_MS);
    assert_int_equal (probe_status (got), 400);
    assert_true (got->is_closed && probe_count (got, "\r\nX-Request-ID: ") == 1);
    static const char host[] = "GET /livez HTTP/1.1\r\nHost: x\0y\r\n\r\n" LIVE;
    got = probe_ask (self->port, host, sizeof host - 1, PROBE_WAIT_MS);
    assert_int_equal (probe_status (got), 400);
    assert_true (got->is_closed && probe_count (got, "\r\nX-Request-ID: ") == 1);
}

/*  Row 5. */
static void test_any_transfer_encoding_is_refused (void **state)
{
    static const vector_t vectors[] = {
        {"chunked", SIGN_IN "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411, "length_required"},
        {"length first", SIGN_IN "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411,
         "length_required"},
        {"length last", SIGN_IN "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 411,
         "length_required"},
        {"identity", SIGN_IN "Content-Length: 3\r\nTransfer-Encoding: identity\r\n\r\nabc", 411, "length_required"},
        {"xchunked", SIGN_IN "Content-Length: 3\r\nTransfer-Encoding: xchunked\r\n\r\nabc", 411, "length_required"},
        {"empty", SIGN_IN "Content-Length: 3\r\nTransfer-Encoding:\r\n\r\nabc", 411, "length_required"},
        {"two", SIGN_IN "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n0\r\n\r\n", 411,
         "length_required"},
        {"on GET", "GET /livez HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411, "length_required"},
        {"case", SIGN_IN "Content-Length: 3\r\ntRANSFER-eNCODING: chunked\r\n\r\n0\r\n\r\n", 411, "length_required"},
        {"space before the colon", SIGN_IN "Content-Length: 3\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400,
         "malformed"},
        {"tab before the colon", SIGN_IN "Content-Length: 3\r\nTransfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", 400,
         "malformed"},
    };
    ASSERT_ENDED ((const probe_t *)*state, vectors);
}

/*  Row 6. */
static void test_exactly_one_host_is_needed (void **state)
{
    static const vector_t vectors[] = {
        {"none", "GET /livez HTTP/1.1\r\n\r\n", 400, "malformed"},
        {"none on 1.0", "GET /livez HTTP/1.0\r\n\r\n", 400, "malformed"},
        {"empty", "GET /livez HTTP/1.1\r\nHost:\r\n\r\n", 400, "malformed"},
        {"two", "GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "malformed"},
        {"two equal", "GET /livez HTTP/1.1\r\n" H H "\r\n", 400, "malformed"},
        {"list", "GET /livez HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, "malformed"},
        {"user", "GET /livez HTTP/1.1\r\nHost: a@b\r\n\r\n", 400, "malformed"},
        {"path", "GET /livez HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "malformed"},
        {"port", "GET /livez HTTP/1.1\r\nHost: a:99999\r\n\r\n", 400, "malformed"},
        {"space before the colon", "GET /livez HTTP/1.1\r\n" H "Host : b\r\n\r\n", 400, "malformed"},
        {"folded away", "GET /livez HTTP/1.1\r\nX-A: b\r\n c\r\n" H "\r\n", 400, "malformed"},
    };
    ASSERT_ENDED ((const probe_t *)*state, vectors);
}

static void test_other_versions_and_targets_are_refused (void **state)
{
    static const vector_t vectors[] = {
        {"2.0", "GET /livez HTTP/2.0\r\n" H "\r\n", 505, "version_unsupported"},
        {"1.2", "GET /livez HTTP/1.2\r\n" H "\r\n", 505, "version_unsupported"},
        {"0.9", "GET /livez\r\n" H "\r\n", 505, "version_unsupported"},
        {"other", "GET /livez ICY/1.1\r\n" H "\r\n", 505, "version_unsupported"},
        {"absolute", "GET http://x/livez HTTP/1.1\r\n" H "\r\n", 403, NULL},
        {"star", "OPTIONS * HTTP/1.1\r\n" H "\r\n", 403, NULL},
        {"bad escape", "GET /%zz HTTP/1.1\r\n" H "\r\n", 403, NULL},
        {"NUL", "GET /livez%00 HTTP/1.1\r\n" H "\r\n", 0, NULL},
    };
    ASSERT_ENDED ((const probe_t *)*state, vectors);
}

static void test_oversize_is_refused (void **state)
{
    const probe_t *self = *state;
    static char text[80 * 1024];
    /*  A body by what it claims. */
    int fd = probe_connect (self->port);
    probe_say (fd, SIGN_IN JSON "Content-Length: 65537\r\n\r\n");
    probe_got_t *got = probe_read (fd, PROBE_WAIT_MS);
    assert_int_equal (probe_status (got), 413);
    assert_true (got->is_closed);
    close (fd);
    /*  The same with the body sent: the answer still arrives. */
    int head = snprintf (text, sizeof text, SIGN_IN JSON "Content-Length: 70000\r\n\r\n");
    memset (text + head, ' ', 70000);
    got = probe_ask (self->port, text, (size_t)head + 70000, PROBE_WAIT_MS);
    assert_int_equal (probe_status (got), 413);
    assert_true (got->is_closed);
    /*  The largest that is allowed is read. */
    head = snprintf (text, sizeof text, SIGN_IN JSON "Content-Length: 65536\r\n\r\n");
    memset (text + head, ' ', 65536);
    fd = probe_connect (self->port);
    probe_send (fd, text, (size_t)head + 65536);
    assert_int_equal (probe_status (probe_answer (fd)), 400);
    close (fd);
    /*  Headers: lws ends the connection without an answer. */
    head = snprintf (text, sizeof text, "GET /livez HTTP/1.1\r\n" H "X-A: ");
    memset (text + head, 'a', 20000);
    memcpy (text + head + 20000, "\r\n\r\n", 5);
    got = probe_ask (self->port, text, (size_t)head + 20004, PROBE_WAIT_MS);
    assert_true (got->is_closed && probe_status (got) != 200);
}

/*  Row 7 the other way round: good requests in a row are all answered, in order. */
static void test_good_requests_can_be_pipelined (void **state)
{
    const probe_t *self = *state;
#define FIVE LIVE LIVE LIVE LIVE LIVE
    static const char text[] =
        FIVE FIVE FIVE FIVE "PUT /v1/rooms/1/read HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n" LIVE
                            "GET /livez HTTP/1.1\r\n" H "Connection: close\r\n\r\n";
    probe_got_t *got = probe_ask (self->port, text, sizeof text - 1, PROBE_WAIT_MS);
    assert_int_equal (probe_count (got, "HTTP/1.1 "), 23);
    assert_int_equal (probe_count (got, "HTTP/1.1 200"), 22);
    assert_int_equal (probe_count (got, "HTTP/1.1 401"), 1);
    assert_true (got->is_closed);
}

/*  libwebsockets 4.1 feeds a pipelined request with a body to itself again, for
    ever or after freeing it: at such a request the connection ends. */
static void test_requests_with_bodies_are_not_pipelined (void **state)
{
    const probe_t *self = *state;
#define EMPTY SIGN_IN JSON "Content-Length: 2\r\n\r\n{}"
    static const struct {
        const char *text;
        unsigned answers;
    } rows[] = {
        {LIVE EMPTY LIVE, 1},
        {LIVE LIVE EMPTY, 2},
        {EMPTY EMPTY LIVE, 1},
        {LIVE SIGN_IN "\r\n" LIVE, 1},
        {LIVE "GET /livez HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\n{}" LIVE, 1},
        {LIVE SIGN_IN "Content-Length: 70000\r\n\r\n{}", 1},
        {LIVE SIGN_IN "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        probe_got_t *got = probe_ask (self->port, rows[i].text, strlen (rows[i].text), PROBE_WAIT_MS);
        if (probe_count (got, "\r\nX-Request-ID: ") != rows[i].answers || !got->is_closed)
            fail_msg ("row %zu: %s", i, got->bytes);
    }
    /*  With a FIN behind it the kernel counts one byte more. */
    int fd = probe_connect (self->port);
    probe_say (fd, LIVE EMPTY);
    assert_int_equal (shutdown (fd, SHUT_WR), 0);
    probe_got_t *got = probe_read (fd, PROBE_WAIT_MS);
    assert_true (got->is_closed && probe_count (got, "HTTP/1.1 422") == 0);
    close (fd);
    got = probe_ask (self->port, LIVE PROBE_UPGRADE "\r\n", strlen (LIVE PROBE_UPGRADE "\r\n"), PROBE_WAIT_MS);
    assert_true (got->is_closed && probe_count (got, "HTTP/1.1 101") == 0);
    /*  One after the other they are served as often as one likes. */
    fd = probe_connect (self->port);
    for (int i = 0; i < 5; i++) {
        probe_say (fd, EMPTY);
        assert_int_equal (probe_status (probe_answer (fd)), 422);
    }
    close (fd);
}

static void test_a_request_byte_by_byte_is_read (void **state)
{
    const probe_t *self = *state;
    static const char text[] = SIGN_IN JSON "Content-Length: 9\r\n\r\n{\"a\":\"b\"}";
    int fd = probe_connect (self->port);
    for (size_t i = 0; i < sizeof text - 1; i++)
        probe_send (fd, text + i, 1);
    probe_got_t *got = probe_answer (fd);
    assert_int_equal (probe_status (got), 422);
    assert_non_null (strstr (got->bytes, "{\"field\":\"a\",\"code\":\"unknown\"}"));
    close (fd);
}

static void test_bad_bodies_are_named (void **state)
{
    const probe_t *self = *state;
    static const struct {
        const char *type, *body;
        int status;
        const char *text;
    } rows[] = {
        {"application/json", "{", 400, "\"code\":\"malformed\""},
        {"application/json", "[]", 400, "must be a JSON object"},
        {"application/json", "{\"identifier\":\"\xff\"}", 400, "not UTF-8"},
        {"application/json", "{\"identifier\":\"a\\u0000\"}", 400, "U+0000"},
        {"application/json", "{\"a\":1,\"a\":2}", 400, "there twice"},
        {"application/json", "{\"identifier\":7,\"password\":\"x\"}", 422,
         "{\"field\":\"identifier\",\"code\":\"type\"}"},
        {"application/json", "{\"identifier\":\"a\"}", 422, "{\"field\":\"password\",\"code\":\"missing\"}"},
        {"application/json", "{\"key\":\"a\"}", 422, "{\"field\":\"key\",\"code\":\"unknown\"}"},
        {"text/plain", "{}", 415, "\"code\":\"unsupported_media\""},
        {"application/x-www-form-urlencoded", "a=b", 415, "\"code\":\"unsupported_media\""},
    };
    int fd = probe_connect (self->port);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[512];
        snprintf (text, sizeof text, SIGN_IN "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%s", rows[i].type,
                  strlen (rows[i].body), rows[i].body);
        probe_say (fd, text);
        probe_got_t *got = probe_answer (fd);
        if (probe_status (got) != rows[i].status || !strstr (got->bytes, rows[i].text))
            fail_msg ("%s: %s", rows[i].body, got->bytes);
        assert_non_null (strstr (got->bytes, "Content-Type: application/problem+json\r\n"));
    }
    close (fd);
}

static void test_expect_is_answered (void **state)
{
    const probe_t *self = *state;
    int fd = probe_connect (self->port);
    probe_say (fd, SIGN_IN JSON "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    probe_got_t *got = probe_answer (fd);
    assert_string_equal (got->bytes, "HTTP/1.1 100 Continue\r\n\r\n");
    probe_say (fd, "{}");
    assert_int_equal (probe_status (probe_answer (fd)), 422);
    close (fd);
    got =
        probe_get (self->port, SIGN_IN "Content-Type: text/plain\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_int_equal (probe_status (got), 415);
    got = probe_get (self->port, SIGN_IN JSON "Expect: magic\r\nContent-Length: 2\r\n\r\n{}");
    assert_int_equal (probe_status (got), 417);
}

static void test_methods_paths_and_media_types (void **state)
{
    const probe_t *self = *state;
    static const struct {
        const char *text;
        int status;
        const char *contains;
    } rows[] = {
        {"GET / HTTP/1.1\r\n" H "\r\n", 200, "{\"rooms\":\"http://x/rooms/\"}"},
        {"GET /nothing HTTP/1.1\r\n" H "\r\n", 404, "\"code\":\"not_found\""},
        {"GET /v1/rooms/ HTTP/1.1\r\n" H "\r\n", 404, "not_found"},
        {"GET /metrics HTTP/1.1\r\n" H "\r\n", 404, "not_found"},
        {"DELETE /v1/accounts HTTP/1.1\r\n" H "\r\n", 405, "Allow: GET, HEAD, POST, OPTIONS\r\n"},
        {"GET /livez HTTP/1.1\r\n" H "Accept: text/html\r\n\r\n", 406, "not_acceptable"},
        {"GET /livez HTTP/1.1\r\n" H "Accept: text/html, */*;q=0.1\r\n\r\n", 200, "ok"},
        {"GET /livez HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc", 200, "ok"},
        {"GET /a/../livez HTTP/1.1\r\n" H "\r\n", 200, "ok"},
        {"GET /../../livez HTTP/1.1\r\n" H "\r\n", 200, "ok"},
        {"GET /livez HTTP/1.1\r\n" H "X-Request-ID: my-id_7\r\n\r\n", 200, "X-Request-ID: my-id_7\r\n"},
        {"GET /v1/ws HTTP/1.1\r\n" H "\r\n", 426, "Sec-WebSocket-Version: 13\r\n"},
        {"GET /v1/rooms HTTP/1.1\r\n" H "\r\n", 401, "WWW-Authenticate: Bearer realm=\"parley\"\r\n"},
        {"POST /v1/rooms HTTP/1.1\r\n" H "\r\n", 401, "Connection: close\r\n"},
        {"POST /v1/sessions HTTP/1.1\r\n" H "\r\n", 411, "length_required"},
        {"OPTIONS /v1/rooms HTTP/1.1\r\n" H "\r\n", 204, "Allow: GET, HEAD, POST, OPTIONS\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        probe_got_t *got = probe_get (self->port, rows[i].text);
        if (probe_status (got) != rows[i].status || !strstr (got->bytes, rows[i].contains))
            fail_msg ("%s: %s", rows[i].text, got->bytes);
    }
    probe_got_t *got = probe_get (self->internal_port, "GET /metrics HTTP/1.1\r\n" H "\r\n");
    assert_non_null (strstr (got->bytes, "parley_gateway_connections"));
    assert_int_equal (probe_status (probe_get (self->internal_port, "GET /v1/rooms HTTP/1.1\r\n" H "\r\n")), 404);
}

static void test_head_has_no_body_and_ids_are_cleaned (void **state)
{
    const probe_t *self = *state;
    static const char head[] = "HEAD /livez HTTP/1.1\r\n" H "Connection: close\r\nX-Request-ID: a\tb\r\n\r\n";
    probe_got_t *got = probe_ask (self->port, head, sizeof head - 1, PROBE_WAIT_MS);
    assert_non_null (strstr (got->bytes, "Content-Length: 15\r\n"));
    assert_string_equal (got->bytes + got->len - 4, "\r\n\r\n");
    assert_null (strstr (got->bytes, "a\tb"));
    assert_non_null (strstr (got->bytes, "X-Request-ID: "));
}

static void test_cors_names_the_origin_or_nothing (void **state)
{
    const probe_t *self = *state;
    probe_got_t *got = probe_get (self->port, "OPTIONS /v1/rooms HTTP/1.1\r\n" H "Origin: http://x\r\n"
                                              "Access-Control-Request-Method: POST\r\n\r\n");
    assert_int_equal (probe_status (got), 204);
    assert_non_null (strstr (got->bytes, "Access-Control-Allow-Origin: http://x\r\n"));
    assert_non_null (strstr (got->bytes, "Access-Control-Allow-Methods: GET, HEAD, POST, OPTIONS\r\n"));
    static const char *const foreign[] = {"http://evil", "null", "http://x.evil", "http://x:1"};
    for (size_t i = 0; i < 4; i++) {
        char text[256];
        snprintf (text, sizeof text, "GET /livez HTTP/1.1\r\n" H "Origin: %s\r\n\r\n", foreign[i]);
        got = probe_get (self->port, text);
        assert_int_equal (probe_status (got), 200);
        assert_null (strstr (got->bytes, "Access-Control-Allow-Origin"));
    }
}

static void test_bad_credentials_are_refused (void **state)
{
    const probe_t *self = *state;
    cjose_jwk_t *other = forge_key ();
    char *forged = forge_token (&(forge_t){.key = other, .claims = FORGE_CLAIMS});
    char *expired = forge_token (&(forge_t){
        .key = self->key,
        .claims = "{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"1\",\"exp\":5}"});
    const struct {
        const char *scheme, *token, *code, *challenge;
    } rows[] = {{"Digest", "YTpi", "unauthenticated", "Bearer"},   {"Bearer", "", "token_invalid", "Bearer"},
                {"Bearer", "nonsense", "token_invalid", "Bearer"}, {"Bearer", forged, "token_invalid", "Bearer"},
                {"Bearer", expired, "token_expired", "Bearer"},    {"Bearer", "a b", "token_invalid", "Bearer"},
                {"Token", "a b", "token_invalid", "Token"},        {"Token", "", "token_invalid", "Token"},
                {"Basic", "YWI=", "bad_credentials", "Basic"},     {"Basic", "!", "bad_credentials", "Basic"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[2048], code[64];
        snprintf (text, sizeof text, "GET /v1/rooms HTTP/1.1\r\n" H "Authorization: %s %s\r\n\r\n", rows[i].scheme,
                  rows[i].token);
        snprintf (code, sizeof code, "\"code\":\"%s\"", rows[i].code);
        probe_got_t *got = probe_get (self->port, text);
        if (probe_status (got) != 401 || !strstr (got->bytes, code))
            fail_msg ("%s: %s", text, got->bytes);
        snprintf (text, sizeof text, "WWW-Authenticate: %s realm", rows[i].challenge);
        assert_non_null (strstr (got->bytes, text));
    }
    free (forged);
    free (expired);
    cjose_jwk_release (other);
}

/* ---- TLS ------------------------------------------------------------------------------- */

/*  Runs openssl with `args`, feeds it `input` and keeps what it says. */
static void s_run_openssl (const char *const *args, const char *input, char *out, size_t size)
{
    int to[2], from[2], status;
    pid_t pid;
    size_t len = 0;
    posix_spawn_file_actions_t files;
    assert_int_equal (pipe2 (to, O_CLOEXEC), 0);
    assert_int_equal (pipe2 (from, O_CLOEXEC), 0);
    posix_spawn_file_actions_init (&files);
    posix_spawn_file_actions_adddup2 (&files, to[0], 0);
    posix_spawn_file_actions_adddup2 (&files, from[1], 1);
    posix_spawn_file_actions_adddup2 (&files, from[1], 2);
    /*  execvp takes the strings as its own, but changes none. */
    union {
        const char *const *in;
        char *const *out;
    } argv = {.in = args};
    assert_int_equal (posix_spawnp (&pid, "timeout", &files, NULL, argv.out, environ), 0);
    posix_spawn_file_actions_destroy (&files);
    close (to[0]);
    close (from[1]);
    assert_int_equal (write (to[1], input, strlen (input)), (int)strlen (input));
    close (to[1]);
    for (ssize_t n = 1; n > 0 && len<size - 1; len += n> 0 ? (size_t)n : 0)
        n = read (from[0], out + len, size - 1 - len);
    out[len] = '\0';
    close (from[0]);
    assert_int_equal (waitpid (pid, &status, 0), pid);
}

static void s_ask_tls (const probe_t *self, const char *cert, const char *protocols, const char *input, char *out,
                       size_t size)
{
    char at[32];
    snprintf (at, sizeof at, "127.0.0.1:%u", self->port);
    const char *const args[] = {"timeout", "8",       "openssl", "s_client", "-ign_eof", "-connect",
                                at,        "-CAfile", cert,      "-alpn",    protocols,  NULL};
    s_run_openssl (args, input, out, size);
}

/*  Row 2. */
static void test_tls_serves_http_1_and_never_http_2 (void **state)
{
    (void)state;
    char dir[] = "/tmp/parley-tls-XXXXXX", cert[64], key[64], out[64 * 1024];
    assert_non_null (mkdtemp (dir));
    snprintf (cert, sizeof cert, "%s/cert.pem", dir);
    snprintf (key, sizeof key, "%s/key.pem", dir);
    const char *const make[] = {"timeout",
                                "8",
                                "openssl",
                                "req",
                                "-x509",
                                "-newkey",
                                "ec",
                                "-pkeyopt",
                                "ec_paramgen_curve:P-256",
                                "-nodes",
                                "-days",
                                "2",
                                "-subj",
                                "/CN=localhost",
                                "-addext",
                                "subjectAltName=IP:127.0.0.1",
                                "-keyout",
                                key,
                                "-out",
                                cert,
                                NULL};
    s_run_openssl (make, "", out, sizeof out);
    const char *const args[] = {"--tls-cert", cert, "--tls-key", key, NULL};
    probe_t *self = probe_new_quiet (args);
    static const char request[] = "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    s_ask_tls (self, cert, "h2,http/1.1", request, out, sizeof out);
    assert_non_null (strstr (out, "ALPN protocol: http/1.1"));
    assert_non_null (strstr (out, "HTTP/1.1 200 OK"));
    assert_non_null (strstr (out, "Strict-Transport-Security: "));
    assert_non_null (strstr (out, "Verify return code: 0 (ok)"));
    s_ask_tls (self, cert, "h2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", out, sizeof out);
    assert_null (strstr (out, "ALPN protocol: h2"));
    assert_null (strstr (out, "HTTP/1.1 200"));
    /*  Plain text on the TLS port ends. */
    assert_true (probe_ask (self->port, LIVE, strlen (LIVE), PROBE_WAIT_MS)->is_closed);
    probe_destroy (&self);
    unlink (cert);
    unlink (key);
    rmdir (dir);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_only_websocket_can_be_upgraded_to),
        cmocka_unit_test (test_connect_and_unknown_methods_end_at_once),
        cmocka_unit_test (test_content_length_is_one_plain_number),
        cmocka_unit_test (test_a_nul_in_a_header_is_refused),
        cmocka_unit_test (test_any_transfer_encoding_is_refused),
        cmocka_unit_test (test_exactly_one_host_is_needed),
        cmocka_unit_test (test_other_versions_and_targets_are_refused),
        cmocka_unit_test (test_oversize_is_refused),
        cmocka_unit_test (test_good_requests_can_be_pipelined),
        cmocka_unit_test (test_requests_with_bodies_are_not_pipelined),
        cmocka_unit_test (test_a_request_byte_by_byte_is_read),
        cmocka_unit_test (test_bad_bodies_are_named),
        cmocka_unit_test (test_expect_is_answered),
        cmocka_unit_test (test_methods_paths_and_media_types),
        cmocka_unit_test (test_head_has_no_body_and_ids_are_cleaned),
        cmocka_unit_test (test_cors_names_the_origin_or_nothing),
        cmocka_unit_test (test_bad_credentials_are_refused),
        cmocka_unit_test (test_tls_serves_http_1_and_never_http_2),
    };
    return cmocka_run_group_tests (tests, s_setup, s_teardown);
}
