/*  fuzz_assemble - a WebSocket message in slices.

    The same bytes come once in one slice, and once cut into frames and slices
    as the input says, at any byte: both must end alike, as the same message or
    with the same close code.  Then come slices as no client would send them.
    Covers: services/gateway/gw_assemble.c */

#include "fuzz.h"
#include "gw_assemble.h"
#include "pt_limits.h"

typedef struct {
    gw_assembled_t outcome;
    const char *bytes;
    size_t len;
    uint16_t code;
} s_end_t;

static s_end_t s_take (gw_assemble_t *self, const gw_slice_t *slice)
{
    s_end_t end = {0};
    end.outcome = gw_assemble_take (self, slice, &end.bytes, &end.len, &end.code);
    return end;
}

/*  Cuts by the numbers in `in`: length of a frame, then of its slices. */
static s_end_t s_take_cut (gw_assemble_t *self, const char *bytes, size_t len, fuzz_input_t *in)
{
    s_end_t end = {0};
    bool is_first = true;
    size_t frames = 0;
    for (size_t at = 0; at < len || is_first;) {
        size_t frame = 1 + fuzz_u8 (in) % 31;
        if (frame > len - at || ++frames == LIM_WS_FRAGMENTS)
            frame = len - at;
        for (size_t done = 0; done < frame || is_first;) {
            size_t piece = 1 + fuzz_u8 (in) % 7;
            if (piece > frame - done || in->left == 0)
                piece = frame - done;
            bool is_end = done + piece == frame;
            end = s_take (self, &(gw_slice_t){bytes + at + done, piece, frame - done - piece, is_first,
                                              is_end && at + frame == len, false});
            if (end.outcome == GW_ASSEMBLE_CLOSE)
                return end;
            is_first = false;
            done += piece;
        }
        at += frame;
    }
    return end;
}

static void s_check_same (const char *bytes, size_t len, fuzz_input_t *in)
{
    gw_assemble_t whole, cut;
    gw_assemble_init (&whole);
    gw_assemble_init (&cut);
    s_end_t one = s_take (&whole, &(gw_slice_t){bytes, len, 0, true, true, false});
    s_end_t two = s_take_cut (&cut, bytes, len, in);
    fuzz_must (one.outcome != GW_ASSEMBLE_MORE && one.outcome == two.outcome && one.code == two.code);
    if (one.outcome == GW_ASSEMBLE_WHOLE)
        fuzz_must (one.len == two.len && memcmp (one.bytes, two.bytes, one.len) == 0 && one.len == len);
    gw_assemble_fini (&whole);
    gw_assemble_fini (&cut);
}

/*  Flags and lengths at random; a close ends the connection. */
static void s_run_hostile (const char *bytes, size_t len, fuzz_input_t *in)
{
    gw_assemble_t self;
    gw_assemble_init (&self);
    while (in->left > 0) {
        uint8_t flags = fuzz_u8 (in);
        uint64_t left = flags & 8 ? fuzz_number (in) : 0;
        size_t piece = len ? fuzz_u8 (in) % (len + 1) : 0;
        s_end_t end =
            s_take (&self, &(gw_slice_t){bytes, piece, (size_t)left, flags & 1, flags & 2, (flags & 0xf0) == 0xf0});
        fuzz_must (end.len <= LIM_WS_MESSAGE && self.bytes.len <= LIM_WS_MESSAGE);
        if (end.outcome == GW_ASSEMBLE_CLOSE) {
            fuzz_must (end.code == 4400 || end.code == 1009 || end.code == 1008 || end.code == 1007);
            break;
        }
    }
    gw_assemble_fini (&self);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    fuzz_input_t in = {data, size};
    size_t len;
    char *bytes = fuzz_bytes (&in, fuzz_u8 (&in) * 2u, &len);
    fuzz_input_t cuts = in;
    s_check_same (bytes, len, &cuts);
    s_run_hostile (bytes, len, &in);
    fuzz_must (gw_assemble_close_fault (size) == (size == 1 ? 1002 : 0));
    free (bytes);
    return 0;
}
