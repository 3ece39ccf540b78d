/*  gw_upload_priv - the insides of a request that brings bytes, shared by gw_upload.c (its steps,
    whole files, pictures), gw_upload_body.c (the body on its way) and gw_upload_tus.c (what is
    tus alone). */

#ifndef GW_UPLOAD_PRIV_H
#define GW_UPLOAD_PRIV_H

#include "gw_bulk.h"
#include "gw_chunked.h"
#include "gw_multipart.h"
#include "gw_tus.h"
#include "gw_upload.h"
#include "gw_upload_form.h"

#define GW_UPLOAD_PATH "/v1/drive/uploads"

typedef struct gw_upload_fields gw_upload_fields_t;

typedef enum { GW_UPLOAD_CREATE, GW_UPLOAD_PATCH, GW_UPLOAD_FILE, GW_UPLOAD_AVATAR } gw_upload_kind_t;

typedef struct {
    gw_request_t *request;
    gw_upload_kind_t kind;
    uint64_t id;     /* of the upload; 0: not created yet */
    bool has_length; /* of the whole */
    uint64_t length;
    uint64_t offset; /* in the whole, at which this request writes */
    pt_str_t name;
    bool has_digest;
    pt_digest_t digest_kind;
    char digest[GW_TUS_DIGEST];
    size_t digest_len;
    gw_chunked_t chunked;
    gw_multipart_t *form;       /* NULL: the body is the file */
    gw_upload_fields_t *fields; /* of a form of a dialect; NULL: the file alone counts */
    pt_buf_t pending;
    size_t given;            /* of what is pending */
    gw_transfer_t *transfer; /* NULL: no stream stands */
    bool is_whole;           /* all of the body has come */
    bool is_last;            /* and has been given */
    bool is_settled;
    bool was_paused; /* since its patience was looked at */
    uint64_t came;   /* bytes since then */
} gw_upload_t;

/*  The context of a request that gw_upload_new began. */
static inline gw_upload_t *gw_upload_of (gw_request_t *request)
{
    return request->stream_ctx;
}

/* ---- gw_upload.c -------------------------------------------------------------------- */

/*  Makes the request one that brings bytes.  NULL after answering. */
gw_upload_t *gw_upload_new (gw_request_t *request, gw_upload_kind_t kind);

/*  Begins with a whole file, perhaps in a form; `fields` NULL: of which nothing else counts. */
void gw_upload_whole (gw_request_t *request, gw_upload_kind_t kind, gw_upload_fields_t *fields);

/*  The steps: drive enters an upload, which opens it when there are bytes; drive grants a stream
    for the one that `id` names.  Both may answer the request, and it is gone then. */
void gw_upload_enter (gw_upload_t *self);
void gw_upload_open (gw_upload_t *self);

/*  Answers with an error, of either sign. */
void gw_upload_fail (gw_upload_t *self, int err, const char *detail);

/*  Adds lines to whatever is answered; `line` ends with CRLF, `name` has no colon. */
void gw_upload_say (gw_request_t *request, const char *line);
void gw_upload_say_number (gw_request_t *request, const char *name, uint64_t value);
void gw_upload_say_expiry (gw_request_t *request, const pt_upload_t *upload);

/*  Content-Type; NULL when there is none. */
const char *gw_upload_type (gw_request_t *request, size_t *out_len);

/*  Reply of an operation after which there is nothing to say: 204. */
sv_reply_fn gw_upload_on_deleted;

/* ---- gw_upload_body.c --------------------------------------------------------------- */

/*  Of gw_stream_t: bytes of the body as they came, and that all have. */
void gw_upload_on_body (gw_request_t *request, const char *bytes, size_t len);
void gw_upload_on_body_end (gw_request_t *request);

/*  Takes what came while it was asked whose request it is. */
void gw_upload_take_early (gw_upload_t *self);

/*  Gives what is pending; reads on when it is gone and there is room, stops when there is
    none. */
void gw_upload_push (gw_upload_t *self);

/*  The file of a form has a name now: the upload can be created. */
void gw_upload_name (gw_upload_t *self, const char *name, size_t len);

/* ---- gw_upload_form.c --------------------------------------------------------------- */

/*  A part begins, brings bytes, ends.  0 or an error; `*out_named`: the picture has just begun. */
PT_MUSTCHECK int gw_upload_form_part (gw_upload_t *self);
PT_MUSTCHECK int gw_upload_form_data (gw_upload_t *self, const char *bytes, size_t len, bool *out_named);
void gw_upload_form_part_end (gw_upload_t *self);

/*  After each piece of the body: whether the picture goes on; false when the request is answered, or
    goes on without one. */
bool gw_upload_form_goes_on (gw_upload_t *self);

/*  The picture is set. */
void gw_upload_form_done (gw_upload_t *self);

/* ---- gw_upload_tus.c ---------------------------------------------------------------- */

/*  Whether the head of a POST is one of tus; the handler of those that are. */
bool gw_upload_is_tus (gw_request_t *request);
gw_route_fn gw_upload_create_tus;

#endif
