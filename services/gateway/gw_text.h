/*  gw_text - the small pieces of JSON that both the edge and the event frames
    write: strings, 64-bit numbers, times.

    Two forms of each: `gw_text_*` appends to a buffer that grows, `gw_text_put_*`
    writes to memory the caller has measured and returns the byte after. */

#ifndef GW_TEXT_H
#define GW_TEXT_H

#include "pt_buf.h"
#include <stddef.h>
#include <stdint.h>

/*  The most that a number, and a time without quotes, takes. */
#define GW_TEXT_U64 20
#define GW_TEXT_TIME 27
#define GW_TEXT_CLOCK 8

/*  Exact length of a JSON string with its quotes.  `bytes` must be UTF-8
    already checked; `"`, `\` and U+0000..U+001F are escaped, nothing else. */
size_t gw_text_str_len (const char *bytes, size_t len);
char *gw_text_put_str (char *at, const char *bytes, size_t len);
void gw_text_str (pt_buf_t *out, const char *bytes, size_t len);

/*  A decimal number; gw_text_id puts it in quotes (ids are text in JSON). */
char *gw_text_put_u64 (char *at, uint64_t value);
void gw_text_u64 (pt_buf_t *out, uint64_t value);
void gw_text_id (pt_buf_t *out, uint64_t value);

/*  Microseconds since 1970 as RFC 3339 UTC, 2026-11-21T09:51:35.123456Z, always
    GW_TEXT_TIME bytes; times before 1970 or after the year 9999 are cut to
    these bounds.  gw_text_time puts it in quotes. */
char *gw_text_put_time (char *at, int64_t us);
void gw_text_time (pt_buf_t *out, int64_t us);

/*  The hours, minutes and seconds of it alone, 09:51:35, always GW_TEXT_CLOCK bytes. */
char *gw_text_put_clock (char *at, int64_t us);

#endif
