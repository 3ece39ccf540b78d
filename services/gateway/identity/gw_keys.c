/*  gw_keys - keeps the keys that verify tokens fresh. */

#include "gw_keys.h"
#include "gw_token.h"
#include "pt_limits.h"
#include <stdlib.h>

#define FRESH_MS 60000
#define TICK_MS 1000
#define FIRST_TICK_MS 100 /* until the first keys are there */
#define CALL_MS 2000

struct gw_keys {
    gw_t *gw;
    sv_timer_t *timer;
    uint64_t call;
    uint64_t fetched_ms; /* 0: never */
    void (*fn) (void *arg);
    void *arg;
};

static void s_on_keys (void *arg, const sv_reply_t *reply)
{
    gw_keys_t *self = arg;
    self->call = 0;
    int err = reply->status != 0 ? reply->status : gw_tokens_set_keys (self->gw->tokens, reply->msg);
    if (err != 0) {
        sv_log (self->gw->log, SV_DEBUG, NULL, "no keys from auth: %s", pt_error_name (err));
        return;
    }
    if (self->fetched_ms == 0)
        sv_timer_set (self->gw->loop, self->timer, TICK_MS, TICK_MS);
    self->fetched_ms = sv_now_ms ();
    if (self->fn)
        self->fn (self->arg);
}

static void s_on_tick (void *arg)
{
    gw_keys_t *self = arg;
    bool is_old = self->fetched_ms == 0 || sv_now_ms () - self->fetched_ms >= FRESH_MS;
    if (self->call != 0 || sv_bus_live (self->gw->bus) == 0)
        return;
    if (!is_old && !gw_tokens_take_unknown (self->gw->tokens))
        return;
    const pt_empty_t nothing = {0};
    const sv_call_t call = {.opcode = PT_OP_auth_keys, .msg = &nothing, .deadline_ms = CALL_MS};
    self->call = sv_bus_call (self->gw->bus, &call, s_on_keys, self, NULL);
}

gw_keys_t *gw_keys_new (gw_t *gw)
{
    gw_keys_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->gw = gw;
    self->timer = sv_loop_timer (gw->loop, FIRST_TICK_MS, FIRST_TICK_MS, s_on_tick, self);
    if (!self->timer)
        gw_keys_destroy (&self);
    return self;
}

void gw_keys_destroy (gw_keys_t **self_p)
{
    gw_keys_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    sv_timer_cancel (self->gw->loop, &self->timer);
    if (self->call != 0)
        sv_bus_cancel (self->gw->bus, self->call);
    free (self);
}

void gw_keys_on_change (gw_keys_t *self, void (*fn) (void *arg), void *arg)
{
    self->fn = fn;
    self->arg = arg;
}
