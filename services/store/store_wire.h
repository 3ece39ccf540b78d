/*  store_wire - PostgreSQL's binary format: arguments of a statement and the
    cells of its result.

    Arguments are appended without looking; the first failure (too many, too
    large, out of memory) sticks and is found when the statement is sent.
    Cells are read from left to right; a cell of another shape than asked for
    sticks likewise, so that a reader checks once, at the end. */

#ifndef STORE_WIRE_H
#define STORE_WIRE_H

#include "pt_codec.h"
#include "pt_message.h"
#include <libpq-fe.h>

/*  Arguments of one statement; more is our bug and fails the statement. */
#define STORE_ARGS_MAX 12

/*  Bytes of all arguments of one statement: a batch of the largest bodies and names. */
#define STORE_ARGS_BYTES (LIM_BATCH * (LIM_BODY + 256 + LIM_ATTACHMENTS * 512))

/*  Element types of arrays, by their fixed object ids. */
typedef enum {
    STORE_OID_BYTEA = 17,
    STORE_OID_INT8 = 20,
    STORE_OID_INT2 = 21,
    STORE_OID_TEXT = 25,
    STORE_OID_TIMESTAMPTZ = 1184,
} store_oid_t;

typedef struct {
    pt_buf_t bytes;
    size_t offset[STORE_ARGS_MAX]; /* where an argument begins */
    int length[STORE_ARGS_MAX];    /* its bytes; -1 for NULL */
    int count;
    int error; /* 0 or -PT_E_too_large */
} store_args_t;

void store_args_init (store_args_t *self);
void store_args_fini (store_args_t *self);
void store_args_clear (store_args_t *self);

/*  0 or the first error. */
int store_args_error (const store_args_t *self);

/*  Scalars: bigint, integer, smallint, boolean, timestamptz (microseconds since 1970), text or bytea,
    NULL.  The `opt` forms give NULL when `has` is false. */
void store_args_i64 (store_args_t *self, uint64_t value);
void store_args_i32 (store_args_t *self, uint32_t value);
void store_args_i16 (store_args_t *self, unsigned value);
void store_args_bool (store_args_t *self, bool value);
void store_args_time (store_args_t *self, int64_t at);
void store_args_str (store_args_t *self, pt_str_t value);
void store_args_null (store_args_t *self);
void store_args_opt_i64 (store_args_t *self, bool has, uint64_t value);
void store_args_opt_i16 (store_args_t *self, bool has, unsigned value);
void store_args_opt_bool (store_args_t *self, bool has, bool value);
void store_args_opt_time (store_args_t *self, bool has, int64_t at);
void store_args_opt_str (store_args_t *self, bool has, pt_str_t value);

/*  An array argument of `count` elements, which must follow; then the next
    argument may begin.  Elements that are 0 in the opt forms become NULL. */
void store_args_array (store_args_t *self, store_oid_t type, unsigned count);
void store_elem_i64 (store_args_t *self, uint64_t value);
void store_elem_opt_i64 (store_args_t *self, uint64_t value);
void store_elem_i16 (store_args_t *self, unsigned value);
void store_elem_opt_i16 (store_args_t *self, unsigned value);
void store_elem_time (store_args_t *self, int64_t at);
void store_elem_str (store_args_t *self, pt_str_t value);
void store_elem_opt_str (store_args_t *self, bool has, pt_str_t value);
void store_elem_msg (store_args_t *self, pt_msg_t type, const void *msg); /* encoded; a failure sticks */
void store_elem_null (store_args_t *self);

/*  An array of ids. */
void store_args_ids (store_args_t *self, const uint64_t *ids, unsigned count);

typedef struct {
    const PGresult *result;
    int row;
    int column; /* the next to be read */
    bool is_bad;
} store_row_t;

/*  Row `row` of a result, at its first column. */
store_row_t store_row (const PGresult *result, int row);

/*  The next cell; 0, false or an empty string when it is NULL or of another
    shape.  Text points into the result.  Numbers below 0 are bad. */
uint64_t store_row_u64 (store_row_t *self); /* bigint, integer or smallint */
int64_t store_row_time (store_row_t *self); /* timestamptz as microseconds since 1970 */
bool store_row_bool (store_row_t *self);
pt_str_t store_row_str (store_row_t *self); /* text or bytea */

/*  Whether the next cell is NULL; does not move on. */
bool store_row_null (const store_row_t *self);

#endif
