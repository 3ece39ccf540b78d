/*  gw_dialect_member - the dialect of rooms that belong to their members: accounts known by their mail
    address, and Knox tokens. */

#include "gw_dialect_member.h"
#include "gw_browser.h"
#include "gw_dialect_sign_in.h"
#include "gw_text.h"

/* ---- registering ----------------------------------------------------------------- */

#define PASSWORD(problem, text)                                                                                        \
    {                                                                                                                  \
        .field = "password", .code = problem, .key = "password", .sentence = text                                      \
    }

static const gw_dialect_refusal_t s_not_registered[] = {
    {.field = "email", .code = "taken", .key = "email", .sentence = "user with this email already exists."},
    {.field = "email", .key = "email", .sentence = "Enter a valid email address."},
    PASSWORD ("too_short", "Password must be at least 8 characters long!"),
    PASSWORD ("common", "This password is too common."),
    PASSWORD ("numeric", "This password is entirely numeric."),
    PASSWORD ("similar", "The password is too similar to the email."),
    {0}};

/*  Who makes rooms needs the ids of others: it is told here, where clients of this dialect learn their own. */
static void s_on_registered (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_dialect_succeeded (request, reply, s_not_registered))
        return;
    const pt_account_t *account = reply->msg;
    const gw_dialect_member_t members[] = {{"email", account->has_email, account->email},
                                           {"name", account->has_name, account->name}};
    gw_dialect_answer_account (request, account->id, members);
}

static void s_register (gw_request_t *request)
{
    const gw_text_rule_t secret = {.is_required = true, .keeps_space = true};
    gw_dialect_body_t body;
    pt_str_t again = PT_LIT ("");
    pt_account_create_t create = {.has_email = true, .has_name = true, .has_password = true};
    if (!gw_dialect_read (request, &body))
        return;
    gw_dialect_email (&body, "email", true, &create.email);
    gw_dialect_text (&body, "name", &(gw_text_rule_t){.is_required = true, .max = LIM_NAME}, &create.name);
    gw_dialect_text (&body, "password", &secret, &create.password);
    gw_dialect_text (&body, "confirm_password", &secret, &again);
    if (gw_dialect_is_good (&body) && !pt_str_eq (create.password, again))
        gw_dialect_fault (&body, "password", "Passwords do not match!");
    request->refusals = s_not_registered; /* also of what is longer than any */
    if (gw_dialect_passes (request, &body))
        gw_dialect_call (request, PT_OP_auth_account_create, &create, s_on_registered);
}

/* ---- signing in -------------------------------------------------------------------- */

#define WRONG .key = "non_field_errors", .sentence = "Wrong Credentials!"

static const gw_dialect_refusal_t s_not_signed_in[] = {
    {.field = "identifier",
     .code = "not_found",
     .key = "non_field_errors",
     .sentence = "Email doesn't Exist, Register yourself first to login!"},
    {.err = PT_E_bad_credentials, WRONG},
    {.err = PT_E_inactive, WRONG},
    {.err = PT_E_invalid, WRONG},
    {0}};

static void s_on_signed_in (gw_request_t *request, const pt_session_grant_t *grant)
{
    pt_buf_t body;
    if (!grant->has_token || !grant->has_expires_at) {
        gw_http_fail (request, -PT_E_internal, NULL, NULL);
        return;
    }
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    pt_buf_puts (&body, "{\"expiry\":");
    gw_dialect_json_time (&body, grant->expires_at);
    pt_buf_puts (&body, ",\"token\":");
    gw_text_str (&body, grant->token.at, grant->token.len);
    pt_buf_puts (&body, "}");
    gw_dialect_answer (request, 200, &body);
}

static void s_sign_in (gw_request_t *request)
{
    gw_dialect_body_t body;
    gw_dialect_sign_in_t ask = {.kind = PT_credential_kind_KNOX,
                                .with_cookie = true,
                                .tells_unknown = true,
                                .refusals = s_not_signed_in,
                                .fn = s_on_signed_in};
    if (!gw_dialect_read (request, &body))
        return;
    gw_dialect_email (&body, "email", true, &ask.identifier);
    gw_dialect_text (&body, "password", &(gw_text_rule_t){.is_required = true, .keeps_space = true}, &ask.password);
    if (gw_dialect_passes (request, &body))
        gw_dialect_sign_in (request, &ask);
}

/* ---- signing out ------------------------------------------------------------------- */

/*  What is over already is over; of a password that was shown there is nothing to end. */
static const gw_dialect_refusal_t s_not_signed_out[] = {{.err = PT_E_not_found, .status = 204}, {0}};

static void s_on_signed_out (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_dialect_succeeded (request, reply, s_not_signed_out))
        return;
    if (request->proof.credential.is_cookie)
        gw_browser_sign_out (request);
    gw_dialect_say (request, 204, NULL, NULL);
}

static void s_sign_out (gw_request_t *request)
{
    pt_session_ref_t ref = {.id = request->identity.session, .has_id = true};
    gw_dialect_call (request, PT_OP_auth_session_delete, &ref, s_on_signed_out);
}

/*  Not the tokens alone: whoever wants to be out everywhere does not know of what kind the others are. */
static void s_sign_out_all (gw_request_t *request)
{
    pt_session_ref_t ref = {0};
    gw_dialect_call (request, PT_OP_auth_session_delete, &ref, s_on_signed_out);
}

/* ---- documents ---------------------------------------------------------------------- */

static const gw_shape_t s_newcomer[] = {{"email", GW_SHAPE_EMAIL, 0, "address, by which it signs in"},
                                        {"name", GW_SHAPE_TEXT, 0, "display name"},
                                        {"password", GW_SHAPE_SECRET, 0, "at least 8 characters, not common"},
                                        {"confirm_password", GW_SHAPE_SECRET, 0, "the same once more"},
                                        {0}};
static const gw_shape_t s_registered[] = {{"id", GW_SHAPE_INT, 0, "account id"},
                                          {"email", GW_SHAPE_EMAIL, 0, "address, in lower case"},
                                          {"name", GW_SHAPE_TEXT, 0, "display name"},
                                          {0}};
static const gw_shape_t s_credentials[] = {
    {"email", GW_SHAPE_EMAIL, 0, "address, in any case"}, {"password", GW_SHAPE_SECRET, 0, "password"}, {0}};
static const gw_shape_t s_token[] = {{"expiry", GW_SHAPE_TIME, 0, "when the token ends"},
                                     {"token", GW_SHAPE_SECRET, 0, "another at every sign-in, 64 hex digits"},
                                     {0}};
static const gw_shape_t s_cookies[] = {{"Set-Cookie", GW_SHAPE_TEXT, 0, "sessionid and csrftoken"}, {0}};

static const gw_spec_t s_register_spec = {.takes = s_newcomer, .gives = s_registered};
static const gw_spec_t s_sign_in_spec = {.takes = s_credentials, .gives = s_token, .tells = s_cookies};
static const gw_spec_t s_sign_out_spec = {0};

/* ---- the tables --------------------------------------------------------------------- */

const gw_dialect_t gw_dialect_member = {
    .name = "member", .challenge = GW_CHALLENGE_TOKEN, .loose_key = "non_field_errors"};

#define ACCOUNT GW_SCOPE_ACCOUNT

static const gw_route_t s_routes[] = {
    {GW_POST, "/api/v1/accounts/user/create/", PT_OP_auth_account_create, 201, GW_OPEN | GW_MAYBE | GW_COSTLY, 0,
     s_register, "Register", &s_register_spec},
    {GW_POST, "/api/v1/accounts/login/", PT_OP_auth_session_create, 200, GW_OPEN | GW_MAYBE | GW_COSTLY, 0, s_sign_in,
     "Sign in for a Knox token and the cookies of a session", &s_sign_in_spec},
    {GW_PATCH, "/api/v1/accounts/user/update/", PT_OP_auth_account_update, 200, GW_MAYBE | GW_FORM, ACCOUNT,
     gw_dialect_member_update, "Change one's name and picture", &gw_dialect_member_update_spec},
    {GW_PATCH, "/api/v1/accounts/user/update/avatar/", PT_OP_drive_upload_create, 200, GW_MAYBE | GW_FORM, ACCOUNT,
     gw_dialect_member_update_avatar, "Change one's picture", &gw_dialect_member_avatar_spec},
    {GW_PUT, "/api/v1/accounts/user/update/avatar/", PT_OP_drive_upload_create, 200, GW_MAYBE | GW_FORM, ACCOUNT,
     gw_dialect_member_update_avatar, "Change one's picture", &gw_dialect_member_avatar_spec},
};

static const gw_route_t s_knox[] = {
    {GW_POST, "/knox/logout/", PT_OP_auth_session_delete, 204, 0, 0, s_sign_out, "Sign out", &s_sign_out_spec},
    {GW_POST, "/knox/logoutall/", PT_OP_auth_session_delete, 204, 0, ACCOUNT, s_sign_out_all, "Sign out everywhere",
     &s_sign_out_spec},
};

const gw_route_set_t gw_dialect_member_routes = {"/api/v1/accounts/", s_routes, sizeof s_routes / sizeof s_routes[0],
                                                 &gw_dialect_member};
const gw_route_set_t gw_dialect_member_knox_routes = {"/knox/", s_knox, sizeof s_knox / sizeof s_knox[0],
                                                      &gw_dialect_member};
