/*  drive_test - parley-drive against a store and a gateway that are played here:
    uploads in pieces, what breaks them off, what is refused, reading, cleaning,
    and death in every phase. */

#include "drive_fixture.h"
#include "drive_ops.h"
#include "sv_crash.h"
#include <fcntl.h>
#include <pthread.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BIG (3u * 1024 * 1024 + 17)

static int s_set_up (void **state)
{
    static const char *const args[] = {"--upload-max", "8MiB", "--avatar-max", "64KiB", "--sweep-interval",
                                       "50ms",         NULL};
    *state = fixture_new (args);
    return 0;
}

static int s_tear_down (void **state)
{
    fixture_destroy (*state);
    return 0;
}

/*  Reads a whole file through a stream and compares. */
static void s_assert_reads (fixture_t *f, uint64_t file, uint64_t first, const uint8_t *expected, uint64_t len)
{
    static uint8_t body[LIM_BULK_CHUNK];
    const pt_read_open_t ask = {.account = FIXTURE_ME,
                                .has_account = true,
                                .file = file,
                                .has_file = true,
                                .first = first,
                                .count = len,
                                .has_count = true,
                                .peer = 99};
    const pt_bulk_grant_t *grant = fixture_ok (f, PT_OP_drive_read, &ask);
    assert_true (grant->has_count && grant->count == len);
    assert_true (grant->has_file && grant->file->id == file);
    fixture_connect (f, grant);
    fixture_hello (f, true);
    uint64_t got = 0, frames = 0;
    for (bool is_last = false; !is_last; frames++) {
        size_t piece;
        sv_bulk_head_t head = fixture_receive (f, body, &piece);
        assert_int_equal (head.kind, SV_BULK_DATA);
        assert_true (head.seq == frames && head.offset == got && got + piece <= len);
        assert_memory_equal (body, expected + got, piece);
        got += piece;
        is_last = (head.flags & SV_BULK_LAST) != 0;
        const sv_bulk_head_t credit = {.kind = SV_BULK_CREDIT,
                                       .stream = f->stream,
                                       .seq = frames + 1 + LIM_BULK_FRAMES,
                                       .offset = got + LIM_BULK_WINDOW};
        fixture_send (f, &credit, NULL, 0);
    }
    assert_true (got == len);
    const sv_bulk_head_t end = {.kind = SV_BULK_END, .stream = f->stream};
    fixture_send (f, &end, "\x81\xa6status\x00", 9);
}

/*  Waits until store was told that so much was removed. */
static void s_await_swept (fixture_t *f, unsigned count)
{
    uint64_t end_ms = sv_now_ms () + HARNESS_WAIT_MS;
    while (f->swept < count && sv_now_ms () < end_ms)
        fixture_pump (f);
    assert_true (f->swept >= count);
}

static bool s_has_upload (const fixture_t *f, uint64_t upload)
{
    char path[256], name[DRIVE_NAME_UPLOAD];
    drive_name_upload (upload, name);
    snprintf (path, sizeof path, "%s/uploads/%s", f->files, name);
    return access (path, F_OK) == 0;
}

static bool s_has_blob (const fixture_t *f, const char *blob)
{
    char path[256];
    fixture_path (f, blob, path, sizeof path);
    return access (path, F_OK) == 0;
}

/*  ---- tables ---------------------------------------------------------------------- */

static void every_operation_of_the_schema_has_one_handler (void **state)
{
    (void)state;
    size_t expected = 0;
    const pt_call_t *call;
    for (size_t i = 0; (call = pt_call_at (i)); i++) {
        if (call->service != PT_SERVICE_drive)
            continue;
        size_t found = 0;
        for (size_t k = 0; k < drive_op_count; k++)
            found += drive_ops[k].opcode == call->opcode && drive_ops[k].fn != NULL;
        if (found != 1)
            fail_msg ("%s has %zu handlers", call->name, found);
        expected++;
    }
    assert_int_equal (drive_op_count, expected);
}

/*  ---- uploads ------------------------------------------------------------------------ */

static void an_upload_in_one_stream_becomes_a_file_that_reads_the_same (void **state)
{
    fixture_t *f = *state;
    uint8_t *bytes = fixture_bytes (BIG, 1);
    uint64_t upload = fixture_create (f, "../../etc/passwd", BIG, PT_upload_purpose_FILE);
    pt_bulk_end_t end = fixture_put (f, upload, 0, bytes, BIG);
    assert_int_equal (end.status, 0);
    assert_true (end.has_upload && end.upload->has_file && end.upload->offset == BIG);
    assert_int_equal (end.upload->file->size, BIG);
    assert_true (pt_str_eq (end.upload->file->name, pt_str ("../../etc/passwd")));
    assert_false (s_has_upload (f, upload));
    assert_true (s_has_blob (f, f->rows[0].blob));
    s_assert_reads (f, 1, 0, bytes, BIG);
    s_assert_reads (f, 1, 5, bytes + 5, 0);
    s_assert_reads (f, 1, BIG - 1, bytes + BIG - 1, 1);
    s_assert_reads (f, 1, 262143, bytes + 262143, 262146);
    free (bytes);
}

static void an_upload_in_pieces_goes_on_where_it_stands (void **state)
{
    fixture_t *f = *state;
    uint8_t *bytes = fixture_bytes (BIG, 2);
    uint64_t upload = fixture_create (f, "a", BIG, PT_upload_purpose_FILE);
    static const size_t cuts[] = {0, 1, 300000, 300000, BIG - 1, BIG};
    for (size_t i = 0; i + 1 < COUNT (cuts); i++) {
        pt_bulk_end_t end = fixture_put (f, upload, cuts[i], bytes + cuts[i], cuts[i + 1] - cuts[i]);
        assert_int_equal (end.status, 0);
        assert_true (end.has_offset && end.offset == cuts[i + 1]);
        assert_true (fixture_get (f, upload)->offset == cuts[i + 1]);
    }
    assert_int_equal (f->file_count, 1);
    s_assert_reads (f, 1, 0, bytes, BIG);
    free (bytes);
}

static void a_length_that_was_not_known_completes_the_upload_when_it_is_told (void **state)
{
    fixture_t *f = *state;
    const pt_upload_create_t ask = {.account = FIXTURE_ME, .name = PT_LIT ("a"), .key = PT_LIT ("k")};
    uint64_t upload = ((const pt_upload_t *)fixture_ok (f, PT_OP_drive_upload_create, &ask))->id;
    pt_bulk_end_t end = fixture_put (f, upload, 0, "hello", 5);
    assert_int_equal (end.status, 0);
    assert_int_equal (f->file_count, 0);
    pt_write_open_t write = fixture_write (upload, 5);
    write.length = 5;
    write.has_length = true;
    fixture_open_write (f, &write);
    fixture_give (f, "", 0, true);
    end = fixture_end (f);
    assert_int_equal (end.status, 0);
    assert_true (end.upload->has_file);
    assert_true (pt_str_eq (end.upload->file->type, PT_LIT ("text/plain")));
}

static void an_empty_upload_is_a_file_at_once (void **state)
{
    fixture_t *f = *state;
    fixture_create (f, "empty", 0, PT_upload_purpose_FILE);
    assert_int_equal (f->file_count, 1);
    s_assert_reads (f, 1, 0, (const uint8_t *)"", 0);
}

static void the_same_content_is_kept_once (void **state)
{
    fixture_t *f = *state;
    uint64_t first = fixture_create (f, "a", 5, PT_upload_purpose_FILE);
    assert_int_equal (fixture_put (f, first, 0, "twice", 5).status, 0);
    uint64_t second = fixture_create (f, "b", 5, PT_upload_purpose_FILE);
    assert_int_equal (fixture_put (f, second, 0, "twice", 5).status, 0);
    char own[LIM_BLOB + 1];
    memcpy (own, f->rows[0].blob, sizeof own);
    drive_name_upload (second, own + 2 * LIM_HASH + 1);
    assert_true (s_has_blob (f, f->rows[0].blob));
    assert_false (s_has_blob (f, own));
    s_assert_reads (f, 2, 0, (const uint8_t *)"twice", 5);
}

static void a_client_that_goes_leaves_what_it_brought (void **state)
{
    fixture_t *f = *state;
    uint8_t *bytes = fixture_bytes (BIG, 3);
    uint64_t upload = fixture_create (f, "a", BIG, PT_upload_purpose_FILE);
    const pt_write_open_t ask = fixture_write (upload, 0);
    fixture_open_write (f, &ask);
    fixture_give (f, bytes, 2000000, false);
    const sv_bulk_head_t abort = {.kind = SV_BULK_ABORT, .stream = f->stream};
    fixture_send (f, &abort, "\x81\xa6status\x05", 9);
    const pt_drive_progress_t *event;
    do
        event = harness_event (f->harness, PT_EV_drive_progress)->msg;
    while (!pt_str_eq (event->state, PT_LIT ("paused")));
    uint64_t offset = fixture_get (f, upload)->offset;
    assert_in_range (offset, LIM_BULK_WINDOW / 2, 2000000);
    assert_true (event->acked == offset && event->total == BIG && event->account == FIXTURE_ME);
    assert_int_equal (fixture_put (f, upload, offset, bytes + offset, BIG - offset).status, 0);
    s_assert_reads (f, 1, 0, bytes, BIG);
    free (bytes);
}

/*  As a gateway that is killed: nothing tells of its end but the connection. */
static void a_gateway_that_vanishes_frees_the_upload (void **state)
{
    fixture_t *f = *state;
    uint8_t *bytes = fixture_bytes (BIG, 9);
    uint64_t upload = fixture_create (f, "a", BIG, PT_upload_purpose_FILE);
    pt_write_open_t ask = fixture_write (upload, 0);
    fixture_open_write (f, &ask);
    fixture_give (f, bytes, LIM_BULK_WINDOW, false);
    /*  Granted anew means that something was written. */
    static uint8_t body[LIM_BULK_CHUNK];
    size_t len;
    (void)fixture_receive (f, body, &len);
    fixture_hang_up (f);
    uint64_t start_ms = sv_now_ms ();
    int status = PT_E_locked;
    while (status == PT_E_locked && sv_now_ms () < start_ms + HARNESS_WAIT_MS) {
        ask.offset = fixture_get (f, upload)->offset;
        const harness_frame_t *reply =
            harness_reply (f->harness, harness_request (f->harness, PT_OP_drive_write, &ask));
        status = (int)reply->envelope.status;
        status = status == PT_E_offset_conflict ? PT_E_locked : status;
        if (status == 0)
            fixture_connect (f, reply->msg);
    }
    print_message ("free after %u ms\n", (unsigned)(sv_now_ms () - start_ms));
    assert_int_equal (status, 0);
    assert_in_range (ask.offset, 1, LIM_BULK_WINDOW);
    fixture_hello (f, false);
    fixture_give (f, bytes + ask.offset, BIG - ask.offset, true);
    assert_int_equal (fixture_end (f).status, 0);
    s_assert_reads (f, 1, 0, bytes, BIG);
    free (bytes);
}

/*  As a gateway that died before it could say HELLO: no connection tells of its end. */
static void a_grant_that_nobody_takes_up_frees_the_upload (void **state)
{
    fixture_t *f = *state;
    uint64_t upload = fixture_create (f, "a", 5, PT_upload_purpose_FILE);
    const pt_write_open_t lost = fixture_write (upload, 0);
    pt_write_open_t ask = lost;
    const pt_bulk_grant_t *grant = fixture_ok (f, PT_OP_drive_write, &lost);
    uint64_t stream = grant->stream, start_ms = sv_now_ms ();
    ask.peer = 100;
    fixture_refused (f, PT_OP_drive_write, &ask, PT_E_locked);
    int status = PT_E_locked;
    while (status == PT_E_locked && sv_now_ms () < start_ms + HARNESS_WAIT_MS) {
        const harness_frame_t *reply =
            harness_reply (f->harness, harness_request (f->harness, PT_OP_drive_write, &ask));
        status = (int)reply->envelope.status;
        if (status == 0)
            fixture_connect (f, reply->msg);
    }
    assert_int_equal (status, 0);
    assert_in_range (sv_now_ms () - start_ms, LIM_BULK_JOIN_MS, 2 * LIM_BULK_JOIN_MS);
    /*  Who comes too late is told to ask again, not that the upload is gone. */
    uint64_t mine = f->stream;
    f->stream = stream;
    fixture_hello (f, false);
    assert_int_equal (fixture_end (f).status, PT_E_worker_lost);
    f->stream = mine;
    fixture_hello (f, false);
    fixture_give (f, "hello", 5, true);
    assert_int_equal (fixture_end (f).status, 0);
}

/*  ---- the scanner ---------------------------------------------------------------------- */

typedef struct {
    int listener;
    const char *answer; /* to each stream */
} scanner_t;

/*  Reads what comes and answers, for as many streams as are asked. */
static void *s_scan (void *arg)
{
    const scanner_t *scanner = arg;
    static char bytes[65536];
    int fd;
    while ((fd = accept (scanner->listener, NULL, NULL)) >= 0) {
        ssize_t got;
        do
            got = recv (fd, bytes, sizeof bytes, 0);
        while (got > 0 && (got < 4 || memcmp (bytes + got - 4, "\0\0\0\0", 4) != 0));
        (void)!send (fd, scanner->answer, strlen (scanner->answer) + 1, MSG_NOSIGNAL);
        close (fd);
    }
    return NULL;
}

static void what_the_scanner_finds_is_refused_and_given_up (void **state)
{
    (void)state;
    char path[] = "/tmp/drive_scan_XXXXXX", socket_path[sizeof path + 8];
    assert_non_null (mkdtemp (path));
    snprintf (socket_path, sizeof socket_path, "%s/clamd", path);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy (address.sun_path, socket_path, sizeof socket_path);
    scanner_t scanner = {socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "stream: Eicar FOUND"};
    assert_int_equal (bind (scanner.listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal (listen (scanner.listener, 4), 0);
    pthread_t thread;
    assert_int_equal (pthread_create (&thread, NULL, s_scan, &scanner), 0);
    const char *const args[] = {"--clamd-socket", socket_path, "--sweep-interval", "50ms", NULL};
    fixture_t *f = fixture_new (args);
    uint64_t upload = fixture_create (f, "a", 5, PT_upload_purpose_FILE);
    pt_bulk_end_t end = fixture_put (f, upload, 0, "virus", 5);
    assert_int_equal (end.status, PT_E_infected);
    assert_true (pt_str_eq (end.detail, PT_LIT ("stream: Eicar FOUND")));
    s_await_swept (f, 1);
    assert_false (s_has_upload (f, upload));
    scanner.answer = "stream: OK";
    upload = fixture_create (f, "a", 5, PT_upload_purpose_FILE);
    assert_int_equal (fixture_put (f, upload, 0, "clean", 5).status, 0);
    /*  Away: nothing passes, and nothing is lost. */
    shutdown (scanner.listener, SHUT_RDWR);
    close (scanner.listener);
    pthread_join (thread, NULL);
    upload = fixture_create (f, "a", 5, PT_upload_purpose_FILE);
    assert_int_equal (fixture_put (f, upload, 0, "later", 5).status, PT_E_unavailable);
    assert_true (s_has_upload (f, upload));
    assert_int_equal (f->file_count, 1);
    fixture_destroy (f);
    unlink (socket_path);
    rmdir (path);
}

/*  ---- what is refused ------------------------------------------------------------------ */

static void a_wrong_offset_is_a_conflict (void **state)
{
    fixture_t *f = *state;
    uint64_t upload = fixture_create (f, "a", 10, PT_upload_purpose_FILE);
    assert_int_equal (fixture_put (f, upload, 0, "12345", 5).status, 0);
    static const uint64_t offsets[] = {0, 4, 6, 10, LIM_SEQ};
    for (size_t i = 0; i < COUNT (offsets); i++) {
        const pt_write_open_t ask = fixture_write (upload, offsets[i]);
        fixture_refused (f, PT_OP_drive_write, &ask, PT_E_offset_conflict);
    }
    assert_true (fixture_get (f, upload)->offset == 5);
}

static void bytes_that_do_not_match_their_digest_are_thrown_away (void **state)
{
    fixture_t *f = *state;
    static const struct {
        pt_digest_t kind;
        size_t size;
    } kinds[] = {{PT_digest_SHA1, 20}, {PT_digest_SHA256, 32}, {PT_digest_MD5, 16}};
    uint64_t upload = fixture_create (f, "a", 15, PT_upload_purpose_FILE);
    for (size_t i = 0; i < COUNT (kinds); i++) {
        uint8_t value[LIM_SECRET_HASH];
        drive_digest_t *digest = drive_digest_new (kinds[i].kind);
        assert_int_equal (drive_digest_add (digest, "hello", 5), 0);
        assert_int_equal (drive_digest_end (digest, value), 0);
        drive_digest_destroy (&digest);
        pt_write_open_t ask = fixture_write (upload, 5 * i);
        ask.has_digest_kind = ask.has_digest_value = true;
        ask.digest_kind = kinds[i].kind;
        ask.digest_value = (pt_str_t){(const char *)value, (uint32_t)kinds[i].size};
        fixture_open_write (f, &ask);
        fixture_give (f, "hullo", 5, true);
        pt_bulk_end_t end = fixture_end (f);
        assert_string_equal (pt_error_name ((int)end.status), pt_error_name (PT_E_checksum_mismatch));
        assert_true (end.offset == 5 * i && fixture_get (f, upload)->offset == 5 * i);
        fixture_open_write (f, &ask);
        fixture_give (f, "hello", 5, true);
        assert_int_equal (fixture_end (f).status, 0);
        ask.digest_value.len--;
        ask.offset = 5 * i + 5;
        if (i + 1 < COUNT (kinds))
            fixture_refused (f, PT_OP_drive_write, &ask, PT_E_invalid);
    }
    s_assert_reads (f, 1, 0, (const uint8_t *)"hellohellohello", 15);
}

static void more_than_was_announced_is_too_large (void **state)
{
    fixture_t *f = *state;
    uint64_t upload = fixture_create (f, "a", 10, PT_upload_purpose_FILE);
    pt_write_open_t ask = fixture_write (upload, 0);
    ask.count = 11;
    ask.has_count = true;
    fixture_refused (f, PT_OP_drive_write, &ask, PT_E_too_large);
    ask.has_count = false;
    fixture_open_write (f, &ask);
    fixture_give (f, "12345678901", 11, true);
    assert_string_equal (pt_error_name ((int)fixture_end (f).status), pt_error_name (PT_E_too_large));
    const pt_upload_create_t large = {.account = FIXTURE_ME,
                                      .name = PT_LIT ("a"),
                                      .length = 8u * 1024 * 1024 + 1,
                                      .has_length = true,
                                      .key = PT_LIT ("k")};
    fixture_refused (f, PT_OP_drive_upload_create, &large, PT_E_too_large);
}

static void two_writers_of_one_upload_do_not_meet (void **state)
{
    fixture_t *f = *state;
    uint64_t upload = fixture_create (f, "a", 10, PT_upload_purpose_FILE);
    pt_write_open_t ask = fixture_write (upload, 0);
    fixture_open_write (f, &ask);
    ask.peer = 100;
    fixture_refused (f, PT_OP_drive_write, &ask, PT_E_locked);
    fixture_give (f, "1234567890", 10, true);
    assert_int_equal (fixture_end (f).status, 0);
}

static void a_request_that_comes_twice_is_granted_the_same_stream (void **state)
{
    fixture_t *f = *state;
    uint64_t upload = fixture_create (f, "a", 10, PT_upload_purpose_FILE);
    const pt_write_open_t ask = fixture_write (upload, 0);
    uint64_t stream = ((const pt_bulk_grant_t *)fixture_ok (f, PT_OP_drive_write, &ask))->stream;
    const pt_bulk_grant_t *again = fixture_ok (f, PT_OP_drive_write, &ask);
    assert_true (again->stream == stream);
}

static void a_name_is_data_but_has_no_control_characters (void **state)
{
    fixture_t *f = *state;
    static const char *const bad[] = {"a\nb", "\x7f", " ", "a\rSet-Cookie: x"};
    for (size_t i = 0; i < COUNT (bad); i++) {
        const pt_upload_create_t ask = {.account = FIXTURE_ME, .name = pt_str (bad[i]), .key = PT_LIT ("k")};
        fixture_refused (f, PT_OP_drive_upload_create, &ask, PT_E_invalid);
    }
    static const char *const good[] = {"/etc/passwd", "..", ".", "a/../../b", "%2e%2e", "\xc3\xa9\xe2\x80\xae.exe"};
    for (size_t i = 0; i < COUNT (good); i++) {
        uint64_t upload = fixture_create (f, good[i], 1, PT_upload_purpose_FILE);
        assert_int_equal (fixture_put (f, upload, 0, "x", 1).status, 0);
    }
    s_assert_reads (f, COUNT (good), 0, (const uint8_t *)"x", 1);
}

static void a_picture_must_be_one_and_small (void **state)
{
    fixture_t *f = *state;
    static const uint8_t png[] = "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x20\0\0\0\x10\x08\x06\0\0\0\x9a\x2b\x2a\x2b";
    static const uint8_t wide[] = "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x40\0\0\0\x04\x01\x08\x06\0\0\0\x9a\x2b\x2a\x2b";
    static const struct {
        const void *bytes;
        size_t len;
        int err;
    } rows[] = {{png, sizeof png - 1, 0},
                {wide, sizeof wide - 1, PT_E_too_large},
                {"<svg xmlns='http://www.w3.org/2000/svg'/>", 41, PT_E_media_refused},
                {png, 20, PT_E_media_refused}};
    for (size_t i = 0; i < COUNT (rows); i++) {
        uint64_t upload = fixture_create (f, "me", rows[i].len, PT_upload_purpose_AVATAR);
        pt_bulk_end_t end = fixture_put (f, upload, 0, rows[i].bytes, rows[i].len);
        assert_int_equal (end.status, rows[i].err);
        if (rows[i].err == 0)
            continue;
        assert_true (end.has_detail);
        s_await_swept (f, f->swept + 1);
        assert_false (s_has_upload (f, upload));
    }
    assert_int_equal (f->file_count, 1);
    const pt_upload_create_t large = {.account = FIXTURE_ME,
                                      .name = PT_LIT ("me"),
                                      .length = 64 * 1024 + 1,
                                      .has_length = true,
                                      .purpose = PT_upload_purpose_AVATAR,
                                      .has_purpose = true,
                                      .key = PT_LIT ("k")};
    fixture_refused (f, PT_OP_drive_upload_create, &large, PT_E_too_large);
}

static void a_range_behind_the_end_is_refused (void **state)
{
    fixture_t *f = *state;
    uint64_t upload = fixture_create (f, "a", 5, PT_upload_purpose_FILE);
    assert_int_equal (fixture_put (f, upload, 0, "hello", 5).status, 0);
    pt_read_open_t ask = {
        .account = FIXTURE_ME, .has_account = true, .file = 1, .has_file = true, .first = 5, .peer = 99};
    fixture_refused (f, PT_OP_drive_read, &ask, PT_E_range_not_satisfiable);
    ask.file = 2;
    fixture_refused (f, PT_OP_drive_read, &ask, PT_E_not_found);
    ask.has_file = false;
    fixture_refused (f, PT_OP_drive_read, &ask, PT_E_invalid);
}

static void bytes_that_are_missing_are_no_file_that_is_empty (void **state)
{
    fixture_t *f = *state;
    char path[256];
    uint64_t upload = fixture_create (f, "a", 5, PT_upload_purpose_FILE);
    assert_int_equal (fixture_put (f, upload, 0, "hello", 5).status, 0);
    fixture_path (f, f->rows[0].blob, path, sizeof path);
    const pt_read_open_t ask = {
        .account = FIXTURE_ME, .has_account = true, .file = 1, .has_file = true, .first = 0, .peer = 99};
    assert_int_equal (truncate (path, 2), 0);
    fixture_connect (f, fixture_ok (f, PT_OP_drive_read, &ask));
    fixture_hello (f, true);
    assert_int_equal (fixture_end (f).status, PT_E_internal);
    assert_int_equal (unlink (path), 0);
    fixture_refused (f, PT_OP_drive_read, &ask, PT_E_unavailable);
}

/*  ---- store in trouble ------------------------------------------------------------------ */

static void a_complete_upload_that_store_could_not_take_is_a_file_when_it_is_asked_for (void **state)
{
    fixture_t *f = *state;
    uint64_t upload = fixture_create (f, "a", 5, PT_upload_purpose_FILE);
    f->refuse_file = PT_E_unavailable;
    pt_bulk_end_t end = fixture_put (f, upload, 0, "hello", 5);
    /*  A transient refusal may have been tried again within the call. */
    if (end.status != 0) {
        assert_int_equal (end.status, PT_E_unavailable);
        assert_int_equal (f->file_count, 0);
    }
    assert_true (fixture_get (f, upload)->has_file);
    s_assert_reads (f, 1, 0, (const uint8_t *)"hello", 5);
}

static void an_upload_that_is_over_in_the_end_leaves_nothing (void **state)
{
    fixture_t *f = *state;
    uint64_t upload = fixture_create (f, "a", 5, PT_upload_purpose_FILE);
    f->refuse_file = PT_E_gone;
    assert_int_equal (fixture_put (f, upload, 0, "hello", 5).status, PT_E_gone);
    char blob[LIM_BLOB + 1] = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824-";
    drive_name_upload (upload, blob + strlen (blob));
    assert_false (s_has_blob (f, blob));
    assert_false (s_has_upload (f, upload));
}

static void an_upload_given_up_is_removed (void **state)
{
    fixture_t *f = *state;
    uint64_t upload = fixture_create (f, "a", 10, PT_upload_purpose_FILE);
    const pt_write_open_t ask = fixture_write (upload, 0);
    fixture_open_write (f, &ask);
    fixture_give (f, "12345", 5, false);
    /*  The deletion comes another way than the stream, and must not overtake its HELLO. */
    (void)harness_event (f->harness, PT_EV_drive_progress);
    const pt_upload_ref_t ref = {.account = FIXTURE_ME, .id = upload};
    fixture_ok (f, PT_OP_drive_upload_delete, &ref);
    assert_int_equal (fixture_end (f).status, PT_E_gone);
    s_await_swept (f, 1);
    assert_false (s_has_upload (f, upload));
    fixture_refused (f, PT_OP_drive_upload_get, &ref, PT_E_gone);
}

static void a_doomed_blob_is_removed_before_store_forgets_it (void **state)
{
    fixture_t *f = *state;
    uint64_t upload = fixture_create (f, "a", 5, PT_upload_purpose_FILE);
    assert_int_equal (fixture_put (f, upload, 0, "hello", 5).status, 0);
    memcpy (f->doomed, f->rows[0].blob, sizeof f->doomed);
    s_await_swept (f, 1);
    assert_false (s_has_blob (f, f->rows[0].blob));
}

static void names_that_are_paths_are_not_removed (void **state)
{
    fixture_t *f = *state;
    char path[256];
    snprintf (path, sizeof path, "%s/precious", f->dir);
    int fd = open (path, O_CREAT | O_WRONLY, 0600);
    assert_true (fd >= 0);
    close (fd);
    snprintf (f->doomed, sizeof f->doomed, "../../precious");
    for (unsigned i = 0; i < 20; i++)
        fixture_pump (f);
    assert_int_equal (access (path, F_OK), 0);
    assert_int_equal (f->swept, 0);
}

/*  ---- the walk ---------------------------------------------------------------------------- */

static void what_nobody_knows_is_removed_when_it_is_old (void **state)
{
    static const char *const args[] = {"--walk-interval", "20ms", "--walk-age", "0s", NULL};
    fixture_t *f = fixture_new (args);
    (void)state;
    uint64_t upload = fixture_create (f, "a", 5, PT_upload_purpose_FILE);
    uint64_t part = fixture_create (f, "b", 5, PT_upload_purpose_FILE);
    assert_int_equal (fixture_put (f, upload, 0, "hello", 5).status, 0);
    assert_int_equal (fixture_put (f, part, 0, "hel", 3).status, 0);
    assert_true (s_has_blob (f, f->rows[0].blob) && s_has_upload (f, part));
    f->knows_nothing = true;
    uint64_t end_ms = sv_now_ms () + HARNESS_WAIT_MS;
    while ((s_has_blob (f, f->rows[0].blob) || s_has_upload (f, part)) && sv_now_ms () < end_ms)
        fixture_pump (f);
    assert_false (s_has_blob (f, f->rows[0].blob));
    assert_false (s_has_upload (f, part));
    fixture_destroy (f);
}

/*  ---- death ---------------------------------------------------------------------------------- */

/*  Brings the rest of an upload after a new start, and reads all. */
static void s_assert_goes_on (fixture_t *f, uint64_t upload, const uint8_t *bytes, size_t len)
{
    const pt_upload_t *found = fixture_get (f, upload);
    uint64_t offset = found->offset;
    if (!found->has_file)
        assert_int_equal (fixture_put (f, upload, offset, bytes + offset, len - offset).status, 0);
    assert_int_equal (f->file_count, 1);
    s_assert_reads (f, 1, 0, bytes, len);
}

static void death_in_the_middle_of_a_stream_keeps_what_was_safe (void **state)
{
    fixture_t *f = *state;
    uint8_t *bytes = fixture_bytes (BIG, 4);
    uint64_t upload = fixture_create (f, "a", BIG, PT_upload_purpose_FILE);
    assert_int_equal (fixture_put (f, upload, 0, bytes, 1000000).status, 0);
    const pt_write_open_t ask = fixture_write (upload, 1000000);
    fixture_open_write (f, &ask);
    fixture_give (f, bytes + 1000000, 1500000, false);
    fixture_kill (f);
    fixture_start (f);
    assert_in_range (fixture_get (f, upload)->offset, 1000000, 2500000);
    assert_int_equal (f->file_count, 0);
    s_assert_goes_on (f, upload, bytes, BIG);
    free (bytes);
}

/*  What came under a digest counts together or not at all. */
static void death_in_the_middle_of_a_stream_with_a_digest_keeps_nothing_of_it (void **state)
{
    fixture_t *f = *state;
    uint8_t *bytes = fixture_bytes (BIG, 5);
    uint64_t upload = fixture_create (f, "a", BIG, PT_upload_purpose_FILE);
    pt_write_open_t ask = fixture_write (upload, 0);
    ask.has_digest_kind = ask.has_digest_value = true;
    ask.digest_kind = PT_digest_SHA256;
    ask.digest_value = (pt_str_t){(const char *)bytes, LIM_HASH};
    fixture_open_write (f, &ask);
    fixture_give (f, bytes, 2000000, false);
    fixture_kill (f);
    fixture_start (f);
    assert_true (fixture_get (f, upload)->offset == 0);
    s_assert_goes_on (f, upload, bytes, BIG);
    free (bytes);
}

static void death_while_store_decides_is_seen_by_nobody (void **state)
{
    fixture_t *f = *state;
    uint8_t *bytes = fixture_bytes (BIG, 6);
    static const bool rows[] = {false, true};
    for (size_t i = 0; i < COUNT (rows); i++) {
        uint64_t upload = fixture_create (f, "a", BIG, PT_upload_purpose_FILE);
        const pt_write_open_t ask = fixture_write (upload, 0);
        f->file_count = 0;
        harness_fake (f->harness, PT_OP_store_file_create, NULL, NULL);
        fixture_open_write (f, &ask);
        fixture_give (f, bytes, BIG, true);
        const harness_frame_t *call = harness_expect (f->harness, PT_OP_store_file_create);
        /*  The second time store has the file, and the answer is lost. */
        if (rows[i])
            (void)fixture_make_file (f, call->msg);
        fixture_kill (f);
        fixture_start (f);
        assert_true (fixture_get (f, upload)->has_file);
        s_assert_goes_on (f, upload, bytes, BIG);
        fixture_kill (f);
        fixture_start (f);
    }
    free (bytes);
}

/*  Brings an upload that dies at a point, if the build has points: store answers
    only where the point lies behind its answer. */
static bool s_dies (fixture_t *f, uint64_t upload, const uint8_t *bytes, size_t len, sv_crash_t point)
{
    char path[256];
    snprintf (path, sizeof path, "%s/%s", f->dir, sv_crash_name (point));
    int fd = open (path, O_CREAT | O_WRONLY, 0600);
    assert_true (fd >= 0);
    close (fd);
    harness_fake (f->harness, PT_OP_store_file_create, NULL, NULL);
    const pt_write_open_t ask = fixture_write (upload, 0);
    fixture_open_write (f, &ask);
    fixture_give (f, bytes, len, true);
    if (point == SV_CRASH_drive_file_stored)
        fixture_on_file_create (f->harness, harness_expect (f->harness, PT_OP_store_file_create), f);
    bool is_dead = false;
    for (uint64_t end_ms = sv_now_ms () + 300; !is_dead && sv_now_ms () < end_ms;)
        is_dead = access (path, F_OK) != 0;
    unlink (path);
    return is_dead;
}

/*  In a build with crash points each in turn; in others all is as if it had died
    before store was asked, or behind its answer. */
static void death_at_each_marked_point_leaves_no_half_file (void **state)
{
    fixture_t *f = *state;
    enum { SIZE = LIM_BULK_WINDOW / 2 };
    uint8_t *bytes = fixture_bytes (SIZE, 7);
    unsigned died = 0;
    for (sv_crash_t point = SV_CRASH_drive_bytes_written; point <= SV_CRASH_drive_file_stored; point++) {
        f->file_count = 0;
        uint64_t upload = fixture_create (f, "a", SIZE, PT_upload_purpose_FILE);
        died += s_dies (f, upload, bytes, SIZE, point);
        fixture_kill (f);
        fixture_start (f);
        s_assert_goes_on (f, upload, bytes, SIZE);
    }
    if (died > 0)
        assert_int_equal (died, SV_CRASH_drive_file_stored - SV_CRASH_drive_bytes_written + 1);
    free (bytes);
}

static int s_set_up_crash (void **state)
{
    static const char *const args[] = {NULL};
    fixture_t *f = fixture_new (args);
    setenv ("PARLEY_CRASH_DIR", f->dir, 1);
    fixture_kill (f);
    fixture_start (f);
    *state = f;
    return 0;
}

static int s_tear_down_crash (void **state)
{
    unsetenv ("PARLEY_CRASH_DIR");
    return s_tear_down (state);
}

/*  ---- a full disk -------------------------------------------------------------------------- */

static void a_full_disk_is_told_and_what_was_safe_stays (void **state)
{
    fixture_t *f = *state;
    if (mount ("none", f->dir, "tmpfs", 0, "size=2m") != 0)
        skip ();
    fixture_kill (f);
    fixture_start (f);
    uint8_t *bytes = fixture_bytes (BIG, 8);
    uint64_t upload = fixture_create (f, "a", BIG, PT_upload_purpose_FILE);
    assert_int_equal (fixture_put (f, upload, 0, bytes, 500000).status, 0);
    const pt_write_open_t ask = fixture_write (upload, 500000);
    fixture_open_write (f, &ask);
    /*  As much as the window takes: the stream ends before the rest is granted. */
    fixture_give (f, bytes + 500000, LIM_BULK_WINDOW, false);
    fixture_give (f, bytes + 500000 + LIM_BULK_WINDOW, 600000, false);
    pt_bulk_end_t end = fixture_end (f);
    assert_string_equal (pt_error_name ((int)end.status), pt_error_name (PT_E_unavailable));
    assert_true (fixture_get (f, upload)->offset == end.offset);
    assert_in_range (end.offset, 500000, 2u * 1024 * 1024);
    fixture_hang_up (f);
    harness_destroy (&f->harness);
    assert_int_equal (umount2 (f->dir, MNT_DETACH), 0);
    fixture_start (f);
    free (bytes);
}

static void it_drains_when_no_stream_is_open (void **state)
{
    fixture_t *f = *state;
    kill (harness_pid (f->harness), SIGTERM);
    harness_destroy (&f->harness);
    fixture_start (f);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (every_operation_of_the_schema_has_one_handler),
        TEST (an_upload_in_one_stream_becomes_a_file_that_reads_the_same),
        TEST (an_upload_in_pieces_goes_on_where_it_stands),
        TEST (a_length_that_was_not_known_completes_the_upload_when_it_is_told),
        TEST (an_empty_upload_is_a_file_at_once),
        TEST (the_same_content_is_kept_once),
        TEST (a_client_that_goes_leaves_what_it_brought),
        TEST (a_gateway_that_vanishes_frees_the_upload),
        TEST (a_grant_that_nobody_takes_up_frees_the_upload),
        cmocka_unit_test (what_the_scanner_finds_is_refused_and_given_up),
        TEST (a_wrong_offset_is_a_conflict),
        TEST (bytes_that_do_not_match_their_digest_are_thrown_away),
        TEST (more_than_was_announced_is_too_large),
        TEST (two_writers_of_one_upload_do_not_meet),
        TEST (a_request_that_comes_twice_is_granted_the_same_stream),
        TEST (a_name_is_data_but_has_no_control_characters),
        TEST (a_picture_must_be_one_and_small),
        TEST (a_range_behind_the_end_is_refused),
        TEST (bytes_that_are_missing_are_no_file_that_is_empty),
        TEST (a_complete_upload_that_store_could_not_take_is_a_file_when_it_is_asked_for),
        TEST (an_upload_that_is_over_in_the_end_leaves_nothing),
        TEST (an_upload_given_up_is_removed),
        TEST (a_doomed_blob_is_removed_before_store_forgets_it),
        TEST (names_that_are_paths_are_not_removed),
        cmocka_unit_test (what_nobody_knows_is_removed_when_it_is_old),
        TEST (death_in_the_middle_of_a_stream_keeps_what_was_safe),
        TEST (death_in_the_middle_of_a_stream_with_a_digest_keeps_nothing_of_it),
        TEST (death_while_store_decides_is_seen_by_nobody),
        cmocka_unit_test_setup_teardown (death_at_each_marked_point_leaves_no_half_file, s_set_up_crash,
                                         s_tear_down_crash),
        TEST (a_full_disk_is_told_and_what_was_safe_stays),
        TEST (it_drains_when_no_stream_is_open),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
