/*  gw_upgrade - the WebSocket handshake: every check before lws answers 101.

    lws 4.1 takes any Origin, any version and any value of Upgrade that it knows
    (h2c among them), and closes without a word what it does not like.  So all of
    it is judged here first, and refusals are HTTP answers a client can read. */

#include "gw_upgrade.h"
#include "gw_config.h"
#include "gw_header.h"
#include "gw_http.h"
#include "gw_revoked.h"
#include "gw_server.h"
#include <libwebsockets.h>
#include <strings.h>

/*  lws reads the list of subprotocols, and Connection, into buffers of so much. */
#define LWS_LIST 126

typedef struct {
    gw_request_t *request;
    gw_link_t *link;
    const char *detail;
} handshake_t;

static int s_refuse (handshake_t *self, int err, const char *detail)
{
    self->detail = detail;
    return err;
}

/*  A dialect's socket; gw_front has begun its gate where it could. */
static int s_check_name (handshake_t *self)
{
    gw_link_t *link = self->link;
    pt_str_t name;
    if (!gw_gate_name (pt_str (self->request->path), &name))
        return -PT_E_not_found;
    link->is_seat = true;
    if (link->gate.place.voice)
        return 0;
    /*  A name that gw_front has read and could not be a room's is none in other spelling. */
    return link->is_judged ? -PT_E_not_found : gw_gate_begin (&link->gate, name);
}

static int s_check_path (handshake_t *self)
{
    bool is_native = strcmp (self->request->path, "/v1/ws") == 0;
    int err = self->link->is_internal ? -PT_E_not_found : is_native ? 0 : s_check_name (self);
    if (err != 0)
        return err;
    return self->request->method == GW_GET && !self->request->is_head ? 0 : -PT_E_method_not_allowed;
}

static int s_check_upgrade (handshake_t *self)
{
    int err = 0;
    size_t len;
    const char *value = gw_http_header (self->request, WSI_TOKEN_UPGRADE, &len, &err);
    if (err != 0 || !value || strcasecmp (value, "websocket") != 0)
        return s_refuse (self, err != 0 ? err : -PT_E_malformed, "Upgrade must be websocket");
    value = gw_http_header (self->request, WSI_TOKEN_CONNECTION, &len, &err);
    if (err != 0 || !value || len > LWS_LIST || !gw_header_in_list (value, "upgrade", 7))
        return s_refuse (self, -PT_E_malformed, "Connection must name Upgrade");
    value = gw_http_header (self->request, WSI_TOKEN_VERSION, &len, &err);
    if (err != 0 || !value || strcmp (value, "13") != 0)
        return -PT_E_upgrade_required;
    value = gw_http_header (self->request, WSI_TOKEN_KEY, &len, &err);
    if (err != 0 || !value || len != 24 || value[22] != '=' || value[23] != '=')
        return s_refuse (self, -PT_E_malformed, "Sec-WebSocket-Key must be 16 bytes in base64");
    if (self->request->length > 0)
        return s_refuse (self, -PT_E_malformed, "a handshake has no body");
    return self->link->has_mark && gw_http_was_pipelined (self->link)
               ? s_refuse (self, -PT_E_malformed, "a handshake can't be pipelined")
               : 0;
}

/*  Absent is accepted: only browsers must send it, and they always do. */
static int s_check_origin (handshake_t *self)
{
    int err = 0;
    size_t len;
    const gw_request_t *request = self->request;
    const char *origin = gw_http_header (self->request, WSI_TOKEN_ORIGIN, &len, &err);
    if (err == 0 && !origin)
        return 0;
    if (err == 0 && gw_header_origin_ok (origin, len, request->gw->config->allowed_origins, request->host))
        return 0;
    return -PT_E_origin_refused;
}

/*  `bearer, <token>` beside our subprotocol: the way of browsers, which can't set
    headers on a WebSocket. */
static int s_check_subprotocols (handshake_t *self, pt_str_t *out_token)
{
    int err = 0;
    size_t len, at = 0, entry_len;
    const char *entry;
    bool has_ours = false, is_token = false;
    const char *list = gw_http_header (self->request, WSI_TOKEN_PROTOCOL, &len, &err);
    if (err != 0)
        return err;
    if (!list)
        return 0;
    if (len > LWS_LIST)
        return s_refuse (self, -PT_E_malformed, "the list of subprotocols is too long");
    while (gw_header_next (list, len, &at, &entry, &entry_len)) {
        if (is_token) {
            *out_token = (pt_str_t){entry, (uint32_t)entry_len};
            is_token = false;
        } else if (entry_len == 6 && strncmp (entry, "bearer", 6) == 0) {
            is_token = true;
        } else if (entry_len == strlen (GW_SUBPROTOCOL) && strncmp (entry, GW_SUBPROTOCOL, entry_len) == 0) {
            has_ours = true;
        }
    }
    return has_ours || self->link->is_seat ? 0 : s_refuse (self, -PT_E_malformed, "the subprotocol is " GW_SUBPROTOCOL);
}

/*  The outcome came after lws was told to go on. */
static void s_on_proved (void *arg)
{
    gw_link_t *link = arg;
    gw_link_judge (link, &link->request->proof);
    if (link->session)
        gw_link_proved (link);
}

/*  A credential that was shown must be good, even where none is needed.  gw_front
    has judged it where it could see it; elsewhere auth may have to be asked, which
    lws does not wait for: then the socket is opened without an identity. */
static int s_prove (handshake_t *self, pt_str_t token)
{
    gw_link_t *link = self->link;
    gw_proof_t *proof = &self->request->proof;
    if (link->is_judged)
        return link->refusal;
    const gw_pair_t *query = gw_http_query (self->request, "token");
    *proof = (gw_proof_t){.gw = link->gw,
                          .shown = {.subprotocol = token, .is_socket = true},
                          .peer = link->peer,
                          .network = &link->network,
                          .trace = self->request->trace,
                          .fn = s_on_proved,
                          .arg = link};
    if (query)
        proof->shown.query = (pt_str_t){query->value, (uint32_t)query->value_len};
    int err = gw_http_read_shown (self->request, &proof->shown);
    if (err != 0)
        return err;
    if (gw_prove (proof) == GW_PROVE_LATER)
        return 0;
    gw_link_judge (link, proof);
    return link->refusal;
}

/*  Who is not let in to a dialect's socket is told no more than that. */
static int s_check_identity (handshake_t *self, pt_str_t token)
{
    const gw_link_t *link = self->link;
    int err = s_prove (self, token);
    if (!link->is_seat)
        return err;
    if (err == 0 && link->gate.is_decided)
        err = link->gate.err;
    return pt_error_http (err) == 401 ? -PT_E_forbidden : err;
}

static int s_check (handshake_t *self)
{
    pt_str_t token = {0};
    int err = s_check_path (self);
    if (err == 0 && !self->link->is_in_pace)
        err = gw_http_limit (self->request, GW_LIMIT_SOCKET);
    if (err == 0)
        err = s_check_upgrade (self);
    if (err == 0)
        err = s_check_origin (self);
    if (err == 0 && self->link->gw->is_draining)
        err = -PT_E_draining;
    if (err == 0)
        err = s_check_subprotocols (self, &token);
    return err != 0 ? err : s_check_identity (self, token);
}

int gw_upgrade (gw_link_t *link)
{
    /*  lws has answered an Upgrade it does not know with 403 by itself, and
        dropped the headers, before it asks: nothing of them may be touched. */
    if (lws_hdr_total_length (link->wsi, WSI_TOKEN_UPGRADE) <= 0)
        return -1;
    int err;
    handshake_t self = {.link = link, .request = gw_http_read_head (link, &err)};
    if (!self.request)
        return -1;
    self.request->dialect = NULL; /* a socket is refused, not what else may be under that path */
    if (err == 0)
        err = s_check (&self);
    if (err == 0)
        return 0;
    sv_metric_add (gw_server_counters (link->gw->server)->refused, 1);
    self.request->keeps_alive = false;
    if (link->scheme != PT_scheme_none)
        self.request->proof.credential.scheme = link->scheme;
    if (err == -PT_E_too_many && self.request->limited.wait_ms == 0)
        self.request->limited = (gw_limited_t){link->retry_ms, link->limit};
    gw_http_fail (self.request, err, self.detail, NULL);
    return -1;
}
