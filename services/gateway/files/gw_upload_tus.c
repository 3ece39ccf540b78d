/*  gw_upload_tus - uploads as tus has them: its headers, an upload that begins, goes on, is asked for and
    given up, and what OPTIONS says. */

#include "gw_call.h"
#include "gw_config.h"
#include "gw_header.h"
#include "gw_upload_priv.h"
#include <libwebsockets.h>
#include <openssl/evp.h>

/* ---- the head ------------------------------------------------------------------------ */

/*  The header's value; NULL when there is none, or it is longer than `max`. */
static const char *s_header (gw_request_t *request, const char *name, size_t max, size_t *out_len)
{
    *out_len = 0;
    return gw_http_custom (request, name, max, out_len);
}

static bool s_has_header (const gw_request_t *request, const char *name)
{
    return lws_hdr_custom_length (request->link->wsi, name, (int)strlen (name)) >= 0;
}

/*  A number that may be absent.  0 or -PT_E_malformed. */
static int s_read_number (gw_request_t *request, const char *name, bool *out_has, uint64_t *out)
{
    enum { DIGITS = 20 };
    size_t len;
    const char *value = s_header (request, name, DIGITS, &len);
    *out_has = value != NULL;
    if (!value)
        return s_has_header (request, name) ? -PT_E_malformed : 0;
    return gw_tus_number (value, len, out) ? 0 : -PT_E_malformed;
}

/*  Every answer of tus names its version; who speaks another is told. */
static int s_read_version (gw_request_t *request)
{
    enum { LONGEST = 16 };
    size_t len;
    const char *version = s_header (request, "tus-resumable:", LONGEST, &len);
    gw_upload_say (request, "Tus-Resumable: " GW_TUS_VERSION "\r\n");
    if (!version && !s_has_header (request, "tus-resumable:"))
        return 0;
    if (version && strcmp (version, GW_TUS_VERSION) == 0)
        return 0;
    gw_upload_say (request, "Tus-Version: " GW_TUS_VERSION "\r\n");
    return -PT_E_precondition_failed;
}

static int s_read_checksum (gw_upload_t *self)
{
    enum { LONGEST = 128 };
    size_t len;
    const char *value = s_header (self->request, "upload-checksum:", LONGEST, &len);
    if (!value)
        return s_has_header (self->request, "upload-checksum:") ? -PT_E_malformed : 0;
    self->has_digest = true;
    return gw_tus_checksum (value, len, &self->digest_kind, self->digest, &self->digest_len);
}

/*  Bytes of tus come under a type of their own. */
static int s_check_type (gw_request_t *request)
{
    size_t len;
    const char *type = gw_upload_type (request, &len);
    return type && gw_header_is_media (type, len, GW_TUS_TYPE) ? 0 : -PT_E_unsupported_media;
}

/* ---- tus ------------------------------------------------------------------------------ */

/*  The length of the whole, or that it will be told later. */
static int s_read_length (gw_upload_t *self)
{
    bool defers;
    uint64_t one = 0;
    int err = s_read_number (self->request, "upload-length:", &self->has_length, &self->length);
    if (err == 0)
        err = s_read_number (self->request, "upload-defer-length:", &defers, &one);
    if (err != 0)
        return err;
    return defers == self->has_length || (defers && one != 1) ? -PT_E_malformed : 0;
}

static int s_read_name (gw_upload_t *self)
{
    gw_request_t *request = self->request;
    enum { LONGEST = 4096 };
    size_t len, name_len = 0;
    const char *metadata = s_header (request, "upload-metadata:", LONGEST, &len);
    char *name = pt_arena_alloc (request->arena, LIM_FILE_NAME);
    if (!name)
        return -PT_E_memory;
    if (!metadata)
        return 0;
    int err = gw_tus_name (metadata, len, name, &name_len);
    self->name = (pt_str_t){name, (uint32_t)name_len};
    return err;
}

void gw_upload_create_tus (gw_request_t *request)
{
    const gw_link_t *link = request->link;
    gw_upload_t *self = gw_upload_new (request, GW_UPLOAD_CREATE);
    if (!self)
        return;
    int err = s_read_version (request);
    if (err == 0)
        err = s_read_length (self);
    if (err == 0)
        err = s_read_name (self);
    if (err == 0 && !self->is_whole)
        err = s_check_type (request);
    if (err == 0)
        err = s_read_checksum (self);
    if (err != 0) {
        gw_upload_fail (self, err, NULL);
        return;
    }
    gw_upload_enter (self);
    if (link->request == request)
        gw_upload_take_early (self);
}

void gw_upload_patch (gw_request_t *request)
{
    pt_upload_ref_t ref = {0};
    bool has_offset = false;
    gw_upload_t *self = gw_upload_new (request, GW_UPLOAD_PATCH);
    if (!self)
        return;
    int err = s_read_version (request);
    if (err == 0)
        err = s_check_type (request);
    if (err == 0)
        err = s_read_number (request, "upload-offset:", &has_offset, &self->offset);
    if (err == 0)
        err = s_read_number (request, "upload-length:", &self->has_length, &self->length);
    if (err == 0)
        err = s_read_checksum (self);
    if (err == 0 && !has_offset)
        err = -PT_E_malformed;
    if (err != 0) {
        gw_upload_fail (self, err, NULL);
        return;
    }
    if (!gw_call_fill (request, PT_MSG_upload_ref, &ref))
        return;
    self->id = ref.id;
    gw_link_t *link = request->link;
    gw_upload_open (self);
    if (link->request == request)
        gw_upload_take_early (self);
}

static void s_say_metadata (gw_request_t *request, pt_str_t name)
{
    char line[32 + 4 * (LIM_FILE_NAME / 3 + 1) + 4];
    unsigned char text[4 * (LIM_FILE_NAME / 3 + 1) + 1];
    if (name.len > LIM_FILE_NAME)
        return;
    EVP_EncodeBlock (text, (const unsigned char *)name.at, (int)name.len);
    snprintf (line, sizeof line, "Upload-Metadata: filename %s\r\n", (const char *)text);
    gw_upload_say (request, line);
}

static void s_on_got (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_call_succeeded (request, reply))
        return;
    const pt_upload_t *upload = reply->msg;
    gw_upload_say_number (request, "Upload-Offset", upload->offset);
    if (upload->has_length)
        gw_upload_say_number (request, "Upload-Length", upload->length);
    else
        gw_upload_say (request, "Upload-Defer-Length: 1\r\n");
    s_say_metadata (request, upload->name);
    gw_upload_say_expiry (request, upload);
    gw_http_reply (request, 200, PT_MSG_upload, upload);
}

static void s_ask (gw_request_t *request, uint16_t opcode, sv_reply_fn *fn)
{
    pt_upload_ref_t ref = {0};
    int err = s_read_version (request);
    if (err != 0)
        gw_http_fail (request, err, NULL, NULL);
    else if (gw_call_fill (request, PT_MSG_upload_ref, &ref))
        gw_call_send (request, opcode, &ref, fn);
}

void gw_upload_head (gw_request_t *request)
{
    s_ask (request, PT_OP_drive_upload_get, s_on_got);
}

void gw_upload_delete (gw_request_t *request)
{
    s_ask (request, PT_OP_drive_upload_delete, gw_upload_on_deleted);
}

void gw_upload_options (gw_request_t *request)
{
    static const char path[] = GW_UPLOAD_PATH;
    if (strncmp (request->path, path, sizeof path - 1) != 0)
        return;
    gw_upload_say (request, "Tus-Resumable: " GW_TUS_VERSION "\r\nTus-Version: " GW_TUS_VERSION "\r\n"
                            "Tus-Extension: " GW_TUS_EXTENSIONS "\r\nTus-Checksum-Algorithm: " GW_TUS_CHECKSUMS "\r\n");
    gw_upload_say_number (request, "Tus-Max-Size", request->gw->config->upload_max);
}

bool gw_upload_is_tus (gw_request_t *request)
{
    static const char *const marks[] = {"tus-resumable:", "upload-length:", "upload-defer-length:"};
    bool is_tus = s_check_type (request) == 0;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        is_tus = is_tus || s_has_header (request, marks[i]);
    return is_tus;
}
