/*  gw_dialect_public - the dialect of numbered rooms that everybody may enter and staff keeps. */

#include "gw_browser.h"
#include "gw_config.h"
#include "gw_dialect_sign_in.h"
#include "gw_header.h"
#include "gw_shape.h"
#include "gw_text.h"
#include "gw_ui.h"
#include <inttypes.h>
#include <libwebsockets.h>

/* ---- registering ----------------------------------------------------------------- */

static const gw_dialect_refusal_t s_not_registered[] = {
    {.field = "login", .code = "taken", .key = "message", .sentence = "User already exists", .is_plain = true},
    {.field = "login",
     .code = "too_long",
     .key = "username",
     .sentence = "Ensure this field has no more than 64 characters."},
    {.field = "login",
     .key = "username",
     .sentence = "Enter a valid username. This value may not contain blanks, colons and control characters."},
    {.field = "password",
     .code = "too_long",
     .key = "password",
     .sentence = "Ensure this field has no more than 1024 characters."},
    {0}};

static void s_on_registered (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (gw_dialect_succeeded (request, reply, s_not_registered))
        gw_dialect_say (request, 201, "message", "User created successfully");
}

/*  Who asks to be staff is told nothing when that is not granted: clients read the answer of signing in. */
static void s_register (gw_request_t *request)
{
    gw_dialect_body_t body;
    bool is_admin = false;
    pt_account_create_t create = {.has_login = true, .has_password = true, .is_lax = true, .has_is_lax = true};
    if (!gw_dialect_read (request, &body))
        return;
    gw_dialect_text (&body, "username", &(gw_text_rule_t){.is_required = true, .max = LIM_LOGIN}, &create.login);
    gw_dialect_text (&body, "password", &(gw_text_rule_t){.is_required = true, .max = LIM_PASSWORD}, &create.password);
    gw_dialect_flag (&body, "is_admin", false, &is_admin);
    if (!gw_dialect_passes (request, &body))
        return;
    create.is_staff = create.has_is_staff = is_admin && request->gw->config->compat_open_admin_signup;
    request->refusals = s_not_registered;
    gw_dialect_call (request, PT_OP_auth_account_create, &create, s_on_registered);
}

/* ---- signing in -------------------------------------------------------------------- */

#define INVALID .key = "error", .sentence = "Invalid credentials", .is_plain = true

static const gw_dialect_refusal_t s_not_signed_in[] = {
    {.err = PT_E_bad_credentials, INVALID}, {.err = PT_E_inactive, INVALID}, {.err = PT_E_invalid, INVALID}, {0}};

static void s_on_signed_in (gw_request_t *request, const pt_session_grant_t *grant)
{
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    pt_buf_puts (&body, "{\"token\":");
    gw_text_str (&body, grant->token.at, grant->token.len);
    pt_buf_printf (&body, ",\"is_admin\":%s,\"user_id\":%" PRIu64 "}",
                   grant->has_staff && grant->staff ? "true" : "false", grant->account);
    gw_dialect_answer (request, 200, &body);
}

/*  The page of this dialect opens its WebSocket without a token: the cookie says whose it is. */
static void s_sign_in (gw_request_t *request)
{
    gw_dialect_body_t body;
    gw_dialect_sign_in_t ask = {
        .kind = PT_credential_kind_AUTHTOKEN, .with_cookie = true, .refusals = s_not_signed_in, .fn = s_on_signed_in};
    if (!gw_dialect_read (request, &body))
        return;
    gw_dialect_text (&body, "username", &(gw_text_rule_t){.is_required = true}, &ask.identifier);
    gw_dialect_text (&body, "password", &(gw_text_rule_t){.is_required = true}, &ask.password);
    if (gw_dialect_passes (request, &body))
        gw_dialect_sign_in (request, &ask);
}

/* ---- the root ------------------------------------------------------------------------ */

static void s_root (gw_request_t *request)
{
    int err = 0;
    size_t len = 0;
    const char *accept = gw_http_header (request, WSI_TOKEN_HTTP_ACCEPT, &len, &err);
    if (accept && gw_header_lists_media (accept, len, "text/html")) {
        gw_ui_home (request);
        return;
    }
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    pt_buf_puts (&body, "{\"rooms\":");
    gw_dialect_json_url (&body, gw_browser_is_secure (request), request->host, "/rooms/");
    pt_buf_puts (&body, "}");
    gw_dialect_answer (request, 200, &body);
}

/* ---- the table ---------------------------------------------------------------------- */

const gw_dialect_t gw_dialect_public = {.name = "public", .challenge = GW_CHALLENGE_NONE, .loose_key = "errors"};

static const gw_shape_t s_newcomer[] = {
    {"username", GW_SHAPE_TEXT, 0, "sign-in name"},
    {"password", GW_SHAPE_SECRET, 0, "any that is not empty"},
    {"is_admin", GW_SHAPE_BOOL, GW_SHAPE_OPTIONAL, "asks to be staff, which an installation may grant"},
    {0}};
static const gw_shape_t s_registered[] = {{"message", GW_SHAPE_TEXT, 0, "that it is done"}, {0}};
static const gw_shape_t s_credentials[] = {
    {"username", GW_SHAPE_TEXT, 0, "sign-in name, or mail address"}, {"password", GW_SHAPE_SECRET, 0, "password"}, {0}};
static const gw_shape_t s_signed_in[] = {{"token", GW_SHAPE_TEXT, 0, "the same at every sign-in, 40 hex digits"},
                                         {"is_admin", GW_SHAPE_BOOL, 0, "whether the account is staff"},
                                         {"user_id", GW_SHAPE_INT, 0, "account id"},
                                         {0}};
static const gw_shape_t s_cookies[] = {{"Set-Cookie", GW_SHAPE_TEXT, 0, "sessionid and csrftoken"}, {0}};
static const gw_shape_t s_places[] = {{"rooms", GW_SHAPE_URL, 0, "where the rooms are"}, {0}};

static const gw_spec_t s_root_spec = {.gives = s_places, .gives_media = "application/json, text/html"};
static const gw_spec_t s_register_spec = {.takes = s_newcomer, .gives = s_registered};
static const gw_spec_t s_sign_in_spec = {.takes = s_credentials, .gives = s_signed_in, .tells = s_cookies};

static const gw_route_t s_routes[] = {
    {GW_GET, "/", 0, 200, GW_NO_CALL | GW_OPEN | GW_PAGE, 0, s_root, "What there is; a page for browsers",
     &s_root_spec},
    {GW_POST, "/register/", PT_OP_auth_account_create, 201, GW_OPEN | GW_MAYBE | GW_COSTLY, 0, s_register, "Register",
     &s_register_spec},
    {GW_POST, "/login/", PT_OP_auth_session_create, 200, GW_OPEN | GW_MAYBE | GW_COSTLY, 0, s_sign_in, "Sign in",
     &s_sign_in_spec},
};

const gw_route_set_t gw_dialect_public_routes = {"/", s_routes, sizeof s_routes / sizeof s_routes[0],
                                                 &gw_dialect_public};
