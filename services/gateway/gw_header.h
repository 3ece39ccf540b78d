/*  gw_header - judging the header values of a request: pure functions, no I/O.

    libwebsockets 4.1 is lenient (it joins repeated headers with a comma, reads
    `5abc` as 5, takes any Host); these are the strict rules that decide. */

#ifndef GW_HEADER_H
#define GW_HEADER_H

#include "pt_message.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*  Content-Length: digits alone, at most 15 of them.  0 and the value, or
    -PT_E_malformed (a sign, a list, a space, an empty value). */
PT_MUSTCHECK int gw_header_length (const char *value, size_t len, uint64_t *out_length);

/*  Host: one name, IPv4 or bracketed IPv6 address, and perhaps a port. */
bool gw_header_host_ok (const char *value, size_t len);

/*  Whether `value` is one of the comma separated `list`, letters of either
    case alike, spaces around the entries ignored. */
bool gw_header_in_list (const char *list, const char *value, size_t len);

/*  Origin of a browser: accepted when on the list or, without a list, when it
    names `host` under http or https.  `null` never is. */
bool gw_header_origin_ok (const char *origin, size_t len, const char *list, const char *host);

/*  Whether a setting names an origin: scheme, host, perhaps a port, nothing else;
    so never `*`. */
bool gw_header_is_origin (const char *value, size_t len);

/*  Scheme and token of an Authorization header: Bearer, Token or Basic, in any
    case, then spaces and one token.  0; -PT_E_unauthenticated for another
    scheme; -PT_E_token_invalid when there is no token or it has other characters
    than tokens have.  The token points into `value`. */
PT_MUSTCHECK int gw_header_credentials (const char *value, size_t len, pt_scheme_t *out_scheme, const char **out_token,
                                        size_t *out_len);

/*  A request id or idempotency key: 1 to `max` printable ASCII characters. */
bool gw_header_printable (const char *value, size_t len, size_t max);

/*  The trace id of a `traceparent` (W3C Trace Context); NULL when it has none that
    is valid.  The result points into `value`, and is so long. */
#define GW_HEADER_TRACE_ID 32
const char *gw_header_trace_id (const char *value, size_t len);

/*  Whether Content-Type is application/json, or ends in +json; parameters
    (charset) are ignored. */
bool gw_header_is_json (const char *value, size_t len);

/*  Whether Accept lets application/json through: absent, a wildcard, or named. */
bool gw_header_accepts_json (const char *value, size_t len);

/*  Whether Accept names this media type; wildcards do not. */
bool gw_header_lists_media (const char *value, size_t len, const char *media);

/*  Whether a Content-Type names this media type; parameters are ignored. */
bool gw_header_is_media (const char *value, size_t len, const char *media);

/*  The parameter `name` of a value such as `form-data; name=x`, out of its quotes, at
    most `size` bytes.  Within quotes a backslash escapes a quote or a backslash alone: browsers
    write it as it is.  False when there is none, it is too long, or its quotes are not
    closed. */
bool gw_header_param (const char *value, size_t len, const char *name, char *out, size_t size, size_t *out_len);

/*  One entry after the other of a comma separated list, trimmed.  Starts with
 *at = 0; false at the end. */
bool gw_header_next (const char *list, size_t len, size_t *at, const char **out_entry, size_t *out_len);

#endif
