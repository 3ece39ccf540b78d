/*  gw_dialect_clock - the dialect of rooms that tell the time: JWT in a header and, for WebSockets,
    in the cookie `access`. */

#include "gw_browser.h"
#include "gw_config.h"
#include "gw_dialect_sign_in.h"
#include "gw_shape.h"
#include "gw_text.h"

#define NOT_VALID "\"code\":\"token_not_valid\""

/* ---- registering ----------------------------------------------------------------- */

static const gw_dialect_refusal_t s_not_registered[] = {
    {.field = "login", .code = "taken", .key = "error", .sentence = "Username already used", .is_plain = true},
    {.field = "login",
     .key = "error",
     .sentence = "username may not hold blanks, colons and control characters, nor more than 64 bytes",
     .is_plain = true},
    {.field = "name", .key = "error", .sentence = "name is not valid", .is_plain = true},
    {.field = "password", .key = "error", .sentence = "password is not valid", .is_plain = true},
    {0}};

static void s_on_registered (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_dialect_succeeded (request, reply, s_not_registered))
        return;
    const pt_account_t *account = reply->msg;
    const gw_dialect_member_t members[] = {{"name", account->has_name, account->name},
                                           {"username", account->has_login, account->login}};
    gw_dialect_answer_account (request, account->id, members);
}

/*  The three fields in this order; the first that is not there is the only one told. */
static void s_register (gw_request_t *request)
{
    static const struct {
        const char *field, *sentence;
        gw_text_rule_t rule;
    } fields[] = {{"name", "name is missing", {.is_required = true}},
                  {"username", "username is missing", {.is_required = true}},
                  {"password", "password is missing", {.is_required = true, .keeps_space = true}}};
    gw_dialect_body_t body;
    pt_str_t values[3];
    if (!gw_dialect_read (request, &body))
        return;
    for (size_t i = 0; i < 3; i++)
        if (!gw_dialect_text (&body, fields[i].field, &fields[i].rule, &values[i])) {
            gw_dialect_say (request, 400, "error", fields[i].sentence);
            return;
        }
    pt_account_create_t create = {.name = values[0],
                                  .has_name = true,
                                  .login = values[1],
                                  .has_login = true,
                                  .password = values[2],
                                  .has_password = true,
                                  .is_lax = true,
                                  .has_is_lax = true};
    request->refusals = s_not_registered;
    gw_dialect_call (request, PT_OP_auth_account_create, &create, s_on_registered);
}

/* ---- tokens ------------------------------------------------------------------------ */

#define NO_ACCOUNT                                                                                                     \
    .status = 401, .key = "detail", .sentence = "No active account found with the given credentials", .is_plain = true

static const gw_dialect_refusal_t s_not_signed_in[] = {{.err = PT_E_bad_credentials, NO_ACCOUNT},
                                                       {.err = PT_E_inactive, NO_ACCOUNT},
                                                       {.err = PT_E_invalid, NO_ACCOUNT},
                                                       {0}};

/*  The pair, or what there is of it, and the cookie that WebSockets are opened with. */
static void s_answer_tokens (gw_request_t *request, const pt_session_grant_t *grant)
{
    int err = grant->has_access ? gw_browser_set_access (request, grant) : -PT_E_internal;
    if (err != 0) {
        gw_http_fail (request, err, NULL, NULL);
        return;
    }
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    pt_buf_puts (&body, "{");
    if (grant->has_refresh) {
        pt_buf_puts (&body, "\"refresh\":");
        gw_text_str (&body, grant->refresh.at, grant->refresh.len);
        pt_buf_puts (&body, ",");
    }
    pt_buf_puts (&body, "\"access\":");
    gw_text_str (&body, grant->access.at, grant->access.len);
    pt_buf_puts (&body, "}");
    gw_dialect_answer (request, 200, &body);
}

static void s_obtain (gw_request_t *request)
{
    gw_dialect_body_t body;
    gw_dialect_sign_in_t ask = {.kind = PT_credential_kind_SESSION, .refusals = s_not_signed_in, .fn = s_answer_tokens};
    if (!gw_dialect_read (request, &body))
        return;
    gw_dialect_text (&body, "username", &(gw_text_rule_t){.is_required = true}, &ask.identifier);
    gw_dialect_text (&body, "password", &(gw_text_rule_t){.is_required = true, .keeps_space = true}, &ask.password);
    if (gw_dialect_passes (request, &body))
        gw_dialect_sign_in (request, &ask);
}

#define REFUSED(error, text)                                                                                           \
    {                                                                                                                  \
        .err = PT_E_##error, .status = 401, .key = "detail", .sentence = text, .is_plain = true, .beside = NOT_VALID   \
    }

static const gw_dialect_refusal_t s_not_refreshed[] = {REFUSED (token_invalid, "Token is invalid or expired"),
                                                       REFUSED (token_expired, "Token is invalid or expired"),
                                                       REFUSED (invalid, "Token is invalid or expired"),
                                                       REFUSED (token_wrong_type, "Token has wrong type"),
                                                       REFUSED (token_revoked, "Token is blacklisted"),
                                                       {.err = PT_E_inactive,
                                                        .status = 401,
                                                        .key = "detail",
                                                        .sentence = "No active account found for the given token.",
                                                        .is_plain = true,
                                                        .beside = "\"code\":\"no_active_account\""},
                                                       {0}};

static void s_on_refreshed (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (gw_dialect_succeeded (request, reply, s_not_refreshed))
        s_answer_tokens (request, reply->msg);
}

static void s_refresh (gw_request_t *request)
{
    gw_dialect_body_t body;
    pt_session_refresh_t refresh = {
        .keeps = !request->gw->config->compat_refresh_rotate, .has_keeps = true, .has_refresh = true};
    if (!gw_dialect_read (request, &body))
        return;
    gw_dialect_text (&body, "refresh", &(gw_text_rule_t){.is_required = true}, &refresh.refresh);
    request->refusals = s_not_refreshed;
    if (gw_dialect_passes (request, &body))
        gw_dialect_call (request, PT_OP_auth_session_refresh, &refresh, s_on_refreshed);
}

/* ---- the table ---------------------------------------------------------------------- */

const gw_dialect_t gw_dialect_clock = {
    .name = "clock", .challenge = GW_CHALLENGE_BEARER, .loose_key = "non_field_errors"};

static const gw_shape_t s_newcomer[] = {{"name", GW_SHAPE_TEXT, 0, "display name"},
                                        {"username", GW_SHAPE_TEXT, 0, "sign-in name"},
                                        {"password", GW_SHAPE_SECRET, 0, "any that is not empty"},
                                        {0}};
static const gw_shape_t s_registered[] = {{"id", GW_SHAPE_INT, 0, "account id"},
                                          {"name", GW_SHAPE_TEXT, 0, "display name"},
                                          {"username", GW_SHAPE_TEXT, 0, "sign-in name"},
                                          {0}};
static const gw_shape_t s_credentials[] = {
    {"username", GW_SHAPE_TEXT, 0, "sign-in name, or mail address"}, {"password", GW_SHAPE_SECRET, 0, "password"}, {0}};
static const gw_shape_t s_pair[] = {
    {"access", GW_SHAPE_TEXT, 0, "access token (JWT, ES256)"}, {"refresh", GW_SHAPE_TEXT, 0, "refresh token"}, {0}};
static const gw_shape_t s_shown[] = {{"refresh", GW_SHAPE_SECRET, 0, "refresh token"}, {0}};
static const gw_shape_t s_renewed[] = {
    {"access", GW_SHAPE_TEXT, 0, "access token (JWT, ES256)"},
    {"refresh", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "its successor, where each is good for one use"},
    {0}};
static const gw_shape_t s_cookie[] = {{"Set-Cookie", GW_SHAPE_TEXT, 0, "access, for WebSockets alone"}, {0}};

static const gw_spec_t s_register_spec = {.takes = s_newcomer, .gives = s_registered};
static const gw_spec_t s_obtain_spec = {.takes = s_credentials, .gives = s_pair, .tells = s_cookie};
static const gw_spec_t s_refresh_spec = {.takes = s_shown, .gives = s_renewed, .tells = s_cookie};

static const gw_route_t s_routes[] = {
    {GW_POST, "/api/register/", PT_OP_auth_account_create, 201, GW_OPEN | GW_MAYBE | GW_COSTLY, 0, s_register,
     "Register", &s_register_spec},
    {GW_POST, "/api/token/", PT_OP_auth_session_create, 200, GW_OPEN | GW_MAYBE | GW_COSTLY, 0, s_obtain,
     "Sign in for a pair of tokens", &s_obtain_spec},
    {GW_POST, "/api/token/refresh/", PT_OP_auth_session_refresh, 200, GW_OPEN | GW_MAYBE, 0, s_refresh,
     "Have another access token", &s_refresh_spec},
};

const gw_route_set_t gw_dialect_clock_routes = {"/api/", s_routes, sizeof s_routes / sizeof s_routes[0],
                                                &gw_dialect_clock};
