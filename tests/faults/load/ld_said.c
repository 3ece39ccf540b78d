/*  ld_said - see ld_said.h */

#include "ld_said.h"
#include "pt_limits.h"
#include <string.h>

/*  ---- members ------------------------------------------------------------------ */

static bool s_str (const json_t *json, const char *key, size_t max, pt_str_t *out)
{
    const json_t *value = json_object_get (json, key);
    if (!json_is_string (value) || json_string_length (value) > max)
        return false;
    *out = (pt_str_t){json_string_value (value), (uint32_t)json_string_length (value)};
    return true;
}

static bool s_number (const json_t *json, const char *key, uint64_t *out)
{
    const json_t *value = json_object_get (json, key);
    if (!json_is_integer (value) || json_integer_value (value) < 0 || (uint64_t)json_integer_value (value) > LIM_SEQ)
        return false;
    *out = (uint64_t)json_integer_value (value);
    return true;
}

/*  Ids are texts of digits. */
static bool s_id (const json_t *json, const char *key, uint64_t *out)
{
    pt_str_t text;
    *out = 0;
    if (!s_str (json, key, 19, &text) || !text.len)
        return false;
    for (uint32_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        *out = *out * 10 + (uint64_t)(text.at[i] - '0');
    }
    return *out > 0 && *out <= LIM_ID;
}

/*  ---- items and events ------------------------------------------------------------- */

static int s_read_item (ld_said_t *self, const json_t *json)
{
    pt_str_t kind;
    self->kind = LD_SAID_ITEM;
    if (!s_id (json, "room", &self->room) || !s_number (json, "seq", &self->seq) || !self->seq ||
        !s_str (json, "kind", 32, &kind))
        return -PT_E_malformed;
    self->is_message = pt_str_eq (kind, PT_LIT ("message"));
    if (self->is_message)
        return s_id (json, "sender", &self->account) && s_str (json, "send_id", LIM_SEND_ID, &self->send_id) &&
                       s_str (json, "body", LIM_BODY, &self->body)
                   ? 0
                   : -PT_E_malformed;
    return s_id (json, "account", &self->account) && s_str (json, "what", 32, &self->what) ? 0 : -PT_E_malformed;
}

static int s_read_hello (ld_said_t *self, const json_t *json)
{
    const json_t *limits = json_object_get (json, "limits");
    self->kind = LD_SAID_HELLO;
    return s_number (json, "heartbeat_s", &self->heartbeat_s) && s_number (limits, "rate", &self->rate)
               ? 0
               : -PT_E_malformed;
}

static int s_read_lag (ld_said_t *self, const json_t *json)
{
    self->kind = LD_SAID_LAG;
    return s_id (json, "room", &self->room) && s_number (json, "head", &self->head) ? 0 : -PT_E_malformed;
}

static int s_read_reset (ld_said_t *self, const json_t *json)
{
    self->kind = LD_SAID_RESET;
    return s_id (json, "room", &self->room) && s_number (json, "epoch", &self->epoch) ? 0 : -PT_E_malformed;
}

static int s_read_gone (ld_said_t *self, const json_t *json)
{
    self->kind = LD_SAID_GONE;
    return s_id (json, "room", &self->room) ? 0 : -PT_E_malformed;
}

static int s_read_drain (ld_said_t *self, const json_t *json)
{
    self->kind = LD_SAID_DRAIN;
    return s_number (json, "retry_ms", &self->retry_ms) ? 0 : -PT_E_malformed;
}

static const struct {
    const char *name;
    int (*read) (ld_said_t *self, const json_t *json);
} s_events[] = {{"message", s_read_item}, {"member", s_read_item}, {"hello", s_read_hello}, {"lag", s_read_lag},
                {"reset", s_read_reset},  {"gone", s_read_gone},   {"drain", s_read_drain}};

static int s_read_event (ld_said_t *self, const json_t *json, const char *name)
{
    for (size_t i = 0; i < sizeof s_events / sizeof *s_events; i++)
        if (strcmp (s_events[i].name, name) == 0)
            return s_events[i].read (self, json);
    self->kind = LD_SAID_OTHER;
    return 0;
}

/*  ---- answers -------------------------------------------------------------------------- */

/*  What an answer holds depends on the question: who asked looks at what it
    needs, and at the flags below. */
static int s_read_ok (ld_said_t *self, const json_t *ok)
{
    self->kind = LD_SAID_OK;
    if (!json_is_object (ok))
        return -PT_E_malformed;
    const json_t *items = json_object_get (ok, "items");
    self->recovered = json_is_true (json_object_get (ok, "recovered"));
    self->duplicate = json_is_true (json_object_get (ok, "duplicate"));
    self->more = json_is_true (json_object_get (ok, "more"));
    if (json_object_get (ok, "seq") && !s_number (ok, "seq", &self->seq))
        return -PT_E_malformed;
    if (json_object_get (ok, "epoch") && !s_number (ok, "epoch", &self->epoch))
        return -PT_E_malformed;
    if (json_object_get (ok, "head") && !s_number (ok, "head", &self->head))
        return -PT_E_malformed;
    if (items && (!json_is_array (items) || json_array_size (items) > LD_ITEMS_MAX))
        return -PT_E_malformed;
    self->items = items;
    return 0;
}

static int s_read_answer (ld_said_t *self, const json_t *json)
{
    const json_t *error = json_object_get (json, "error");
    self->has_re = s_number (json, "re", &self->re);
    if (!error)
        return self->has_re ? s_read_ok (self, json_object_get (json, "ok")) : -PT_E_malformed;
    self->kind = LD_SAID_ERROR;
    return s_str (error, "code", 64, &self->code) ? 0 : -PT_E_malformed;
}

int ld_said_read (ld_said_t *self, const char *text, size_t len)
{
    json_error_t error;
    *self = (ld_said_t){0};
    json_t *json = json_loadb (text, len, JSON_REJECT_DUPLICATES, &error);
    self->json = json;
    const char *name = json_string_value (json_object_get (json, "ev"));
    int err = -PT_E_malformed;
    if (name)
        err = s_read_event (self, json, name);
    else if (json_is_object (json) && json_object_get (json, "re"))
        err = s_read_answer (self, json);
    if (err)
        ld_said_fini (self);
    return err;
}

void ld_said_fini (ld_said_t *self)
{
    json_decref (self->json);
    self->json = NULL;
}

size_t ld_said_items (const ld_said_t *page)
{
    return json_array_size (page->items);
}

int ld_said_item (const ld_said_t *page, size_t i, ld_said_t *out)
{
    *out = (ld_said_t){0};
    return s_read_item (out, json_array_get (page->items, i));
}
