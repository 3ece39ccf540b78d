/*  gw_assemble - one WebSocket message from the slices libwebsockets hands up. */

#include "gw_assemble.h"
#include "pt_codec.h"
#include "pt_limits.h"

void gw_assemble_init (gw_assemble_t *self)
{
    *self = (gw_assemble_t){0};
    pt_buf_init (&self->bytes, LIM_WS_MESSAGE);
}

void gw_assemble_fini (gw_assemble_t *self)
{
    pt_buf_fini (&self->bytes);
}

static void s_begin (gw_assemble_t *self)
{
    pt_buf_fini (&self->bytes);
    pt_buf_init (&self->bytes, LIM_WS_MESSAGE);
    self->frames = 0;
    self->is_open = true;
    self->is_binary = false;
}

static gw_assembled_t s_close (uint16_t code, uint16_t *out_code)
{
    *out_code = code;
    return GW_ASSEMBLE_CLOSE;
}

/*  U+0000 is well-formed text to RFC 6455; what may stand in a field is the
    session's business. */
static bool s_is_text (const char *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        const char *nul = memchr (bytes + at, 0, len - at);
        size_t piece = nul ? (size_t)(nul - bytes) - at : len - at;
        if (!pt_utf8_valid (bytes + at, piece))
            return false;
        at += piece + 1;
    }
    return true;
}

gw_assembled_t gw_assemble_take (gw_assemble_t *self, const gw_slice_t *slice, const char **out_bytes, size_t *out_len,
                                 uint16_t *out_code)
{
    if (slice->is_first || !self->is_open)
        s_begin (self);
    if (slice->is_first)
        self->is_binary = slice->is_binary;
    if (self->is_binary && !slice->takes_binary)
        return s_close (4400, out_code);
    size_t room = LIM_WS_MESSAGE - self->bytes.len;
    if (slice->len > room || slice->frame_left > room - slice->len)
        return s_close (1009, out_code);
    if (slice->frame_left == 0 && ++self->frames > LIM_WS_FRAGMENTS)
        return s_close (1008, out_code);

    const char *bytes = slice->bytes;
    size_t len = slice->len;
    if (!slice->is_last || self->bytes.len > 0) {
        pt_buf_put (&self->bytes, slice->bytes, slice->len);
        if (pt_buf_error (&self->bytes) != 0)
            return s_close (1013, out_code);
        bytes = self->bytes.at;
        len = self->bytes.len;
    }
    if (!slice->is_last)
        return GW_ASSEMBLE_MORE;
    self->is_open = false;
    if (!self->is_binary && !s_is_text (bytes, len))
        return s_close (1007, out_code);
    *out_bytes = len > 0 ? bytes : "";
    *out_len = len;
    return GW_ASSEMBLE_WHOLE;
}

uint16_t gw_assemble_close_fault (size_t len)
{
    return len == 1 ? 1002 : 0;
}
