/*  gw_ui_session - signing in and out by a page: the session of a browser, and nothing beside it. */

#include "gw_browser.h"
#include "gw_dialect_sign_in.h"
#include "gw_ui.h"

static void s_on_signed_in (gw_request_t *request, const pt_session_grant_t *grant)
{
    pt_str_t next = gw_ui_next (request);
    int err = gw_browser_sign_in (request, grant->token, grant->has_expires_at ? grant->expires_at : 0);
    if (err != 0)
        gw_http_fail (request, err, NULL, NULL);
    else
        gw_ui_go (request, next);
}

void gw_ui_sign_in (gw_request_t *request)
{
    const gw_dialect_sign_in_t ask = {.identifier = gw_ui_field (request, "login"),
                                      .password = gw_ui_field (request, "password"),
                                      .kind = PT_credential_kind_COOKIE,
                                      .fn = s_on_signed_in};
    if (ask.identifier.len == 0 || ask.password.len == 0)
        gw_ui_again (request, "Both a name and a password are needed.");
    else
        gw_dialect_sign_in (request, &ask);
}

/*  A session that had ended before is no error. */
static void s_on_signed_out (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    gw_call_took (request, reply);
    if (reply->status != 0 && reply->status != -PT_E_not_found) {
        gw_http_fail (request, reply->status, NULL, reply->error);
        return;
    }
    gw_browser_sign_out (request);
    gw_ui_go (request, PT_LIT ("/"));
}

/*  What was shown in a header has no page: the session of the browser alone ends. */
void gw_ui_sign_out (gw_request_t *request)
{
    pt_session_ref_t ref = {.id = request->identity.session, .has_id = true};
    if (request->has_identity && request->proof.credential.is_cookie)
        gw_dialect_call (request, PT_OP_auth_session_delete, &ref, s_on_signed_out);
    else {
        gw_browser_sign_out (request);
        gw_ui_go (request, PT_LIT ("/"));
    }
}
