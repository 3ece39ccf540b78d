/*  auth_audit - refused sign-ins for the audit trail, entered in batches.

    Entries stay in their ring until store has taken them; one batch is under way
    at a time.  After an answer that was lost they are entered again: twice is
    better than never in an audit trail. */

#include "auth_audit.h"
#include <stdlib.h>

#define S_CALL_MS 5000

typedef struct {
    int64_t at;
    char address[LIM_ADDRESS + 1];
    char trace[LIM_TRACE + 1];
} s_entry_t;

struct auth_audit {
    auth_t *auth;
    sv_timer_t *timer;
    uint64_t call;       /* 0: none is under way */
    unsigned call_count; /* entries in it */
    unsigned first, count;
    s_entry_t entries[AUTH_AUDIT_MAX];
};

static void s_on_tick (void *arg)
{
    auth_audit_flush (arg);
}

auth_audit_t *auth_audit_new (auth_t *auth)
{
    auth_audit_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->auth = auth;
    self->timer = sv_loop_timer (sv_daemon_loop (auth->daemon), AUTH_AUDIT_MS, AUTH_AUDIT_MS, s_on_tick, self);
    if (!self->timer)
        auth_audit_destroy (&self);
    return self;
}

void auth_audit_destroy (auth_audit_t **self_p)
{
    auth_audit_t *self = *self_p;
    if (!self)
        return;
    sv_timer_cancel (sv_daemon_loop (self->auth->daemon), &self->timer);
    if (self->call != 0)
        sv_bus_cancel (self->auth->bus, self->call);
    free (self);
    *self_p = NULL;
}

static void s_copy (char *out, size_t size, pt_str_t text)
{
    size_t len = text.at && text.len < size ? text.len : 0;
    if (len > 0)
        memcpy (out, text.at, len);
    out[len] = '\0';
}

void auth_audit_refused (auth_audit_t *self, pt_str_t address, const char *trace)
{
    if (self->count == AUTH_AUDIT_MAX) {
        sv_metric_add (self->auth->metrics.audit_lost, 1);
        return;
    }
    s_entry_t *entry = &self->entries[(self->first + self->count++) % AUTH_AUDIT_MAX];
    entry->at = sv_wall_us ();
    s_copy (entry->address, sizeof entry->address, address);
    s_copy (entry->trace, sizeof entry->trace, pt_str (trace));
}

static void s_on_entered (void *arg, const sv_reply_t *reply)
{
    auth_audit_t *self = arg;
    self->call = 0;
    if (reply->status != 0 && pt_error_is_transient (reply->status)) {
        sv_log (self->auth->log, SV_DEBUG, NULL, "refusals wait for the audit trail error=%s",
                pt_error_name (reply->status));
        return;
    }
    if (reply->status != 0)
        sv_metric_add (self->auth->metrics.audit_lost, self->call_count);
    self->first = (self->first + self->call_count) % AUTH_AUDIT_MAX;
    self->count -= self->call_count;
    auth_audit_flush (self);
}

void auth_audit_flush (auth_audit_t *self)
{
    pt_audit_t items[LIM_AUDIT_BATCH];
    unsigned count = self->count < LIM_AUDIT_BATCH ? self->count : LIM_AUDIT_BATCH;
    if (self->call != 0 || count == 0)
        return;
    for (unsigned i = 0; i < count; i++) {
        const s_entry_t *entry = &self->entries[(self->first + i) % AUTH_AUDIT_MAX];
        items[i] = (pt_audit_t){.at = entry->at,
                                .what = PT_audit_action_REFUSED,
                                .address = pt_str (entry->address),
                                .has_address = entry->address[0] != '\0',
                                .trace = pt_str (entry->trace),
                                .has_trace = entry->trace[0] != '\0'};
    }
    const pt_audit_batch_t batch = {.items = {items, count}};
    const sv_call_t call = {.opcode = PT_OP_store_audit_create, .msg = &batch, .deadline_ms = S_CALL_MS};
    self->call_count = count;
    self->call = sv_bus_call (self->auth->bus, &call, s_on_entered, self, NULL);
}
