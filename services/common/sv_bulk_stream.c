/*  sv_bulk_stream - the rules of one stream, see sv_bulk_stream.h. */

#include "sv_bulk_stream.h"
#include <string.h>

/*  The giver may wait for a whole chunk of credit: half a window, which is when
    more is granted, must never be less than one. */
_Static_assert(LIM_BULK_WINDOW / 2 >= LIM_BULK_CHUNK, "a giver of chunks would wait for ever");

/*  ---- heads ----------------------------------------------------------------- */

static void s_put_u64 (uint8_t *at, uint64_t value)
{
    for (int i = 7; i >= 0; i--, value >>= 8)
        at[i] = (uint8_t)value;
}

static uint64_t s_get_u64 (const uint8_t *at)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | at[i];
    return value;
}

void sv_bulk_head_write (const sv_bulk_head_t *head, uint8_t out[SV_BULK_HEAD])
{
    out[0] = head->kind;
    out[1] = head->flags;
    s_put_u64 (out + 2, head->stream);
    s_put_u64 (out + 10, head->seq);
    s_put_u64 (out + 18, head->offset);
}

/*  A whole bulk_end, its upload and file with the longest names included. */
#define END_MAX 8192

/*  The longest body of a kind, and the flags it may have. */
static const struct {
    uint32_t max_len;
    uint8_t flags;
} s_kinds[SV_BULK_KINDS] = {
    [SV_BULK_DATA] = {LIM_BULK_CHUNK, SV_BULK_LAST},
    [SV_BULK_CREDIT] = {0, 0},
    [SV_BULK_KEEP] = {0, 0},
    [SV_BULK_ABORT] = {END_MAX, 0},
    [SV_BULK_END] = {END_MAX, 0},
    [SV_BULK_HELLO] = {0, 0},
};

int sv_bulk_head_read (const void *frame, size_t len, sv_bulk_head_t *out)
{
    const uint8_t *at = frame;
    if (len < SV_BULK_HEAD || at[0] == 0 || at[0] >= SV_BULK_KINDS)
        return -PT_E_malformed;
    if ((at[1] & ~s_kinds[at[0]].flags) != 0 || len - SV_BULK_HEAD > s_kinds[at[0]].max_len)
        return -PT_E_malformed;
    *out = (sv_bulk_head_t){at[0], at[1], s_get_u64 (at + 2), s_get_u64 (at + 10), s_get_u64 (at + 18)};
    return 0;
}

/*  ---- the stream ------------------------------------------------------------ */

void sv_bulk_stream_init (sv_bulk_stream_t *self, uint64_t id, bool gives, uint64_t credit, uint64_t now_ms)
{
    *self = (sv_bulk_stream_t){.id = id, .gives = gives, .sent_ms = now_ms, .heard_ms = now_ms};
    self->credit = gives && credit < LIM_BULK_WINDOW ? credit : LIM_BULK_WINDOW;
    self->frames = self->credit > 0 ? LIM_BULK_FRAMES : 0;
}

size_t sv_bulk_stream_room (const sv_bulk_stream_t *self)
{
    if (!self->gives || self->is_last || self->is_over || self->seq >= self->frames)
        return 0;
    uint64_t room = self->credit - self->offset;
    return room < LIM_BULK_CHUNK ? (size_t)room : LIM_BULK_CHUNK;
}

static void s_send (sv_bulk_stream_t *self, sv_bulk_kind_t kind, uint64_t seq, uint64_t offset, uint64_t now_ms,
                    sv_bulk_out_t *out)
{
    out->must_send = true;
    out->head = (sv_bulk_head_t){.kind = (uint8_t)kind, .stream = self->id, .seq = seq, .offset = offset};
    self->sent_ms = now_ms;
}

static void s_fail (sv_bulk_stream_t *self, int err, uint64_t now_ms, sv_bulk_out_t *out)
{
    self->is_over = true;
    out->err = err;
    s_send (self, SV_BULK_ABORT, 0, 0, now_ms, out);
}

sv_bulk_head_t sv_bulk_keep (const sv_bulk_stream_t *self)
{
    if (self->gives)
        return (sv_bulk_head_t){.kind = SV_BULK_KEEP, .stream = self->id, .seq = self->seq, .offset = self->offset};
    return (sv_bulk_head_t){.kind = SV_BULK_CREDIT, .stream = self->id, .seq = self->frames, .offset = self->credit};
}

sv_bulk_head_t sv_bulk_hello (const sv_bulk_stream_t *self)
{
    sv_bulk_head_t head = {.stream = self->id};
    if (!self->gives)
        head = sv_bulk_keep (self);
    head.kind = SV_BULK_HELLO;
    return head;
}

/*  ---- events ---------------------------------------------------------------- */

static void s_on_give (sv_bulk_stream_t *self, const sv_bulk_event_t *event, uint64_t now_ms, sv_bulk_out_t *out)
{
    bool may = self->gives && !self->is_last && self->seq < self->frames && event->len <= sv_bulk_stream_room (self) &&
               (event->len > 0 || event->is_last);
    if (!may) {
        out->err = -PT_E_invalid;
        return;
    }
    s_send (self, SV_BULK_DATA, self->seq, self->offset, now_ms, out);
    out->head.flags = event->is_last ? SV_BULK_LAST : 0;
    self->seq++;
    self->offset += event->len;
    self->is_last = event->is_last;
}

/*  Grants what has left, at half a window at the latest; never after the last. */
static void s_on_took (sv_bulk_stream_t *self, const sv_bulk_event_t *event, uint64_t now_ms, sv_bulk_out_t *out)
{
    if (self->gives || event->len > self->offset - self->out_bytes || event->frames > self->seq - self->out_seq) {
        out->err = -PT_E_invalid;
        return;
    }
    self->out_bytes += event->len;
    self->out_seq += event->frames;
    uint64_t credit = self->out_bytes + LIM_BULK_WINDOW, frames = self->out_seq + LIM_BULK_FRAMES;
    bool is_due = credit - self->credit >= LIM_BULK_WINDOW / 2 || frames - self->frames >= LIM_BULK_FRAMES / 2;
    if (self->is_last || !is_due)
        return;
    self->credit = credit;
    self->frames = frames;
    s_send (self, SV_BULK_CREDIT, frames, credit, now_ms, out);
}

static bool s_take (sv_bulk_stream_t *self, const sv_bulk_event_t *event, sv_bulk_out_t *out)
{
    const sv_bulk_head_t *head = event->head;
    bool is_last = (head->flags & SV_BULK_LAST) != 0;
    if (self->gives || self->is_last || head->seq != self->seq || head->offset != self->offset)
        return false;
    if (self->seq >= self->frames || event->len > self->credit - self->offset || (event->len == 0 && !is_last))
        return false;
    self->seq++;
    self->offset += event->len;
    self->is_last = is_last;
    out->has_data = true;
    return true;
}

/*  More than a window beyond what was given nobody grants who keeps count; less
    than was granted before is old news. */
static bool s_credit (sv_bulk_stream_t *self, const sv_bulk_head_t *head, sv_bulk_out_t *out)
{
    if (!self->gives || head->offset > self->offset + LIM_BULK_WINDOW || head->seq > self->seq + LIM_BULK_FRAMES)
        return false;
    out->has_room = !self->is_last && (head->offset > self->credit || head->seq > self->frames);
    self->credit = head->offset > self->credit ? head->offset : self->credit;
    self->frames = head->seq > self->frames ? head->seq : self->frames;
    return true;
}

static bool s_end (sv_bulk_stream_t *self, const sv_bulk_head_t *head, sv_bulk_out_t *out)
{
    if (head->kind == SV_BULK_END && !(self->gives && self->is_last))
        return false;
    self->is_over = true;
    out->has_end = true;
    return true;
}

static bool s_obey (sv_bulk_stream_t *self, const sv_bulk_event_t *event, sv_bulk_out_t *out)
{
    switch (event->head->kind) {
    case SV_BULK_DATA:
        return s_take (self, event, out);
    case SV_BULK_KEEP:
        return !self->gives && event->head->seq == self->seq && event->head->offset == self->offset;
    case SV_BULK_CREDIT:
        return s_credit (self, event->head, out);
    case SV_BULK_HELLO:
        return !self->gives || s_credit (self, event->head, out);
    case SV_BULK_ABORT:
    case SV_BULK_END:
        return s_end (self, event->head, out);
    default:
        return false;
    }
}

static void s_on_tick (sv_bulk_stream_t *self, uint64_t now_ms, sv_bulk_out_t *out)
{
    if (now_ms >= self->heard_ms + LIM_BULK_IDLE_MS)
        s_fail (self, -PT_E_deadline, now_ms, out);
    else if (now_ms >= self->sent_ms + LIM_BULK_KEEP_MS) {
        out->must_send = true;
        out->head = sv_bulk_keep (self);
        self->sent_ms = now_ms;
    }
}

void sv_bulk_step (sv_bulk_stream_t *self, const sv_bulk_event_t *event, uint64_t now_ms, sv_bulk_out_t *out)
{
    memset (out, 0, sizeof *out);
    bool is_own = event->kind == SV_STREAM_GIVE || event->kind == SV_STREAM_TOOK;
    if (self->is_over)
        out->err = is_own ? -PT_E_gone : 0;
    else if (event->kind == SV_STREAM_GIVE)
        s_on_give (self, event, now_ms, out);
    else if (event->kind == SV_STREAM_TOOK)
        s_on_took (self, event, now_ms, out);
    else if (event->kind == SV_STREAM_TICK)
        s_on_tick (self, now_ms, out);
    else if (s_obey (self, event, out))
        self->heard_ms = now_ms;
    else
        s_fail (self, -PT_E_malformed, now_ms, out);
}
