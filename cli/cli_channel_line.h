/*  cli_channel_line - what `parley channel` reads and writes: one JSON object a line, one answer a line.

    Pure: a line becomes a call of chat, its outcome a line.  Names, times and messages are
    checked here, so that a fault is told in the words of the line. */

#ifndef CLI_CHANNEL_LINE_H
#define CLI_CHANNEL_LINE_H

#include "pt_buf.h"
#include "sv_bus.h"
#include <jansson.h>

/*  Longest line: the longest message, each byte of it written as an escape. */
#define CLI_CHANNEL_LINE_MAX (8 * LIM_CHANNEL_MESSAGE)

typedef struct {
    uint16_t opcode;
    uint64_t affinity; /* of the name that the operation is about */
    uint32_t wait_ms;  /* of a receive */
    union {
        pt_channel_send_t send;
        pt_channel_receive_t receive;
        pt_channel_group_change_t change;
        pt_channel_group_send_t group_send;
    } msg;
    json_t *line; /* owned, holds the names */
    char *text;   /* owned, the message */
} cli_channel_line_t;

/*  Reads a line under an idempotency key (borrowed); a receive that names no time waits `wait_ms`.
    NULL, or what is wrong with it, one sentence; either way `out` is to be freed. */
const char *cli_channel_line_read (cli_channel_line_t *out, const char *line, size_t len, const char *key,
                                   uint32_t wait_ms);
void cli_channel_line_free (cli_channel_line_t *self);

/*  The answer's line: {"message":..}, {"ok":true}, or {"error":..}. */
void cli_channel_line_write (const cli_channel_line_t *self, const sv_reply_t *reply, pt_buf_t *out);
void cli_channel_line_refuse (const char *fault, pt_buf_t *out);

#endif
