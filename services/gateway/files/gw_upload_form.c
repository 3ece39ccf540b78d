/*  gw_upload_form - a form of a dialect that may bring a picture of the account, and fields beside it. */

#include "gw_dialect.h"
#include "gw_upload_priv.h"

struct gw_upload_fields {
    const gw_upload_form_t *form;
    gw_dialect_body_t body;
    gw_value_t *part; /* that bytes belong to */
    char *texts;      /* LIM_HTTP_BODY: what is in all that are no files */
    size_t texts_len;
    uint64_t size;    /* bytes of files so far */
    bool has_picture; /* of a name that is good or not */
    bool is_picture;  /* the part at hand, whose name is good */
    bool is_begun;    /* it has bytes, and an upload of its own */
};

/* ---- parts ---------------------------------------------------------------------------- */

static void s_on_picture (gw_upload_fields_t *fields)
{
    const char *sentence = fields->form->judge_name (&fields->body, fields->part->file_name);
    fields->has_picture = true;
    fields->is_picture = !sentence;
    if (sentence)
        gw_dialect_fault (&fields->body, fields->form->picture, sentence);
}

int gw_upload_form_part (gw_upload_t *self)
{
    gw_upload_fields_t *fields = self->fields;
    const char *ignored;
    int err = gw_dialect_body_part (&fields->body, self->form, &fields->part, &ignored);
    fields->is_picture = false;
    if (err != 0)
        return err;
    fields->part->text.at = fields->texts + fields->texts_len;
    bool is_named = pt_str_eq (fields->part->name, pt_str (fields->form->picture));
    if (fields->part->kind == GW_VALUE_FILE && is_named && !fields->has_picture)
        s_on_picture (fields);
    return 0;
}

static int s_add_text (gw_upload_fields_t *fields, const char *bytes, size_t len)
{
    if (len > LIM_HTTP_BODY - fields->texts_len)
        return -PT_E_malformed;
    memcpy (fields->texts + fields->texts_len, bytes, len);
    fields->texts_len += len;
    fields->part->text.len += (uint32_t)len;
    return 0;
}

int gw_upload_form_data (gw_upload_t *self, const char *bytes, size_t len, bool *out_named)
{
    gw_upload_fields_t *fields = self->fields;
    if (fields->part->kind != GW_VALUE_FILE)
        return s_add_text (fields, bytes, len);
    fields->size += len;
    if (!fields->is_picture)
        return 0;
    if (!fields->is_begun) {
        gw_upload_name (self, fields->part->file_name.at, fields->part->file_name.len);
        fields->is_begun = *out_named = true;
    }
    pt_buf_put (&self->pending, bytes, len);
    return 0;
}

void gw_upload_form_part_end (gw_upload_t *self)
{
    gw_upload_fields_t *fields = self->fields;
    if (fields->is_picture && !fields->is_begun)
        gw_dialect_fault (&fields->body, fields->form->picture, fields->form->empty);
}

/* ---- the whole ------------------------------------------------------------------------ */

bool gw_upload_form_goes_on (gw_upload_t *self)
{
    gw_upload_fields_t *fields = self->fields;
    gw_request_t *request = self->request;
    if (fields->size > fields->form->max) {
        gw_dialect_fault (&fields->body, fields->form->picture, fields->form->large);
        (void)gw_dialect_passes (request, &fields->body);
        return false;
    }
    if (!self->is_whole)
        return true;
    if (!fields->form->ready (request, &fields->body))
        return false;
    if (fields->is_begun)
        return true;
    gw_http_patience (request, 0);
    fields->form->done (request);
    return false;
}

void gw_upload_form_done (gw_upload_t *self)
{
    self->fields->form->done (self->request);
}

bool gw_upload_is_form (const gw_request_t *request)
{
    return request->is_stream && (request->has_more_body || request->body.len > 0);
}

void gw_upload_form (gw_request_t *request, const gw_upload_form_t *form)
{
    gw_upload_fields_t *fields = pt_arena_alloc (request->arena, sizeof *fields);
    char *texts = pt_arena_alloc (request->arena, LIM_HTTP_BODY);
    if (!fields || !texts || gw_dialect_body_open (&fields->body, request->arena) != 0) {
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
        return;
    }
    fields->form = form;
    fields->texts = texts;
    gw_upload_whole (request, GW_UPLOAD_AVATAR, fields);
}
