/*  fuzz_bulk - frames of bulk streams, and a stream under a peer that sends what
    the input says, at times that the input says.

    A head that is read is written as it was; a taker never takes beyond a window of
    what has left, in bytes or frames, nor with a gap; a giver never gives beyond
    what it was granted; what is over stays over.
    Covers: services/common/sv_bulk_stream.c */

#include "fuzz.h"
#include "sv_bulk_stream.h"

enum { S_STEPS = 400, S_ID = 9 };

static void s_check_head (const uint8_t *data, size_t size)
{
    sv_bulk_head_t head;
    if (sv_bulk_head_read (data, size, &head) < 0)
        return;
    uint8_t bytes[SV_BULK_HEAD];
    sv_bulk_head_write (&head, bytes);
    fuzz_must (size >= sizeof bytes && memcmp (bytes, data, sizeof bytes) == 0);
}

/*  A frame near to what is right: the next number, off by a little, or any. */
static sv_bulk_head_t s_head (fuzz_input_t *in, const sv_bulk_stream_t *stream)
{
    uint8_t how = fuzz_u8 (in);
    sv_bulk_head_t head = {.kind = (uint8_t)(SV_BULK_DATA + how % (SV_BULK_KINDS - 1)), .stream = S_ID};
    head.flags = head.kind == SV_BULK_DATA && (how & 0x80);
    head.seq = stream->seq;
    head.offset = stream->offset;
    if (how & 0x20)
        head.seq += fuzz_number (in);
    if (how & 0x40)
        head.offset += fuzz_number (in) * 4096;
    return head;
}

static void s_check_bounds (const sv_bulk_stream_t *self)
{
    fuzz_must (self->offset <= self->credit && self->seq <= self->frames);
    fuzz_must (sv_bulk_stream_room (self) <= LIM_BULK_CHUNK);
    if (self->gives)
        fuzz_must (self->credit - self->offset <= LIM_BULK_WINDOW && self->frames - self->seq <= LIM_BULK_FRAMES);
    else
        fuzz_must (self->offset - self->out_bytes <= LIM_BULK_WINDOW && self->seq - self->out_seq <= LIM_BULK_FRAMES);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    fuzz_input_t in = {data, size};
    s_check_head (data, size);
    sv_bulk_stream_t stream;
    uint64_t now_ms = 1000;
    bool gives = fuzz_u8 (&in) & 1;
    sv_bulk_stream_init (&stream, S_ID, gives, fuzz_number (&in) * 8192, now_ms);
    for (unsigned i = 0; i < S_STEPS && in.left > 0; i++) {
        sv_bulk_stream_t before = stream;
        uint8_t what = fuzz_u8 (&in);
        sv_bulk_event_t event = {.kind = (sv_stream_event_t)(what % 4), .is_last = (what & 0x80) != 0};
        sv_bulk_head_t head = s_head (&in, &stream);
        event.head = &head;
        event.len = fuzz_number (&in) * (what & 0x40 ? 4096 : 1);
        event.frames = fuzz_u8 (&in) % 4;
        now_ms += fuzz_number (&in);
        sv_bulk_out_t out;
        sv_bulk_step (&stream, &event, now_ms, &out);
        s_check_bounds (&stream);
        if (out.has_data)
            fuzz_must (!gives && head.seq == before.seq && head.offset == before.offset && !before.is_last);
        if (before.is_over)
            fuzz_must (stream.is_over && !out.must_send && !out.has_data && !out.has_room && !out.has_end);
        if (out.err == -PT_E_invalid)
            fuzz_must (memcmp (&before, &stream, sizeof stream) == 0);
    }
    return 0;
}
