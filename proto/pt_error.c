/*  pt_error - names, HTTP statuses and titles of errors.def. */

#include "pt_error.h"
#include <stddef.h>

typedef struct {
    const char *name;
    const char *title;
    int http;
} s_row_t;

/*  A number used twice is a compile error (an overridden initializer). */
static const s_row_t s_rows[] = {
    [PT_OK] = {"ok", "Done", 200},
#define ERR(name, number, http, title) [number] = {#name, title, http},
#include "errors.def"
#undef ERR
};

static const s_row_t *s_find_row (int err)
{
    /*  Unsigned, so that the most negative int has an absolute value too. */
    unsigned number = err < 0 ? 0u - (unsigned)err : (unsigned)err;
    if (number < sizeof s_rows / sizeof s_rows[0] && s_rows[number].name)
        return &s_rows[number];
    return &s_rows[PT_E_internal];
}

const char *pt_error_name (int err)
{
    return s_find_row (err)->name;
}

int pt_error_http (int err)
{
    return s_find_row (err)->http;
}

const char *pt_error_title (int err)
{
    return s_find_row (err)->title;
}

int pt_error_is_transient (int err)
{
    switch (err < 0 ? -(long)err : err) {
    case PT_E_busy:
    case PT_E_unavailable:
    case PT_E_deadline:
    case PT_E_draining:
    case PT_E_worker_lost:
    case PT_E_memory:
        return 1;
    default:
        return 0;
    }
}
