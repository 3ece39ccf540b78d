/*  gw_upload_body - the body of an upload on its way: out of its chunks and its form, kept while drive
    has no room, and given on. */

#include "gw_upload_priv.h"

/* ---- going on ------------------------------------------------------------------------ */

void gw_upload_push (gw_upload_t *self)
{
    gw_request_t *request = self->request;
    while (self->transfer && self->given < self->pending.len && gw_transfer_wants (self->transfer)) {
        size_t len = self->pending.len - self->given;
        len = len < GW_BULK_PUT ? len : GW_BULK_PUT;
        if (gw_transfer_put (self->transfer, self->pending.at + self->given, len) != 0) {
            gw_upload_fail (self, -PT_E_memory, NULL);
            return;
        }
        self->given += len;
    }
    bool is_empty = self->given == self->pending.len;
    if (is_empty)
        pt_buf_clear (&self->pending);
    if (is_empty)
        self->given = 0;
    bool must_wait = !is_empty || !self->transfer || !gw_transfer_wants (self->transfer);
    if (self->transfer && is_empty && self->is_whole && !self->is_last) {
        self->is_last = true;
        gw_http_patience (request, 0);
        gw_transfer_last (self->transfer);
    }
    self->was_paused = self->was_paused || must_wait;
    if (must_wait || self->is_whole)
        gw_http_read_off (request);
    else
        gw_http_read_on (request);
}

/* ---- coming -------------------------------------------------------------------------- */

void gw_upload_name (gw_upload_t *self, const char *name, size_t len)
{
    gw_request_t *request = self->request;
    const char *copy = pt_arena_copy (request->arena, name, len);
    self->name = (pt_str_t){copy ? copy : "", copy ? (uint32_t)len : 0};
    self->was_paused = true;
    gw_http_read_off (request);
}

/*  Bytes of a form.  0, or an error; `*out_named`: the file has just begun. */
static int s_take_form (gw_upload_t *self, const char *bytes, size_t len, bool *out_named)
{
    const char *out;
    size_t out_len;
    int err = 0;
    while (err == 0) {
        switch (gw_multipart_next (self->form, &bytes, &len, &out, &out_len)) {
        case GW_MULTIPART_MORE:
            return 0;
        case GW_MULTIPART_FILE:
            gw_upload_name (self, self->form->name, self->form->name_len);
            *out_named = true;
            break;
        case GW_MULTIPART_DATA:
            if (self->fields)
                err = gw_upload_form_data (self, out, out_len, out_named);
            else
                pt_buf_put (&self->pending, out, out_len);
            break;
        case GW_MULTIPART_END:
            self->is_whole = true;
            return 0;
        case GW_MULTIPART_BAD:
            return -PT_E_malformed;
        case GW_MULTIPART_PART: /* are told where all parts are wanted */
            err = gw_upload_form_part (self);
            break;
        case GW_MULTIPART_PART_END:
            gw_upload_form_part_end (self);
            break;
        }
    }
    return err;
}

static int s_take_content (gw_upload_t *self, const char *bytes, size_t len, bool *out_named)
{
    if (self->form)
        return s_take_form (self, bytes, len, out_named);
    pt_buf_put (&self->pending, bytes, len);
    return 0;
}

/*  Bytes as they came.  What is behind the end of a form or of a chunked body is passed
    over: the connection ends with it. */
static int s_take (gw_upload_t *self, const char *bytes, size_t len, bool *out_named)
{
    const char *out;
    size_t out_len;
    int err = 0;
    if (!self->request->is_chunked)
        return s_take_content (self, bytes, len, out_named);
    while (err == 0) {
        switch (gw_chunked_next (&self->chunked, &bytes, &len, &out, &out_len)) {
        case GW_CHUNKED_MORE:
            return 0;
        case GW_CHUNKED_DATA:
            err = s_take_content (self, out, out_len, out_named);
            break;
        case GW_CHUNKED_END:
            self->request->has_more_body = false;
            self->is_whole = !self->form || self->is_whole;
            return self->is_whole ? 0 : -PT_E_malformed;
        case GW_CHUNKED_BAD:
            return -PT_E_malformed;
        }
    }
    return err;
}

/*  A body that is a file goes past `pending` when nothing waits there. */
static bool s_give_at_once (gw_upload_t *self, const char *bytes, size_t len, int *out_err)
{
    if (self->form || self->request->is_chunked || self->pending.len > 0 || !self->transfer ||
        !gw_transfer_wants (self->transfer))
        return false;
    *out_err = gw_transfer_put (self->transfer, bytes, len);
    return true;
}

void gw_upload_on_body (gw_request_t *request, const char *bytes, size_t len)
{
    gw_upload_t *self = gw_upload_of (request);
    bool is_named = false;
    int err = gw_http_stands (request);
    self->came += len;
    if (self->is_whole)
        return;
    if (err == 0 && !s_give_at_once (self, bytes, len, &err))
        err = s_take (self, bytes, len, &is_named);
    if (err == 0)
        err = pt_buf_error (&self->pending);
    if (err != 0)
        gw_upload_fail (self, err, NULL);
    else if (self->fields && !gw_upload_form_goes_on (self))
        return;
    else if (is_named)
        gw_upload_enter (self);
    else if (self->transfer)
        gw_upload_push (self);
}

/*  lws counts: all of Content-Length is there.  Of a chunked body it takes so much that
    no length is known, and then no more. */
void gw_upload_on_body_end (gw_request_t *request)
{
    gw_upload_t *self = gw_upload_of (request);
    if (request->is_chunked && !self->is_whole) {
        gw_upload_fail (self, -PT_E_too_large,
                        "a chunked body takes 100 MiB at most: say how long it is, or go on from the "
                        "offset that is safe");
        return;
    }
    if (self->form && !self->is_whole) {
        gw_upload_fail (self, -PT_E_malformed, "the form is cut short, or has no file");
        return;
    }
    self->is_whole = true;
    if (self->transfer)
        gw_upload_push (self);
}

void gw_upload_take_early (gw_upload_t *self)
{
    gw_request_t *request = self->request;
    const gw_link_t *link = request->link;
    pt_buf_t early = request->body;
    bool is_all = !request->has_more_body;
    if (self->is_whole)
        return;
    pt_buf_init (&request->body, LIM_HTTP_BODY);
    if (early.len > 0)
        gw_upload_on_body (request, early.at, early.len);
    pt_buf_fini (&early);
    if (link->request == request && is_all)
        gw_upload_on_body_end (request);
}
