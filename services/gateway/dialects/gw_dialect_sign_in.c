/*  gw_dialect_sign_in - signing in as dialects do: one call, for one password is verified once. */

#include "gw_dialect_sign_in.h"
#include "gw_browser.h"

static void s_on_signed_in (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    const gw_dialect_sign_in_t *ask = request->steps;
    const pt_session_grant_t *grant = reply->msg;
    int err = 0;
    if (!gw_dialect_succeeded (request, reply, ask->refusals))
        return;
    if (ask->with_cookie)
        err = gw_browser_sign_in (request, grant->cookie, grant->cookie_expires_at);
    if (err != 0)
        gw_http_fail (request, err, NULL, NULL);
    else
        ask->fn (request, grant);
}

void gw_dialect_sign_in (gw_request_t *request, const gw_dialect_sign_in_t *ask)
{
    gw_dialect_sign_in_t *copy = pt_arena_alloc (request->arena, sizeof *copy);
    if (!copy) {
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
        return;
    }
    pt_session_create_t create = {.identifier = ask->identifier,
                                  .has_identifier = true,
                                  .password = ask->password,
                                  .has_password = true,
                                  .tells_unknown = ask->tells_unknown,
                                  .has_tells_unknown = ask->tells_unknown,
                                  .with_cookie = ask->with_cookie,
                                  .has_with_cookie = ask->with_cookie,
                                  .kind = ask->kind,
                                  .has_kind = true};
    *copy = *ask;
    request->steps = copy;
    request->refusals = ask->refusals;
    gw_dialect_call (request, PT_OP_auth_session_create, &create, s_on_signed_in);
}
