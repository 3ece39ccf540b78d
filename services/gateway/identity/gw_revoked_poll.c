/*  gw_revoked_poll - see gw_revoked_poll.h: the shell of gw_revoked. */

#include "gw_revoked_poll.h"
#include "gw_check.h"
#include "gw_revoked.h"
#include "gw_ws.h"
#include <stdlib.h>

/*  Short: what does not answer by then is asked again, of another. */
#define CALL_MS 1500

#define TOPIC "a"

struct gw_revoked_poll {
    gw_t *gw;
    sv_timer_t *timer;
    uint64_t call;
    uint64_t question; /* that the call asks */
    bool is_blind;     /* when it was last looked at */
    sv_metric_t *m_known, *m_age;
};

static void s_step (gw_revoked_poll_t *self, const gw_revoked_event_t *event);

static void s_on_page (void *arg, const sv_reply_t *reply)
{
    gw_revoked_poll_t *self = arg;
    self->call = 0;
    s_step (self, &(gw_revoked_event_t){.kind = reply->status ? GW_REVOKED_FAILED : GW_REVOKED_PAGE,
                                        .question = self->question,
                                        .err = reply->status,
                                        .page = reply->status ? NULL : reply->msg});
}

static void s_on_event (void *arg, const sv_event_t *event)
{
    if (event->opcode == PT_EV_revoked)
        s_step (arg, &(gw_revoked_event_t){.kind = GW_REVOKED_TOLD, .told = event->msg});
}

static void s_on_tick (void *arg)
{
    s_step (arg, &(gw_revoked_event_t){.kind = GW_REVOKED_TICK});
}

static void s_on_fresh (void *arg, const pt_revocation_t *what)
{
    const gw_revoked_poll_t *self = arg;
    gw_check_forget (self->gw->checks, what->account, what->has_session ? what->session : 0);
    gw_sessions_revoke (self->gw->sessions, what);
}

/*  A question that can't even be asked has failed. */
static void s_ask (gw_revoked_poll_t *self, gw_revoked_out_t *out)
{
    const pt_revoked_query_t query = {.cursor = out->cursor};
    const sv_call_t call = {.opcode = PT_OP_chat_revoked, .msg = &query, .deadline_ms = CALL_MS};
    int err = 0;
    self->question = out->question;
    self->call = sv_bus_call (self->gw->bus, &call, s_on_page, self, &err);
    if (self->call)
        return;
    const gw_revoked_event_t event = {.kind = GW_REVOKED_FAILED, .question = out->question, .err = -PT_E_busy};
    gw_revoked_step (self->gw->revoked, &event, sv_now_ms (), s_on_fresh, self, out);
}

static void s_look (gw_revoked_poll_t *self, uint64_t now_ms)
{
    bool is_blind = gw_revoked_is_blind (self->gw->revoked, now_ms);
    sv_metric_set (self->m_known, gw_revoked_count (self->gw->revoked));
    sv_metric_set (self->m_age, gw_revoked_age_ms (self->gw->revoked, now_ms) / 1000);
    if (is_blind == self->is_blind)
        return;
    self->is_blind = is_blind;
    if (is_blind) {
        sv_log (self->gw->log, SV_WARN, NULL, "what was revoked lately is not known: nobody is served until it is");
        return;
    }
    sv_log (self->gw->log, SV_INFO, NULL, "what was revoked is known: %u entries",
            (unsigned)gw_revoked_count (self->gw->revoked));
    gw_sessions_resume (self->gw->sessions);
}

static void s_step (gw_revoked_poll_t *self, const gw_revoked_event_t *event)
{
    gw_revoked_out_t out;
    uint64_t now_ms = sv_now_ms ();
    s_look (self, now_ms);
    gw_revoked_step (self->gw->revoked, event, now_ms, s_on_fresh, self, &out);
    s_look (self, now_ms);
    if (out.question)
        s_ask (self, &out);
    if (out.due_ms)
        sv_timer_set (self->gw->loop, self->timer, out.due_ms > now_ms ? (uint32_t)(out.due_ms - now_ms) : 1, 0);
}

gw_revoked_poll_t *gw_revoked_poll_new (gw_t *gw)
{
    gw_revoked_poll_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->gw = gw;
    self->is_blind = true;
    self->m_known = sv_metrics_gauge (gw->metrics, "parley_gateway_revocations", NULL, "revocations kept");
    self->m_age = sv_metrics_gauge (gw->metrics, "parley_gateway_revoked_age_seconds", NULL,
                                    "since the last time that all revocations were known");
    self->timer = sv_loop_timer (gw->loop, 1, 0, s_on_tick, self);
    sv_bus_on_event (gw->bus, *TOPIC, s_on_event, self);
    if (!self->timer || sv_bus_subscribe (gw->bus, TOPIC, sizeof TOPIC - 1))
        gw_revoked_poll_destroy (&self);
    return self;
}

void gw_revoked_poll_destroy (gw_revoked_poll_t **self_p)
{
    gw_revoked_poll_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    sv_bus_on_event (self->gw->bus, *TOPIC, NULL, NULL);
    sv_bus_unsubscribe (self->gw->bus, TOPIC, sizeof TOPIC - 1);
    sv_timer_cancel (self->gw->loop, &self->timer);
    if (self->call)
        sv_bus_cancel (self->gw->bus, self->call);
    free (self);
}
