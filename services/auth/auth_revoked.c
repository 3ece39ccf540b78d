/*  auth_revoked - telling gateways at once what was revoked. */

#include "auth_revoked.h"

void auth_revoked_publish (auth_t *auth, const pt_revocations_t *revoked)
{
    if (revoked->items.count == 0)
        return;
    int rc = sv_bus_publish (auth->bus, AUTH_REVOKED_TOPIC, 1, PT_EV_revoked, revoked);
    if (rc != 0)
        sv_log (auth->log, SV_WARN, NULL, "revocations could not be published error=%s", pt_error_name (rc));
    else
        sv_metric_add (auth->metrics.revoked, revoked->items.count);
}

void auth_revoked_on_stored (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    (void)op;
    const pt_empty_t done = {0};
    auth_revoked_publish (ctx, reply->msg);
    sv_request_reply (request_p, &done);
}
