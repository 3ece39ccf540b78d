/*  gw_chunked - decoding `Transfer-Encoding: chunked` (RFC 9112, 7.1); pure, and
    strict: what a proxy might read in another way ends the connection. */

#ifndef GW_CHUNKED_H
#define GW_CHUNKED_H

#include <stddef.h>
#include <stdint.h>

/*  Bytes of one chunk's extensions, and of all trailers; both are read past. */
#define GW_CHUNKED_EXTENSION 256
#define GW_CHUNKED_TRAILERS 8192

typedef enum {
    GW_CHUNKED_MORE, /* all bytes were taken */
    GW_CHUNKED_DATA,
    GW_CHUNKED_END, /* the body is whole; what follows is not part of it */
    GW_CHUNKED_BAD,
} gw_chunked_result_t;

/*  Embedded; all zero is the start. */
typedef struct {
    unsigned state;
    unsigned skipped; /* bytes of this extension, or of the trailers */
    unsigned digits;
    uint64_t left; /* of this chunk */
} gw_chunked_t;

/*  Takes from the `*len` bytes at `*at` and moves both on.  DATA: `*out_len` bytes of
    the body at `*out`, which point into the input.  To be called again until it says MORE; END
    and BAD are final. */
gw_chunked_result_t gw_chunked_next (gw_chunked_t *self, const char **at, size_t *len, const char **out,
                                     size_t *out_len);

#endif
