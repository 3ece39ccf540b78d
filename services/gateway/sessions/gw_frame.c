/*  gw_frame - see gw_frame.h.

    An event is written in one pass: its length is bounded first (only the two
    texts vary much, and measuring them is a scan of eight bytes a step), the
    payload is put behind room for the usual header of four bytes, and moved
    only in the rare case that the header turns out shorter or several. */

#include "gw_frame.h"
#include "gw_text.h"
#include <stdlib.h>

enum { S_FIN = 0x80, S_TEXT = 1, S_BINARY = 2, S_LEN16 = 126 };

/*  Keys, punctuation, six numbers, a time and the longest enum texts; of an attachment,
    keys, punctuation and two numbers. */
#define S_ITEM_FIXED 440
#define S_ATTACHMENT_FIXED 88
#define S_HEADER 4

struct gw_frame {
    unsigned refs;
    size_t len;
    char bytes[];
};

static size_t s_header_len (size_t payload_len)
{
    return payload_len < S_LEN16 ? 2 : S_HEADER;
}

size_t gw_frame_wire_len (size_t payload_len)
{
    size_t whole = payload_len / GW_FRAME_PAYLOAD;
    size_t rest = payload_len % GW_FRAME_PAYLOAD;
    size_t len = whole * (GW_FRAME_PAYLOAD + S_HEADER);
    return rest || !whole ? len + s_header_len (rest) + rest : len;
}

static char *s_put_header (char *at, size_t payload_len, bool is_first, bool is_last)
{
    *at++ = (char)((is_last ? S_FIN : 0) | (is_first ? S_TEXT : 0));
    if (payload_len < S_LEN16) {
        *at++ = (char)payload_len;
        return at;
    }
    *at++ = S_LEN16;
    *at++ = (char)(payload_len >> 8);
    *at++ = (char)(payload_len & 255);
    return at;
}

/*  Chunks move towards the front only, so that none overwrites one that has
    still to move. */
void gw_frame_wrap (char *wire, size_t payload_len)
{
    const char *from = wire + gw_frame_wire_len (payload_len) - payload_len;
    bool is_first = true;
    do {
        size_t chunk = payload_len < GW_FRAME_PAYLOAD ? payload_len : GW_FRAME_PAYLOAD;
        payload_len -= chunk;
        wire = s_put_header (wire, chunk, is_first, payload_len == 0);
        memmove (wire, from, chunk);
        wire += chunk;
        from += chunk;
        is_first = false;
    } while (payload_len);
}

static size_t s_frame_len (const unsigned char *wire)
{
    return wire[1] < S_LEN16 ? 2u + wire[1] : S_HEADER + ((size_t)wire[2] << 8 | wire[3]);
}

size_t gw_frame_span (const char *wire, size_t len, size_t max)
{
    const unsigned char *bytes = (const unsigned char *)wire;
    if (len <= max)
        return len;
    size_t span = 0;
    while (span < len) {
        size_t next = span + s_frame_len (bytes + span);
        if (span && next > max)
            break;
        span = next;
    }
    return span;
}

static gw_frame_t *s_new (size_t len)
{
    gw_frame_t *self = malloc (sizeof *self + len);
    if (!self)
        return NULL;
    self->refs = 1;
    self->len = len;
    return self;
}

gw_frame_t *gw_frame_new (const char *payload, size_t len)
{
    gw_frame_t *self = s_new (gw_frame_wire_len (len));
    if (!self)
        return NULL;
    if (len)
        memcpy (self->bytes + self->len - len, payload, len);
    gw_frame_wrap (self->bytes, len);
    return self;
}

/*  The first fragment alone says what the message is. */
gw_frame_t *gw_frame_new_binary (const char *payload, size_t len)
{
    gw_frame_t *self = gw_frame_new (payload, len);
    if (self)
        self->bytes[0] ^= S_TEXT ^ S_BINARY;
    return self;
}

gw_frame_t *gw_frame_copy (const char *wire, size_t len)
{
    gw_frame_t *self = s_new (len);
    if (self)
        memcpy (self->bytes, wire, len);
    return self;
}

gw_frame_t *gw_frame_ref (gw_frame_t *self)
{
    self->refs++;
    return self;
}

void gw_frame_unref (gw_frame_t **self_p)
{
    gw_frame_t *self = *self_p;
    *self_p = NULL;
    if (self && --self->refs == 0)
        free (self);
}

const char *gw_frame_bytes (const gw_frame_t *self)
{
    return self->bytes;
}

size_t gw_frame_len (const gw_frame_t *self)
{
    return self->len;
}

/*  ---- the JSON of items ----------------------------------------------------- */

#define S_PUT(at, literal) s_put_bytes (at, literal, sizeof (literal) - 1)

static inline char *s_put_bytes (char *at, const char *bytes, size_t len)
{
    memcpy (at, bytes, len);
    return at + len;
}

static char *s_put_id (char *at, uint64_t id)
{
    *at++ = '"';
    at = gw_text_put_u64 (at, id);
    *at++ = '"';
    return at;
}

static char *s_put_enum (char *at, pt_enum_t type, unsigned value)
{
    const char *text = pt_enum_text (type, value);
    *at++ = '"';
    if (text)
        at = s_put_bytes (at, text, strlen (text));
    *at++ = '"';
    return at;
}

static char *s_put_attachments (char *at, const pt_item_t *item)
{
    at = S_PUT (at, ",\"attachments\":[");
    for (uint32_t i = 0; i < item->attachments.count; i++) {
        const pt_attachment_t *file = &item->attachments.at[i];
        at = i > 0 ? S_PUT (at, ",{\"file\":") : S_PUT (at, "{\"file\":");
        at = s_put_id (at, file->file);
        at = S_PUT (at, ",\"name\":");
        at = gw_text_put_str (at, file->name.at, file->name.len);
        at = S_PUT (at, ",\"type\":");
        at = gw_text_put_str (at, file->type.at, file->type.len);
        at = S_PUT (at, ",\"size\":");
        at = gw_text_put_u64 (at, file->size);
        *at++ = '}';
    }
    *at++ = ']';
    return at;
}

static char *s_put_message (char *at, const pt_item_t *item)
{
    at = S_PUT (at, ",\"sender\":");
    at = s_put_id (at, item->sender);
    at = S_PUT (at, ",\"send_id\":");
    at = gw_text_put_str (at, item->send_id.at, item->send_id.len);
    at = S_PUT (at, ",\"body\":");
    at = gw_text_put_str (at, item->body.at, item->body.len);
    if (item->has_reply_to) {
        at = S_PUT (at, ",\"reply_to\":");
        at = gw_text_put_u64 (at, item->reply_to);
    }
    if (item->attachments.count > 0)
        at = s_put_attachments (at, item);
    return at;
}

static char *s_put_member (char *at, const pt_item_t *item)
{
    at = S_PUT (at, ",\"account\":");
    at = s_put_id (at, item->account);
    at = S_PUT (at, ",\"what\":");
    at = s_put_enum (at, PT_ENUM_change, item->what);
    if (item->has_role) {
        at = S_PUT (at, ",\"role\":");
        at = s_put_enum (at, PT_ENUM_role, item->role);
    }
    if (item->has_by) {
        at = S_PUT (at, ",\"by\":");
        at = s_put_id (at, item->by);
    }
    return at;
}

/*  All of the object behind its opening. */
static char *s_put_fields (char *at, const pt_item_t *item)
{
    at = S_PUT (at, "\"room\":");
    at = s_put_id (at, item->room);
    at = S_PUT (at, ",\"seq\":");
    at = gw_text_put_u64 (at, item->seq);
    at = S_PUT (at, ",\"id\":");
    at = s_put_id (at, item->id);
    at = S_PUT (at, ",\"kind\":");
    at = s_put_enum (at, PT_ENUM_item_kind, item->kind);
    at = item->kind == PT_item_kind_MEMBER ? s_put_member (at, item) : s_put_message (at, item);
    at = S_PUT (at, ",\"at\":\"");
    at = gw_text_put_time (at, item->at);
    return S_PUT (at, "\"}");
}

static size_t s_json_max (const pt_item_t *item)
{
    size_t len = S_ITEM_FIXED + gw_text_str_len (item->send_id.at, item->send_id.len) +
                 gw_text_str_len (item->body.at, item->body.len);
    for (uint32_t i = 0; i < item->attachments.count; i++) {
        const pt_attachment_t *file = &item->attachments.at[i];
        len += S_ATTACHMENT_FIXED + gw_text_str_len (file->name.at, file->name.len) +
               gw_text_str_len (file->type.at, file->type.len);
    }
    return len;
}

size_t gw_frame_item_max (const pt_item_t *item)
{
    return gw_frame_wire_len (s_json_max (item));
}

size_t gw_frame_put_item (char *wire, const pt_item_t *item)
{
    char *payload = wire + S_HEADER;
    char *at = S_PUT (payload, "{\"ev\":");
    at = s_put_enum (at, PT_ENUM_item_kind, item->kind);
    *at++ = ',';
    at = s_put_fields (at, item);

    size_t payload_len = (size_t)(at - payload);
    size_t wire_len = gw_frame_wire_len (payload_len);
    if (wire_len == S_HEADER + payload_len) {
        s_put_header (wire, payload_len, true, true);
        return wire_len;
    }
    memmove (wire + wire_len - payload_len, payload, payload_len);
    gw_frame_wrap (wire, payload_len);
    return wire_len;
}

void gw_frame_item_json (pt_buf_t *out, const pt_item_t *item)
{
    char *at = pt_buf_reserve (out, s_json_max (item));
    if (!at)
        return;
    char *end = at;
    *end++ = '{';
    end = s_put_fields (end, item);
    out->len += (size_t)(end - at);
}
