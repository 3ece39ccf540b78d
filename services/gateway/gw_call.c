/*  gw_call - a request as an operation on the bus. */

#include "gw_call.h"
#include "gw_answer.h"
#include "gw_config.h"
#include "gw_header.h"
#include "gw_json.h"
#include "gw_random.h"
#include "gw_signal.h"

/* ---- filling the message -------------------------------------------------- */

void *gw_call_read_body (gw_request_t *request, pt_msg_t type)
{
    pt_error_t error = {0};
    int err = -PT_E_memory;
    void *msg = pt_arena_alloc (request->arena, pt_desc (type)->size);
    if (msg)
        err = 0;
    if (err == 0 && request->body.len > 0)
        err = gw_json_read (type, request->body.at, request->body.len, request->arena, msg, &error);
    if (err == 0)
        return msg;
    gw_http_fail (request, err, NULL, &error);
    return NULL;
}

static const pt_field_t *s_outer_field (const pt_desc_t *desc, const gw_pair_t *pair)
{
    const pt_field_t *field = pt_desc_field (desc, pair->name, pair->name_len);
    return field && (field->flags & PT_INNER) == 0 ? field : NULL;
}

/*  A path that names nothing that could exist is just not there. */
static int s_fill_path (gw_request_t *request, const pt_desc_t *desc, void *msg)
{
    pt_error_t ignored = {0};
    for (unsigned i = 0; i < request->var_count; i++) {
        const pt_field_t *field = s_outer_field (desc, &request->vars[i]);
        if (!field || gw_json_set_text (field, request->vars[i].value, request->vars[i].value_len, request->arena, msg,
                                        &ignored) != 0)
            return -PT_E_not_found;
    }
    return 0;
}

static int s_fill_query (gw_request_t *request, const pt_desc_t *desc, void *msg, pt_error_t *error)
{
    int err = 0;
    for (unsigned i = 0; i < request->query_count; i++) {
        const gw_pair_t *pair = &request->query[i];
        const pt_field_t *field = s_outer_field (desc, pair);
        if (field) {
            int one = gw_json_set_text (field, pair->value, pair->value_len, request->arena, msg, error);
            err = one != 0 ? one : err;
            continue;
        }
        char name[64];
        snprintf (name, sizeof name, "%.*s", pair->name_len < 60 ? (int)pair->name_len : 60, pair->name);
        bool is_fit = gw_header_printable (name, strlen (name), sizeof name);
        pt_error_add (error, request->arena, is_fit ? name : "?", "unknown", NULL);
        err = -PT_E_invalid;
    }
    return err;
}

static bool s_set_inner (const pt_desc_t *desc, void *msg, const char *name, uint64_t value)
{
    const pt_field_t *field = pt_desc_field (desc, name, strlen (name));
    if (!field || (field->flags & PT_INNER) == 0)
        return false;
    gw_json_set_u64 (field, msg, value);
    return true;
}

const char *gw_call_key (gw_request_t *request)
{
    uint64_t random[2];
    if (request->idempotency_key)
        return request->idempotency_key;
    gw_random (random, sizeof random);
    return pt_arena_printf (request->arena, "%016llx%016llx", (unsigned long long)random[0],
                            (unsigned long long)random[1]);
}

static int s_fill_key (gw_request_t *request, const pt_desc_t *desc, void *msg)
{
    const pt_field_t *field = pt_desc_field (desc, "key", 3);
    if (!field || (field->flags & PT_INNER) == 0)
        return 0;
    const char *key = gw_call_key (request);
    if (!key)
        return -PT_E_memory;
    gw_json_set_str (field, msg, pt_str (key));
    return 0;
}

/*  Where the client is, for limits and the audit trail. */
static void s_fill_address (const gw_request_t *request, const pt_desc_t *desc, void *msg)
{
    const pt_field_t *field = pt_desc_field (desc, "address", 7);
    if (field && (field->flags & PT_INNER) != 0 && request->link->peer[0])
        gw_json_set_str (field, msg, pt_str (request->link->peer));
}

/*  An API token can't make one that may more than itself. */
static int s_fill_granted (const gw_request_t *request, const pt_desc_t *desc, void *msg)
{
    const pt_field_t *field = pt_desc_field (desc, "granted", 7);
    if (!field || (field->flags & PT_INNER) == 0 || request->identity.kind != PT_credential_kind_TOKEN)
        return 0;
    char words[LIM_SCOPES + 1];
    gw_identity_words (request->identity.scopes, words);
    const char *copy = pt_arena_copy (request->arena, words, strlen (words));
    if (!copy)
        return -PT_E_memory;
    gw_json_set_str (field, msg, pt_str (copy));
    return 0;
}

bool gw_call_fill_inner (gw_request_t *request, pt_msg_t type, void *msg)
{
    const pt_desc_t *desc = pt_desc (type);
    if (request->has_identity) {
        s_set_inner (desc, msg, "account", request->identity.account);
        s_set_inner (desc, msg, "session", request->identity.session);
    }
    s_fill_address (request, desc, msg);
    int err = s_fill_granted (request, desc, msg);
    if (err == 0)
        err = s_fill_key (request, desc, msg);
    if (err != 0)
        gw_http_fail (request, err, NULL, NULL);
    return err == 0;
}

bool gw_call_fill (gw_request_t *request, pt_msg_t type, void *msg)
{
    const pt_desc_t *desc = pt_desc (type);
    pt_error_t error = {0};
    int err = s_fill_path (request, desc, msg);
    if (err == 0)
        err = s_fill_query (request, desc, msg, &error);
    if (err != 0)
        gw_http_fail (request, err, NULL, &error);
    return err == 0 && gw_call_fill_inner (request, type, msg);
}

/* ---- calling ------------------------------------------------------------------ */

/*  What belongs together meets at one worker: the room, the name that signs in, the signals of an address,
    else the account. */
static uint64_t s_affinity (const gw_request_t *request, pt_msg_t type, const void *msg)
{
    const pt_desc_t *desc = pt_desc (type);
    const pt_field_t *room = pt_desc_field (desc, "room", 4), *name = pt_desc_field (desc, "identifier", 10);
    uint64_t value = request->has_identity ? request->identity.account : 0;
    if (room && room->type == PT_T_ID)
        memcpy (&value, (const char *)msg + room->offset, sizeof value);
    else if (name && name->type == PT_T_STR) {
        pt_str_t text;
        memcpy (&text, (const char *)msg + name->offset, sizeof text);
        value = gw_identity_affinity (text);
    } else if (type == PT_MSG_room_signal)
        value = gw_signal_affinity (((const pt_room_signal_t *)msg)->address);
    return value;
}

void gw_call_send (gw_request_t *request, uint16_t opcode, const void *msg, sv_reply_fn *fn)
{
    const pt_call_t *operation = pt_call_find (opcode);
    pt_error_t error = {0};
    int err = pt_validate (operation->request, msg, request->arena, &error);
    if (err != 0) {
        gw_http_fail (request, err, NULL, &error);
        return;
    }
    const sv_call_t call = {
        .opcode = opcode,
        .msg = msg,
        .affinity = s_affinity (request, operation->request, msg),
        .deadline_ms = (uint32_t)request->gw->config->call_ms,
        .trace = request->trace,
    };
    sv_trace_add (request->gw->trace, &(sv_hop_t){.kind = PT_hop_kind_TAKEN,
                                                  .opcode = opcode,
                                                  .trace = request->trace,
                                                  .at_us = request->started_us});
    request->call = sv_bus_call (request->gw->bus, &call, fn, request, &err);
    if (request->call == 0)
        gw_http_fail (request, err, NULL, NULL);
}

void gw_call_took (gw_request_t *request, const sv_reply_t *reply)
{
    request->call = 0;
    sv_trace_add (request->gw->trace,
                  &(sv_hop_t){.kind = PT_hop_kind_ACKED, .trace = request->trace, .status = reply->status});
}

bool gw_call_succeeded (gw_request_t *request, const sv_reply_t *reply)
{
    gw_call_took (request, reply);
    if (reply->status == 0)
        return true;
    gw_http_fail (request, reply->status, NULL, reply->error);
    return false;
}

static void s_on_reply (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (gw_call_succeeded (request, reply))
        gw_http_reply (request, request->route->status, pt_call_find (request->route->opcode)->reply, reply->msg);
}

void gw_call_route (gw_request_t *request)
{
    pt_msg_t type = pt_call_find (request->route->opcode)->request;
    void *msg = gw_call_read_body (request, type);
    if (msg && gw_call_fill (request, type, msg))
        gw_call_send (request, request->route->opcode, msg, s_on_reply);
}
