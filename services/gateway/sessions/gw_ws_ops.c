/*  gw_ws_ops - the table of operations, requests under way, and the operations
    that need nothing of their own: auth, history, read, ping. */

#include "gw_prove.h"
#include "gw_text.h"
#include "gw_ws_priv.h"
#include <stdlib.h>

/*  A page of history is asked for only when the socket has taken nearly all of
    what it had, so that answers never pile up. */
#define S_HISTORY_ROOM (64 * 1024)

/*  ---- fields of a request ------------------------------------------------------- */

static bool s_digits (const char *text, size_t len, uint64_t *out_value)
{
    uint64_t value = 0;
    if (!len || len > GW_TEXT_U64 - 1)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    *out_value = value;
    return value <= LIM_ID;
}

static bool s_number (const json_t *field, uint64_t *out_value)
{
    if (json_is_string (field))
        return s_digits (json_string_value (field), json_string_length (field), out_value);
    if (!json_is_integer (field) || json_integer_value (field) < 0)
        return false;
    *out_value = (uint64_t)json_integer_value (field);
    return true;
}

bool gw_request_u64 (const gw_request_t *request, const char *name, uint64_t *out_value)
{
    return s_number (json_object_get (request->json, name), out_value);
}

bool gw_request_ids (const gw_request_t *request, const char *name, uint64_t *out_values, uint32_t max,
                     uint32_t *out_count)
{
    const json_t *field = json_object_get (request->json, name);
    *out_count = 0;
    if (!field || json_is_null (field))
        return true;
    if (!json_is_array (field) || json_array_size (field) > max)
        return false;
    while (*out_count < json_array_size (field)) {
        if (!s_number (json_array_get (field, *out_count), &out_values[*out_count]))
            return false;
        ++*out_count;
    }
    return true;
}

bool gw_request_str (const gw_request_t *request, const char *name, pt_str_t *out_value)
{
    const json_t *field = json_object_get (request->json, name);
    if (!json_is_string (field))
        return false;
    *out_value = (pt_str_t){json_string_value (field), (uint32_t)json_string_length (field)};
    return true;
}

uint64_t gw_request_room (gw_ws_t *ws, const gw_request_t *request)
{
    uint64_t room = 0;
    if (!gw_request_u64 (request, "room", &room) || !room) {
        gw_ws_fail (ws, request->re, PT_E_invalid, PT_LIT ("room: an id is needed"));
        return 0;
    }
    return room;
}

/*  An optional number: false, after answering, when it is there but unusable. */
static bool s_optional_u64 (gw_ws_t *ws, const gw_request_t *request, const char *name, uint64_t *out_value,
                            bool *out_has)
{
    const json_t *field = json_object_get (request->json, name);
    *out_has = field && !json_is_null (field);
    if (!*out_has || gw_request_u64 (request, name, out_value))
        return true;
    char detail[64];
    snprintf (detail, sizeof detail, "%s: a number is needed", name);
    gw_ws_fail (ws, request->re, PT_E_invalid, pt_str (detail));
    return false;
}

/*  The token is copied: the frame it came in is gone when auth has answered. */
struct gw_auth {
    gw_proof_t proof;
    char trace[LIM_TRACE + 1];
    char token[];
};

static void s_auth_free (gw_op_t *op)
{
    if (!op->auth)
        return;
    gw_prove_cancel (&op->auth->proof);
    explicit_bzero (op->auth->token, op->auth->proof.shown.query.len);
    free (op->auth);
    op->auth = NULL;
}

/*  ---- requests under way ----------------------------------------------------------- */

gw_op_t *gw_op_new (gw_ws_t *ws, uint64_t re, uint64_t room)
{
    gw_op_t *self = ws->pending < LIM_WS_PENDING ? calloc (1, sizeof *self) : NULL;
    if (!self) {
        bool is_full = ws->pending >= LIM_WS_PENDING;
        gw_ws_fail (ws, re, is_full ? PT_E_too_many : PT_E_memory,
                    is_full ? PT_LIT ("too many requests without an answer") : (pt_str_t){0});
        return NULL;
    }
    self->ws = ws;
    self->re = re;
    self->room = room;
    self->next = ws->ops;
    if (ws->ops)
        ws->ops->prev = self;
    ws->ops = self;
    ws->pending++;
    return self;
}

void gw_op_destroy (gw_op_t **self_p)
{
    gw_op_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    gw_ws_t *ws = self->ws;
    if (self->call)
        sv_bus_cancel (ws->gw->bus, self->call);
    s_auth_free (self);
    if (self->prev)
        self->prev->next = self->next;
    else
        ws->ops = self->next;
    if (self->next)
        self->next->prev = self->prev;
    ws->pending--;
    free (self);
}

void gw_op_call (gw_op_t **self_p, uint16_t opcode, const void *msg, sv_reply_fn *fn)
{
    gw_op_t *self = *self_p;
    int err = 0;
    char trace[LIM_TRACE + 1];
    gw_ws_name_call (self->ws, trace);
    sv_call_t call = {
        .opcode = opcode, .msg = msg, .affinity = self->room, .deadline_ms = GW_WS_CALL_MS, .trace = trace};
    self->opcode = opcode;
    self->call = sv_bus_call (self->ws->gw->bus, &call, fn, self, &err);
    if (self->call)
        return;
    if (!self->ws->seat || self->told || self->looked)
        gw_ws_fail (self->ws, self->re, err, (pt_str_t){0});
    gw_op_destroy (self_p);
}

/*  ---- auth ---------------------------------------------------------------------------- */

static void s_put_signed_in (gw_ws_t *ws, uint64_t re)
{
    pt_buf_t *text = gw_ws_begin_ok (ws, re);
    pt_buf_puts (text, "\"account\":");
    gw_text_id (text, ws->identity.account);
    pt_buf_puts (text, ",\"session\":");
    gw_text_id (text, ws->identity.session);
    gw_ws_end (ws, "}}");
}

/*  The first of those that wait has an outcome. */
static void s_auth_done (gw_ws_t *ws)
{
    gw_op_t *op = ws->auth_first;
    ws->auth_first = op->parked_next;
    ws->auths--;
    const gw_proof_t *proof = &op->auth->proof;
    int err = proof->err != 0 ? proof->err : gw_ws_sign_in (ws, &proof->identity);
    if (err != 0)
        gw_ws_fail (ws, op->re, err, (pt_str_t){0});
    else
        s_put_signed_in (ws, op->re);
    gw_op_destroy (&op);
}

static void s_auth_next (gw_ws_t *ws)
{
    while (ws->auth_first && !ws->is_closing && gw_prove (&ws->auth_first->auth->proof) != GW_PROVE_LATER)
        s_auth_done (ws);
}

static void s_on_proved (void *arg)
{
    gw_ws_t *ws = arg;
    s_auth_done (ws);
    s_auth_next (ws);
}

/*  NULL after answering. */
static gw_op_t *s_auth_new (gw_ws_t *ws, const gw_request_t *request, pt_str_t token)
{
    if (ws->auths >= GW_WS_AUTHS) {
        gw_ws_fail (ws, request->re, PT_E_too_many, PT_LIT ("too many requests to sign in at a time"));
        return NULL;
    }
    gw_op_t *op = gw_op_new (ws, request->re, 0);
    if (!op)
        return NULL;
    op->auth = calloc (1, sizeof *op->auth + token.len + 1);
    if (!op->auth) {
        gw_ws_fail (ws, request->re, PT_E_memory, (pt_str_t){0});
        gw_op_destroy (&op);
        return NULL;
    }
    memcpy (op->auth->token, token.at, token.len);
    gw_ws_name_call (ws, op->auth->trace);
    op->auth->proof = (gw_proof_t){.gw = ws->gw,
                                   .shown = {.query = {op->auth->token, token.len}, .is_socket = true},
                                   .peer = gw_conn_peer (ws->conn),
                                   .network = gw_conn_network (ws->conn),
                                   .trace = op->auth->trace,
                                   .fn = s_on_proved,
                                   .arg = ws};
    return op;
}

/*  Also on a socket that is signed in already: the same account may extend its
    stay with a newer token, another one may not take the socket over.  One at a
    time, so that the last one asked for is the one that stays. */
static void s_auth (gw_ws_t *ws, const gw_request_t *request)
{
    pt_str_t token;
    if (!gw_request_str (request, "token", &token) || token.len > LIM_TOKEN) {
        gw_ws_fail (ws, request->re, PT_E_invalid, PT_LIT ("token: a string is needed"));
        return;
    }
    gw_op_t *op = s_auth_new (ws, request, token);
    if (!op)
        return;
    bool is_first = !ws->auth_first;
    if (is_first)
        ws->auth_first = op;
    else
        ws->auth_last->parked_next = op;
    ws->auth_last = op;
    ws->auths++;
    if (is_first)
        s_auth_next (ws);
}

static void s_ping (gw_ws_t *ws, const gw_request_t *request)
{
    pt_buf_t *text = gw_ws_begin_ok (ws, request->re);
    pt_buf_puts (text, "\"time\":");
    gw_text_time (text, sv_wall_us ());
    gw_ws_end (ws, "}}");
}

/*  ---- read ------------------------------------------------------------------------------ */

static void s_on_read (void *arg, const sv_reply_t *reply)
{
    gw_op_t *op = arg;
    op->call = 0;
    if (reply->status)
        gw_ws_fail_with (op->ws, op->re, reply->status, reply->error);
    else {
        gw_ws_begin_ok (op->ws, op->re);
        gw_ws_end (op->ws, "}}");
    }
    gw_op_destroy (&op);
}

static void s_read (gw_ws_t *ws, const gw_request_t *request)
{
    uint64_t room = gw_request_room (ws, request);
    uint64_t seq;
    if (!room)
        return;
    if (!gw_request_u64 (request, "seq", &seq) || seq > LIM_SEQ) {
        gw_ws_fail (ws, request->re, PT_E_invalid, PT_LIT ("seq: a number is needed"));
        return;
    }
    gw_op_t *op = gw_op_new (ws, request->re, room);
    pt_read_set_t msg = {.account = ws->identity.account, .room = room, .seq = seq};
    if (op)
        gw_op_call (&op, PT_OP_chat_read, &msg, s_on_read);
}

/*  ---- history ----------------------------------------------------------------------------- */

/*  Which items fit into one answer: from the end that the client continues
    from, so that what is left out is what `more` stands for. */
static void s_fit (const gw_op_t *op, const pt_history_page_t *page, uint32_t *out_from, uint32_t *out_to)
{
    uint32_t from = 0, to = 0;
    if (op->query.has_before || (!op->query.has_after && !op->query.has_around))
        from = to = page->items.count;
    while (op->query.has_around && to < page->items.count && page->items.at[to].seq < op->query.around)
        from = ++to;
    size_t bytes = 0;
    bool is_up = op->query.has_after || op->query.has_around;
    while (from > 0 || to < page->items.count) {
        bool take_up = to < page->items.count && (is_up || from == 0);
        const pt_item_t *item = &page->items.at[take_up ? to : from - 1];
        bytes += gw_frame_item_max (item);
        if (bytes > GW_WS_HISTORY_BYTES && to > from)
            break;
        if (take_up)
            to++;
        else
            from--;
        is_up = op->query.has_after || (op->query.has_around && !is_up);
    }
    *out_from = from;
    *out_to = to;
}

static void s_put_history (gw_op_t *op, const pt_history_page_t *page, uint32_t from, uint32_t to)
{
    pt_buf_t *text = gw_ws_begin_ok (op->ws, op->re);
    bool is_cut = from > 0 || to < page->items.count;
    pt_buf_puts (text, "\"items\":[");
    for (uint32_t i = from; i < to; i++) {
        if (i > from)
            pt_buf_puts (text, ",");
        gw_frame_item_json (text, &page->items.at[i]);
    }
    pt_buf_puts (text, page->more || is_cut ? "],\"more\":true" : "],\"more\":false");
    pt_buf_puts (text, ",\"head\":");
    gw_text_u64 (text, page->head);
    pt_buf_puts (text, ",\"floor\":");
    gw_text_u64 (text, page->floor);
    gw_ws_end (op->ws, "}}");
}

/*  The client has all up to here now: a subscription that lags may go on. */
static void s_note_pulled (const gw_op_t *op, const pt_history_page_t *page, uint32_t to)
{
    gw_ws_t *ws = op->ws;
    gw_sub_t *sub = gw_idmap_get (&ws->subs, op->room);
    if (!sub || !sub->is_joined || !op->query.has_after || page->epoch != gw_room_epoch (sub->room))
        return;
    uint64_t pulled = op->query.after;
    if (to > 0)
        pulled = page->items.at[to - 1].seq;
    else if (page->floor > pulled)
        pulled = page->floor;
    if (gw_feed_pulled (&sub->feed, op->query.after, pulled)) {
        gw_outq_ready (&ws->outq, &sub->feed);
        gw_ws_dirty (ws);
    }
}

static void s_on_history (void *arg, const sv_reply_t *reply)
{
    gw_op_t *op = arg;
    gw_ws_t *ws = op->ws;
    op->call = 0;
    ws->is_fetching = false;
    if (reply->status)
        gw_ws_fail_with (ws, op->re, reply->status, reply->error);
    else if (op->looked)
        op->looked (ws, (pt_str_t){op->note, op->note_len}, reply->msg);
    else {
        const pt_history_page_t *page = reply->msg;
        uint32_t from, to;
        s_fit (op, page, &from, &to);
        s_put_history (op, page, from, to);
        s_note_pulled (op, page, to);
    }
    gw_op_destroy (&op);
    gw_ws_unpark (ws);
}

/*  One question at a time; the others of the socket wait in order. */
static void s_start_history (gw_op_t *op)
{
    gw_ws_t *ws = op->ws;
    ws->is_fetching = true;
    gw_op_call (&op, PT_OP_chat_history, &op->query, s_on_history);
    if (!op)
        ws->is_fetching = false;
}

/*  Parked operations are a list through the `parked` links, oldest first. */
void gw_ws_unpark (gw_ws_t *self)
{
    while (self->parked_first && !self->is_fetching && !self->is_closing &&
           gw_outq_bytes (&self->outq) <= S_HISTORY_ROOM) {
        gw_op_t *op = self->parked_first;
        self->parked_first = op->parked_next;
        if (!self->parked_first)
            self->parked_last = NULL;
        s_start_history (op);
    }
}

void gw_ws_ask_history (gw_op_t *op)
{
    gw_ws_t *ws = op->ws;
    if (ws->parked_last)
        ws->parked_last->parked_next = op;
    else
        ws->parked_first = op;
    ws->parked_last = op;
    gw_ws_unpark (ws);
}

/*  Bounds by the schema; at most one of the three directions. */
static bool s_check_history (gw_ws_t *ws, uint64_t re, const pt_history_query_t *query)
{
    pt_error_t error = {0};
    if (query->has_after + query->has_before + query->has_around > 1) {
        gw_ws_fail (ws, re, PT_E_invalid, PT_LIT ("after, before and around exclude each other"));
        return false;
    }
    pt_arena_reset (ws->sessions->arena);
    int err = pt_validate (PT_MSG_history_query, query, ws->sessions->arena, &error);
    if (err)
        gw_ws_fail_with (ws, re, err, &error);
    return !err;
}

static void s_history (gw_ws_t *ws, const gw_request_t *request)
{
    pt_history_query_t query = {.account = ws->identity.account, .has_account = true, .has_room = true};
    query.room = gw_request_room (ws, request);
    if (!query.room || !s_optional_u64 (ws, request, "after", &query.after, &query.has_after) ||
        !s_optional_u64 (ws, request, "before", &query.before, &query.has_before) ||
        !s_optional_u64 (ws, request, "around", &query.around, &query.has_around) ||
        !s_optional_u64 (ws, request, "limit", &query.limit, &query.has_limit) ||
        !s_check_history (ws, request->re, &query))
        return;
    gw_op_t *op = gw_op_new (ws, request->re, query.room);
    if (!op)
        return;
    op->query = query;
    gw_ws_ask_history (op);
}

/*  ---- the table ------------------------------------------------------------------------------ */

static const gw_op_entry_t s_ops[] = {
    {"auth", s_auth, 0},
    {"history", s_history, GW_SCOPE_READ},
    {"ping", s_ping, 0},
    {"read", s_read, GW_SCOPE_WRITE},
    {"send", gw_ws_send, GW_SCOPE_WRITE},
    {"subscribe", gw_ws_subscribe, GW_SCOPE_READ},
    {"unsubscribe", gw_ws_unsubscribe, GW_SCOPE_READ},
};

const gw_op_entry_t *gw_ws_op_at (size_t i)
{
    return i < sizeof s_ops / sizeof *s_ops ? &s_ops[i] : NULL;
}

const gw_op_entry_t *gw_ws_op_find (const char *name)
{
    for (size_t i = 0; i < sizeof s_ops / sizeof *s_ops; i++)
        if (strcmp (s_ops[i].name, name) == 0)
            return &s_ops[i];
    return NULL;
}
