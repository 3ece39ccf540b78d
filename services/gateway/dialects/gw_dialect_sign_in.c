/*  gw_dialect_sign_in - signing in as dialects do.

    Two credentials are two operations: auth gives one at a time, and each has an end of its own. */

#include "gw_dialect_sign_in.h"
#include "gw_browser.h"

typedef struct {
    gw_dialect_sign_in_t ask;
    pt_session_grant_t grant; /* of the token, while the session is made */
} s_steps_t;

static bool s_copy (gw_request_t *request, bool has, pt_str_t *text)
{
    if (has)
        text->at = pt_arena_copy (request->arena, text->at, text->len);
    return !has || text->at;
}

/*  What a reply holds is gone with it. */
static bool s_keep (gw_request_t *request, pt_session_grant_t *grant)
{
    return s_copy (request, grant->has_access, &grant->access) &&
           s_copy (request, grant->has_refresh, &grant->refresh) && s_copy (request, grant->has_token, &grant->token) &&
           s_copy (request, true, &grant->token_type);
}

static void s_call (gw_request_t *request, pt_credential_kind_t kind, sv_reply_fn *fn)
{
    const s_steps_t *steps = request->steps;
    pt_session_create_t create = {.identifier = steps->ask.identifier,
                                  .has_identifier = true,
                                  .password = steps->ask.password,
                                  .has_password = true,
                                  .tells_unknown = steps->ask.tells_unknown,
                                  .has_tells_unknown = steps->ask.tells_unknown,
                                  .kind = kind,
                                  .has_kind = true};
    gw_dialect_call (request, PT_OP_auth_session_create, &create, fn);
}

static void s_on_session (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    const s_steps_t *steps = request->steps;
    if (!gw_dialect_succeeded (request, reply, steps->ask.refusals))
        return;
    int err = gw_browser_sign_in (request, reply->msg);
    if (err != 0)
        gw_http_fail (request, err, NULL, NULL);
    else
        steps->ask.fn (request, &steps->grant);
}

static void s_on_token (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    s_steps_t *steps = request->steps;
    if (!gw_dialect_succeeded (request, reply, steps->ask.refusals))
        return;
    if (!steps->ask.has_cookie) {
        steps->ask.fn (request, reply->msg);
        return;
    }
    steps->grant = *(const pt_session_grant_t *)reply->msg;
    if (!s_keep (request, &steps->grant)) {
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
        return;
    }
    /*  The client's key stands for the token; under it this would be another request. */
    request->idempotency_key = NULL;
    s_call (request, PT_credential_kind_COOKIE, s_on_session);
}

void gw_dialect_sign_in (gw_request_t *request, const gw_dialect_sign_in_t *ask)
{
    s_steps_t *steps = pt_arena_alloc (request->arena, sizeof *steps);
    if (!steps) {
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
        return;
    }
    steps->ask = *ask;
    request->steps = steps;
    request->refusals = ask->refusals;
    s_call (request, ask->kind, s_on_token);
}
