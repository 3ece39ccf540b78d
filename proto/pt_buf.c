/*  pt_buf - a growing byte buffer with a maximum and a sticky error. */

#include "pt_buf.h"
#include "pt_error.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { S_FIRST_CAP = 256 };

void pt_buf_init (pt_buf_t *self, size_t max)
{
    *self = (pt_buf_t){.max = max};
}

void pt_buf_fini (pt_buf_t *self)
{
    free (self->at);
    *self = (pt_buf_t){.max = self->max};
}

void pt_buf_clear (pt_buf_t *self)
{
    self->len = 0;
    self->error = 0;
}

/*  Memory for `len` more bytes, which fit below the maximum. */
static int s_grow (pt_buf_t *self, size_t len)
{
    size_t need = self->len + len;
    size_t cap = self->cap ? self->cap : S_FIRST_CAP;
    while (cap < need && cap <= self->max / 2)
        cap *= 2;
    if (cap < need || cap > self->max)
        cap = self->max;
    char *at = realloc (self->at, cap ? cap : 1);
    if (!at)
        return -PT_E_memory;
    self->at = at;
    self->cap = cap;
    return 0;
}

char *pt_buf_reserve (pt_buf_t *self, size_t len)
{
    if (self->error)
        return NULL;
    if (self->at && len <= self->cap - self->len)
        return self->at + self->len;
    self->error = len <= self->max - self->len ? s_grow (self, len) : -PT_E_too_large;
    return self->error ? NULL : self->at + self->len;
}

void pt_buf_put (pt_buf_t *self, const void *bytes, size_t len)
{
    char *to = pt_buf_reserve (self, len);
    if (!to || !len)
        return;
    memcpy (to, bytes, len);
    self->len += len;
}

void pt_buf_puts (pt_buf_t *self, const char *text)
{
    pt_buf_put (self, text, strlen (text));
}

void pt_buf_printf (pt_buf_t *self, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    int len = vsnprintf (NULL, 0, format, args);
    va_end (args);
    if (len <= 0)
        return;
    /*  One byte more than is kept: vsnprintf ends with a NUL.  At the maximum
        that byte does not exist, so the text takes a detour. */
    if (self->max - self->len > (size_t)len) {
        char *to = pt_buf_reserve (self, (size_t)len + 1);
        if (!to)
            return;
        va_start (args, format);
        vsnprintf (to, (size_t)len + 1, format, args);
        va_end (args);
        self->len += (size_t)len;
        return;
    }
    char *text = NULL;
    va_start (args, format);
    len = vasprintf (&text, format, args);
    va_end (args);
    if (len < 0) {
        if (!self->error)
            self->error = -PT_E_memory;
        return;
    }
    pt_buf_put (self, text, (size_t)len);
    free (text);
}

int pt_buf_error (const pt_buf_t *self)
{
    return self->error;
}

char *pt_buf_take (pt_buf_t *self, size_t *out_len)
{
    char *at = self->at;
    *out_len = self->len;
    *self = (pt_buf_t){.max = self->max};
    return at;
}
