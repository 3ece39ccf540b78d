/*  auth_hash - a request's way through the pool of hashing threads. */

#include "auth_hash.h"

typedef struct {
    auth_t *auth;
    sv_request_t *request;
    auth_hash_fn *fn;
    void *op;
} s_pending_t;

static void s_on_result (void *arg, const auth_hashed_t *result)
{
    s_pending_t *pending = arg;
    auth_t *auth = pending->auth;
    sv_metric_set (auth->metrics.hash_open, auth_password_open (auth->passwords));
    if (result->us > 0)
        sv_metric_observe_us (auth->metrics.hash_time, result->us);
    if (result->status == 0)
        pending->fn (auth, &pending->request, pending->op, result);
    else
        sv_request_fail (&pending->request, result->status, NULL);
}

static void s_refuse (auth_t *auth, sv_request_t **request_p, int err)
{
    if (err != -PT_E_busy) {
        sv_request_fail (request_p, err, NULL);
        return;
    }
    sv_metric_add (auth->metrics.hash_busy, 1);
    pt_error_t error = {.detail = PT_LIT ("too many passwords wait to be checked"),
                        .has_detail = true,
                        .retry_ms = auth_password_wait_ms (auth->passwords),
                        .has_retry_ms = true};
    sv_request_fail_with (request_p, err, &error);
}

void auth_hash (auth_t *auth, sv_request_t **request_p, const auth_hash_job_t *job)
{
    sv_request_t *request = *request_p;
    s_pending_t *pending = pt_arena_alloc (sv_request_arena (request), sizeof *pending);
    if (!pending) {
        sv_request_fail (request_p, PT_E_memory, NULL);
        return;
    }
    *pending = (s_pending_t){auth, request, job->fn, job->op};
    auth_password_job_t ask = {.password = job->password,
                               .deadline_ms = sv_now_ms () + sv_request_remaining_ms (request),
                               .fn = s_on_result,
                               .arg = pending};
    int rc = job->is_verify ? auth_password_verify (auth->passwords, job->hash, &ask)
                            : auth_password_hash (auth->passwords, &ask);
    if (rc != 0) {
        s_refuse (auth, request_p, rc);
        return;
    }
    sv_metric_set (auth->metrics.hash_open, auth_password_open (auth->passwords));
    *request_p = NULL;
}
