/*  gw_upload_form - a form of a dialect that may bring a picture of the account, and fields beside it.

    The picture goes to drive as it comes, and becomes the account's only when all of the form is
    there and was found good. */

#ifndef GW_UPLOAD_FORM_H
#define GW_UPLOAD_FORM_H

#include "gw_dialect_check.h"
#include "gw_http.h"

typedef struct {
    const char *picture; /* the field; files under other names, and a second one, are passed over */
    uint64_t max;        /* bytes of all files; a form with more is answered at once */
    const char *empty;   /* sentences about a picture without bytes, and with too many */
    const char *large;

    /*  What is wrong with a picture whose file has this name; NULL: nothing. */
    const char *(*judge_name) (gw_dialect_body_t *body, pt_str_t name);

    /*  All fields have come: whether they are good; false after answering. */
    bool (*ready) (gw_request_t *request, gw_dialect_body_t *body);

    /*  The picture is the account's, or there was none in the form. */
    gw_route_fn *done;
} gw_upload_form_t;

/*  Whether there is a form to come, or come already: anything else is in one piece. */
bool gw_upload_is_form (const gw_request_t *request);

/*  The handler of such forms on a route of GW_FORM.  What drive refuses is worded by request->refusals;
    `form` lives longer than the request. */
void gw_upload_form (gw_request_t *request, const gw_upload_form_t *form);

#endif
