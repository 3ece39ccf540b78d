/*  gw_frame - WebSocket text messages as they go on the wire, and the JSON of
    events, built once and shared by all who get them.

    A message of more than GW_FRAME_PAYLOAD bytes is cut into fragments, so that
    a write never needs to end within a frame (see gw_conn.h). */

#ifndef GW_FRAME_H
#define GW_FRAME_H

#include "pt_buf.h"
#include "pt_message.h"

/*  Payload of one WebSocket frame, so that frame and header take 16 KiB. */
#define GW_FRAME_PAYLOAD (16 * 1024 - 4)

typedef struct gw_frame gw_frame_t;

/*  Length on the wire of a text message with `payload_len` bytes. */
size_t gw_frame_wire_len (size_t payload_len);

/*  Turns the `gw_frame_wire_len` bytes at `wire`, whose last `payload_len` bytes
    are the payload, into one text message. */
void gw_frame_wrap (char *wire, size_t payload_len);

/*  Length of the leading whole frames among `len` bytes, no more than `max`;
    the first frame is counted whatever its length. */
size_t gw_frame_span (const char *wire, size_t len, size_t max);

/*  One message in memory of its own, counted by reference.  From a payload, as text or
    as binary, or from bytes that are frames already.  NULL when out of memory. */
gw_frame_t *gw_frame_new (const char *payload, size_t len);
gw_frame_t *gw_frame_new_binary (const char *payload, size_t len);
gw_frame_t *gw_frame_copy (const char *wire, size_t len);
gw_frame_t *gw_frame_ref (gw_frame_t *self);

/*  Gives up one reference; accepts NULL, nulls the caller's pointer. */
void gw_frame_unref (gw_frame_t **self_p);

const char *gw_frame_bytes (const gw_frame_t *self);
size_t gw_frame_len (const gw_frame_t *self);

/*  Room that the event of an item takes at most, header included.  Writes the
    event as one message and returns its length on the wire. */
size_t gw_frame_item_max (const pt_item_t *item);
size_t gw_frame_put_item (char *wire, const pt_item_t *item);

/*  The item as a JSON object, as in `history`: the event without its `ev`. */
void gw_frame_item_json (pt_buf_t *out, const pt_item_t *item);

#endif
