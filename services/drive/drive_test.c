/*  drive_test - parley-drive against a store and a gateway that are played here:
    uploads in pieces, what breaks them off, reading, the scanner, cleaning. */

#include "drive_fixture.h"
#include "drive_ops.h"
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

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
    uint8_t *bytes = fixture_bytes (FIXTURE_BIG, 1);
    uint64_t upload = fixture_create (f, "../../etc/passwd", FIXTURE_BIG, PT_upload_purpose_FILE);
    pt_bulk_end_t end = fixture_put (f, upload, 0, bytes, FIXTURE_BIG);
    assert_int_equal (end.status, 0);
    assert_true (end.has_upload && end.upload->has_file && end.upload->offset == FIXTURE_BIG);
    assert_int_equal (end.upload->file->size, FIXTURE_BIG);
    assert_true (pt_str_eq (end.upload->file->name, pt_str ("../../etc/passwd")));
    assert_false (fixture_has_upload (f, upload));
    assert_true (fixture_has_blob (f, f->rows[0].blob));
    fixture_assert_reads (f, 1, 0, bytes, FIXTURE_BIG);
    fixture_assert_reads (f, 1, 5, bytes + 5, 0);
    fixture_assert_reads (f, 1, FIXTURE_BIG - 1, bytes + FIXTURE_BIG - 1, 1);
    fixture_assert_reads (f, 1, 262143, bytes + 262143, 262146);
    free (bytes);
}

static void an_upload_in_pieces_goes_on_where_it_stands (void **state)
{
    fixture_t *f = *state;
    uint8_t *bytes = fixture_bytes (FIXTURE_BIG, 2);
    uint64_t upload = fixture_create (f, "a", FIXTURE_BIG, PT_upload_purpose_FILE);
    static const size_t cuts[] = {0, 1, 300000, 300000, FIXTURE_BIG - 1, FIXTURE_BIG};
    for (size_t i = 0; i + 1 < COUNT (cuts); i++) {
        pt_bulk_end_t end = fixture_put (f, upload, cuts[i], bytes + cuts[i], cuts[i + 1] - cuts[i]);
        assert_int_equal (end.status, 0);
        assert_true (end.has_offset && end.offset == cuts[i + 1]);
        assert_true (fixture_get (f, upload)->offset == cuts[i + 1]);
    }
    assert_int_equal (f->file_count, 1);
    fixture_assert_reads (f, 1, 0, bytes, FIXTURE_BIG);
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
    fixture_assert_reads (f, 1, 0, (const uint8_t *)"", 0);
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
    assert_true (fixture_has_blob (f, f->rows[0].blob));
    assert_false (fixture_has_blob (f, own));
    fixture_assert_reads (f, 2, 0, (const uint8_t *)"twice", 5);
}

static void a_client_that_goes_leaves_what_it_brought (void **state)
{
    fixture_t *f = *state;
    uint8_t *bytes = fixture_bytes (FIXTURE_BIG, 3);
    uint64_t upload = fixture_create (f, "a", FIXTURE_BIG, PT_upload_purpose_FILE);
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
    assert_true (event->acked == offset && event->total == FIXTURE_BIG && event->account == FIXTURE_ME);
    assert_int_equal (fixture_put (f, upload, offset, bytes + offset, FIXTURE_BIG - offset).status, 0);
    fixture_assert_reads (f, 1, 0, bytes, FIXTURE_BIG);
    free (bytes);
}

/*  As a gateway that is killed: nothing tells of its end but the connection. */
static void a_gateway_that_vanishes_frees_the_upload (void **state)
{
    fixture_t *f = *state;
    uint8_t *bytes = fixture_bytes (FIXTURE_BIG, 9);
    uint64_t upload = fixture_create (f, "a", FIXTURE_BIG, PT_upload_purpose_FILE);
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
    fixture_give (f, bytes + ask.offset, FIXTURE_BIG - ask.offset, true);
    assert_int_equal (fixture_end (f).status, 0);
    fixture_assert_reads (f, 1, 0, bytes, FIXTURE_BIG);
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
    fixture_await_swept (f, 1);
    assert_false (fixture_has_upload (f, upload));
    scanner.answer = "stream: OK";
    upload = fixture_create (f, "a", 5, PT_upload_purpose_FILE);
    assert_int_equal (fixture_put (f, upload, 0, "clean", 5).status, 0);
    /*  Away: nothing passes, and nothing is lost. */
    shutdown (scanner.listener, SHUT_RDWR);
    close (scanner.listener);
    pthread_join (thread, NULL);
    upload = fixture_create (f, "a", 5, PT_upload_purpose_FILE);
    assert_int_equal (fixture_put (f, upload, 0, "later", 5).status, PT_E_unavailable);
    assert_true (fixture_has_upload (f, upload));
    assert_int_equal (f->file_count, 1);
    fixture_destroy (f);
    unlink (socket_path);
    rmdir (path);
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
    fixture_assert_reads (f, 1, 0, (const uint8_t *)"hello", 5);
}

static void an_upload_that_is_over_in_the_end_leaves_nothing (void **state)
{
    fixture_t *f = *state;
    uint64_t upload = fixture_create (f, "a", 5, PT_upload_purpose_FILE);
    f->refuse_file = PT_E_gone;
    assert_int_equal (fixture_put (f, upload, 0, "hello", 5).status, PT_E_gone);
    char blob[LIM_BLOB + 1] = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824-";
    drive_name_upload (upload, blob + strlen (blob));
    assert_false (fixture_has_blob (f, blob));
    assert_false (fixture_has_upload (f, upload));
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
    fixture_await_swept (f, 1);
    assert_false (fixture_has_upload (f, upload));
    fixture_refused (f, PT_OP_drive_upload_get, &ref, PT_E_gone);
}

static void a_doomed_blob_is_removed_before_store_forgets_it (void **state)
{
    fixture_t *f = *state;
    uint64_t upload = fixture_create (f, "a", 5, PT_upload_purpose_FILE);
    assert_int_equal (fixture_put (f, upload, 0, "hello", 5).status, 0);
    memcpy (f->doomed, f->rows[0].blob, sizeof f->doomed);
    fixture_await_swept (f, 1);
    assert_false (fixture_has_blob (f, f->rows[0].blob));
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
    assert_true (fixture_has_blob (f, f->rows[0].blob) && fixture_has_upload (f, part));
    f->knows_nothing = true;
    uint64_t end_ms = sv_now_ms () + HARNESS_WAIT_MS;
    while ((fixture_has_blob (f, f->rows[0].blob) || fixture_has_upload (f, part)) && sv_now_ms () < end_ms)
        fixture_pump (f);
    assert_false (fixture_has_blob (f, f->rows[0].blob));
    assert_false (fixture_has_upload (f, part));
    fixture_destroy (f);
}

static void it_drains_when_no_stream_is_open (void **state)
{
    fixture_t *f = *state;
    kill (harness_pid (f->harness), SIGTERM);
    harness_destroy (&f->harness);
    fixture_start (f);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (every_operation_of_the_schema_has_one_handler),
        FIXTURE_TEST (an_upload_in_one_stream_becomes_a_file_that_reads_the_same),
        FIXTURE_TEST (an_upload_in_pieces_goes_on_where_it_stands),
        FIXTURE_TEST (a_length_that_was_not_known_completes_the_upload_when_it_is_told),
        FIXTURE_TEST (an_empty_upload_is_a_file_at_once),
        FIXTURE_TEST (the_same_content_is_kept_once),
        FIXTURE_TEST (a_client_that_goes_leaves_what_it_brought),
        FIXTURE_TEST (a_gateway_that_vanishes_frees_the_upload),
        FIXTURE_TEST (a_grant_that_nobody_takes_up_frees_the_upload),
        cmocka_unit_test (what_the_scanner_finds_is_refused_and_given_up),
        FIXTURE_TEST (a_complete_upload_that_store_could_not_take_is_a_file_when_it_is_asked_for),
        FIXTURE_TEST (an_upload_that_is_over_in_the_end_leaves_nothing),
        FIXTURE_TEST (an_upload_given_up_is_removed),
        FIXTURE_TEST (a_doomed_blob_is_removed_before_store_forgets_it),
        FIXTURE_TEST (names_that_are_paths_are_not_removed),
        cmocka_unit_test (what_nobody_knows_is_removed_when_it_is_old),
        FIXTURE_TEST (it_drains_when_no_stream_is_open),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
