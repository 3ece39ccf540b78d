/*  gw_edge_upload_test - files on their way in, from outside: what is asked of drive, where
    the bytes go, and what the client is told when something goes wrong. */

#include "gw_drive_fake.h"

#define H "Host: x\r\n"
#define TUS "Tus-Resumable: 1.0.0\r\n"
#define BYTES "Content-Type: application/offset+octet-stream\r\n"
#define EXPIRES INT64_C (784111777000000)

static int s_start (void **state, const char *patience)
{
    const char *const extra[] = {"--upload-patience", patience, "--upload-max", "100MiB", NULL};
    return test_open (state, extra);
}

static int s_setup (void **state)
{
    return s_start (state, "300ms");
}

static int s_setup_patient (void **state)
{
    return s_start (state, "60s");
}

static pt_upload_t s_upload (uint64_t offset, uint64_t length)
{
    return (pt_upload_t){.id = 9,
                         .name = PT_LIT ("x"),
                         .length = length,
                         .has_length = length > 0,
                         .offset = offset,
                         .purpose = PT_upload_purpose_FILE,
                         .expires_at = EXPIRES};
}

static const pt_file_t s_file = {.id = 5,
                                 .owner = 7,
                                 .name = {"x", 1},
                                 .type = {"text/plain", 10},
                                 .size = 5,
                                 .sha256 = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 64},
                                 .created_at = EXPIRES};

static int s_ask (const test_t *self, const char *line, const char *more)
{
    char text[8192];
    int fd = probe_connect (self->probe->port);
    snprintf (text, sizeof text, "%s HTTP/1.1\r\n" H "Authorization: Bearer %s\r\n%s", line, self->probe->token, more);
    probe_say (fd, text);
    return fd;
}

static const pt_upload_create_t *s_create (test_t *self, uint64_t length)
{
    const harness_frame_t *call = harness_expect (self->probe->harness, PT_OP_drive_upload_create);
    const pt_upload_create_t *create = call->msg;
    const pt_upload_t upload = s_upload (0, length);
    assert_non_null (create);
    assert_true (create->account == 7);
    harness_answer (self->probe->harness, call, &upload);
    return create;
}

static const pt_write_open_t *s_grant (test_t *self)
{
    const harness_frame_t *call = harness_expect (self->probe->harness, PT_OP_drive_write);
    const pt_write_open_t *open = call->msg;
    assert_non_null (open);
    assert_true (open->account == 7 && open->upload == 9);
    const pt_bulk_grant_t grant = fake_drive_grant (self->drive, open->offset, LIM_BULK_WINDOW);
    harness_answer (self->probe->harness, call, &grant);
    fake_drive_hear (self->drive, SV_BULK_HELLO);
    return open;
}

/*  All of an upload; how much it was. */
static size_t s_take_all (test_t *self, char *out)
{
    bool is_last = false;
    size_t len = 0;
    while (!is_last) {
        len += fake_drive_take (self->drive, out + len, &is_last);
        fake_drive_credit (self->drive, LIM_BULK_WINDOW);
    }
    return len;
}

static void s_end (test_t *self, uint64_t offset, const pt_file_t *file)
{
    pt_upload_t upload = s_upload (offset, 0);
    upload.file = file;
    upload.has_file = file != NULL;
    fake_drive_end (self->drive, SV_BULK_END,
                    &(pt_bulk_end_t){.offset = offset, .has_offset = true, .upload = &upload, .has_upload = true});
}

static void s_expect (int fd, int status, const char *const *lines)
{
    probe_got_t *got = probe_answer (fd);
    if (probe_status (got) != status)
        fail_msg ("not %d: %s", status, got->bytes);
    for (; *lines; lines++)
        if (!strstr (got->bytes, *lines))
            fail_msg ("no %s in %s", *lines, got->bytes);
}
#define EXPECT(fd, status, ...) s_expect (fd, status, (const char *const[]){__VA_ARGS__, NULL})

/* ---- tus ---------------------------------------------------------------------------- */

static void test_an_upload_is_begun_and_can_be_found (void **state)
{
    test_t *self = *state;
    int fd =
        s_ask (self, "POST /v1/drive/uploads",
               TUS "Upload-Length: 10\r\nUpload-Metadata: type eA==,filename w6kudHh0\r\nContent-Length: 0\r\n\r\n");
    const pt_upload_create_t *create = s_create (self, 10);
    assert_true (create->has_length && create->length == 10 && pt_str_eq (create->name, PT_LIT ("\xc3\xa9.txt")));
    EXPECT (fd, 201, "Location: /v1/drive/uploads/9\r\n", "Upload-Offset: 0\r\n", "Tus-Resumable: 1.0.0\r\n",
            "Upload-Expires: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    close (fd);
    fd = s_ask (self, "HEAD /v1/drive/uploads/9", TUS "\r\n");
    const pt_upload_t upload = s_upload (4, 10);
    harness_answer (self->probe->harness, harness_expect (self->probe->harness, PT_OP_drive_upload_get), &upload);
    probe_got_t *got = probe_read (fd, PROBE_QUIET_MS);
    assert_int_equal (probe_status (got), 200);
    assert_non_null (
        strstr (got->bytes, "Upload-Offset: 4\r\nUpload-Length: 10\r\nUpload-Metadata: filename eA==\r\n"));
    assert_non_null (strstr (got->bytes, "Cache-Control: no-store\r\n"));
    close (fd);
}

static void test_the_length_may_be_told_later (void **state)
{
    test_t *self = *state;
    int fd = s_ask (self, "POST /v1/drive/uploads", TUS "Upload-Defer-Length: 1\r\nContent-Length: 0\r\n\r\n");
    const pt_upload_create_t *create = s_create (self, 0);
    assert_true (!create->has_length && pt_str_eq (create->name, PT_LIT ("file")));
    EXPECT (fd, 201, "Upload-Offset: 0\r\n");
    close (fd);
    fd = s_ask (self, "PATCH /v1/drive/uploads/9",
                TUS BYTES "Upload-Offset: 0\r\nUpload-Length: 3\r\nContent-Length: 3\r\n\r\nabc");
    const pt_write_open_t *open = s_grant (self);
    assert_true (open->offset == 0 && open->has_length && open->length == 3 && open->has_count && open->count == 3);
    char bytes[LIM_BULK_CHUNK];
    assert_int_equal (s_take_all (self, bytes), 3);
    s_end (self, 3, &s_file);
    EXPECT (fd, 204, "Upload-Offset: 3\r\n");
    close (fd);
}

static void test_an_empty_file_is_complete_when_it_is_begun (void **state)
{
    test_t *self = *state;
    char bytes[LIM_BULK_CHUNK];
    int fd = s_ask (self, "POST /v1/drive/uploads", TUS "Upload-Length: 0\r\nContent-Length: 0\r\n\r\n");
    const harness_frame_t *call = harness_expect (self->probe->harness, PT_OP_drive_upload_create);
    pt_upload_t upload = s_upload (0, 0);
    upload.has_length = true;
    harness_answer (self->probe->harness, call, &upload);
    const pt_write_open_t *open = s_grant (self);
    assert_true (open->has_count && open->count == 0);
    assert_int_equal (s_take_all (self, bytes), 0);
    s_end (self, 0, &s_file);
    EXPECT (fd, 201, "Location: /v1/drive/uploads/9\r\n");
    close (fd);
}

static void test_bytes_go_to_drive_as_it_has_room (void **state)
{
    test_t *self = *state;
    enum { SIZE = 8 * 1024 * 1024 };
    static char sent[SIZE], got[SIZE + LIM_BULK_CHUNK];
    size_t at = 0, len = 0;
    bool is_last = false;
    for (size_t i = 0; i < SIZE; i++)
        sent[i] = (char)(i * 31 + (i >> 10));
    int fd = s_ask (self, "PATCH /v1/drive/uploads/9", TUS BYTES "Upload-Offset: 4\r\nContent-Length: 8388608\r\n\r\n");
    assert_true (s_grant (self)->offset == 4);
    /*  Without credit the window and what kernels hold is all that goes. */
    for (struct pollfd item = {.fd = fd, .events = POLLOUT}; at < SIZE && poll (&item, 1, PROBE_QUIET_MS) > 0;) {
        ssize_t n = send (fd, sent + at, SIZE - at, MSG_DONTWAIT | MSG_NOSIGNAL);
        at += n > 0 ? (size_t)n : 0;
    }
    while (fake_drive_heard (self->drive, PROBE_QUIET_MS))
        len += fake_drive_taken (self->drive, got + len, &is_last);
    assert_true (at < SIZE && len > LIM_BULK_WINDOW / 2 && len <= LIM_BULK_WINDOW);
    unsigned long before = probe_cpu (self->probe);
    assert_false (
        fake_drive_heard (self->drive, 3 * PROBE_QUIET_MS)); /* longer than its patience: it is not to blame */
    assert_true (probe_cpu (self->probe) - before <= 3);
    while (!is_last) {
        fake_drive_credit (self->drive, LIM_BULK_WINDOW);
        ssize_t n = at < SIZE ? send (fd, sent + at, SIZE - at, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
        at += n > 0 ? (size_t)n : 0;
        struct pollfd item = {.fd = fd, .events = POLLOUT};
        if (at < SIZE && poll (&item, 1, 0) > 0)
            continue;
        len += fake_drive_take (self->drive, got + len, &is_last);
    }
    assert_int_equal (len, SIZE);
    assert_memory_equal (sent, got, SIZE);
    s_end (self, SIZE + 4, NULL);
    EXPECT (fd, 204, "Upload-Offset: 8388612\r\n", "Connection: keep-alive\r\n");
    probe_say (fd, "GET /livez HTTP/1.1\r\n" H "\r\n");
    EXPECT (fd, 200, "ok");
    close (fd);
}

static void test_what_is_wrong_with_a_head_is_told_before_any_byte (void **state)
{
    test_t *self = *state;
    static const struct {
        const char *line, *more;
        int status;
        const char *text;
    } rows[] = {
        {"PATCH /v1/drive/uploads/9", "Tus-Resumable: 0.2.2\r\n" BYTES "Upload-Offset: 0\r\nContent-Length: 5\r\n\r\n",
         412, "Tus-Version: 1.0.0\r\n"},
        {"PATCH /v1/drive/uploads/9", TUS "Upload-Offset: 0\r\nContent-Length: 5\r\n\r\n", 415, "unsupported_media"},
        {"PATCH /v1/drive/uploads/9", TUS BYTES "Content-Length: 5\r\n\r\n", 400, "malformed"},
        {"PATCH /v1/drive/uploads/9", TUS BYTES "Upload-Offset: -1\r\nContent-Length: 5\r\n\r\n", 400, "malformed"},
        {"PATCH /v1/drive/uploads/9",
         TUS BYTES "Upload-Offset: 0\r\nUpload-Checksum: crc32 YQ==\r\nContent-Length: 5\r\n\r\n", 400, "malformed"},
        {"PATCH /v1/drive/uploads/x", TUS BYTES "Upload-Offset: 0\r\nContent-Length: 5\r\n\r\n", 404, "not_found"},
        {"POST /v1/drive/uploads", TUS "Content-Length: 0\r\n\r\n", 400, "malformed"},
        {"POST /v1/drive/uploads", TUS "Upload-Length: 1\r\nUpload-Defer-Length: 1\r\nContent-Length: 0\r\n\r\n", 400,
         "malformed"},
        {"POST /v1/drive/uploads", TUS "Upload-Length: 104857601\r\nContent-Length: 0\r\n\r\n", 413, "too_large"},
        {"POST /v1/drive/uploads?sname=x", "Content-Length: 5\r\n\r\n", 422, "unknown"},
        {"POST /v1/drive/uploads", "\r\n", 411, "length_required"},
        {"POST /v1/drive/uploads", "Content-Type: multipart/form-data\r\nContent-Length: 5\r\n\r\n", 400, "malformed"},
        {"POST /v1/drive/uploads", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 411, "length_required"},
        {"POST /v1/drive/uploads", "Transfer-Encoding: gzip, chunked\r\n\r\n", 411, "length_required"},
        {"POST /v1/rooms", "Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n", 411,
         "length_required"},
        {"DELETE /v1/drive/uploads/9", "Transfer-Encoding: chunked\r\n\r\n", 411, "length_required"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int fd = s_ask (self, rows[i].line, rows[i].more);
        probe_got_t *got = probe_answer (fd);
        if (probe_status (got) != rows[i].status || !strstr (got->bytes, rows[i].text))
            fail_msg ("%s %s: %s", rows[i].line, rows[i].more, got->bytes);
        close (fd);
    }
    int fd = probe_connect (self->probe->port);
    probe_say (fd,
               "PATCH /v1/drive/uploads/9 HTTP/1.1\r\n" H TUS BYTES "Upload-Offset: 0\r\nContent-Length: 5\r\n\r\n");
    EXPECT (fd, 401, "Connection: close\r\n");
    close (fd);
}

static void test_what_drive_refuses_keeps_its_name (void **state)
{
    test_t *self = *state;
    static const char patch[] = TUS BYTES "Upload-Offset: 4\r\nUpload-Checksum: sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=\r\n"
                                          "Content-Length: 5\r\n\r\nhello";
    static const struct {
        int err, status;
    } rows[] = {{PT_E_offset_conflict, 409}, {PT_E_gone, 410}, {PT_E_locked, 423}, {PT_E_quota_exceeded, 413}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int fd = s_ask (self, "PATCH /v1/drive/uploads/9", patch);
        harness_refuse (self->probe->harness, harness_expect (self->probe->harness, PT_OP_drive_write), rows[i].err,
                        NULL);
        EXPECT (fd, rows[i].status, "Tus-Resumable: 1.0.0\r\n");
        close (fd);
    }
    int fd = s_ask (self, "PATCH /v1/drive/uploads/9", patch);
    const pt_write_open_t *open = s_grant (self);
    assert_true (open->has_digest_kind && open->digest_kind == PT_digest_SHA1 && open->digest_value.len == 20);
    char bytes[LIM_BULK_CHUNK];
    s_take_all (self, bytes);
    fake_drive_end (self->drive, SV_BULK_ABORT,
                    &(pt_bulk_end_t){.status = PT_E_checksum_mismatch, .offset = 4, .has_offset = true});
    EXPECT (fd, 460, "HTTP/1.1 460 Checksum Mismatch\r\n", "Upload-Offset: 4\r\n");
    close (fd);
}

static void test_options_tell_of_tus (void **state)
{
    test_t *self = *state;
    int fd = s_ask (self, "OPTIONS /v1/drive/uploads", "Origin: http://x\r\n\r\n");
    EXPECT (fd, 204, "Tus-Version: 1.0.0\r\n", "Tus-Max-Size: 104857600\r\n", "checksum,termination\r\n",
            "Upload-Metadata", "Allow: POST, OPTIONS\r\n");
    close (fd);
}

/* ---- whole files ---------------------------------------------------------------------- */

static void test_a_whole_file_is_one_request (void **state)
{
    test_t *self = *state;
    char bytes[LIM_BULK_CHUNK];
    int fd = s_ask (self, "POST /v1/drive/uploads?name=a%20b.txt",
                    "Content-Type: text/plain\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    const pt_upload_create_t *create = s_create (self, 5);
    assert_true (create->length == 5 && pt_str_eq (create->name, PT_LIT ("a b.txt")));
    s_grant (self);
    EXPECT (fd, 100, "Continue");
    probe_say (fd, "hello");
    assert_int_equal (s_take_all (self, bytes), 5);
    assert_memory_equal (bytes, "hello", 5);
    s_end (self, 5, &s_file);
    EXPECT (fd, 201, "Location: /v1/drive/files/5\r\n", "{\"id\":\"5\"");
    close (fd);
}

/*  The length of the whole is said with a second write. */
static void s_settle_length (test_t *self, uint64_t length)
{
    char bytes[LIM_BULK_CHUNK];
    s_end (self, length, NULL);
    const pt_write_open_t *open = s_grant (self);
    assert_true (open->offset == length && open->has_length && open->length == length && open->has_count &&
                 open->count == 0);
    assert_int_equal (s_take_all (self, bytes), 0);
    s_end (self, length, &s_file);
}

static void test_the_file_of_a_form_is_found_in_it (void **state)
{
    test_t *self = *state;
    char bytes[LIM_BULK_CHUNK];
    static const char form[] = "--xx\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nnot this\r\n"
                               "--xx\r\nContent-Disposition: form-data; name=\"f\"; filename=\"C:\\\\dir\\me.txt\"\r\n"
                               "Content-Type: text/plain\r\n\r\nhel\r\n--xlo\r\n--xx--\r\n";
    char head[256];
    snprintf (head, sizeof head, "Content-Type: multipart/form-data; boundary=xx\r\nContent-Length: %zu\r\n\r\n",
              sizeof form - 1);
    /*  At once, and byte by byte. */
    for (unsigned is_slow = 0; is_slow < 2; is_slow++) {
        int fd = s_ask (self, "POST /v1/drive/uploads", head);
        for (size_t i = 0; is_slow && i < sizeof form - 1; i++)
            probe_send (fd, form + i, 1);
        if (!is_slow)
            probe_say (fd, form);
        const pt_upload_create_t *create = s_create (self, 0);
        assert_true (!create->has_length && pt_str_eq (create->name, PT_LIT ("me.txt")));
        assert_false (s_grant (self)->has_count);
        assert_int_equal (s_take_all (self, bytes), 10);
        assert_memory_equal (bytes, "hel\r\n--xlo", 10);
        s_settle_length (self, 10);
        EXPECT (fd, 201, "{\"id\":\"5\"");
        close (fd);
    }
}

static void test_a_form_without_a_file_is_refused (void **state)
{
    test_t *self = *state;
    int fd = s_ask (self, "POST /v1/drive/uploads",
                    "Content-Type: multipart/form-data; boundary=xx\r\nContent-Length: 64\r\n\r\n"
                    "--xx\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--xx--\r\n\r\n");
    EXPECT (fd, 400, "malformed");
    close (fd);
}

static void test_a_chunked_body_is_decoded_and_ends_the_connection (void **state)
{
    test_t *self = *state;
    char bytes[LIM_BULK_CHUNK];
    int fd = s_ask (self, "POST /v1/drive/uploads?name=x",
                    "Transfer-Encoding: chunked\r\n\r\n3;ext=1\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: x\r\n\r\n");
    s_create (self, 0);
    s_grant (self);
    assert_int_equal (s_take_all (self, bytes), 5);
    assert_memory_equal (bytes, "hello", 5);
    s_settle_length (self, 5);
    probe_got_t *got = probe_read (fd, PROBE_WAIT_MS);
    assert_int_equal (probe_status (got), 201);
    assert_true (got->is_closed);
    close (fd);
    fd = s_ask (self, "POST /v1/drive/uploads?name=x", "Transfer-Encoding: chunked\r\n\r\n3\r\nhelo\r\n");
    EXPECT (fd, 400, "malformed");
    close (fd);
}

/* ---- ends ------------------------------------------------------------------------------- */

static void test_a_client_that_leaves_gives_a_whole_file_up_but_no_upload_of_tus (void **state)
{
    test_t *self = *state;
    char bytes[LIM_BULK_CHUNK];
    bool is_last;
    int fd = s_ask (self, "POST /v1/drive/uploads?name=x", "Content-Length: 50\r\n\r\nhel");
    s_create (self, 50);
    s_grant (self);
    assert_int_equal (fake_drive_take (self->drive, bytes, &is_last), 3);
    close (fd);
    fake_drive_hear (self->drive, SV_BULK_ABORT);
    const harness_frame_t *call = harness_expect (self->probe->harness, PT_OP_drive_upload_delete);
    const pt_upload_ref_t *ref = call->msg;
    assert_true (ref->account == 7 && ref->id == 9);
    harness_answer (self->probe->harness, call, &(pt_empty_t){0});

    fd = s_ask (self, "PATCH /v1/drive/uploads/9", TUS BYTES "Upload-Offset: 0\r\nContent-Length: 50\r\n\r\nhel");
    s_grant (self);
    assert_int_equal (fake_drive_take (self->drive, bytes, &is_last), 3);
    close (fd);
    fake_drive_hear (self->drive, SV_BULK_ABORT);
}

/*  Whatever the client is doing, drive must not wait for us with the upload's lock held. */
static void test_a_client_that_leaves_before_the_grant_does_not_keep_drive_waiting (void **state)
{
    test_t *self = *state;
    static const struct linger cut = {.l_onoff = 1, .l_linger = 0};
    for (int is_reset = 0; is_reset < 2; is_reset++) {
        int fd =
            s_ask (self, "PATCH /v1/drive/uploads/9", TUS BYTES "Upload-Offset: 0\r\nContent-Length: 50\r\n\r\nhel");
        const harness_frame_t *call = harness_expect (self->probe->harness, PT_OP_drive_write);
        if (is_reset)
            setsockopt (fd, SOL_SOCKET, SO_LINGER, &cut, sizeof cut);
        close (fd);
        assert_int_equal (probe_status (probe_get (self->probe->port, "GET /livez HTTP/1.1\r\n" H "\r\n")), 200);
        const pt_bulk_grant_t grant = fake_drive_grant (self->drive, 0, LIM_BULK_WINDOW);
        harness_answer (self->probe->harness, call, &grant);
        fake_drive_hear (self->drive, SV_BULK_HELLO);
        do
            assert_true (fake_drive_heard (self->drive, PROBE_WAIT_MS));
        while (self->drive->head.kind == SV_BULK_DATA);
        assert_int_equal (self->drive->head.kind, SV_BULK_ABORT);
    }
}

static void test_who_is_signed_out_brings_no_more_bytes (void **state)
{
    test_t *self = *state;
    char bytes[LIM_BULK_CHUNK];
    bool is_last;
    int fd = s_ask (self, "PATCH /v1/drive/uploads/9", TUS BYTES "Upload-Offset: 0\r\nContent-Length: 50\r\n\r\nhel");
    s_grant (self);
    assert_int_equal (fake_drive_take (self->drive, bytes, &is_last), 3);
    assert_true (probe_sign_out (self->probe));
    probe_say (fd, "lo");
    EXPECT (fd, 401, "token_revoked");
    fake_drive_hear (self->drive, SV_BULK_ABORT);
    close (fd);
}

static void test_a_client_that_sends_too_slowly_is_given_up (void **state)
{
    test_t *self = *state;
    int fd = s_ask (self, "PATCH /v1/drive/uploads/9", TUS BYTES "Upload-Offset: 0\r\nContent-Length: 50\r\n\r\nhel");
    s_grant (self);
    EXPECT (fd, 408, "body_timeout", "Connection: close\r\n");
    close (fd);
}

static void test_a_refusal_in_the_middle_reaches_a_client_that_still_sends (void **state)
{
    test_t *self = *state;
    static char bytes[1024 * 1024];
    int fd = s_ask (self, "PATCH /v1/drive/uploads/9", TUS BYTES "Upload-Offset: 0\r\nContent-Length: 4194304\r\n\r\n");
    s_grant (self);
    probe_send (fd, bytes, 64 * 1024);
    fake_drive_end (self->drive, SV_BULK_ABORT, &(pt_bulk_end_t){.status = PT_E_media_refused});
    probe_send (fd, bytes, sizeof bytes);
    EXPECT (fd, 415, "media_refused", "Connection: close\r\n");
    close (fd);
}

static void test_a_replica_that_is_lost_is_said_so (void **state)
{
    test_t *self = *state;
    int fd = s_ask (self, "PATCH /v1/drive/uploads/9", TUS BYTES "Upload-Offset: 0\r\nContent-Length: 3\r\n\r\nhel");
    s_grant (self);
    fake_drive_destroy (&self->drive);
    EXPECT (fd, 503, "worker_lost", "Retry-After");
    close (fd);
}

/* ---- pictures ------------------------------------------------------------------------------ */

static void test_a_picture_is_answered_with_the_account_that_shows_it (void **state)
{
    test_t *self = *state;
    char bytes[LIM_BULK_CHUNK];
    int fd = s_ask (self, "PUT /v1/accounts/me/avatar", "Content-Type: image/png\r\nContent-Length: 5\r\n\r\nhello");
    const pt_upload_create_t *create = s_create (self, 5);
    assert_true (create->purpose == PT_upload_purpose_AVATAR);
    s_grant (self);
    assert_int_equal (s_take_all (self, bytes), 5);
    s_end (self, 5, &s_file);
    const harness_frame_t *call = harness_expect (self->probe->harness, PT_OP_auth_account_get);
    const pt_account_ref_t *ref = call->msg;
    assert_true (ref->account == 7 && !ref->has_id);
    const pt_account_t account = {.id = 7, .avatar = PT_LIT ("/v1/avatars/u"), .has_avatar = true};
    harness_answer (self->probe->harness, call, &account);
    EXPECT (fd, 200, "\"avatar\":\"/v1/avatars/u\"");
    close (fd);
    fd = s_ask (self, "DELETE /v1/accounts/me/avatar", "\r\n");
    call = harness_expect (self->probe->harness, PT_OP_drive_avatar_delete);
    assert_true (((const pt_account_only_t *)call->msg)->account == 7);
    harness_answer (self->probe->harness, call, &(pt_empty_t){0});
    assert_int_equal (probe_status (probe_answer (fd)), 204);
    close (fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown (f, s_setup, test_close)

int main (void)
{
    signal (SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        TEST (test_an_upload_is_begun_and_can_be_found),
        TEST (test_the_length_may_be_told_later),
        TEST (test_an_empty_file_is_complete_when_it_is_begun),
        TEST (test_bytes_go_to_drive_as_it_has_room),
        TEST (test_what_is_wrong_with_a_head_is_told_before_any_byte),
        TEST (test_what_drive_refuses_keeps_its_name),
        TEST (test_options_tell_of_tus),
        TEST (test_a_whole_file_is_one_request),
        TEST (test_the_file_of_a_form_is_found_in_it),
        TEST (test_a_form_without_a_file_is_refused),
        TEST (test_a_chunked_body_is_decoded_and_ends_the_connection),
        TEST (test_a_client_that_leaves_gives_a_whole_file_up_but_no_upload_of_tus),
        TEST (test_a_client_that_leaves_before_the_grant_does_not_keep_drive_waiting),
        cmocka_unit_test_setup_teardown (test_who_is_signed_out_brings_no_more_bytes, s_setup_patient, test_close),
        TEST (test_a_client_that_sends_too_slowly_is_given_up),
        TEST (test_a_refusal_in_the_middle_reaches_a_client_that_still_sends),
        TEST (test_a_replica_that_is_lost_is_said_so),
        TEST (test_a_picture_is_answered_with_the_account_that_shows_it),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
