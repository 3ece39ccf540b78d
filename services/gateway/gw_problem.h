/*  gw_problem - an error as application/problem+json (RFC 9457) and the headers
    that go with it. */

#ifndef GW_PROBLEM_H
#define GW_PROBLEM_H

#include "pt_buf.h"
#include "pt_message.h"

#define GW_PROBLEM_TYPE "application/problem+json"

/*  Longest text gw_problem_headers makes, with its NUL. */
#define GW_PROBLEM_HEADERS 160

/*  Appends {type, title, status, code, detail, errors, request_id}.  `detail`,
    `error` and `trace` may be NULL; the detail of `error` counts when `detail`
    is NULL. */
void gw_problem_write (pt_buf_t *out, int err, const char *detail, const pt_error_t *error, const char *trace);

/*  Header lines an error asks for: WWW-Authenticate with 401 and where a scope is
    missing, in the scheme that was shown (none: Bearer), Retry-After with 429 and
    503 (from error->retry_ms, else one second), Upgrade with 426; "" when none. */
const char *gw_problem_headers (int err, const pt_error_t *error, pt_scheme_t shown, char out[GW_PROBLEM_HEADERS]);

#endif
