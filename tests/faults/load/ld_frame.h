/*  ld_frame - WebSocket frames as a client reads and writes them (RFC 6455).
    Pure. */

#ifndef LD_FRAME_H
#define LD_FRAME_H

#include "pt_message.h"

/*  Most bytes of a frame's head, and of a payload that is taken. */
#define LD_FRAME_HEAD 14
#define LD_FRAME_MAX (1024 * 1024)

typedef enum {
    LD_CONTINUATION = 0x0,
    LD_TEXT = 0x1,
    LD_BINARY = 0x2,
    LD_CLOSE = 0x8,
    LD_PING = 0x9,
    LD_PONG = 0xa
} ld_opcode_t;

typedef struct {
    ld_opcode_t opcode;
    bool is_final;
    const char *at; /* payload, borrowed from what was parsed */
    size_t len;
    size_t used; /* bytes of the whole frame */
} ld_frame_t;

/*  Reads the frame at the beginning of `bytes`.  1: it is whole and in `*out`;
    0: more bytes are needed; -PT_E_malformed: no server may send this (masked,
    reserved bits or opcodes, a broken control frame); -PT_E_too_large. */
PT_MUSTCHECK int ld_frame_parse (const char *bytes, size_t len, ld_frame_t *out);

/*  Writes a final masked frame; `out` has room for LD_FRAME_HEAD + len bytes.
    Returns its length. */
size_t ld_frame_put (char *out, ld_opcode_t opcode, const char *payload, size_t len, uint32_t mask);

#endif
