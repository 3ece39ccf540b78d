/*  sv_log - one line per event: JSON for machines, text on a terminal.

    Fields: ts (RFC 3339 UTC), level, service, request_id where there is one,
    and msg.  Values are escaped: no control byte leaves here.  Bodies,
    tokens, passwords and addresses of mail are never passed in. */

#ifndef SV_LOG_H
#define SV_LOG_H

#include <stdarg.h>
#include <stdint.h>

typedef struct sv_log sv_log_t;

typedef enum { SV_DEBUG, SV_INFO, SV_WARN, SV_ERROR } sv_level_t;

/*  A log of program `service` writing to `fd` (not closed).  format: "json",
    "text" or "auto" (text on a terminal).  NULL when out of memory. */
sv_log_t *sv_log_new (const char *service, int fd, sv_level_t level, const char *format);
void sv_log_destroy (sv_log_t **self_p);

void sv_log_set_level (sv_log_t *self, sv_level_t level);
sv_level_t sv_log_level (const sv_log_t *self);

/*  One line; `trace` (may be NULL or "") is the request id.  Never blocks for
    long, never fails loudly: a line that can't be written is counted. */
void sv_log (sv_log_t *self, sv_level_t level, const char *trace, const char *format, ...)
    __attribute__ ((format (printf, 4, 5)));

/*  Lines that could not be written. */
uint64_t sv_log_lost (const sv_log_t *self);

#endif
