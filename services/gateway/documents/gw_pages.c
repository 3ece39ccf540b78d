/*  gw_pages - the documents of the API and the pages that show them. */

#include "gw_pages.h"
#include "gw_asyncapi.h"
#include "gw_condition.h"
#include "gw_config.h"
#include "gw_doc.h"
#include "gw_http.h"
#include "gw_openapi.h"
#include "gw_postman.h"
#include "gw_ui_files.h"
#include <errno.h>
#include <fcntl.h>
#include <libwebsockets.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/*  What a page loads is named by its content, so that it may be kept for ever. */
#define STAMP 16

/*  Writes that one turn of the loop may make for one client. */
#define WRITES 16

#define SCRIPT "text/javascript; charset=utf-8"
#define STYLE "text/css; charset=utf-8"

enum { OPENAPI, YAML, ASYNCAPI, POSTMAN, DOCUMENTS };
enum { UI_STYLE, UI_SCRIPT, UI_START, REDOC_SCRIPT, REDOC_START, FILES };
enum { SWAGGER, REDOC, PAGES };

typedef struct {
    const char *at; /* NULL: it is not there */
    size_t len;
    char stamp[STAMP + 1];
    char *owned; /* the same, to be freed; NULL: it is compiled in */
} piece_t;

struct gw_pages {
    piece_t documents[DOCUMENTS], files[FILES], pages[PAGES], ui[GW_UI_FILES];
};

static const struct {
    void (*write) (gw_doc_t *doc);
    bool is_yaml;
    const char *type;
} s_documents[DOCUMENTS] = {
    [OPENAPI] = {gw_openapi_write, false, "application/json"},
    [YAML] = {gw_openapi_write, true, "application/yaml"},
    [ASYNCAPI] = {gw_asyncapi_write, false, "application/json"},
    [POSTMAN] = {gw_postman_write, false, "application/json"},
};

static const struct {
    const char *name, *path;
} s_files[FILES] = {
    [UI_STYLE] = {"swagger-ui.css", "node_modules/swagger-ui-dist/swagger-ui.css"},
    [UI_SCRIPT] = {"swagger-ui-bundle.js", "node_modules/swagger-ui-dist/swagger-ui-bundle.js"},
    [UI_START] = {"swagger.js", "swagger.js"},
    [REDOC_SCRIPT] = {"redoc.standalone.js", "node_modules/redoc/bundles/redoc.standalone.js"},
    [REDOC_START] = {"redoc.js", "redoc.js"},
};

/*  A style of -1: none. */
static const struct {
    int style, script, start;
} s_pages[PAGES] = {
    [SWAGGER] = {UI_STYLE, UI_SCRIPT, UI_START},
    [REDOC] = {-1, REDOC_SCRIPT, REDOC_START},
};

/* ---- making them ---------------------------------------------------------------------- */

static void s_stamp (piece_t *piece)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    SHA256 ((const unsigned char *)piece->at, piece->len, hash);
    for (size_t i = 0; i < STAMP / 2; i++)
        snprintf (piece->stamp + 2 * i, 3, "%02x", hash[i]);
}

/*  Takes what the buffer holds.  0, or the buffer's error. */
static int s_take (piece_t *piece, pt_buf_t *text)
{
    int err = pt_buf_error (text);
    if (err == 0) {
        piece->at = piece->owned = pt_buf_take (text, &piece->len);
        s_stamp (piece);
    }
    pt_buf_fini (text);
    return err;
}

static int s_write_document (piece_t *piece, unsigned which)
{
    pt_buf_t text;
    gw_doc_t doc;
    pt_buf_init (&text, GW_PAGES_DOCUMENT);
    gw_doc_init (&doc, &text, s_documents[which].is_yaml);
    s_documents[which].write (&doc);
    return s_take (piece, &text);
}

/*  All of a regular file; 0, or an errno. */
static int s_read_all (int fd, piece_t *piece)
{
    struct stat about;
    if (fstat (fd, &about) != 0)
        return errno;
    if (!S_ISREG (about.st_mode) || about.st_size == 0 || about.st_size > GW_PAGES_FILE)
        return EFBIG;
    piece->len = (size_t)about.st_size;
    piece->at = piece->owned = malloc (piece->len);
    if (!piece->owned)
        return ENOMEM;
    for (size_t at = 0; at < piece->len;) {
        ssize_t n = read (fd, piece->owned + at, piece->len - at);
        if (n <= 0)
            return n < 0 ? errno : EIO;
        at += (size_t)n;
    }
    s_stamp (piece);
    return 0;
}

static int s_read_file (const char *path, piece_t *piece)
{
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    int err = fd < 0 ? errno : s_read_all (fd, piece);
    if (fd >= 0)
        close (fd);
    if (err != 0) {
        free (piece->owned);
        *piece = (piece_t){0};
    }
    return err;
}

/*  One line for the first that is missing: the others are then missing too. */
static void s_read_files (gw_pages_t *self, sv_log_t *log, const char *folder)
{
    static const char effect[] =
        "/swagger/, /apischema/ or /redoc/ is not served (npm ci in services/gateway/documents/pages "
        "brings what they need)";
    bool has_told = false;
    for (unsigned i = 0; folder && i < FILES; i++) {
        char path[PATH_MAX];
        snprintf (path, sizeof path, "%s/%s", folder, s_files[i].path);
        int err = s_read_file (path, &self->files[i]);
        if (err != 0 && !has_told)
            sv_log (log, SV_WARN, NULL, "%s: %s: %s", path, strerror (err), effect);
        has_told = has_told || err != 0;
    }
    if (!folder)
        sv_log (log, SV_INFO, NULL, "pages is unset: %s", effect);
}

static void s_put_file (pt_buf_t *text, const gw_pages_t *self, int which, const char *before, const char *after)
{
    if (which >= 0)
        pt_buf_printf (text, "%s/pages/%s/%s%s", before, self->files[which].stamp, s_files[which].name, after);
}

static bool s_has (const gw_pages_t *self, int which)
{
    return which < 0 || self->files[which].at;
}

static int s_write_page (gw_pages_t *self, unsigned which)
{
    int style = s_pages[which].style, script = s_pages[which].script, start = s_pages[which].start;
    pt_buf_t text;
    if (!s_has (self, style) || !s_has (self, script) || !s_has (self, start))
        return 0;
    pt_buf_init (&text, 4096);
    pt_buf_puts (&text, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                        "<title>Parley</title>\n<link rel=\"icon\" href=\"data:,\">\n");
    s_put_file (&text, self, style, "<link rel=\"stylesheet\" href=\"", "\">\n");
    pt_buf_puts (&text, "</head>\n<body>\n<div id=\"page\"></div>\n"
                        "<noscript>This page needs scripts; the document is /openapi.json.</noscript>\n");
    s_put_file (&text, self, script, "<script src=\"", "\"></script>\n");
    s_put_file (&text, self, start, "<script src=\"", "\"></script>\n");
    pt_buf_puts (&text, "</body>\n</html>\n");
    return s_take (&self->pages[which], &text);
}

/*  Those of the pages for people are compiled in. */
static void s_take_ui (gw_pages_t *self)
{
    const gw_ui_file_t *file;
    for (size_t i = 0; (file = gw_ui_files_at (i)); i++) {
        self->ui[i] = (piece_t){.at = (const char *)file->at, .len = file->len};
        memcpy (self->ui[i].stamp, gw_ui_files_stamp (), STAMP);
    }
}

gw_pages_t *gw_pages_new (sv_log_t *log, const char *folder)
{
    int err = 0;
    gw_pages_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    for (unsigned i = 0; i < DOCUMENTS && err == 0; i++)
        err = s_write_document (&self->documents[i], i);
    s_read_files (self, log, folder);
    s_take_ui (self);
    for (unsigned i = 0; i < PAGES && err == 0; i++)
        err = s_write_page (self, i);
    if (err != 0)
        gw_pages_destroy (&self);
    return self;
}

void gw_pages_destroy (gw_pages_t **self_p)
{
    gw_pages_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (unsigned i = 0; i < DOCUMENTS; i++)
        free (self->documents[i].owned);
    for (unsigned i = 0; i < FILES; i++)
        free (self->files[i].owned);
    for (unsigned i = 0; i < PAGES; i++)
        free (self->pages[i].owned);
    free (self);
}

/* ---- sending them --------------------------------------------------------------------------- */

/*  Of a piece on its way; it lives as long as the gateway. */
typedef struct {
    const piece_t *piece;
    size_t sent, seen; /* seen: sent when patience began */
} sending_t;

static void s_pump (gw_request_t *request)
{
    sending_t *self = request->stream_ctx;
    for (unsigned i = 0; i < WRITES && self->sent < self->piece->len; i++) {
        size_t took = gw_http_write (request, self->piece->at + self->sent, self->piece->len - self->sent);
        self->sent += took;
        if (took == 0)
            break;
    }
    if (self->sent == self->piece->len)
        gw_http_finish (request);
    else if (!gw_http_want_writable (request))
        gw_http_cut (request);
}

static void s_late (gw_request_t *request)
{
    sending_t *self = request->stream_ctx;
    if (self->sent == self->seen) {
        gw_http_cut (request);
        return;
    }
    self->seen = self->sent;
    gw_http_patience (request, request->gw->config->download_ms);
}

static void s_drop (gw_request_t *request)
{
    (void)request;
}

static const gw_stream_t s_stream = {.writable = s_pump, .late = s_late, .drop = s_drop};

static void s_stream_out (gw_request_t *request, const piece_t *piece, const gw_answer_t *answer)
{
    sending_t *self = pt_arena_alloc (request->arena, sizeof *self);
    if (!self) {
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
        return;
    }
    self->piece = piece;
    request->stream_ctx = self;
    request->stream = &s_stream;
    if (gw_http_begin (request, answer, piece->len) != 0) {
        gw_http_cut (request);
        return;
    }
    gw_http_patience (request, request->gw->config->download_ms);
    s_pump (request);
}

static bool s_is_known (gw_request_t *request, const char *etag)
{
    int err = 0;
    size_t len = 0;
    const char *value = gw_http_header (request, WSI_TOKEN_HTTP_IF_NONE_MATCH, &len, &err);
    const gw_conditions_t conditions = {.if_none_match = {value, (uint32_t)len}};
    return value && err == 0 && gw_condition_judge (&conditions, pt_str (etag), 0) == GW_CONDITION_NOT_MODIFIED;
}

static void s_send (gw_request_t *request, const piece_t *piece, const char *type, const char *security)
{
    char etag[STAMP + 3], lines[STAMP + 32];
    if (!piece->at) {
        gw_http_fail (request, -PT_E_not_found, NULL, NULL);
        return;
    }
    snprintf (etag, sizeof etag, "\"%s\"", piece->stamp);
    snprintf (lines, sizeof lines, "ETag: %s\r\n", etag);
    gw_answer_t answer = {
        .status = 200, .type = type, .extra = lines, .security = security, .body = piece->at, .len = piece->len};
    if (s_is_known (request, etag)) {
        answer.status = 304;
        answer.type = NULL;
    }
    if (answer.status == 304 || request->is_head)
        gw_http_answer (request, &answer);
    else
        s_stream_out (request, piece, &answer);
}

static void s_send_document (gw_request_t *request, unsigned which)
{
    static const char security[] = "Cache-Control: no-cache\r\n"
                                   "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";
    s_send (request, &request->gw->pages->documents[which], s_documents[which].type, security);
}

void gw_pages_openapi (gw_request_t *request)
{
    s_send_document (request, OPENAPI);
}

void gw_pages_yaml (gw_request_t *request)
{
    s_send_document (request, YAML);
}

void gw_pages_asyncapi (gw_request_t *request)
{
    s_send_document (request, ASYNCAPI);
}

void gw_pages_postman (gw_request_t *request)
{
    s_send_document (request, POSTMAN);
}

/*  Both make styles as they go; ReDoc searches in a worker that it makes out of a blob. */
static void s_send_page (gw_request_t *request, unsigned which)
{
    static const char security[] =
        "Cache-Control: no-cache\r\n"
        "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src blob:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'\r\n";
    const gw_pair_t *format = gw_http_query (request, "format");
    if (format && format->value_len == 7 && memcmp (format->value, "openapi", 7) == 0)
        s_send_document (request, OPENAPI);
    else
        s_send (request, &request->gw->pages->pages[which], "text/html; charset=utf-8", security);
}

void gw_pages_swagger (gw_request_t *request)
{
    s_send_page (request, SWAGGER);
}

void gw_pages_redoc (gw_request_t *request)
{
    s_send_page (request, REDOC);
}

static bool s_is (const gw_pair_t *value, const char *text)
{
    return value->value_len == strlen (text) && memcmp (value->value, text, value->value_len) == 0;
}

static bool s_is_asked (const gw_request_t *request, const piece_t *piece, const char *name)
{
    return piece->at && s_is (&request->vars[0], piece->stamp) && s_is (&request->vars[1], name);
}

static const char *s_type (const char *name)
{
    const char *end = strrchr (name, '.');
    if (end && strcmp (end, ".css") == 0)
        return STYLE;
    return end && strcmp (end, ".svg") == 0 ? "image/svg+xml" : SCRIPT;
}

void gw_pages_file (gw_request_t *request)
{
    static const char security[] = "Cache-Control: public, max-age=31536000, immutable\r\n"
                                   "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";
    static const piece_t none = {0};
    const gw_pages_t *self = request->gw->pages;
    const gw_ui_file_t *file;
    const piece_t *found = &none;
    const char *name = "";
    for (unsigned i = 0; i < FILES; i++)
        if (s_is_asked (request, &self->files[i], s_files[i].name)) {
            found = &self->files[i];
            name = s_files[i].name;
        }
    for (size_t i = 0; (file = gw_ui_files_at (i)); i++)
        if (s_is_asked (request, &self->ui[i], file->name)) {
            found = &self->ui[i];
            name = file->name;
        }
    s_send (request, found, s_type (name), security);
}
