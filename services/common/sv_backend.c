/*  sv_backend - asking the service behind this one on behalf of a request.

    Errors are passed on as they are, because only their own names are honest:
    `unavailable` says that nothing happened, `deadline` and `worker_lost` that
    nobody knows.  None of them becomes a success, and a repeat of the request is
    safe where the backend's operations are idempotent by their keys. */

#include "sv_backend.h"

typedef struct {
    sv_request_t *request;
    void *ctx;
    int takes;
    sv_backend_fn *fn;
    void *op;
} s_pending_t;

static void s_on_reply (void *arg, const sv_reply_t *reply)
{
    s_pending_t *pending = arg;
    bool is_taken = pending->takes == SV_BACKEND_ALL || (pending->takes != 0 && reply->status == -pending->takes);
    if (reply->status == 0 || is_taken)
        pending->fn (pending->ctx, &pending->request, pending->op, reply);
    else
        sv_request_fail_with (&pending->request, reply->status, reply->error);
}

uint32_t sv_backend_deadline (uint32_t remaining_ms, uint64_t longest_ms)
{
    if (remaining_ms <= SV_BACKEND_MARGIN_MS)
        return 0;
    uint32_t left_ms = remaining_ms - SV_BACKEND_MARGIN_MS;
    return left_ms < longest_ms ? left_ms : (uint32_t)longest_ms;
}

void sv_backend_call (const sv_backend_t *self, sv_request_t **request_p, const sv_backend_call_t *call)
{
    sv_request_t *request = *request_p;
    uint32_t deadline_ms = sv_backend_deadline (sv_request_remaining_ms (request), *self->longest_ms);
    if (deadline_ms == 0) {
        sv_request_fail (request_p, PT_E_deadline, "no time was left to ask");
        return;
    }
    s_pending_t *pending = pt_arena_alloc (sv_request_arena (request), sizeof *pending);
    if (!pending) {
        sv_request_fail (request_p, PT_E_memory, NULL);
        return;
    }
    *pending = (s_pending_t){request, self->ctx, call->takes, call->fn, call->op};
    sv_call_t out = {.opcode = call->opcode,
                     .msg = call->msg,
                     .affinity = call->affinity,
                     .deadline_ms = deadline_ms,
                     .trace = sv_request_trace (request)};
    int err = -PT_E_internal;
    if (sv_bus_call (self->bus, &out, s_on_reply, pending, &err) == 0)
        sv_request_fail (request_p, err, NULL);
    else
        *request_p = NULL;
}
