/*  gw_edge_download_test - files on their way out, from outside: what is asked of drive,
    what the client gets, and what becomes of either when one of them fails. */

#include "gw_drive_fake.h"
#include <sys/ioctl.h>

#define H "Host: x\r\n"
#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define BIG (6 * 1024 * 1024)

static int s_setup (void **state)
{
    static const char *const extra[] = {"--download-patience", "300ms", NULL};
    return test_open (state, extra);
}

static pt_file_t s_file (uint64_t size)
{
    return (pt_file_t){.id = 5,
                       .owner = 7,
                       .name = PT_LIT ("a \"b\" \xc3\xa9.txt"),
                       .type = PT_LIT ("text/plain"),
                       .size = size,
                       .sha256 = PT_LIT (SHA),
                       .created_at = INT64_C (784111777000000)};
}

static int s_ask (const test_t *self, const char *line, const char *more)
{
    char text[4096];
    int fd = probe_connect (self->probe->port);
    snprintf (text, sizeof text, "%s HTTP/1.1\r\n" H "Authorization: Bearer %s\r\n%s\r\n", line, self->probe->token,
              more);
    probe_say (fd, text);
    return fd;
}

/*  Content that tells one place from any other. */
static void s_fill (char *bytes, size_t len, uint64_t from)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)((from + i) * 31 + ((from + i) >> 10));
}

static const pt_read_open_t *s_grant (test_t *self, fake_drive_t *drive, uint64_t size)
{
    const harness_frame_t *call = harness_expect (self->probe->harness, PT_OP_drive_read);
    const pt_read_open_t *open = call->msg;
    const pt_file_t file = s_file (size);
    pt_bulk_grant_t grant = fake_drive_grant (drive, open->first, 0);
    grant.file = &file;
    grant.has_file = true;
    harness_answer (self->probe->harness, call, &grant);
    fake_drive_hear (drive, SV_BULK_HELLO);
    return open;
}

static void test_a_file_comes_whole_with_what_a_browser_needs_to_know (void **state)
{
    test_t *self = *state;
    int fd = s_ask (self, "GET /v1/drive/files/5/content", "");
    const pt_read_open_t *open = s_grant (self, self->drive, 5);
    assert_true (open->account == 7 && open->file == 5 && open->first == 0 && !open->has_count);
    assert_true (self->drive->credit == LIM_BULK_WINDOW);
    fake_drive_give (self->drive, "hello", 5, true);
    probe_got_t *got = probe_answer (fd);
    assert_int_equal (probe_status (got), 200);
    static const char *const lines[] = {
        "Content-Length: 5\r\n",
        "Content-Type: text/plain\r\n",
        "ETag: \"" SHA "\"\r\n",
        "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
        "Accept-Ranges: bytes\r\n",
        "Content-Disposition: inline; filename=\"a _b_ _.txt\"; filename*=UTF-8''a%20%22b%22%20%C3%A9.txt\r\n",
        "X-Content-Type-Options: nosniff\r\n",
        "Cache-Control: private, no-cache\r\nContent-Security-Policy: default-src 'none'; sandbox\r\n",
        "\r\n\r\nhello"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr (got->bytes, lines[i]))
            fail_msg ("no %s in %s", lines[i], got->bytes);
    fake_drive_hear (self->drive, SV_BULK_END);
    /*  The connection serves on. */
    probe_say (fd, "GET /livez HTTP/1.1\r\n" H "\r\n");
    assert_int_equal (probe_status (probe_answer (fd)), 200);
    close (fd);
}

static void test_ranges_and_conditions_are_judged_against_the_file (void **state)
{
    test_t *self = *state;
    static const struct {
        const char *more;
        int status;
        const char *line;
        uint64_t first, count; /* 0: drive is not asked for bytes */
    } rows[] = {
        {"Range: bytes=2-4\r\n", 206, "Content-Range: bytes 2-4/10\r\n", 2, 3},
        {"Range: bytes=-4\r\n", 206, "Content-Range: bytes 6-9/10\r\n", 6, 4},
        {"Range: bytes=8-\r\n", 206, "Content-Range: bytes 8-9/10\r\n", 8, 2},
        {"Range: bytes=0-1,3-4\r\n", 200, "Content-Length: 10\r\n", 0, 10},
        {"Range: bytes=10-\r\n", 416, "Content-Range: bytes */10\r\n", 0, 0},
        {"Range: bytes=2-4\r\nIf-Range: \"" SHA "\"\r\n", 206, "Content-Range: bytes 2-4/10\r\n", 2, 3},
        {"Range: bytes=2-4\r\nIf-Range: \"other\"\r\n", 200, "Content-Length: 10\r\n", 0, 10},
        {"If-None-Match: \"x\", W/\"" SHA "\"\r\n", 304, "ETag: \"" SHA "\"\r\n", 0, 0},
        {"If-None-Match: *\r\n", 304, "ETag", 0, 0},
        {"If-None-Match: \"x\"\r\n", 200, "Content-Length: 10\r\n", 0, 10},
        {"If-Match: \"x\"\r\n", 412, "precondition_failed", 0, 0},
        {"If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 304, "Last-Modified", 0, 0},
        {"If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", 412, "precondition_failed", 0, 0},
    };
    const pt_file_t file = s_file (10);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int fd = s_ask (self, "GET /v1/drive/files/5/content", rows[i].more);
        harness_answer (self->probe->harness, harness_expect (self->probe->harness, PT_OP_drive_file_get), &file);
        if (rows[i].count > 0) {
            const pt_read_open_t *open = s_grant (self, self->drive, 10);
            assert_true (open->first == rows[i].first && open->count == rows[i].count);
            fake_drive_give (self->drive, &"0123456789"[rows[i].first], rows[i].count, true);
            fake_drive_hear (self->drive, SV_BULK_END);
        }
        probe_got_t *got = probe_answer (fd);
        if (probe_status (got) != rows[i].status || !strstr (got->bytes, rows[i].line))
            fail_msg ("%s: %s", rows[i].more, got->bytes);
        assert_true (rows[i].status != 304 || !strstr (got->bytes, "Content-Length"));
        close (fd);
    }
}

static void test_head_tells_all_but_the_bytes (void **state)
{
    test_t *self = *state;
    const pt_file_t file = s_file (10);
    int fd = s_ask (self, "HEAD /v1/drive/files/5/content", "");
    harness_answer (self->probe->harness, harness_expect (self->probe->harness, PT_OP_drive_file_get), &file);
    probe_got_t *got = probe_read (fd, PROBE_QUIET_MS);
    assert_int_equal (probe_status (got), 200);
    assert_non_null (strstr (got->bytes, "Content-Length: 10\r\n"));
    assert_string_equal (strstr (got->bytes, "\r\n\r\n"), "\r\n\r\n");
    close (fd);
}

static void test_an_empty_file_is_an_answer (void **state)
{
    test_t *self = *state;
    int fd = s_ask (self, "GET /v1/drive/files/5/content", "");
    s_grant (self, self->drive, 0);
    fake_drive_give (self->drive, NULL, 0, true);
    probe_got_t *got = probe_answer (fd);
    assert_int_equal (probe_status (got), 200);
    assert_non_null (strstr (got->bytes, "Content-Length: 0\r\n"));
    close (fd);
}

/*  Gives from `*at` on, within what the gateway has granted; whether all is given. */
static bool s_give_some (fake_drive_t *drive, uint64_t base, uint64_t *at, uint64_t end)
{
    static char bytes[64 * 1024];
    while (*at < end && drive->offset + sizeof bytes <= drive->credit) {
        size_t len = end - *at < sizeof bytes ? (size_t)(end - *at) : sizeof bytes;
        s_fill (bytes, len, *at);
        *at += len;
        fake_drive_give (drive, bytes, len, *at == end);
    }
    (void)base;
    return *at == end;
}

/*  Reads what there is and compares it; the end of the head is passed over at first. */
static void s_read_some (int fd, uint64_t *at, bool *has_head)
{
    static char bytes[64 * 1024], want[64 * 1024];
    ssize_t n = recv (fd, bytes, sizeof bytes, MSG_DONTWAIT);
    char *from = bytes;
    if (n <= 0)
        return;
    if (!*has_head) {
        from = memmem (bytes, (size_t)n, "\r\n\r\n", 4);
        assert_non_null (from);
        from += 4;
        *has_head = true;
    }
    size_t len = (size_t)(bytes + n - from);
    s_fill (want, len, *at);
    assert_memory_equal (from, want, len);
    *at += len;
}

static void test_a_client_that_does_not_read_holds_one_window (void **state)
{
    test_t *self = *state;
    uint64_t at = 0, read_at = 0;
    bool has_head = false;
    int small = 32 * 1024, unread = 0;
    int fd = probe_connect (self->probe->port);
    setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    char text[4096];
    snprintf (text, sizeof text, "GET /v1/drive/files/5/content HTTP/1.1\r\n" H "Authorization: Bearer %s\r\n\r\n",
              self->probe->token);
    probe_say (fd, text);
    s_grant (self, self->drive, BIG);
    while (!s_give_some (self->drive, 0, &at, BIG) && fake_drive_heard (self->drive, PROBE_QUIET_MS))
        ;
    /*  Beyond what the kernels hold no more is granted than the window. */
    assert_true (at < BIG);
    assert_int_equal (ioctl (fd, FIONREAD, &unread), 0);
    unsigned long before = probe_cpu (self->probe);
    assert_false (fake_drive_heard (self->drive, PROBE_QUIET_MS));
    assert_true (probe_cpu (self->probe) - before <= 2);
    while (read_at < BIG) {
        s_give_some (self->drive, 0, &at, BIG);
        s_read_some (fd, &read_at, &has_head);
        (void)(at < BIG && fake_drive_heard (self->drive, 0));
    }
    close (fd);
}

static void test_a_client_that_takes_nothing_is_given_up (void **state)
{
    test_t *self = *state;
    uint64_t at = 0;
    int small = 32 * 1024;
    int fd = s_ask (self, "GET /v1/drive/files/5/content", "");
    setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    s_grant (self, self->drive, 64 * 1024 * 1024);
    do
        s_give_some (self->drive, 0, &at, 64 * 1024 * 1024);
    while (fake_drive_heard (self->drive, PROBE_WAIT_MS) && self->drive->head.kind == SV_BULK_CREDIT);
    assert_int_equal (self->drive->head.kind, SV_BULK_ABORT);
    close (fd);
}

static void test_a_replica_that_is_lost_is_replaced_at_the_next_byte (void **state)
{
    test_t *self = *state;
    char first[1000], rest[500], want[1500];
    s_fill (want, sizeof want, 0);
    s_fill (first, sizeof first, 0);
    s_fill (rest, sizeof rest, 1000);
    int fd = s_ask (self, "GET /v1/drive/files/5/content", "");
    s_grant (self, self->drive, 1500);
    fake_drive_give (self->drive, first, sizeof first, false);
    probe_got_t *got = probe_read (fd, PROBE_QUIET_MS);
    assert_non_null (strstr (got->bytes, "\r\n\r\n"));
    fake_drive_destroy (&self->drive);
    self->drive = fake_drive_new (harness_dir (self->probe->harness), "two");
    const pt_read_open_t *open = s_grant (self, self->drive, 1500);
    assert_true (open->first == 1000 && open->has_count && open->count == 500);
    fake_drive_give (self->drive, rest, sizeof rest, true);
    fake_drive_hear (self->drive, SV_BULK_END);
    got = probe_read (fd, PROBE_QUIET_MS);
    assert_int_equal (got->len, 500);
    assert_memory_equal (got->bytes, rest, 500);
    close (fd);
}

static void test_what_can_not_be_completed_is_cut (void **state)
{
    test_t *self = *state;
    int fd = s_ask (self, "GET /v1/drive/files/5/content", "");
    s_grant (self, self->drive, 1500);
    fake_drive_give (self->drive, "part", 4, false);
    fake_drive_end (self->drive, SV_BULK_ABORT, &(pt_bulk_end_t){.status = PT_E_internal});
    probe_got_t *got = probe_read (fd, PROBE_WAIT_MS);
    assert_true (got->is_closed);
    assert_false (probe_is_whole (got));
    close (fd);
}

static void test_who_is_signed_out_gets_no_more_bytes (void **state)
{
    test_t *self = *state;
    int fd = s_ask (self, "GET /v1/drive/files/5/content", "");
    s_grant (self, self->drive, 10);
    fake_drive_give (self->drive, "hello", 5, false);
    probe_got_t *got = probe_read (fd, PROBE_QUIET_MS);
    assert_non_null (strstr (got->bytes, "\r\n\r\nhello"));
    assert_true (probe_sign_out (self->probe));
    fake_drive_give (self->drive, "world", 5, true);
    got = probe_read (fd, PROBE_WAIT_MS);
    assert_true (got->is_closed && got->len == 0);
    fake_drive_hear (self->drive, SV_BULK_ABORT);
    close (fd);
}

static void test_a_client_that_leaves_ends_the_stream (void **state)
{
    test_t *self = *state;
    int fd = s_ask (self, "GET /v1/drive/files/5/content", "");
    s_grant (self, self->drive, 1500);
    fake_drive_give (self->drive, "part", 4, false);
    assert_non_null (strstr (probe_read (fd, PROBE_QUIET_MS)->bytes, "part"));
    close (fd);
    /*  It is seen by writing: the first write is answered with a reset, the next one fails. */
    do
        fake_drive_give (self->drive, "more", 4, false);
    while (!fake_drive_heard (self->drive, 20) || self->drive->head.kind != SV_BULK_ABORT);
}

static void test_a_request_pipelined_behind_a_download_waits_for_its_end (void **state)
{
    test_t *self = *state;
    int fd = s_ask (self, "GET /v1/drive/files/5/content", "");
    s_grant (self, self->drive, 8);
    fake_drive_give (self->drive, "part", 4, false);
    assert_non_null (strstr (probe_read (fd, PROBE_QUIET_MS)->bytes, "part"));
    unsigned long before = probe_cpu (self->probe);
    probe_say (fd, "GET /livez HTTP/1.1\r\n" H "\r\n");
    assert_int_equal (probe_read (fd, PROBE_QUIET_MS)->len, 0);
    assert_true (probe_cpu (self->probe) - before <= 2);
    fake_drive_give (self->drive, "last", 4, true);
    probe_got_t *got = probe_read (fd, PROBE_QUIET_MS);
    assert_memory_equal (got->bytes, "lastHTTP/1.1 200 OK\r\n", 21);
    close (fd);
}

static void test_refusals_of_drive_keep_their_name (void **state)
{
    test_t *self = *state;
    int fd = s_ask (self, "GET /v1/drive/files/5/content", "");
    harness_refuse (self->probe->harness, harness_expect (self->probe->harness, PT_OP_drive_read), PT_E_not_found,
                    NULL);
    assert_int_equal (probe_status (probe_answer (fd)), 404);
    close (fd);
    fd = s_ask (self, "GET /v1/drive/files/5/content?account=9", "");
    assert_int_equal (probe_status (probe_answer (fd)), 422);
    close (fd);
}

static void test_anybody_may_see_a_picture_and_keep_it (void **state)
{
    test_t *self = *state;
    static const char get[] = "GET /v1/avatars/01234567-89ab-cdef-0123-456789abcdef HTTP/1.1\r\n" H "\r\n";
    int fd = probe_connect (self->probe->port);
    probe_say (fd, get);
    const pt_read_open_t *open = s_grant (self, self->drive, 3);
    assert_true (!open->has_account && !open->has_file && open->has_avatar);
    fake_drive_give (self->drive, "png", 3, true);
    probe_got_t *got = probe_answer (fd);
    assert_int_equal (probe_status (got), 200);
    assert_non_null (strstr (got->bytes, "Cache-Control: public, max-age=31536000, immutable\r\n"));
    close (fd);
    static const char *const none[] = {"/v1/avatars/5", "/v1/avatars/01234567-89ab-cdef-0123-456789abcdef?file=5",
                                       "/v1/avatars/01234567-89ab-cdef-0123-456789abcdef?account=7"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        char text[256];
        snprintf (text, sizeof text, "GET %s HTTP/1.1\r\n" H "\r\n", none[i]);
        assert_int_equal (probe_status (probe_get (self->probe->port, text)), 404);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown (f, s_setup, test_close)

int main (void)
{
    signal (SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        TEST (test_a_file_comes_whole_with_what_a_browser_needs_to_know),
        TEST (test_ranges_and_conditions_are_judged_against_the_file),
        TEST (test_head_tells_all_but_the_bytes),
        TEST (test_an_empty_file_is_an_answer),
        TEST (test_a_client_that_does_not_read_holds_one_window),
        TEST (test_a_client_that_takes_nothing_is_given_up),
        TEST (test_a_replica_that_is_lost_is_replaced_at_the_next_byte),
        TEST (test_what_can_not_be_completed_is_cut),
        TEST (test_who_is_signed_out_gets_no_more_bytes),
        TEST (test_a_client_that_leaves_ends_the_stream),
        TEST (test_a_request_pipelined_behind_a_download_waits_for_its_end),
        TEST (test_refusals_of_drive_keep_their_name),
        TEST (test_anybody_may_see_a_picture_and_keep_it),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
