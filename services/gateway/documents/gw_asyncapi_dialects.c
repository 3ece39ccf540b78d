/*  gw_asyncapi_dialects - the sockets of dialects in the AsyncAPI document, written from what their voices say of
    themselves (gw_voice.h).

    All have one address: the shape of the room's name tells the dialect, so that the parameter's description is
    what tells the channels apart. */

#include "gw_asyncapi_priv.h"
#include "gw_cookie.h"
#include "gw_gate.h"
#include "gw_voices.h"
#include <stdio.h>

#define ERROR "dialect_error"

static const gw_shape_t s_error[] = {{"error", GW_SHAPE_TEXT, 0, "a sentence; the socket stays open"}, {0}};

/*  Of sockets that nobody may open without an identity, each of them alone. */
static const struct {
    const char *name, *in, *key, *doc;
} s_schemes[] = {
    {"token", "header", "Authorization", "`Token <key>`, as the dialect's sign-in gives it"},
    {"query", "query", "token", "The same key, without the word"},
    {"cookie", "cookie", GW_COOKIE_SESSION, "The session of a browser"},
    {"access", "cookie", GW_COOKIE_ACCESS, "An access token"},
};
enum { SCHEMES = sizeof s_schemes / sizeof *s_schemes };

/*  The next voice, beginning with *at = 0, and what its dialect is called; NULL after the last. */
static const gw_voice_t *s_next (unsigned *at, const char **out_name)
{
    const gw_voice_t *voice = gw_voices_of ((pt_room_dialect_t)++ * at);
    if (voice)
        *out_name = pt_enum_text (PT_ENUM_room_dialect, *at);
    return voice;
}

static void s_name (char out[GW_ASYNCAPI_NAME], const char *dialect, const gw_voice_frame_t *frame)
{
    snprintf (out, GW_ASYNCAPI_NAME, "%s_%s", dialect, frame->name);
}

/* ---- channels ------------------------------------------------------------------------------- */

static void s_carry (gw_doc_t *doc, const char *dialect, const gw_voice_frame_t *frame)
{
    char name[GW_ASYNCAPI_NAME];
    for (; frame->name; frame++) {
        s_name (name, dialect, frame);
        gw_asyncapi_carry (doc, name, "");
    }
}

static void s_channel (gw_doc_t *doc, const char *dialect, const gw_voice_spec_t *spec)
{
    gw_doc_object (doc, dialect);
    gw_doc_text (doc, "address", GW_GATE_PATH "{name}/");
    gw_doc_text (doc, "description", spec->doc);
    gw_doc_object (doc, "parameters");
    gw_doc_object (doc, "name");
    gw_doc_text (doc, "description", spec->name_doc);
    gw_doc_end (doc);
    gw_doc_end (doc);
    gw_doc_object (doc, "messages");
    s_carry (doc, dialect, spec->takes);
    s_carry (doc, dialect, spec->tells);
    gw_asyncapi_carry (doc, ERROR, "");
    gw_doc_end (doc);
    gw_doc_end (doc);
}

void gw_asyncapi_dialect_channels (gw_doc_t *doc)
{
    const gw_voice_t *voice;
    const char *dialect;
    for (unsigned at = 0; (voice = s_next (&at, &dialect));)
        s_channel (doc, dialect, voice->spec);
}

/* ---- operations ------------------------------------------------------------------------------- */

static void s_security (gw_doc_t *doc)
{
    gw_doc_list (doc, "security");
    gw_asyncapi_refer (doc, NULL, "#/components/securitySchemes/bearer");
    for (size_t i = 0; i < SCHEMES; i++) {
        gw_doc_object (doc, NULL);
        gw_doc_printf (doc, "$ref", "#/components/securitySchemes/%s", s_schemes[i].name);
        gw_doc_end (doc);
    }
    gw_doc_end (doc);
}

static void s_refer (gw_doc_t *doc, const char *dialect, const char *name)
{
    gw_doc_object (doc, NULL);
    gw_doc_printf (doc, "$ref", "#/channels/%s/messages/%s", dialect, name);
    gw_doc_end (doc);
}

static void s_refer_all (gw_doc_t *doc, const char *dialect, const gw_voice_frame_t *frame)
{
    char name[GW_ASYNCAPI_NAME];
    for (; frame->name; frame++) {
        s_name (name, dialect, frame);
        s_refer (doc, dialect, name);
    }
}

static void s_operation (gw_doc_t *doc, const char *dialect, const gw_voice_t *voice, bool is_heard)
{
    const char *action = is_heard ? "receive" : "send";
    char id[GW_ASYNCAPI_NAME];
    snprintf (id, sizeof id, "%s_%s", dialect, action);
    gw_doc_object (doc, id);
    gw_doc_text (doc, "action", action);
    gw_doc_text (doc, "summary", is_heard ? "What clients may say there" : "What clients are told there");
    if (voice->needs_account)
        s_security (doc);
    gw_doc_object (doc, "channel");
    gw_doc_printf (doc, "$ref", "#/channels/%s", dialect);
    gw_doc_end (doc);
    gw_doc_list (doc, "messages");
    s_refer_all (doc, dialect, is_heard ? voice->spec->takes : voice->spec->tells);
    if (!is_heard)
        s_refer (doc, dialect, ERROR);
    gw_doc_end (doc);
    gw_doc_end (doc);
}

void gw_asyncapi_dialect_operations (gw_doc_t *doc)
{
    const gw_voice_t *voice;
    const char *dialect;
    for (unsigned at = 0; (voice = s_next (&at, &dialect));) {
        s_operation (doc, dialect, voice, true);
        s_operation (doc, dialect, voice, false);
    }
}

/* ---- components ------------------------------------------------------------------------------- */

static void s_messages (gw_doc_t *doc, const char *dialect, const gw_voice_frame_t *frame)
{
    char name[GW_ASYNCAPI_NAME];
    for (; frame->name; frame++) {
        s_name (name, dialect, frame);
        gw_asyncapi_message (doc, name, frame->doc, frame->shapes, frame->media);
    }
}

void gw_asyncapi_dialect_messages (gw_doc_t *doc)
{
    const gw_voice_t *voice;
    const char *dialect;
    for (unsigned at = 0; (voice = s_next (&at, &dialect));) {
        s_messages (doc, dialect, voice->spec->takes);
        s_messages (doc, dialect, voice->spec->tells);
    }
    gw_asyncapi_message (doc, ERROR, "A frame can't be read, or was refused", s_error, NULL);
}

void gw_asyncapi_dialect_credentials (gw_doc_t *doc)
{
    for (size_t i = 0; i < SCHEMES; i++) {
        gw_doc_object (doc, s_schemes[i].name);
        gw_doc_text (doc, "type", "httpApiKey");
        gw_doc_text (doc, "in", s_schemes[i].in);
        gw_doc_text (doc, "name", s_schemes[i].key);
        gw_doc_text (doc, "description", s_schemes[i].doc);
        gw_doc_end (doc);
    }
}

static void s_use (gw_schema_uses_t *uses, const gw_voice_frame_t *frame)
{
    for (; frame->name; frame++)
        gw_schema_use_shapes (uses, frame->shapes);
}

void gw_asyncapi_dialect_use (gw_schema_uses_t *uses)
{
    const gw_voice_t *voice;
    const char *dialect;
    for (unsigned at = 0; (voice = s_next (&at, &dialect));) {
        s_use (uses, voice->spec->takes);
        s_use (uses, voice->spec->tells);
    }
}
