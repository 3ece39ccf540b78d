/*  gw_asyncapi - the AsyncAPI 3.0 document of the WebSockets: the native one and the whole.

    Members that a message of proto has are taken from there; the others stand here.  The
    document speaks for the gateway: it receives what clients ask, and sends events. */

#include "gw_asyncapi_priv.h"
#include "gw_schema.h"
#include "sv_version.h"
#include <stdio.h>
#include <string.h>

#define F(name, message)                                                                                               \
    {                                                                                                                  \
        name, GW_SHAPE_FIELD, 0, NULL, .msg = PT_MSG_##message                                                         \
    }
#define MAYBE(name, message)                                                                                           \
    {                                                                                                                  \
        name, GW_SHAPE_FIELD, GW_SHAPE_OPTIONAL, NULL, .msg = PT_MSG_##message                                         \
    }

/* ---- operations ------------------------------------------------------------------------ */

static const gw_shape_t s_none[] = {{0}};
static const gw_shape_t s_auth[] = {{"token", GW_SHAPE_SECRET, 0, "any credential but name and password"}, {0}};
static const gw_shape_t s_auth_ok[] = {F ("account", identity), F ("session", identity), {0}};
static const gw_shape_t s_room[] = {F ("room", room_ref), {0}};
static const gw_shape_t s_subscribe[] = {
    F ("room", room_ref),
    {"since", GW_SHAPE_INT, GW_SHAPE_OPTIONAL, "last seq that is there; all after it follows"},
    {0}};
static const gw_shape_t s_subscribe_ok[] = {{"head", GW_SHAPE_INT, 0, "last seq of the room"},
                                            F ("epoch", membership),
                                            {"recovered", GW_SHAPE_BOOL, 0, "whether all of since..head follows"},
                                            MAYBE ("floor", membership),
                                            F ("role", membership),
                                            {0}};
static const gw_shape_t s_send[] = {
    F ("room", room_ref),           F ("send_id", send_entry),         F ("body", send_entry),
    MAYBE ("reply_to", send_entry), MAYBE ("attachments", send_entry), {0}};
static const gw_shape_t s_send_ok[] = {
    F ("seq", send_result), F ("id", send_result), F ("at", send_result), F ("duplicate", send_result), {0}};
static const gw_shape_t s_history[] = {F ("room", history_query),       MAYBE ("after", history_query),
                                       MAYBE ("before", history_query), MAYBE ("around", history_query),
                                       MAYBE ("limit", history_query),  {0}};
static const gw_shape_t s_history_ok[] = {
    F ("items", history_page), F ("more", history_page), F ("head", history_page), F ("floor", history_page), {0}};
static const gw_shape_t s_read[] = {F ("room", read_set), F ("seq", read_set), {0}};
static const gw_shape_t s_ping_ok[] = {{"time", GW_SHAPE_TIME, 0, "of the gateway"}, {0}};

typedef struct {
    const char *name;
    const gw_shape_t *asks, *gets;
    const char *doc;
} s_operation_t;

static const s_operation_t s_operations[] = {
    {"auth", s_auth, s_auth_ok, "Say who one is, or stay longer"},
    {"subscribe", s_subscribe, s_subscribe_ok, "Get what is said in a room"},
    {"unsubscribe", s_room, s_none, "Get no more of it"},
    {"send", s_send, s_send_ok, "Post a message; `ok` means that it is on disk"},
    {"history", s_history, s_history_ok, "Items of a room; after, before and around exclude each other"},
    {"read", s_read, s_none, "Move one's read position forward"},
    {"ping", s_none, s_ping_ok, "Whether the gateway is there"},
};
enum { OPERATIONS = sizeof s_operations / sizeof *s_operations };

/* ---- events ------------------------------------------------------------------------------ */

static const gw_shape_t s_limits[] = {{"message", GW_SHAPE_INT, 0, "bytes of a message of the client's"},
                                      {"body", GW_SHAPE_INT, 0, "bytes of the text of a message"},
                                      {"rooms", GW_SHAPE_INT, 0, "subscriptions"},
                                      {"pending", GW_SHAPE_INT, 0, "requests without an answer"},
                                      {"rate", GW_SHAPE_INT, 0, "frames a second; 0: no limit"},
                                      {0}};
static const gw_shape_t s_hello[] = {{"version", GW_SHAPE_TEXT, 0, "of the program"},
                                     {"instance", GW_SHAPE_TEXT, 0, "which gateway"},
                                     {"heartbeat_s", GW_SHAPE_INT, 0, "seconds between two pings"},
                                     {"limits", GW_SHAPE_OBJ, 0, "what a client may", .of = s_limits},
                                     {0}};
static const gw_shape_t s_message[] = {F ("room", item),
                                       F ("seq", item),
                                       F ("id", item),
                                       F ("kind", item),
                                       F ("sender", item),
                                       F ("send_id", item),
                                       F ("body", item),
                                       MAYBE ("reply_to", item),
                                       MAYBE ("attachments", item),
                                       F ("at", item),
                                       {0}};
static const gw_shape_t s_member[] = {
    F ("room", item), F ("seq", item),      F ("id", item),     F ("kind", item), F ("account", item),
    F ("what", item), MAYBE ("role", item), MAYBE ("by", item), F ("at", item),   {0}};
static const gw_shape_t s_lag[] = {F ("room", item), {"head", GW_SHAPE_INT, 0, "last seq of the room"}, {0}};
static const gw_shape_t s_reset[] = {F ("room", item), F ("epoch", membership), {0}};
static const char *const s_whats[] = {"expiring", "revoked", NULL};
static const gw_shape_t s_session[] = {
    {"what", GW_SHAPE_TEXT, 0, "revoked: the socket closes with 4401", .one_of = s_whats}, {0}};
static const gw_shape_t s_progress[] = {F ("transfer", drive_progress),   F ("direction", drive_progress),
                                        F ("state", drive_progress),      F ("acked", drive_progress),
                                        MAYBE ("total", drive_progress),  MAYBE ("rate", drive_progress),
                                        MAYBE ("reason", drive_progress), {0}};
static const gw_shape_t s_drain[] = {{"retry_ms", GW_SHAPE_INT, 0, "reconnect after it"}, {0}};

static const struct {
    const char *name;
    const gw_shape_t *members;
    const char *doc;
} s_events[] = {
    {"hello", s_hello, "The first thing a socket is told"},
    {"message", s_message, "Somebody has said something"},
    {"member", s_member, "A membership has changed"},
    {"lag", s_lag, "Bodies were not queued for you: ask history after your last seq"},
    {"reset", s_reset, "Numbering started anew: subscribe again"},
    {"gone", s_room, "The room was deleted"},
    {"session", s_session, "The end of the session is near, or here"},
    {"drive.progress", s_progress, "How far an upload of one's own has come; a hint"},
    {"drain", s_drain, "This gateway goes away"},
};
enum { EVENTS = sizeof s_events / sizeof *s_events };

static const gw_shape_t s_error[] = {{"code", GW_SHAPE_TEXT, 0, "name of the error, as HTTP has it"},
                                     {"detail", GW_SHAPE_TEXT, 0, "a sentence for people"},
                                     {0}};
static const gw_shape_t s_failure[] = {{"re", GW_SHAPE_INT, GW_SHAPE_NULL, "id of the request; null when it had none"},
                                       {"error", GW_SHAPE_OBJ, 0, "why not", .of = s_error},
                                       {0}};

/* ---- messages ------------------------------------------------------------------------------ */

/*  Members of the longest, with those that all have. */
#define MEMBERS 16

/*  What all of a kind have, then its own. */
static void s_join (gw_shape_t out[MEMBERS], const gw_shape_t *first, unsigned count, const gw_shape_t *more)
{
    memset (out, 0, MEMBERS * sizeof *out);
    memcpy (out, first, count * sizeof *out);
    for (; more->name && count + 1 < MEMBERS; more++)
        out[count++] = *more;
}

void gw_asyncapi_message (gw_doc_t *doc, const char *name, const char *what, const gw_shape_t *shapes,
                          const char *media)
{
    gw_doc_object (doc, name);
    gw_doc_text (doc, "name", name);
    gw_doc_text (doc, "summary", what);
    gw_doc_text (doc, "contentType", media ? media : "application/json");
    gw_schema_shapes (doc, "payload", shapes);
    gw_doc_end (doc);
}

static void s_put_message (gw_doc_t *doc, const char *name, const char *what, const gw_shape_t *shapes)
{
    gw_asyncapi_message (doc, name, what, shapes, NULL);
}

static void s_put_request (gw_doc_t *doc, const s_operation_t *op)
{
    const char *const names[] = {op->name, NULL};
    const gw_shape_t head[] = {{"op", GW_SHAPE_TEXT, 0, "which operation", .one_of = names},
                               {"id", GW_SHAPE_INT, 0, "the client's number for the request"}};
    gw_shape_t all[MEMBERS];
    s_join (all, head, 2, op->asks);
    s_put_message (doc, op->name, op->doc, all);
}

static void s_put_answer (gw_doc_t *doc, const s_operation_t *op)
{
    const gw_shape_t all[] = {
        {"re", GW_SHAPE_INT, 0, "id of the request"}, {"ok", GW_SHAPE_OBJ, 0, "what came of it", .of = op->gets}, {0}};
    char name[GW_ASYNCAPI_NAME];
    snprintf (name, sizeof name, "%s_ok", op->name);
    s_put_message (doc, name, "It was done", all);
}

static void s_put_event (gw_doc_t *doc, size_t i)
{
    const char *const names[] = {s_events[i].name, NULL};
    const gw_shape_t head = {"ev", GW_SHAPE_TEXT, 0, "which event", .one_of = names};
    gw_shape_t all[MEMBERS];
    s_join (all, &head, 1, s_events[i].members);
    s_put_message (doc, s_events[i].name, s_events[i].doc, all);
}

static void s_messages (gw_doc_t *doc)
{
    gw_doc_object (doc, "messages");
    for (size_t i = 0; i < OPERATIONS; i++) {
        s_put_request (doc, &s_operations[i]);
        s_put_answer (doc, &s_operations[i]);
    }
    s_put_message (doc, "error", "It was refused", s_failure);
    for (size_t i = 0; i < EVENTS; i++)
        s_put_event (doc, i);
    gw_asyncapi_dialect_messages (doc);
    gw_doc_end (doc);
}

/* ---- the channel and what goes over it -------------------------------------------------------- */

#define CHANNEL "#/channels/socket"

void gw_asyncapi_refer (gw_doc_t *doc, const char *key, const char *to)
{
    gw_doc_object (doc, key);
    gw_doc_text (doc, "$ref", to);
    gw_doc_end (doc);
}

/*  A message of the channel, by name and ending. */
static void s_refer_message (gw_doc_t *doc, const char *name, const char *ending)
{
    gw_doc_object (doc, NULL);
    gw_doc_printf (doc, "$ref", CHANNEL "/messages/%s%s", name, ending);
    gw_doc_end (doc);
}

void gw_asyncapi_carry (gw_doc_t *doc, const char *name, const char *ending)
{
    char key[GW_ASYNCAPI_NAME];
    snprintf (key, sizeof key, "%s%s", name, ending);
    gw_doc_object (doc, key);
    gw_doc_printf (doc, "$ref", "#/components/messages/%s", key);
    gw_doc_end (doc);
}

static void s_channel (gw_doc_t *doc)
{
    gw_doc_object (doc, "socket");
    gw_doc_text (doc, "address", "/v1/ws");
    gw_doc_text (doc, "description",
                 "One socket carries all of an account's rooms. Subprotocol parley.v1.json; identity by any credential "
                 "of the handshake, or by `auth` within 5 s.");
    gw_doc_object (doc, "messages");
    for (size_t i = 0; i < OPERATIONS; i++) {
        gw_asyncapi_carry (doc, s_operations[i].name, "");
        gw_asyncapi_carry (doc, s_operations[i].name, "_ok");
    }
    gw_asyncapi_carry (doc, "error", "");
    for (size_t i = 0; i < EVENTS; i++)
        gw_asyncapi_carry (doc, s_events[i].name, "");
    gw_doc_end (doc);
    gw_doc_end (doc);
}

static void s_channels (gw_doc_t *doc)
{
    gw_doc_object (doc, "channels");
    s_channel (doc);
    gw_asyncapi_dialect_channels (doc);
    gw_doc_end (doc);
}

static void s_security (gw_doc_t *doc)
{
    gw_doc_list (doc, "security");
    gw_asyncapi_refer (doc, NULL, "#/components/securitySchemes/bearer");
    gw_doc_end (doc);
}

static void s_put_operation (gw_doc_t *doc, const s_operation_t *op)
{
    gw_doc_object (doc, op->name);
    gw_doc_text (doc, "action", "receive");
    gw_doc_text (doc, "summary", op->doc);
    s_security (doc);
    gw_asyncapi_refer (doc, "channel", CHANNEL);
    gw_doc_list (doc, "messages");
    s_refer_message (doc, op->name, "");
    gw_doc_end (doc);
    gw_doc_object (doc, "reply");
    gw_asyncapi_refer (doc, "channel", CHANNEL);
    gw_doc_list (doc, "messages");
    s_refer_message (doc, op->name, "_ok");
    s_refer_message (doc, "error", "");
    gw_doc_end (doc);
    gw_doc_end (doc);
    gw_doc_end (doc);
}

static void s_put_events (gw_doc_t *doc)
{
    gw_doc_object (doc, "events");
    gw_doc_text (doc, "action", "send");
    gw_doc_text (doc, "summary", "What a socket is told unasked");
    s_security (doc);
    gw_asyncapi_refer (doc, "channel", CHANNEL);
    gw_doc_list (doc, "messages");
    for (size_t i = 0; i < EVENTS; i++)
        s_refer_message (doc, s_events[i].name, "");
    gw_doc_end (doc);
    gw_doc_end (doc);
}

static void s_flow (gw_doc_t *doc)
{
    gw_doc_object (doc, "operations");
    for (size_t i = 0; i < OPERATIONS; i++)
        s_put_operation (doc, &s_operations[i]);
    s_put_events (doc);
    gw_asyncapi_dialect_operations (doc);
    gw_doc_end (doc);
}

static void s_schemas (gw_doc_t *doc)
{
    gw_schema_uses_t uses = {0};
    for (size_t i = 0; i < OPERATIONS; i++) {
        gw_schema_use_shapes (&uses, s_operations[i].asks);
        gw_schema_use_shapes (&uses, s_operations[i].gets);
    }
    for (size_t i = 0; i < EVENTS; i++)
        gw_schema_use_shapes (&uses, s_events[i].members);
    gw_asyncapi_dialect_use (&uses);
    gw_doc_object (doc, "schemas");
    gw_schema_components (doc, &uses);
    gw_doc_end (doc);
}

static void s_components (gw_doc_t *doc)
{
    gw_doc_object (doc, "components");
    s_messages (doc);
    s_schemas (doc);
    gw_doc_object (doc, "securitySchemes");
    gw_doc_object (doc, "bearer");
    gw_doc_text (doc, "type", "http");
    gw_doc_text (doc, "scheme", "bearer");
    gw_doc_text (doc, "description", "Or any other credential that HTTP takes, in the handshake");
    gw_doc_end (doc);
    gw_asyncapi_dialect_credentials (doc);
    gw_doc_end (doc);
    gw_doc_end (doc);
}

static void s_head (gw_doc_t *doc)
{
    gw_doc_text (doc, "asyncapi", "3.0.0");
    gw_doc_object (doc, "info");
    gw_doc_text (doc, "title", "Parley's WebSockets");
    gw_doc_text (doc, "version", SV_VERSION);
    gw_doc_text (doc, "description",
                 "The native one, `socket`: text frames of JSON. A request is answered once, by its id; events come "
                 "unasked. In a room a client sees each seq once, in order, without a hole, from its `since` on. The "
                 "other channels are one room each, for clients of other chat systems; the shape of the room's name "
                 "tells which. The rest is in /openapi.json.");
    gw_doc_object (doc, "license");
    gw_doc_text (doc, "name", "MIT License");
    gw_doc_text (doc, "url", "https://opensource.org/license/mit");
    gw_doc_end (doc);
    gw_doc_end (doc);
    gw_doc_text (doc, "defaultContentType", "application/json");
    gw_doc_object (doc, "servers");
    gw_doc_object (doc, "here");
    gw_doc_text (doc, "host", "127.0.0.1:8000");
    gw_doc_text (doc, "protocol", "ws");
    gw_doc_text (doc, "description", "Where `make run` serves it; wss behind TLS");
    gw_doc_end (doc);
    gw_doc_end (doc);
}

void gw_asyncapi_write (gw_doc_t *doc)
{
    gw_doc_object (doc, NULL);
    s_head (doc);
    s_channels (doc);
    s_flow (doc);
    s_components (doc);
    gw_doc_end (doc);
}
