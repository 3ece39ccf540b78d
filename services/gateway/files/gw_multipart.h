/*  gw_multipart - finding the one file, or all parts, in a body of type multipart/form-data
    (RFC 7578) as it streams by; pure.

    The first part with a file name is the file; all others are read past, unless all are
    wanted.  Nothing of the content is kept: what may be the beginning of a boundary is held by
    its length alone. */

#ifndef GW_MULTIPART_H
#define GW_MULTIPART_H

#include "pt_limits.h"
#include <stdbool.h>
#include <stddef.h>

/*  RFC 2046, 5.1.1. */
#define GW_MULTIPART_BOUNDARY 70

/*  Bytes of one header line of a part, of all that come before the file, and headers
    of one part. */
#define GW_MULTIPART_LINE 1024
#define GW_MULTIPART_BEFORE (64 * 1024)
#define GW_MULTIPART_HEADERS 16

/*  Bytes of the name of a field. */
#define GW_MULTIPART_FIELD 255

typedef enum {
    GW_MULTIPART_MORE, /* all bytes were taken */
    GW_MULTIPART_FILE, /* the file begins: `name` has its name */
    GW_MULTIPART_DATA, /* the next bytes of it */
    GW_MULTIPART_END,  /* it is whole; what follows is read past */
    GW_MULTIPART_BAD,
    GW_MULTIPART_PART,     /* where all are wanted: one begins, `field` has its name, which is empty of a file
                              that nobody chose */
    GW_MULTIPART_PART_END, /* and is whole; END comes behind the last one */
} gw_multipart_result_t;

/*  Embedded; set by gw_multipart_init alone. */
typedef struct {
    char delimiter[GW_MULTIPART_BOUNDARY + 5]; /* CR LF dash dash boundary */
    size_t delimiter_len;
    size_t matched; /* bytes of it that have been seen */
    unsigned state;
    unsigned headers;
    size_t before;  /* bytes read past so far */
    bool is_file;   /* of the part at hand */
    bool is_part;   /* there is one at hand */
    bool wants_all; /* parts without a file name too; set after gw_multipart_init */
    char line[GW_MULTIPART_LINE];
    size_t line_len;
    char name[LIM_FILE_NAME + 1];
    size_t name_len;
    char field[GW_MULTIPART_FIELD];
    size_t field_len;
} gw_multipart_t;

/*  For the boundary that this Content-Type names.  False when it is another type, or
    has none that is allowed. */
bool gw_multipart_init (gw_multipart_t *self, const char *type, size_t len);

/*  Takes from the `*len` bytes at `*at` and moves both on.  DATA: `*out_len` bytes at
    `*out`, which point into the input or into `self`.  To be called again until it says MORE;
    END and BAD are final.  A body that is over before END is not whole. */
gw_multipart_result_t gw_multipart_next (gw_multipart_t *self, const char **at, size_t *len, const char **out,
                                         size_t *out_len);

#endif
