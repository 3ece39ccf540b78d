/*  pt_envelope - the first frame: nine elements, in the order of the struct.

    Written by hand, because the broker reads one for each frame it forwards
    and nothing else: no allocation, one pass, each byte looked at once. */

#include "pt_envelope.h"
#include <string.h>

enum { S_ELEMENTS = 9 };

/*  ---- encode ------------------------------------------------------------- */

static uint8_t *s_put_wide (uint8_t *to, uint8_t type, unsigned width, uint64_t value)
{
    *to++ = type;
    while (width--)
        *to++ = (uint8_t)(value >> (8 * width));
    return to;
}

static uint8_t *s_put_uint (uint8_t *to, uint64_t value)
{
    if (value <= 0x7f) {
        *to++ = (uint8_t)value;
        return to;
    }
    if (value <= UINT8_MAX)
        return s_put_wide (to, 0xcc, 1, value);
    if (value <= UINT16_MAX)
        return s_put_wide (to, 0xcd, 2, value);
    if (value <= UINT32_MAX)
        return s_put_wide (to, 0xce, 4, value);
    return s_put_wide (to, 0xcf, 8, value);
}

static int s_is_printable (uint8_t byte)
{
    return byte >= 0x20 && byte <= 0x7e;
}

/*  What is not printable becomes '?': a frame that leaves here can be read. */
static uint8_t *s_put_trace (uint8_t *to, const char *trace)
{
    size_t len = strnlen (trace, LIM_TRACE);
    if (len < 32)
        *to++ = (uint8_t)(0xa0 | len);
    else
        to = s_put_wide (to, 0xd9, 1, len);
    for (size_t i = 0; i < len; i++)
        *to++ = s_is_printable ((uint8_t)trace[i]) ? (uint8_t)trace[i] : '?';
    return to;
}

size_t pt_envelope_encode (const pt_envelope_t *self, uint8_t *out)
{
    uint8_t *to = out;
    *to++ = 0x90 | S_ELEMENTS;
    to = s_put_uint (to, self->version);
    to = s_put_uint (to, self->kind);
    to = s_put_uint (to, self->service);
    to = s_put_uint (to, self->opcode);
    to = s_put_uint (to, self->correlation);
    to = s_put_uint (to, self->deadline_ms);
    to = s_put_uint (to, self->affinity);
    to = s_put_uint (to, self->status);
    to = s_put_trace (to, self->trace);
    return (size_t)(to - out);
}

/*  ---- decode ------------------------------------------------------------- */

/*  A reader with a sticky error: after the first one every read gives 0. */
typedef struct {
    const uint8_t *at;
    const uint8_t *end;
    int error;
} s_reader_t;

static uint64_t s_fail (s_reader_t *self)
{
    self->error = -PT_E_malformed;
    self->at = self->end;
    return 0;
}

static uint8_t s_read_byte (s_reader_t *self)
{
    return self->at < self->end ? *self->at++ : (uint8_t)s_fail (self);
}

static uint64_t s_read_wide (s_reader_t *self, unsigned width)
{
    if ((size_t)(self->end - self->at) < width)
        return s_fail (self);
    uint64_t value = 0;
    while (width--)
        value = value << 8 | *self->at++;
    return value;
}

/*  An integer from 0 to `max` in any of msgpack's widths. */
static uint64_t s_read_uint (s_reader_t *self, uint64_t max)
{
    uint8_t type = s_read_byte (self);
    uint64_t value = type;
    if (type > 0x7f) {
        if (type >= 0xcc && type <= 0xcf)
            value = s_read_wide (self, 1u << (type - 0xcc));
        else if (type >= 0xd0 && type <= 0xd3) {
            unsigned power = type - 0xd0u;
            value = s_read_wide (self, 1u << power);
            if (value >> ((8u << power) - 1))
                return s_fail (self); /* negative */
        } else
            return s_fail (self);
    }
    return value <= max ? value : s_fail (self);
}

static uint64_t s_read_array (s_reader_t *self)
{
    uint8_t type = s_read_byte (self);
    if (type >= 0x90 && type <= 0x9f)
        return type & 0x0f;
    if (type == 0xdc || type == 0xdd)
        return s_read_wide (self, type == 0xdc ? 2 : 4);
    return s_fail (self);
}

static void s_read_trace (s_reader_t *self, char *trace)
{
    uint8_t type = s_read_byte (self);
    uint64_t len;
    if (type >= 0xa0 && type <= 0xbf)
        len = type & 0x1f;
    else if (type >= 0xd9 && type <= 0xdb)
        len = s_read_wide (self, 1u << (type - 0xd9));
    else
        len = s_fail (self);
    if (len > LIM_TRACE || len > (uint64_t)(self->end - self->at)) {
        s_fail (self);
        len = 0;
    }
    for (uint64_t i = 0; i < len; i++) {
        if (!s_is_printable (self->at[i])) {
            s_fail (self);
            break;
        }
        trace[i] = (char)self->at[i];
    }
    trace[len] = 0;
    if (!self->error)
        self->at += len;
}

int pt_envelope_decode (pt_envelope_t *out, const void *bytes, size_t len)
{
    s_reader_t reader = {.at = bytes, .end = (const uint8_t *)bytes + len};
    if (len == 0)
        return -PT_E_malformed;
    uint64_t elements = s_read_array (&reader);
    if (elements == 0)
        return -PT_E_malformed;
    /*  Another version may differ in all that follows its number. */
    uint64_t version = s_read_uint (&reader, UINT64_MAX);
    if (!reader.error && version != PT_VERSION)
        return -PT_E_version_unsupported;
    pt_envelope_t envelope;
    envelope.version = PT_VERSION;
    envelope.kind = (uint8_t)s_read_uint (&reader, PT_KIND_DIRECT);
    envelope.service = (uint8_t)s_read_uint (&reader, UINT8_MAX);
    envelope.opcode = (uint16_t)s_read_uint (&reader, UINT16_MAX);
    envelope.correlation = s_read_uint (&reader, UINT64_MAX);
    envelope.deadline_ms = (uint32_t)s_read_uint (&reader, UINT32_MAX);
    envelope.affinity = s_read_uint (&reader, UINT64_MAX);
    envelope.status = (uint16_t)s_read_uint (&reader, UINT16_MAX);
    s_read_trace (&reader, envelope.trace);
    if (reader.error || elements != S_ELEMENTS || reader.at != reader.end || envelope.kind < PT_KIND_REQUEST)
        return -PT_E_malformed;
    *out = envelope;
    return 0;
}
