/*  gw_assemble - one WebSocket message from the slices libwebsockets hands up.

    lws gives a message as it comes off the wire: in slices of frames, frames of
    messages, with no limit of its own.  This puts them together and says when a
    rule is broken; pure, no I/O. */

#ifndef GW_ASSEMBLE_H
#define GW_ASSEMBLE_H

#include "pt_buf.h"

typedef struct {
    pt_buf_t bytes;  /* empty and without memory between messages that came in one slice */
    unsigned frames; /* of this message so far */
    bool is_open;    /* a message has begun and not ended */
    bool is_binary;  /* it is no text */
} gw_assemble_t;

typedef struct {
    const char *bytes;
    size_t len;
    size_t frame_left; /* bytes of this frame that are still to come */
    bool is_first;     /* first slice of a message */
    bool is_last;      /* ends the message */
    bool is_binary;
    bool takes_binary; /* binary messages are wanted */
} gw_slice_t;

typedef enum {
    GW_ASSEMBLE_MORE,  /* taken, the message goes on */
    GW_ASSEMBLE_WHOLE, /* a message is in *out_bytes, until the next call */
    GW_ASSEMBLE_CLOSE, /* close with *out_code */
} gw_assembled_t;

void gw_assemble_init (gw_assemble_t *self);
void gw_assemble_fini (gw_assemble_t *self);

/*  Takes one slice.  Close codes: 1009 beyond LIM_WS_MESSAGE (by what the frame
    claims, before it has arrived), 1008 beyond LIM_WS_FRAGMENTS, 4400 for a
    binary message that is not wanted, 1007 for text that is not UTF-8, 1013 when memory is out. */
gw_assembled_t gw_assemble_take (gw_assemble_t *self, const gw_slice_t *slice, const char **out_bytes, size_t *out_len,
                                 uint16_t *out_code);

/*  Close code for a close frame with a payload of `len` bytes: 1002 when it has
    one byte, 0 when there is nothing to object to. */
uint16_t gw_assemble_close_fault (size_t len);

#endif
