/*  gw_dialect_json - pieces of the answers of dialects; pure. */

#ifndef GW_DIALECT_JSON_H
#define GW_DIALECT_JSON_H

#include "gw_route.h"
#include "pt_buf.h"
#include "pt_message.h"

/*  Appends a time in quotes, UTC: microseconds are left out when they are zero. */
void gw_dialect_json_time (pt_buf_t *out, int64_t us);

/*  The same as frames of WebSockets write it: "2026-11-20 23:31:42.030597+00:00". */
void gw_dialect_json_stamp (pt_buf_t *out, int64_t us);

/*  Appends a string in quotes; null when there is none. */
void gw_dialect_json_text (pt_buf_t *out, bool has, pt_str_t text);

/*  Appends a URL in quotes: of this host, as the client named it, and a path of ours. */
void gw_dialect_json_url (pt_buf_t *out, bool is_secure, const char *host, const char *path);

/*  Appends a path, or a name or value of a query, with what may not stand there escaped. */
void gw_dialect_json_escape (pt_buf_t *out, const char *text, size_t len, bool is_path);

/*  Which piece of a list is asked for. */
typedef struct {
    bool is_secure; /* of the connection */
    const char *host, *path;
    const gw_pair_t *query;
    unsigned query_count;
    uint64_t limit, offset;
} gw_dialect_page_t;

/*  `limit` and `offset` out of the query: digits, else the limit is `usual` and the offset 0.  A limit
    above LIM_PAGE is cut to that. */
void gw_dialect_page_read (gw_dialect_page_t *self, uint64_t usual);

/*  Appends {"count":..,"next":..,"previous":..,"results": and leaves the list and the brace to the caller.
    `next` and `previous` keep what else is in the query. */
void gw_dialect_page_write (pt_buf_t *out, const gw_dialect_page_t *self, uint64_t total);

#endif
