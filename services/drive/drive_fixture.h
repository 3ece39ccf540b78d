/*  drive_fixture.h - what the tests of drive share: one daemon on a folder of its
    own, a store that is played by the test and outlives the daemon, and a gateway
    that speaks the frames of streams itself, so that each can be sent or held
    back. */

#ifndef DRIVE_FIXTURE_H
#define DRIVE_FIXTURE_H

#include "drive_digest.h"
#include "drive_name.h"
#include "harness.h"
#include "sv_bulk_stream.h"
#include "sv_loop.h"
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>
/* cmocka wants the headers above first */
#include <cmocka.h>

#define COUNT(list) (sizeof (list) / sizeof (list)[0])
#define FIXTURE_ROWS 16
#define FIXTURE_ME 7u

/*  A file of many chunks, which do not divide it. */
#define FIXTURE_BIG (3u * 1024 * 1024 + 17)

typedef struct {
    uint64_t id, account, length, file;
    bool has_length, is_over;
    int64_t expires_at;
    pt_upload_purpose_t purpose;
    char name[LIM_FILE_NAME + 1];
} fixture_upload_t;

typedef struct {
    uint64_t id, owner, size;
    char name[LIM_FILE_NAME + 1], type[LIM_MEDIA_TYPE + 1], sha256[2 * LIM_HASH + 1], blob[LIM_BLOB + 1];
} fixture_file_t;

typedef struct {
    harness_t *harness;
    char dir[64], files[80];
    const char *args[24]; /* of the daemon, after --drive-dir */
    void *ctx, *dealer;
    char endpoint[LIM_ENDPOINT];
    uint64_t stream, seq, offset, credit;
    fixture_upload_t uploads[FIXTURE_ROWS];
    fixture_file_t rows[FIXTURE_ROWS];
    uint32_t upload_count, file_count;
    int refuse_file;           /* a pt_err_t that the next file_create gets; 0: none */
    bool is_silent_file;       /* file_create is decided, and not answered */
    unsigned touches, deletes; /* calls of store */
    char doomed[LIM_BLOB + 1]; /* handed out by the next sweeps, until it is swept */
    uint64_t doomed_upload;
    unsigned swept;
    bool knows_nothing; /* whatever is asked for by the walk */
} fixture_t;

/*  ---- store --------------------------------------------------------------------- */

static inline fixture_upload_t *fixture_upload (fixture_t *f, uint64_t id)
{
    for (uint32_t i = 0; i < f->upload_count; i++)
        if (f->uploads[i].id == id)
            return &f->uploads[i];
    return NULL;
}

static inline pt_file_t fixture_file (const fixture_file_t *row)
{
    return (pt_file_t){.id = row->id,
                       .owner = row->owner,
                       .name = pt_str (row->name),
                       .type = pt_str (row->type),
                       .size = row->size,
                       .sha256 = pt_str (row->sha256),
                       .created_at = 1};
}

static inline void fixture_answer_upload (fixture_t *f, const harness_frame_t *call, const fixture_upload_t *row)
{
    if (!row || row->is_over) {
        harness_refuse (f->harness, call, row ? PT_E_gone : PT_E_not_found, NULL);
        return;
    }
    pt_upload_t upload = {.id = row->id,
                          .name = pt_str (row->name),
                          .length = row->length,
                          .has_length = row->has_length,
                          .purpose = row->purpose,
                          .expires_at = row->expires_at};
    pt_file_t file;
    if (row->file != 0) {
        file = fixture_file (&f->rows[row->file - 1]);
        upload.file = &file;
        upload.has_file = true;
    }
    harness_answer (f->harness, call, &upload);
}

static inline void fixture_on_create (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    fixture_t *f = ctx;
    const pt_upload_insert_t *ask = call->msg;
    (void)harness;
    assert_in_range (f->upload_count, 0, FIXTURE_ROWS - 1);
    fixture_upload_t *row = &f->uploads[f->upload_count++];
    *row = (fixture_upload_t){.id = 0x1000 + f->upload_count,
                              .account = ask->ask->account,
                              .length = ask->ask->length,
                              .has_length = ask->ask->has_length,
                              .purpose = ask->ask->purpose,
                              .expires_at = ask->expires_at};
    memcpy (row->name, ask->ask->name.at, ask->ask->name.len);
    fixture_answer_upload (f, call, row);
}

static inline void fixture_on_upload_get (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    const pt_upload_ref_t *ref = call->msg;
    (void)harness;
    fixture_answer_upload (ctx, call, fixture_upload (ctx, ref->id));
}

static inline void fixture_on_touch (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    fixture_t *f = ctx;
    const pt_upload_touch_t *ask = call->msg;
    fixture_upload_t *row = fixture_upload (f, ask->id);
    (void)harness;
    f->touches++;
    if (row && ask->has_length) {
        row->length = ask->length;
        row->has_length = true;
    }
    fixture_answer_upload (f, call, row);
}

static inline void fixture_on_delete (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    fixture_t *f = ctx;
    const pt_upload_ref_t *ref = call->msg;
    fixture_upload_t *row = fixture_upload (f, ref->id);
    static const pt_empty_t empty;
    f->deletes++;
    if (row && !row->is_over) {
        row->is_over = true;
        f->doomed_upload = row->id;
    }
    harness_answer (harness, call, &empty);
}

static inline const fixture_file_t *fixture_make_file (fixture_t *f, const pt_file_insert_t *ask)
{
    fixture_upload_t *upload = fixture_upload (f, ask->upload);
    assert_non_null (upload);
    if (upload->file != 0)
        return &f->rows[upload->file - 1];
    assert_in_range (f->file_count, 0, FIXTURE_ROWS - 1);
    assert_int_equal (upload->length, ask->size);
    fixture_file_t *row = &f->rows[f->file_count++];
    upload->file = row->id = f->file_count;
    row->owner = ask->account;
    row->size = ask->size;
    memcpy (row->name, upload->name, sizeof row->name);
    memcpy (row->type, ask->type.at, ask->type.len);
    for (size_t i = 0; i < LIM_HASH; i++)
        snprintf (row->sha256 + 2 * i, 3, "%02x", (uint8_t)ask->sha256.at[i]);
    memcpy (row->blob, ask->blob.at, ask->blob.len);
    for (uint32_t i = 0; i + 1 < f->file_count; i++)
        if (strcmp (f->rows[i].sha256, row->sha256) == 0)
            memcpy (row->blob, f->rows[i].blob, sizeof row->blob);
    return row;
}

static inline void fixture_on_file_create (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    fixture_t *f = ctx;
    if (f->refuse_file != 0) {
        harness_refuse (harness, call, f->refuse_file, "refused by the test");
        f->refuse_file = 0;
        return;
    }
    const fixture_file_t *row = fixture_make_file (f, call->msg);
    pt_file_t file = fixture_file (row);
    const pt_file_stored_t stored = {.file = &file, .blob = pt_str (row->blob)};
    if (!f->is_silent_file)
        harness_answer (harness, call, &stored);
}

static inline void fixture_on_file_get (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    fixture_t *f = ctx;
    const pt_file_ref_t *ref = call->msg;
    if (ref->id == 0 || ref->id > f->file_count) {
        harness_refuse (harness, call, PT_E_not_found, NULL);
        return;
    }
    pt_file_t file = fixture_file (&f->rows[ref->id - 1]);
    const pt_file_stored_t stored = {.file = &file, .blob = pt_str (f->rows[ref->id - 1].blob)};
    harness_answer (harness, call, &stored);
}

static inline void fixture_on_sweep (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    fixture_t *f = ctx;
    const pt_blob_t blob = {.name = pt_str (f->doomed)};
    const pt_sweep_page_t page = {.uploads = {&f->doomed_upload, f->doomed_upload != 0},
                                  .blobs = {&blob, f->doomed[0] != 0}};
    harness_answer (harness, call, &page);
}

static inline void fixture_on_swept (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    fixture_t *f = ctx;
    const pt_sweep_done_t *done = call->msg;
    static const pt_empty_t empty;
    if (done->blobs.count > 0)
        f->doomed[0] = 0;
    if (done->uploads.count > 0)
        f->doomed_upload = 0;
    f->swept += done->uploads.count + done->blobs.count;
    harness_answer (harness, call, &empty);
}

static inline void fixture_on_unknown (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    const fixture_t *f = ctx;
    static const pt_blob_list_t none;
    harness_answer (harness, call, f->knows_nothing ? call->msg : &none);
}

/*  ---- the daemon -------------------------------------------------------------------- */

static inline void fixture_start (fixture_t *f)
{
    const char *args[28] = {"--drive-dir", f->files};
    for (size_t i = 0; f->args[i]; i++)
        args[2 + i] = f->args[i];
    f->harness = harness_new ("parley-drive", PT_PEER_drive, args);
    assert_non_null (f->harness);
    const struct {
        uint16_t opcode;
        harness_fake_fn *fn;
    } fakes[] = {{PT_OP_store_status, harness_fake_ready},        {PT_OP_store_upload_create, fixture_on_create},
                 {PT_OP_store_upload_get, fixture_on_upload_get}, {PT_OP_store_upload_touch, fixture_on_touch},
                 {PT_OP_store_upload_delete, fixture_on_delete},  {PT_OP_store_file_create, fixture_on_file_create},
                 {PT_OP_store_file_get, fixture_on_file_get},     {PT_OP_store_sweep, fixture_on_sweep},
                 {PT_OP_store_swept, fixture_on_swept},           {PT_OP_store_blobs_unknown, fixture_on_unknown}};
    for (size_t i = 0; i < COUNT (fakes); i++)
        harness_fake (f->harness, fakes[i].opcode, fakes[i].fn, f);
}

static inline void fixture_hang_up (fixture_t *f)
{
    if (f->dealer)
        zmq_close (f->dealer);
    f->dealer = NULL;
}

/*  As kill -9 does. */
static inline void fixture_kill (fixture_t *f)
{
    kill (harness_pid (f->harness), SIGKILL);
    harness_destroy (&f->harness);
    fixture_hang_up (f);
}

static inline fixture_t *fixture_new (const char *const *args)
{
    fixture_t *f = calloc (1, sizeof *f);
    assert_non_null (f);
    snprintf (f->dir, sizeof f->dir, "/tmp/parley_drive_XXXXXX");
    assert_non_null (mkdtemp (f->dir));
    snprintf (f->files, sizeof f->files, "%s/files", f->dir);
    for (size_t i = 0; args && args[i]; i++)
        f->args[i] = args[i];
    f->ctx = zmq_ctx_new ();
    fixture_start (f);
    return f;
}

static inline int fixture_remove (const char *path, const struct stat *stat, int type, struct FTW *at)
{
    (void)stat, (void)type, (void)at;
    return remove (path);
}

static inline void fixture_destroy (fixture_t *f)
{
    fixture_hang_up (f);
    harness_destroy (&f->harness);
    zmq_ctx_term (f->ctx);
    assert_int_equal (nftw (f->dir, fixture_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
    free (f);
}

/*  ---- asking --------------------------------------------------------------------------- */

static inline const void *fixture_ok (fixture_t *f, uint16_t opcode, const void *msg)
{
    const harness_frame_t *reply = harness_reply (f->harness, harness_request (f->harness, opcode, msg));
    if (reply->envelope.status != 0)
        fail_msg ("refused: %s", pt_error_name (reply->envelope.status));
    return reply->msg;
}

static inline const pt_error_t *fixture_refused (fixture_t *f, uint16_t opcode, const void *msg, int err)
{
    const harness_frame_t *reply = harness_reply (f->harness, harness_request (f->harness, opcode, msg));
    assert_string_equal (pt_error_name (reply->envelope.status), pt_error_name (err));
    return reply->msg;
}

/*  Answers what the daemon asks meanwhile. */
static inline void fixture_pump (fixture_t *f)
{
    static const pt_empty_t empty;
    fixture_ok (f, PT_OP_drive_status, &empty);
}

static inline uint64_t fixture_create (fixture_t *f, const char *name, uint64_t length, pt_upload_purpose_t purpose)
{
    const pt_upload_create_t ask = {.account = FIXTURE_ME,
                                    .name = pt_str (name),
                                    .length = length,
                                    .has_length = true,
                                    .purpose = purpose,
                                    .has_purpose = true,
                                    .key = PT_LIT ("k")};
    return ((const pt_upload_t *)fixture_ok (f, PT_OP_drive_upload_create, &ask))->id;
}

static inline const pt_upload_t *fixture_get (fixture_t *f, uint64_t upload)
{
    const pt_upload_ref_t ref = {.account = FIXTURE_ME, .id = upload};
    return fixture_ok (f, PT_OP_drive_upload_get, &ref);
}

static inline pt_write_open_t fixture_write (uint64_t upload, uint64_t offset)
{
    return (pt_write_open_t){.account = FIXTURE_ME, .upload = upload, .offset = offset, .peer = 99};
}

/*  ---- streams ---------------------------------------------------------------------------- */

static inline void fixture_send (fixture_t *f, const sv_bulk_head_t *head, const void *body, size_t len)
{
    zmq_msg_t frame;
    zmq_msg_init_size (&frame, SV_BULK_HEAD + len);
    sv_bulk_head_write (head, zmq_msg_data (&frame));
    if (len > 0)
        memcpy ((uint8_t *)zmq_msg_data (&frame) + SV_BULK_HEAD, body, len);
    assert_true (zmq_msg_send (&frame, f->dealer, 0) >= 0);
}

static inline void fixture_connect (fixture_t *f, const pt_bulk_grant_t *grant)
{
    int linger = 0;
    char endpoint[LIM_ENDPOINT];
    snprintf (endpoint, sizeof endpoint, "%.*s", (int)grant->endpoint.len, grant->endpoint.at);
    f->stream = grant->stream;
    f->credit = grant->credit;
    f->offset = f->seq = 0;
    fixture_hang_up (f);
    f->dealer = zmq_socket (f->ctx, ZMQ_DEALER);
    zmq_setsockopt (f->dealer, ZMQ_LINGER, &linger, sizeof linger);
    assert_int_equal (zmq_connect (f->dealer, endpoint), 0);
}

static inline void fixture_hello (fixture_t *f, bool takes)
{
    const sv_bulk_head_t head = {.kind = SV_BULK_HELLO,
                                 .stream = f->stream,
                                 .seq = takes ? LIM_BULK_FRAMES : 0,
                                 .offset = takes ? LIM_BULK_WINDOW : 0};
    fixture_send (f, &head, NULL, 0);
}

static inline void fixture_open_write (fixture_t *f, const pt_write_open_t *ask)
{
    fixture_connect (f, fixture_ok (f, PT_OP_drive_write, ask));
    fixture_hello (f, false);
}

/*  The next frame of the stream but KEEP; `body` has room for a chunk. */
static inline sv_bulk_head_t fixture_receive (fixture_t *f, void *body, size_t *out_len)
{
    uint64_t end_ms = sv_now_ms () + HARNESS_WAIT_MS;
    while (sv_now_ms () < end_ms) {
        zmq_pollitem_t item = {.socket = f->dealer, .events = ZMQ_POLLIN};
        if (zmq_poll (&item, 1, 5) != 1) {
            fixture_pump (f);
            continue;
        }
        zmq_msg_t frame;
        sv_bulk_head_t head;
        zmq_msg_init (&frame);
        assert_true (zmq_msg_recv (&frame, f->dealer, 0) >= 0);
        assert_int_equal (sv_bulk_head_read (zmq_msg_data (&frame), zmq_msg_size (&frame), &head), 0);
        assert_true (head.stream == f->stream);
        *out_len = zmq_msg_size (&frame) - SV_BULK_HEAD;
        assert_true (*out_len <= LIM_BULK_CHUNK);
        memcpy (body, (uint8_t *)zmq_msg_data (&frame) + SV_BULK_HEAD, *out_len);
        zmq_msg_close (&frame);
        if (head.kind == SV_BULK_CREDIT)
            f->credit = head.offset;
        if (head.kind != SV_BULK_KEEP)
            return head;
    }
    fail_msg ("nothing came over the stream");
    return (sv_bulk_head_t){0};
}

/*  How the stream ended; its texts live in the harness' arena. */
static inline pt_bulk_end_t fixture_end (fixture_t *f)
{
    static uint8_t body[LIM_BULK_CHUNK];
    size_t len;
    for (;;) {
        sv_bulk_head_t head = fixture_receive (f, body, &len);
        if (head.kind != SV_BULK_END && head.kind != SV_BULK_ABORT)
            continue;
        const void *msg = NULL;
        pt_codec_t *codec = pt_codec_new ();
        assert_non_null (codec);
        void *copy = pt_arena_copy (harness_arena (f->harness), body, len);
        assert_int_equal (pt_decode (codec, PT_MSG_bulk_end, copy, len, harness_arena (f->harness), &msg, NULL), 0);
        pt_codec_destroy (&codec);
        return *(const pt_bulk_end_t *)msg;
    }
}

static inline void fixture_give (fixture_t *f, const void *bytes, size_t len, bool is_last)
{
    const uint8_t *at = bytes;
    static uint8_t body[LIM_BULK_CHUNK];
    size_t ignored;
    do {
        size_t piece = len < 65536 ? len : 65536;
        while (f->offset + piece > f->credit)
            (void)fixture_receive (f, body, &ignored);
        const sv_bulk_head_t head = {.kind = SV_BULK_DATA,
                                     .flags = is_last && piece == len ? SV_BULK_LAST : 0,
                                     .stream = f->stream,
                                     .seq = f->seq++,
                                     .offset = f->offset};
        fixture_send (f, &head, at, piece);
        f->offset += piece;
        at += piece;
        len -= piece;
    } while (len > 0);
}

/*  A whole upload in one stream; how it ended. */
static inline pt_bulk_end_t fixture_put (fixture_t *f, uint64_t upload, uint64_t offset, const void *bytes, size_t len)
{
    const pt_write_open_t ask = fixture_write (upload, offset);
    fixture_open_write (f, &ask);
    fixture_give (f, bytes, len, true);
    return fixture_end (f);
}

/*  Bytes that a seed gives. */
static inline uint8_t *fixture_bytes (size_t len, uint32_t seed)
{
    uint8_t *bytes = malloc (len + 1);
    assert_non_null (bytes);
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(seed >> 24);
    }
    return bytes;
}

/*  Where the bytes of a file lie. */
static inline void fixture_path (const fixture_t *f, const char *blob, char *out, size_t size)
{
    snprintf (out, size, "%s/blobs/%.2s/%.2s/%s", f->files, blob, blob + 2, blob);
}

/*  ---- what there is -------------------------------------------------------------------------- */

/*  Reads a whole file through a stream and compares. */
static inline void fixture_assert_reads (fixture_t *f, uint64_t file, uint64_t first, const uint8_t *expected,
                                         uint64_t len)
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
static inline void fixture_await_swept (fixture_t *f, unsigned count)
{
    uint64_t end_ms = sv_now_ms () + HARNESS_WAIT_MS;
    while (f->swept < count && sv_now_ms () < end_ms)
        fixture_pump (f);
    assert_true (f->swept >= count);
}

static inline bool fixture_has_upload (const fixture_t *f, uint64_t upload)
{
    char path[256], name[DRIVE_NAME_UPLOAD];
    drive_name_upload (upload, name);
    snprintf (path, sizeof path, "%s/uploads/%s", f->files, name);
    return access (path, F_OK) == 0;
}

static inline bool fixture_has_blob (const fixture_t *f, const char *blob)
{
    char path[256];
    fixture_path (f, blob, path, sizeof path);
    return access (path, F_OK) == 0;
}

/*  ---- a test --------------------------------------------------------------------------------- */

static inline int fixture_set_up (void **state)
{
    static const char *const args[] = {"--upload-max", "8MiB", "--avatar-max", "64KiB", "--sweep-interval",
                                       "50ms",         NULL};
    *state = fixture_new (args);
    return 0;
}

static inline int fixture_tear_down (void **state)
{
    fixture_destroy (*state);
    return 0;
}

#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown (name, fixture_set_up, fixture_tear_down)

#endif
