/*  pt_error - the one enum of errors, from errors.def.

    Fallible functions return 0 or the negative value: `return -PT_E_busy;`. */

#ifndef PT_ERROR_H
#define PT_ERROR_H

typedef enum {
    PT_OK = 0,
#define ERR(name, number, http, title) PT_E_##name = number,
#include "errors.def"
#undef ERR
} pt_err_t;

#define PT_MUSTCHECK __attribute__ ((warn_unused_result))

/*  Name ("busy"), HTTP status and title of an error; `err` may be given
    negative or positive.  An unknown number is reported as `internal`. */
const char *pt_error_name (int err);
int pt_error_http (int err);
const char *pt_error_title (int err);

/*  Whether asking again, unchanged, may succeed (busy, unavailable, deadline,
    draining, worker_lost, memory). */
int pt_error_is_transient (int err);

#endif
