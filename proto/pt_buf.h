/*  pt_buf - a growing byte buffer with a maximum and a sticky error.

    Append without looking, check `pt_buf_error` once at the end: after the
    first failure every append is a no-op. */

#ifndef PT_BUF_H
#define PT_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    char *at;   /* bytes, owned by the buffer */
    size_t len; /* bytes written */
    size_t cap; /* bytes allocated */
    size_t max; /* never more than this */
    int error;  /* 0, -PT_E_too_large or -PT_E_memory */
} pt_buf_t;

/*  Embedded object: init does not allocate, fini frees and may be repeated. */
void pt_buf_init (pt_buf_t *self, size_t max);
void pt_buf_fini (pt_buf_t *self);

/*  Forgets the content and the error, keeps the memory. */
void pt_buf_clear (pt_buf_t *self);

/*  Room for `len` more bytes at the end, to be written by the caller, who then
    adds to `len`; NULL and a sticky error when there is none. */
char *pt_buf_reserve (pt_buf_t *self, size_t len);

void pt_buf_put (pt_buf_t *self, const void *bytes, size_t len);
void pt_buf_puts (pt_buf_t *self, const char *text);
void pt_buf_printf (pt_buf_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

/*  0 or the first error. */
int pt_buf_error (const pt_buf_t *self);

/*  Hands the bytes to the caller, who frees them; the buffer is empty after. */
char *pt_buf_take (pt_buf_t *self, size_t *out_len);

#endif
