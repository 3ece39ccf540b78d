/*  gw_dialect_chat - the dialect of friends and their chats: accounts by mail address, one key each
    that never changes until its owner signs out, and the session of a browser beside it. */

#include "gw_dialect_chat.h"
#include "gw_browser.h"
#include "gw_cookie.h"
#include "gw_dialect_sign_in.h"
#include "gw_identity.h"
#include "gw_text.h"
#include "sv_email.h"
#include "sv_text.h"

#define NOT_FOUND .status = 404, .key = "detail", .sentence = "Not found.", .is_plain = true

const gw_dialect_t gw_dialect_chat = {.name = "chat", .challenge = GW_CHALLENGE_TOKEN, .loose_key = "non_field_errors"};

static const gw_text_rule_t s_required = {.is_required = true};

bool gw_dialect_chat_passes_mute (gw_request_t *request, const gw_dialect_body_t *body)
{
    if (gw_dialect_is_good (body))
        return true;
    if (body->is_short)
        return gw_dialect_passes (request, body);
    gw_dialect_say (request, 400, NULL, NULL);
    return false;
}

/* ---- signing in ------------------------------------------------------------------ */

#define UNABLE .key = "non_field_errors", .sentence = "Unable to log in with provided credentials."

static const gw_dialect_refusal_t s_not_signed_in[] = {
    {.err = PT_E_bad_credentials, UNABLE}, {.err = PT_E_inactive, UNABLE}, {.err = PT_E_invalid, UNABLE}, {0}};

static void s_answer_key (gw_request_t *request, const pt_session_grant_t *grant)
{
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    pt_buf_puts (&body, "{\"key\":");
    gw_text_str (&body, grant->token.at, grant->token.len);
    pt_buf_puts (&body, "}");
    gw_dialect_answer (request, request->route->status, &body);
}

/*  WebSockets of this dialect are opened with the cookie. */
static gw_dialect_sign_in_t s_begin_sign_in (void)
{
    return (gw_dialect_sign_in_t){
        .kind = PT_credential_kind_AUTHTOKEN, .with_cookie = true, .refusals = s_not_signed_in, .fn = s_answer_key};
}

/*  An address that is left blank is told together with no field, as one that is absent. */
static void s_sign_in (gw_request_t *request)
{
    gw_dialect_body_t body;
    gw_dialect_sign_in_t ask = s_begin_sign_in ();
    if (!gw_dialect_read (request, &body))
        return;
    gw_dialect_text (&body, "email", &(gw_text_rule_t){.may_be_blank = true}, &ask.identifier);
    if (ask.identifier.len > 0 && !sv_email_is_valid (ask.identifier))
        gw_dialect_fault (&body, "email", "Enter a valid email address.");
    gw_dialect_text (&body, "password", &s_required, &ask.password);
    if (gw_dialect_is_good (&body) && ask.identifier.len == 0)
        gw_dialect_fault (&body, gw_dialect_chat.loose_key, "Must include \"email\" and \"password\".");
    if (gw_dialect_passes (request, &body))
        gw_dialect_sign_in (request, &ask);
}

/* ---- registering ------------------------------------------------------------------- */

#define PASSWORD_REFUSALS(name)                                                                                        \
    {.field = "password",                                                                                              \
     .code = "too_short",                                                                                              \
     .key = name,                                                                                                      \
     .sentence = "This password is too short. It must contain at least 8 characters."},                                \
        {.field = "password", .code = "common", .key = name, .sentence = "This password is too common."},              \
        {.field = "password", .code = "numeric", .key = name, .sentence = "This password is entirely numeric."},       \
        {.field = "password",                                                                                          \
         .code = "similar",                                                                                            \
         .key = name,                                                                                                  \
         .sentence = "The password is too similar to the email address."},                                             \
    {                                                                                                                  \
        .field = "password", .key = name, .sentence = "Ensure this field has no more than 1024 characters."            \
    }

static const gw_dialect_refusal_t s_not_registered[] = {
    PASSWORD_REFUSALS ("password1"),
    {.field = "email",
     .code = "taken",
     .key = "email",
     .sentence = "A user is already registered with this e-mail address."},
    {.field = "email", .key = "email", .sentence = "Enter a valid email address."},
    {0}};

/*  The original judges each field by itself, its rules and whether the address is taken, and tells of
    all at once; what the fields are to each other it asks only when each is good. */
typedef struct {
    gw_dialect_body_t body; /* with what was found so far */
    gw_dialect_sign_in_t sign_in;
    pt_account_create_t create;
    bool is_email, is_password; /* there and of a shape to be judged by auth */
    bool is_same;               /* password2 as password1 */
} s_newcomer_t;

static bool s_is_refused (const sv_reply_t *reply)
{
    return reply->status == -PT_E_invalid && reply->error && reply->error->errors.count > 0;
}

static void s_note_refused (gw_request_t *request, const sv_reply_t *reply)
{
    s_newcomer_t *self = request->steps;
    gw_call_took (request, reply);
    if (!gw_dialect_faults_refused (&self->body.faults, reply->error, s_not_registered, request->arena))
        self->body.is_short = true;
}

static void s_on_judged (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    s_newcomer_t *self = request->steps;
    gw_dialect_body_t *body = &self->body;
    if (s_is_refused (reply))
        s_note_refused (request, reply);
    else if (!gw_dialect_succeeded (request, reply, NULL))
        return;
    if (gw_dialect_is_good (body))
        gw_dialect_fault (body, gw_dialect_chat.loose_key, "The two password fields didn't match.");
    gw_dialect_passes (request, body);
}

/*  Nothing is made: something is wrong, and this asks what else is. */
static void s_judge (gw_request_t *request, bool with_password)
{
    s_newcomer_t *self = request->steps;
    pt_account_judge_t judge = {.email = self->create.email,
                                .has_email = self->is_email,
                                .password = self->create.password,
                                .has_password = self->is_password && with_password};
    if (self->body.is_short || (!judge.has_email && !judge.has_password))
        gw_dialect_passes (request, &self->body);
    else
        gw_dialect_call (request, PT_OP_auth_account_judge, &judge, s_on_judged);
}

static void s_on_registered (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    s_newcomer_t *self = request->steps;
    if (s_is_refused (reply)) {
        s_note_refused (request, reply);
        s_judge (request, false);
    } else if (gw_dialect_succeeded (request, reply, s_not_registered))
        gw_dialect_sign_in (request, &self->sign_in);
}

/*  What others see of who gives no name: they must not learn the address by it. */
static pt_str_t s_local_part (pt_str_t email)
{
    const char *at = memchr (email.at, '@', email.len);
    return (pt_str_t){email.at, at ? (uint32_t)(at - email.at) : email.len};
}

/*  Whether the client named itself. */
static bool s_read_username (gw_dialect_body_t *body, pt_str_t *out)
{
    if (!gw_dialect_text (body, "username", &(gw_text_rule_t){.max = LIM_NAME}, out))
        return false;
    if (out->len > LIM_NAME)
        gw_dialect_fault (body, "username", "Ensure this field has no more than 128 characters.");
    else if (sv_text_has_control (*out, false))
        gw_dialect_fault (body, "username", "Not a valid string.");
    return true;
}

static bool s_read_password (gw_dialect_body_t *body, pt_str_t *out)
{
    if (!gw_dialect_text (body, "password1", &s_required, out))
        return false;
    if (out->len > LIM_PASSWORD)
        gw_dialect_fault (body, "password1", "Ensure this field has no more than 1024 characters.");
    return out->len <= LIM_PASSWORD;
}

static void s_read_newcomer (s_newcomer_t *self)
{
    pt_account_create_t *create = &self->create;
    gw_dialect_body_t *body = &self->body;
    pt_str_t again = {0};
    *create = (pt_account_create_t){.has_email = true,
                                    .has_password = true,
                                    .has_nickname = true,
                                    .dialect = PT_room_dialect_CHAT,
                                    .has_dialect = true};
    bool is_named = s_read_username (body, &create->nickname);
    self->is_email = gw_dialect_email (body, "email", true, &create->email);
    self->is_password = s_read_password (body, &create->password);
    gw_dialect_text (body, "password2", &s_required, &again);
    self->is_same = pt_str_eq (create->password, again);
    if (!is_named && self->is_email)
        create->nickname = s_local_part (create->email);
    self->sign_in = s_begin_sign_in ();
    self->sign_in.identifier = create->email;
    self->sign_in.password = create->password;
}

static void s_register (gw_request_t *request)
{
    s_newcomer_t *self = pt_arena_alloc (request->arena, sizeof *self);
    if (!self) {
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
        return;
    }
    if (!gw_dialect_read (request, &self->body))
        return;
    s_read_newcomer (self);
    request->steps = self;
    request->refusals = s_not_registered;
    if (gw_dialect_is_good (&self->body) && self->is_same)
        gw_dialect_call (request, PT_OP_auth_account_create, &self->create, s_on_registered);
    else
        s_judge (request, true);
}

/* ---- confirming an address ---------------------------------------------------------- */

static const gw_dialect_refusal_t s_not_verified[] = {
    {.err = PT_E_token_invalid, NOT_FOUND}, {.err = PT_E_invalid, NOT_FOUND}, {.err = PT_E_taken, NOT_FOUND}, {0}};

static void s_on_verified (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (gw_dialect_succeeded (request, reply, s_not_verified))
        gw_dialect_say (request, 200, "detail", "ok");
}

static void s_verify (gw_request_t *request)
{
    gw_dialect_body_t body;
    pt_email_confirm_t confirm = {.has_token = true};
    if (!gw_dialect_read (request, &body))
        return;
    gw_dialect_text (&body, "key", &s_required, &confirm.token);
    request->refusals = s_not_verified; /* also of a key that is longer than any */
    if (gw_dialect_passes (request, &body))
        gw_dialect_call (request, PT_OP_auth_email_confirm, &confirm, s_on_verified);
}

static void s_answer_confirmed (gw_request_t *request, bool is_confirmed)
{
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    pt_buf_printf (&body, "{\"confirmed\":%s}", is_confirmed ? "true" : "false");
    gw_dialect_answer (request, 200, &body);
}

/*  Whatever is wrong with a key is the same to its reader; what is wrong with us is not. */
static void s_on_confirmed (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    gw_call_took (request, reply);
    if (reply->status == -PT_E_too_many || pt_error_http (reply->status) >= 500)
        gw_http_fail (request, reply->status, NULL, reply->error);
    else
        s_answer_confirmed (request, reply->status == 0);
}

static void s_confirm (gw_request_t *request)
{
    pt_email_confirm_t confirm = {.token = gw_dialect_var (request, "key"), .has_token = true};
    if (confirm.token.len > LIM_MAIL_KEY)
        s_answer_confirmed (request, false);
    else
        gw_dialect_call (request, PT_OP_auth_email_confirm, &confirm, s_on_confirmed);
}

/* ---- signing out -------------------------------------------------------------------- */

/*  Sessions that end beside the key. */
typedef struct {
    uint64_t at[2];
    unsigned count;
} s_ends_t;

static void s_end_next (gw_request_t *request);

/*  What had ended before is no error. */
static void s_on_ended (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    gw_call_took (request, reply);
    if (reply->status != 0 && reply->status != -PT_E_not_found) {
        gw_http_fail (request, reply->status, NULL, reply->error);
        return;
    }
    request->idempotency_key = NULL; /* it stood for the first of these calls */
    s_end_next (request);
}

static void s_end_next (gw_request_t *request)
{
    s_ends_t *ends = request->steps;
    if (!ends || ends->count == 0) {
        gw_browser_sign_out (request);
        gw_dialect_say (request, 200, "detail", "Successfully logged out.");
        return;
    }
    pt_session_ref_t ref = {.id = ends->at[--ends->count], .has_id = true};
    gw_dialect_call (request, PT_OP_auth_session_delete, &ref, s_on_ended);
}

static void s_end_key (gw_request_t *request)
{
    pt_session_ref_t ref = {.kind = PT_credential_kind_AUTHTOKEN, .has_kind = true};
    gw_dialect_call (request, PT_OP_auth_session_delete, &ref, s_on_ended);
}

static void s_on_cookie (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    s_ends_t *ends = request->steps;
    const pt_identity_t *owner = reply->msg;
    gw_call_took (request, reply);
    if (reply->status == 0 && owner->account == request->identity.account)
        ends->at[ends->count++] = owner->session;
    s_end_key (request);
}

/*  A browser that shows the key sends its session's cookie too, which nobody has looked at. */
static void s_sign_out (gw_request_t *request)
{
    const gw_identity_t *identity = &request->identity;
    s_ends_t *ends = pt_arena_alloc (request->arena, sizeof *ends);
    if (!ends) {
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
        return;
    }
    *ends = (s_ends_t){.count = 0};
    request->steps = ends;
    if (!request->has_identity) {
        s_end_next (request);
        return;
    }
    if (identity->kind != PT_credential_kind_AUTHTOKEN && identity->session != GW_IDENTITY_UNNAMED)
        ends->at[ends->count++] = identity->session;
    pt_credential_check_t check = {.scheme = PT_scheme_COOKIE,
                                   .has_scheme = true,
                                   .secret = gw_cookie_find (request->proof.shown.cookies, GW_COOKIE_SESSION),
                                   .has_secret = true};
    if (request->proof.credential.is_cookie || !gw_cookie_is_key (check.secret))
        s_end_key (request);
    else
        gw_dialect_call (request, PT_OP_auth_check, &check, s_on_cookie);
}

/* ---- another password ---------------------------------------------------------------- */

static const gw_dialect_refusal_t s_not_changed[] = {PASSWORD_REFUSALS ("new_password2"), {0}};

static void s_on_changed (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (gw_dialect_succeeded (request, reply, s_not_changed))
        gw_dialect_say (request, 200, "detail", "New password has been saved.");
}

/*  The clients of this dialect do not know to ask for the old one.  They have no API tokens: such a
    token, which is made for others to hold, must not become a password. */
static void s_change_password (gw_request_t *request)
{
    gw_dialect_body_t body;
    pt_str_t again = {0};
    pt_password_set_t set = {.has_password = true, .is_trusted = true, .has_is_trusted = true};
    if (request->identity.kind == PT_credential_kind_TOKEN) {
        gw_http_fail (request, -PT_E_forbidden, NULL, NULL);
        return;
    }
    if (!gw_dialect_read (request, &body))
        return;
    gw_dialect_text (&body, "new_password1", &s_required, &set.password);
    gw_dialect_text (&body, "new_password2", &s_required, &again);
    if (gw_dialect_is_good (&body) && !pt_str_eq (set.password, again))
        gw_dialect_fault (&body, "new_password2", "The two password fields didn’t match.");
    request->refusals = s_not_changed;
    if (gw_dialect_passes (request, &body))
        gw_dialect_call (request, PT_OP_auth_password_set, &set, s_on_changed);
}

/* ---- the table ------------------------------------------------------------------------ */

static void s_profile (gw_request_t *request)
{
    gw_dialect_say (request, 200, NULL, NULL);
}

static const gw_shape_t s_key[] = {{"key", GW_SHAPE_TEXT, 0, "40 hex digits: `Authorization: Token <key>`"}, {0}};
static const gw_shape_t s_detail[] = {{"detail", GW_SHAPE_TEXT, 0, "that it was done"}, {0}};
static const gw_shape_t s_mail_key[] = {{"key", GW_SHAPE_SECRET, 0, "the key of the mail"}, {0}};
static const gw_shape_t s_truth[] = {{"confirmed", GW_SHAPE_BOOL, 0, "false: the key is unknown or was used"}, {0}};
static const gw_shape_t s_cookies[] = {{"Set-Cookie", GW_SHAPE_TEXT, 0, "`sessionid` and `csrftoken`"}, {0}};

static const gw_shape_t s_registration[] = {
    {"email", GW_SHAPE_EMAIL, 0, "address; a mail with a link to confirm it is sent"},
    {"password1", GW_SHAPE_SECRET, 0, "password: at least 8 characters, not common, not digits alone"},
    {"password2", GW_SHAPE_SECRET, 0, "the same"},
    {"username", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL,
     "name that others see; the part of the address before @ when absent"},
    {0}};

static const gw_shape_t s_credentials[] = {
    {"email", GW_SHAPE_EMAIL, 0, "address"}, {"password", GW_SHAPE_SECRET, 0, "password"}, {0}};

static const gw_shape_t s_passwords[] = {
    {"new_password1", GW_SHAPE_SECRET, 0, "the new password"}, {"new_password2", GW_SHAPE_SECRET, 0, "the same"}, {0}};

static const gw_spec_t s_register_spec = {.takes = s_registration, .gives = s_key, .tells = s_cookies};
static const gw_spec_t s_sign_in_spec = {.takes = s_credentials, .gives = s_key, .tells = s_cookies};
static const gw_spec_t s_sign_out_spec = {.gives = s_detail};
static const gw_spec_t s_verify_spec = {.takes = s_mail_key, .gives = s_detail, .refuses = 404};
static const gw_spec_t s_confirm_spec = {.gives = s_truth};
static const gw_spec_t s_password_spec = {.takes = s_passwords, .gives = s_detail};
static const gw_spec_t s_profile_spec = {.gives = NULL};

#define OPEN (GW_OPEN | GW_MAYBE | GW_COSTLY)

static const gw_route_t s_routes[] = {
    {GW_POST, "/api/rest-auth/registration/", PT_OP_auth_account_create, 201, OPEN, 0, s_register, "Register",
     &s_register_spec},
    {GW_POST, "/api/rest-auth/registration/verify-email/", PT_OP_auth_email_confirm, 200, OPEN, 0, s_verify,
     "Confirm an address with the key of a mail", &s_verify_spec},
    {GW_GET, "/api/rest-auth/registration/account-confirm-email/{key}/", PT_OP_auth_email_confirm, 200,
     GW_OPEN | GW_COSTLY, 0, s_confirm, "The link of the mail: confirms an address", &s_confirm_spec},
    {GW_POST, "/api/rest-auth/login/", PT_OP_auth_session_create, 200, OPEN, 0, s_sign_in, "Sign in", &s_sign_in_spec},
    {GW_POST, "/api/rest-auth/logout/", PT_OP_auth_session_delete, 200, GW_ANYBODY, GW_SCOPE_ACCOUNT, s_sign_out,
     "Sign out: the key and the session of the browser end", &s_sign_out_spec},
    {GW_POST, "/api/rest-auth/password/change/", PT_OP_auth_password_set, 200, GW_MAYBE | GW_COSTLY, GW_SCOPE_ACCOUNT,
     s_change_password, "Change one's password", &s_password_spec},
};

static const gw_route_t s_profile_routes[] = {
    {GW_GET, "/accounts/profile/", 0, 200, 0, GW_SCOPE_READ, s_profile,
     "Where a browser comes to after signing in with Google", &s_profile_spec},
};

const gw_route_set_t gw_dialect_chat_routes = {"/api/rest-auth/", s_routes, sizeof s_routes / sizeof s_routes[0],
                                               &gw_dialect_chat};
const gw_route_set_t gw_dialect_chat_profile_routes = {
    "/accounts/", s_profile_routes, sizeof s_profile_routes / sizeof s_profile_routes[0], &gw_dialect_chat};
