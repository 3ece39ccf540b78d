/*  gw_api_spec - what native routes take and give where it is more than their operation. */

#include "gw_api_spec.h"
#include "gw_tus.h"

#define BYTES "application/octet-stream"
#define FORM "multipart/form-data"

/* ---- messages ------------------------------------------------------------------------ */

static const gw_shape_t s_entry[] = {{"", GW_SHAPE_MSG, .msg = PT_MSG_send_entry}, {0}};
static const gw_shape_t s_result[] = {{"", GW_SHAPE_MSG, .msg = PT_MSG_send_result}, {0}};

const gw_spec_t gw_spec_message = {.takes = s_entry, .gives = s_result, .also = 200};

/* ---- files --------------------------------------------------------------------------- */

static const gw_shape_t s_bytes[] = {{"", GW_SHAPE_BYTES, 0, "the bytes of the file"}, {0}};
static const gw_shape_t s_account[] = {{"", GW_SHAPE_MSG, .msg = PT_MSG_account}, {0}};
static const gw_shape_t s_either[] = {{"", GW_SHAPE_MSG, 0, "of a whole file", .msg = PT_MSG_file},
                                      {"", GW_SHAPE_MSG, 0, "of tus", .msg = PT_MSG_upload},
                                      {0}};
static const gw_shape_t s_name[] = {
    {"name", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "name of the file; also in Content-Disposition or Upload-Metadata"},
    {0}};

#define VERSION                                                                                                        \
    {                                                                                                                  \
        "Tus-Resumable", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, GW_TUS_VERSION "; without it, where it is needed, 412"      \
    }
#define CHECKSUM                                                                                                       \
    {                                                                                                                  \
        "Upload-Checksum", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "tus: " GW_TUS_CHECKSUMS ", a space, base64"              \
    }
#define EXPIRES                                                                                                        \
    {                                                                                                                  \
        "Upload-Expires", GW_SHAPE_STAMP, GW_SHAPE_OPTIONAL, "when it is forgotten unless it goes on"                  \
    }

static const gw_shape_t s_version[] = {VERSION, {0}};
static const gw_shape_t s_begin[] = {
    VERSION,
    {"Upload-Length", GW_SHAPE_INT, GW_SHAPE_OPTIONAL, "tus: bytes that will come"},
    {"Upload-Defer-Length", GW_SHAPE_INT, GW_SHAPE_OPTIONAL, "tus: 1 where that is not known yet"},
    {"Upload-Metadata", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "tus: `filename`, a space, base64"},
    CHECKSUM,
    {"Content-Disposition", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "name of a whole file"},
    {0}};
static const gw_shape_t s_begun[] = {{"Location", GW_SHAPE_URL, 0, "of the upload, or of the file"},
                                     {"Upload-Offset", GW_SHAPE_INT, GW_SHAPE_OPTIONAL, "tus: bytes that are safe"},
                                     EXPIRES,
                                     {0}};
static const gw_shape_t s_more[] = {
    VERSION,
    {"Upload-Offset", GW_SHAPE_INT, 0, "where the bytes belong"},
    {"Upload-Length", GW_SHAPE_INT, GW_SHAPE_OPTIONAL, "of the whole, where it was not known before"},
    CHECKSUM,
    {0}};
static const gw_shape_t s_offset[] = {{"Upload-Offset", GW_SHAPE_INT, 0, "bytes that are safe"}, EXPIRES, {0}};
static const gw_shape_t s_state[] = {
    {"Upload-Offset", GW_SHAPE_INT, 0, "bytes that are safe"},
    {"Upload-Length", GW_SHAPE_INT, GW_SHAPE_OPTIONAL, "bytes of the whole"},
    {"Upload-Defer-Length", GW_SHAPE_INT, GW_SHAPE_OPTIONAL, "1: not known yet"},
    {"Upload-Metadata", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "`filename`, a space, base64"},
    EXPIRES,
    {0}};

const gw_spec_t gw_spec_upload = {.takes = s_bytes,
                                  .takes_media = BYTES ", " FORM ", " GW_TUS_TYPE,
                                  .gives = s_either,
                                  .query = s_name,
                                  .headers = s_begin,
                                  .tells = s_begun};
const gw_spec_t gw_spec_progress = {.headers = s_version, .tells = s_state};
const gw_spec_t gw_spec_go_on = {.takes = s_bytes, .takes_media = GW_TUS_TYPE, .headers = s_more, .tells = s_offset};
const gw_spec_t gw_spec_give_up = {.headers = s_version};
const gw_spec_t gw_spec_picture = {
    .takes = s_bytes, .takes_media = "image/png, image/jpeg, image/gif, image/webp, " FORM, .gives = s_account};

static const gw_shape_t s_conditions[] = {
    {"Range", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "one range of bytes"},
    {"If-Range", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "the range is wanted of just this"},
    {"If-Match", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "else 412"},
    {"If-None-Match", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "else 304"},
    {"If-Modified-Since", GW_SHAPE_STAMP, GW_SHAPE_OPTIONAL, "else 304"},
    {"If-Unmodified-Since", GW_SHAPE_STAMP, GW_SHAPE_OPTIONAL, "else 412"},
    {0}};
static const gw_shape_t s_marks[] = {{"ETag", GW_SHAPE_TEXT, 0, "SHA-256 of the bytes"},
                                     {"Last-Modified", GW_SHAPE_STAMP, 0, "when it was complete"},
                                     {0}};

const gw_spec_t gw_spec_content = {
    .gives = s_bytes, .gives_media = "*/*", .headers = s_conditions, .tells = s_marks, .also = 206};
const gw_spec_t gw_spec_avatar = {.gives = s_bytes, .gives_media = "image/*", .tells = s_marks};

/* ---- what needs no service --------------------------------------------------------------- */

static const gw_shape_t s_handshake[] = {
    {"Sec-WebSocket-Protocol", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "parley.v1.json; bearer, a comma and a token"}, {0}};
static const gw_shape_t s_query_token[] = {
    {"token", GW_SHAPE_SECRET, GW_SHAPE_OPTIONAL, "any credential but name and password"}, {0}};

const gw_spec_t gw_spec_socket = {.query = s_query_token, .headers = s_handshake};

static const gw_shape_t s_live[] = {{"status", GW_SHAPE_TEXT, 0, "ok"}, {0}};
static const gw_shape_t s_check[] = {{"name", GW_SHAPE_TEXT, 0, "of the check"},
                                     {"ok", GW_SHAPE_BOOL, 0, "whether it holds"},
                                     {"reason", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "why not"},
                                     {0}};
static const gw_shape_t s_ready[] = {
    {"status", GW_SHAPE_TEXT, 0, "ready or unavailable"},
    {"checks", GW_SHAPE_OBJ, GW_SHAPE_LIST | GW_SHAPE_OPTIONAL, "all of them", .of = s_check},
    {"reasons", GW_SHAPE_OBJ, GW_SHAPE_LIST | GW_SHAPE_OPTIONAL, "those that do not hold", .of = s_check},
    {0}};
static const gw_shape_t s_verbose[] = {{"verbose", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "list the checks"}, {0}};
static const gw_shape_t s_text[] = {{"", GW_SHAPE_TEXT, 0, NULL}, {0}};

const gw_spec_t gw_spec_live = {.gives = s_live};
const gw_spec_t gw_spec_ready = {.gives = s_ready, .query = s_verbose, .refuses = 503};
const gw_spec_t gw_spec_metrics = {.gives = s_text, .gives_media = "text/plain"};

/* ---- documents ------------------------------------------------------------------------------ */

static const gw_shape_t s_document[] = {{"", GW_SHAPE_ANY, GW_SHAPE_MAP, NULL}, {0}};
static const gw_shape_t s_format[] = {
    {"format", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "`openapi`: the document itself, as JSON"}, {0}};

const gw_spec_t gw_spec_json = {.gives = s_document};
const gw_spec_t gw_spec_yaml = {.gives = s_document, .gives_media = "application/yaml"};
const gw_spec_t gw_spec_page = {.gives = s_text, .gives_media = "text/html", .query = s_format};
const gw_spec_t gw_spec_page_file = {.gives = s_text, .gives_media = "text/javascript, text/css, image/svg+xml"};
