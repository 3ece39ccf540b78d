/*  gw_health - whether the gateway can serve, why not, and who is told. */

#include "gw_health.h"
#include "gw_revoked.h"
#include "gw_text.h"
#include "gw_token.h"
#include "pt_limits.h"
#include <stdlib.h>

#define POLL_MS 2000
#define POLL_UNTIL_READY_MS 100
#define CALL_MS 1500

struct gw_health {
    gw_t *gw;
    sv_timer_t *timer;
    uint64_t call;
    bool chat_ready;
    bool is_ready;
    char chat_reason[128];
};

typedef struct {
    const char *name;
    bool is_ok;
    const char *reason;
} check_t;

enum { CHECK_BROKER, CHECK_KEYS, CHECK_REVOKED, CHECK_CHAT, CHECK_DRAIN, CHECKS };

static void s_checks (const gw_health_t *self, check_t out[CHECKS])
{
    const gw_t *gw = self->gw;
    out[CHECK_BROKER] = (check_t){"broker", sv_bus_live (gw->bus) > 0, "no broker answers"};
    out[CHECK_KEYS] = (check_t){"keys", gw_tokens_has_keys (gw->tokens), "auth has not given its keys"};
    out[CHECK_REVOKED] = (check_t){"revoked", !gw_revoked_is_blind (gw->revoked, sv_now_ms ()),
                                   gw_revoked_is_ready (gw->revoked) ? "what was revoked lately is not known"
                                                                     : "what was revoked is not known yet"};
    out[CHECK_CHAT] = (check_t){"chat", self->chat_ready, self->chat_reason};
    out[CHECK_DRAIN] = (check_t){"drain", !gw->is_draining, "the gateway is draining"};
}

void gw_health_judge (gw_health_t *self)
{
    check_t checks[CHECKS];
    char reason[LIM_DETAIL] = "";
    size_t at = 0;
    s_checks (self, checks);
    for (size_t i = 0; i < CHECKS; i++)
        if (!checks[i].is_ok && at < sizeof reason)
            at += (size_t)snprintf (reason + at, sizeof reason - at, "%s%s: %s", at > 0 ? "; " : "", checks[i].name,
                                    checks[i].reason);
    self->is_ready = at == 0;
    sv_daemon_set_ready (self->gw->daemon, self->is_ready, self->is_ready ? NULL : reason);
}

static void s_on_status (void *arg, const sv_reply_t *reply)
{
    gw_health_t *self = arg;
    self->call = 0;
    if (reply->status == 0) {
        const pt_status_t *status = reply->msg;
        self->chat_ready = status->ready;
        snprintf (self->chat_reason, sizeof self->chat_reason, "%.*s",
                  status->has_reason && status->reason.len < 100 ? (int)status->reason.len : 0, status->reason.at);
        if (!status->ready && self->chat_reason[0] == '\0')
            snprintf (self->chat_reason, sizeof self->chat_reason, "not ready");
    } else {
        self->chat_ready = false;
        snprintf (self->chat_reason, sizeof self->chat_reason, "%s", pt_error_name (reply->status));
    }
    gw_health_judge (self);
    uint32_t next = self->is_ready ? POLL_MS : POLL_UNTIL_READY_MS;
    sv_timer_set (self->gw->loop, self->timer, next, next);
}

static void s_on_tick (void *arg)
{
    gw_health_t *self = arg;
    if (self->call == 0 && sv_bus_live (self->gw->bus) > 0) {
        const pt_empty_t nothing = {0};
        const sv_call_t call = {.opcode = PT_OP_chat_status, .msg = &nothing, .deadline_ms = CALL_MS};
        self->call = sv_bus_call (self->gw->bus, &call, s_on_status, self, NULL);
    }
    gw_health_judge (self);
}

gw_health_t *gw_health_new (gw_t *gw)
{
    gw_health_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->gw = gw;
    snprintf (self->chat_reason, sizeof self->chat_reason, "not asked yet");
    self->timer = sv_loop_timer (gw->loop, POLL_UNTIL_READY_MS, POLL_UNTIL_READY_MS, s_on_tick, self);
    if (!self->timer)
        gw_health_destroy (&self);
    return self;
}

void gw_health_destroy (gw_health_t **self_p)
{
    gw_health_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    sv_timer_cancel (self->gw->loop, &self->timer);
    if (self->call != 0)
        sv_bus_cancel (self->gw->bus, self->call);
    free (self);
}

/* ---- routes -------------------------------------------------------------------- */

static void s_answer_json (gw_request_t *request, int status, const char *extra, pt_buf_t *body)
{
    if (pt_buf_error (body) != 0)
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
    else
        gw_http_answer (
            request,
            &(gw_answer_t){
                .status = status, .type = "application/json", .extra = extra, .body = body->at, .len = body->len});
    pt_buf_fini (body);
}

void gw_health_live (gw_request_t *request)
{
    static const char text[] = "{\"status\":\"ok\"}";
    gw_http_answer (request,
                    &(gw_answer_t){.status = 200, .type = "application/json", .body = text, .len = sizeof text - 1});
}

static void s_write_checks (pt_buf_t *out, const check_t checks[CHECKS], bool is_verbose)
{
    const char *before = "";
    pt_buf_puts (out, is_verbose ? ",\"checks\":[" : ",\"reasons\":[");
    for (size_t i = 0; i < CHECKS; i++) {
        if (checks[i].is_ok && !is_verbose)
            continue;
        pt_buf_printf (out, "%s{\"name\":\"%s\",\"ok\":%s", before, checks[i].name, checks[i].is_ok ? "true" : "false");
        if (!checks[i].is_ok) {
            pt_buf_puts (out, ",\"reason\":");
            gw_text_str (out, checks[i].reason, strlen (checks[i].reason));
        }
        pt_buf_puts (out, "}");
        before = ",";
    }
    pt_buf_puts (out, "]");
}

void gw_health_ready (gw_request_t *request)
{
    gw_health_t *self = request->gw->health;
    bool is_verbose = gw_http_query (request, "verbose") != NULL;
    check_t checks[CHECKS];
    pt_buf_t body;
    gw_health_judge (self);
    s_checks (self, checks);
    pt_buf_init (&body, 4096);
    pt_buf_printf (&body, "{\"status\":\"%s\"", self->is_ready ? "ready" : "unavailable");
    if (is_verbose || !self->is_ready)
        s_write_checks (&body, checks, is_verbose);
    pt_buf_puts (&body, "}");
    s_answer_json (request, self->is_ready ? 200 : 503, self->is_ready ? NULL : "Retry-After: 1\r\n", &body);
}

void gw_health_metrics (gw_request_t *request)
{
    pt_buf_t body;
    pt_buf_init (&body, LIM_PAGE_BYTES);
    sv_metrics_print (request->gw->metrics, &body);
    if (pt_buf_error (&body) != 0)
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
    else
        gw_http_answer (request, &(gw_answer_t){.status = 200,
                                                .type = "text/plain; version=0.0.4; charset=utf-8",
                                                .body = body.at,
                                                .len = body.len});
    pt_buf_fini (&body);
}
