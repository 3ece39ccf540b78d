/*  store_wire - PostgreSQL's binary format: arguments and cells. */

#include "store_wire.h"

/*  From 1970 to 2000, where PostgreSQL's clock begins, in microseconds. */
#define S_EPOCH 946684800000000

static void s_put_u16 (store_args_t *self, uint16_t value)
{
    uint8_t out[2] = {(uint8_t)(value >> 8), (uint8_t)value};
    pt_buf_put (&self->bytes, out, sizeof (out));
}

static void s_put_u32 (store_args_t *self, uint32_t value)
{
    value = __builtin_bswap32 (value);
    pt_buf_put (&self->bytes, &value, sizeof (value));
}

static void s_put_u64 (store_args_t *self, uint64_t value)
{
    value = __builtin_bswap64 (value);
    pt_buf_put (&self->bytes, &value, sizeof (value));
}

/*  ---- arguments ---------------------------------------------------------- */

void store_args_init (store_args_t *self)
{
    memset (self, 0, sizeof (*self));
    pt_buf_init (&self->bytes, STORE_ARGS_BYTES);
}

void store_args_fini (store_args_t *self)
{
    pt_buf_fini (&self->bytes);
}

void store_args_clear (store_args_t *self)
{
    pt_buf_clear (&self->bytes);
    self->count = 0;
    self->error = 0;
}

int store_args_error (const store_args_t *self)
{
    return self->error ? self->error : pt_buf_error (&self->bytes);
}

/*  Opens the next argument; what is put into the buffer until the one after is
    its value. */
static void s_open (store_args_t *self, int length)
{
    if (self->count == STORE_ARGS_MAX) {
        self->error = -PT_E_too_large;
        return;
    }
    self->offset[self->count] = self->bytes.len;
    self->length[self->count] = length;
    self->count++;
}

void store_args_i64 (store_args_t *self, uint64_t value)
{
    s_open (self, 8);
    s_put_u64 (self, value);
}

void store_args_i32 (store_args_t *self, uint32_t value)
{
    s_open (self, 4);
    s_put_u32 (self, value);
}

void store_args_i16 (store_args_t *self, unsigned value)
{
    s_open (self, 2);
    s_put_u16 (self, (uint16_t)value);
}

void store_args_bool (store_args_t *self, bool value)
{
    s_open (self, 1);
    pt_buf_put (&self->bytes, value ? "\1" : "", 1);
}

void store_args_time (store_args_t *self, int64_t at)
{
    store_args_i64 (self, (uint64_t)(at - S_EPOCH));
}

void store_args_str (store_args_t *self, pt_str_t value)
{
    s_open (self, (int)value.len);
    pt_buf_put (&self->bytes, value.at, value.len);
}

void store_args_null (store_args_t *self)
{
    s_open (self, -1);
}

void store_args_opt_i64 (store_args_t *self, bool has, uint64_t value)
{
    if (has)
        store_args_i64 (self, value);
    else
        store_args_null (self);
}

void store_args_opt_i16 (store_args_t *self, bool has, unsigned value)
{
    if (has)
        store_args_i16 (self, value);
    else
        store_args_null (self);
}

void store_args_opt_bool (store_args_t *self, bool has, bool value)
{
    if (has)
        store_args_bool (self, value);
    else
        store_args_null (self);
}

void store_args_opt_time (store_args_t *self, bool has, int64_t at)
{
    if (has)
        store_args_time (self, at);
    else
        store_args_null (self);
}

void store_args_opt_str (store_args_t *self, bool has, pt_str_t value)
{
    if (has)
        store_args_str (self, value);
    else
        store_args_null (self);
}

/*  The length of an array is known when it is full: every element adds its own. */
static void s_grow (store_args_t *self, int bytes)
{
    if (self->count > 0)
        self->length[self->count - 1] += bytes;
}

void store_args_array (store_args_t *self, store_oid_t type, unsigned count)
{
    s_open (self, 0);
    s_put_u32 (self, count > 0); /* dimensions */
    s_put_u32 (self, 1);         /* may hold NULLs */
    s_put_u32 (self, type);
    s_grow (self, 12);
    if (count == 0)
        return;
    s_put_u32 (self, count);
    s_put_u32 (self, 1); /* lower bound */
    s_grow (self, 8);
}

void store_elem_i64 (store_args_t *self, uint64_t value)
{
    char *out = pt_buf_reserve (&self->bytes, 12);
    if (!out)
        return;
    uint32_t len = __builtin_bswap32 (8);
    value = __builtin_bswap64 (value);
    memcpy (out, &len, sizeof (len));
    memcpy (out + 4, &value, sizeof (value));
    self->bytes.len += 12;
    s_grow (self, 12);
}

void store_elem_i16 (store_args_t *self, unsigned value)
{
    s_put_u32 (self, 2);
    s_put_u16 (self, (uint16_t)value);
    s_grow (self, 6);
}

void store_elem_time (store_args_t *self, int64_t at)
{
    store_elem_i64 (self, (uint64_t)(at - S_EPOCH));
}

void store_elem_str (store_args_t *self, pt_str_t value)
{
    s_put_u32 (self, value.len);
    pt_buf_put (&self->bytes, value.at, value.len);
    s_grow (self, 4 + (int)value.len);
}

void store_elem_msg (store_args_t *self, pt_msg_t type, const void *msg)
{
    size_t at = self->bytes.len;
    s_put_u32 (self, 0);
    int rc = store_args_error (self) ? 0 : pt_encode (&self->bytes, type, msg);
    if (rc < 0)
        self->error = rc;
    if (store_args_error (self))
        return;
    size_t len = self->bytes.len - at - sizeof (uint32_t);
    uint32_t head = __builtin_bswap32 ((uint32_t)len);
    memcpy (self->bytes.at + at, &head, sizeof (head));
    s_grow (self, (int)(sizeof (head) + len));
}

void store_elem_null (store_args_t *self)
{
    s_put_u32 (self, UINT32_MAX);
    s_grow (self, 4);
}

void store_elem_opt_str (store_args_t *self, bool has, pt_str_t value)
{
    if (has)
        store_elem_str (self, value);
    else
        store_elem_null (self);
}

void store_elem_opt_i64 (store_args_t *self, uint64_t value)
{
    if (value)
        store_elem_i64 (self, value);
    else
        store_elem_null (self);
}

void store_elem_opt_i16 (store_args_t *self, unsigned value)
{
    if (value)
        store_elem_i16 (self, value);
    else
        store_elem_null (self);
}

void store_args_ids (store_args_t *self, const uint64_t *ids, unsigned count)
{
    store_args_array (self, STORE_OID_INT8, count);
    for (unsigned i = 0; i < count; i++)
        store_elem_i64 (self, ids[i]);
}

/*  ---- cells --------------------------------------------------------------- */

store_row_t store_row (const PGresult *result, int row)
{
    return (store_row_t){.result = result, .row = row, .is_bad = row >= PQntuples (result)};
}

/*  Bytes of the next cell, NULL when it is NULL or there is none. */
static const uint8_t *s_next (store_row_t *self, int *out_len)
{
    if (self->is_bad || self->column >= PQnfields (self->result)) {
        self->is_bad = true;
        return NULL;
    }
    int column = self->column++;
    if (PQgetisnull (self->result, self->row, column))
        return NULL;
    *out_len = PQgetlength (self->result, self->row, column);
    return (const uint8_t *)PQgetvalue (self->result, self->row, column);
}

static int64_t s_next_int (store_row_t *self)
{
    int len = 0;
    const uint8_t *at = s_next (self, &len);
    if (!at)
        return 0;
    if (len != 2 && len != 4 && len != 8) {
        self->is_bad = true;
        return 0;
    }
    uint64_t value = at[0] & 0x80 ? UINT64_MAX : 0;
    for (int i = 0; i < len; i++)
        value = value << 8 | at[i];
    return (int64_t)value;
}

uint64_t store_row_u64 (store_row_t *self)
{
    int64_t value = s_next_int (self);
    if (value >= 0)
        return (uint64_t)value;
    self->is_bad = true;
    return 0;
}

int64_t store_row_time (store_row_t *self)
{
    bool is_null = store_row_null (self);
    int64_t value = s_next_int (self), at = 0;
    if (is_null)
        return 0;
    /*  `infinity` is the greatest number. */
    if (__builtin_add_overflow (value, S_EPOCH, &at))
        self->is_bad = true;
    return self->is_bad ? 0 : at;
}

bool store_row_bool (store_row_t *self)
{
    int len = 0;
    const uint8_t *at = s_next (self, &len);
    if (at && len != 1)
        self->is_bad = true;
    return at && len == 1 && *at;
}

pt_str_t store_row_str (store_row_t *self)
{
    int len = 0;
    const uint8_t *at = s_next (self, &len);
    return at ? (pt_str_t){(const char *)at, (uint32_t)len} : (pt_str_t){"", 0};
}

bool store_row_null (const store_row_t *self)
{
    return self->is_bad || PQgetisnull (self->result, self->row, self->column);
}
