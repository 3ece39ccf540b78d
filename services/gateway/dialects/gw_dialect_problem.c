/*  gw_dialect_problem - what a dialect says when something is wrong; pure. */

#include "gw_dialect_problem.h"
#include "gw_problem.h"
#include "gw_text.h"
#include <stdio.h>
#include <string.h>

/*  Base64url digits of a refresh token (32 bytes). */
#define S_REFRESH 43

/*  Bytes of a header that are repeated. */
#define QUOTED 200

/* ---- faults of fields ---------------------------------------------------------- */

void gw_dialect_faults_add (gw_dialect_faults_t *self, pt_str_t field, pt_str_t sentence, bool is_plain)
{
    if (self->count < GW_DIALECT_FAULTS)
        self->at[self->count++] = (gw_dialect_fault_t){field, sentence, is_plain};
}

static bool s_is_told (const gw_dialect_faults_t *self, unsigned i)
{
    for (unsigned j = 0; j < i; j++)
        if (pt_str_eq (self->at[j].field, self->at[i].field))
            return true;
    return false;
}

static void s_put_str (pt_buf_t *out, pt_str_t text)
{
    gw_text_str (out, text.at, text.len);
}

static void s_write_sentences (pt_buf_t *out, const gw_dialect_faults_t *self, unsigned first)
{
    const char *separator = "[";
    for (unsigned i = first; i < self->count; i++) {
        if (!pt_str_eq (self->at[i].field, self->at[first].field))
            continue;
        pt_buf_puts (out, separator);
        s_put_str (out, self->at[i].sentence);
        separator = ",";
    }
    pt_buf_puts (out, "]");
}

static void s_write_members (pt_buf_t *out, const gw_dialect_faults_t *self)
{
    const char *separator = "";
    for (unsigned i = 0; i < self->count; i++) {
        if (s_is_told (self, i))
            continue;
        pt_buf_puts (out, separator);
        s_put_str (out, self->at[i].field);
        pt_buf_puts (out, ":");
        if (self->at[i].is_plain)
            s_put_str (out, self->at[i].sentence);
        else
            s_write_sentences (out, self, i);
        separator = ",";
    }
}

void gw_dialect_faults_write (pt_buf_t *out, const gw_dialect_faults_t *self)
{
    pt_buf_puts (out, "{");
    s_write_members (out, self);
    pt_buf_puts (out, "}");
}

/* ---- what an operation refuses ------------------------------------------------------ */

static bool s_fits (const gw_dialect_refusal_t *row, int err, const pt_field_error_t *field)
{
    if (row->err != 0 && row->err != -err)
        return false;
    if (row->field && (!field || !pt_str_eq (field->field, pt_str (row->field))))
        return false;
    return !row->code || (field && pt_str_eq (field->code, pt_str (row->code)));
}

static bool s_is_last (const gw_dialect_refusal_t *row)
{
    return row->err == 0 && !row->field && !row->code && row->status == 0 && !row->key;
}

static const gw_dialect_refusal_t *s_row (const gw_dialect_problem_t *self, const pt_field_error_t *field)
{
    for (const gw_dialect_refusal_t *row = self->refusals; row && !s_is_last (row); row++)
        if (s_fits (row, self->err, field))
            return row;
    return NULL;
}

/*  The sentence with the detail of the field in its place. */
static pt_str_t s_sentence (const gw_dialect_problem_t *self, const gw_dialect_refusal_t *row,
                            const pt_field_error_t *field)
{
    const char *mark = strstr (row->sentence, "%s");
    if (!mark)
        return pt_str (row->sentence);
    pt_str_t detail = field && field->has_detail ? field->detail : PT_LIT ("");
    const char *text = pt_arena_printf (self->arena, "%.*s%.*s%s", (int)(mark - row->sentence), row->sentence,
                                        (int)detail.len, detail.at, mark + 2);
    return pt_str (text ? text : row->sentence);
}

/*  The dialect has no word of its own for it. */
static const char *s_usual (pt_str_t code)
{
    static const struct {
        const char *code, *sentence;
    } rows[] = {
        {"missing", "This field is required."},        {"too_short", "This value is too short."},
        {"too_long", "This value is too long."},       {"taken", "This value is already taken."},
        {"not_one_of", "This is not a valid choice."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (pt_str_eq (code, pt_str (rows[i].code)))
            return rows[i].sentence;
    return "This value is not valid.";
}

static int s_add_field (const gw_dialect_problem_t *self, const pt_field_error_t *field, gw_dialect_faults_t *faults,
                        const char **out_beside)
{
    const gw_dialect_refusal_t *row = s_row (self, field);
    if (!row) {
        gw_dialect_faults_add (faults, field->field, pt_str (s_usual (field->code)), false);
        return 400;
    }
    if (row->key)
        gw_dialect_faults_add (faults, pt_str (row->key), s_sentence (self, row, field), row->is_plain);
    *out_beside = row->beside;
    return row->status ? row->status : 400;
}

bool gw_dialect_faults_refused (gw_dialect_faults_t *self, const pt_error_t *error,
                                const gw_dialect_refusal_t *refusals, pt_arena_t *arena)
{
    const gw_dialect_problem_t problem = {.err = -PT_E_invalid, .refusals = refusals, .arena = arena};
    const char *beside;
    for (uint32_t i = 0; i < error->errors.count; i++) {
        pt_field_error_t field = error->errors.at[i];
        field.field.at = pt_arena_copy (arena, field.field.at, field.field.len);
        if (!field.field.at)
            return false;
        s_add_field (&problem, &field, self, &beside);
    }
    return true;
}

/*  What the table of the dialect says of this; the status, or 0 when it says nothing. */
static int s_write_refused (pt_buf_t *out, const gw_dialect_problem_t *self)
{
    gw_dialect_faults_t faults = {.count = 0};
    const char *beside = NULL;
    int status = 0;
    uint32_t count = self->error ? self->error->errors.count : 0;
    for (uint32_t i = 0; i < count; i++) {
        int one = s_add_field (self, &self->error->errors.at[i], &faults, &beside);
        status = status ? status : one;
    }
    const gw_dialect_refusal_t *row = count == 0 ? s_row (self, NULL) : NULL;
    if (row) {
        status = row->status ? row->status : 400;
        beside = row->beside;
        if (row->key)
            gw_dialect_faults_add (&faults, pt_str (row->key), s_sentence (self, row, NULL), row->is_plain);
    }
    if (faults.count == 0)
        return status;
    pt_buf_puts (out, "{");
    s_write_members (out, &faults);
    if (beside)
        pt_buf_printf (out, ",%s", beside);
    pt_buf_puts (out, "}");
    return status;
}

/* ---- credentials ------------------------------------------------------------------------ */

static bool s_has_space (pt_str_t text)
{
    return text.len > 0 && memchr (text.at, ' ', text.len);
}

static const char *s_token_sentence (const gw_credential_t *shown, int err)
{
    if (err == -PT_E_inactive)
        return "User inactive or deleted.";
    if (shown->secret.len == 0)
        return "Invalid token header. No credentials provided.";
    return s_has_space (shown->secret) ? "Invalid token header. Token string should not contain spaces."
                                       : "Invalid token.";
}

static const char *s_basic_sentence (const gw_credential_t *shown, int err)
{
    char plain[LIM_TOKEN];
    if (err == -PT_E_inactive)
        return "User inactive or deleted.";
    if (shown->secret.len == 0)
        return "Invalid basic header. No credentials provided.";
    if (s_has_space (shown->secret))
        return "Invalid basic header. Credentials string should not contain spaces.";
    bool is_base64 = gw_identity_basic (shown->secret, plain, sizeof plain) > 0;
    explicit_bzero (plain, sizeof plain);
    return is_base64 ? "Invalid username/password." : "Invalid basic header. Credentials not correctly base64 encoded.";
}

/*  Refresh tokens say nothing of themselves: one is known by its shape, which no access token has. */
static bool s_is_refresh (pt_str_t text)
{
    return text.len == S_REFRESH && !memchr (text.at, '.', text.len);
}

static void s_write_bearer (pt_buf_t *out, const gw_credential_t *shown, int err)
{
    if (shown->secret.len == 0 || s_has_space (shown->secret))
        pt_buf_puts (out, "{\"detail\":\"Authorization header must contain two space-delimited values\","
                          "\"code\":\"bad_authorization_header\"}");
    else if (err == -PT_E_inactive)
        pt_buf_puts (out, "{\"detail\":\"User is inactive\",\"code\":\"user_inactive\"}");
    else
        pt_buf_printf (out,
                       "{\"detail\":\"Given token not valid for any token type\",\"code\":\"token_not_valid\","
                       "\"messages\":[{\"token_class\":\"AccessToken\",\"token_type\":\"access\",\"message\":\"%s\"}]}",
                       s_is_refresh (shown->secret) ? "Token has wrong type" : "Token is invalid or expired");
}

/* ---- everything else ---------------------------------------------------------------------- */

static void s_write_detail (pt_buf_t *out, const char *sentence)
{
    pt_buf_puts (out, "{\"detail\":");
    gw_text_str (out, sentence, strlen (sentence));
    pt_buf_puts (out, "}");
}

static const char *s_said (const gw_dialect_problem_t *self)
{
    static const struct {
        int err;
        const char *sentence;
    } rows[] = {
        {PT_E_unauthenticated, "Authentication credentials were not provided."},
        {PT_E_forbidden, "You do not have permission to perform this action."},
        {PT_E_not_member, "You do not have permission to perform this action."},
        {PT_E_scope_missing, "You do not have permission to perform this action."},
        {PT_E_csrf_failed, "CSRF Failed: CSRF token missing or incorrect."},
        {PT_E_not_found, "Not found."},
        {PT_E_not_acceptable, "Could not satisfy the request Accept header."},
        {PT_E_malformed, "Malformed request."},
        {PT_E_internal, "A server error occurred."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].err == -self->err)
            return rows[i].sentence;
    return pt_error_http (self->err) == 503 ? "Service temporarily unavailable." : pt_error_title (self->err);
}

/*  What a header held may be no UTF-8, and is repeated in ASCII alone. */
static void s_write_quoted (pt_buf_t *out, const char *before, const char *quoted, const char *behind)
{
    char text[QUOTED + 1], sentence[QUOTED + 64];
    size_t len = 0;
    for (; len < QUOTED && quoted[len]; len++)
        text[len] = quoted[len] >= ' ' && quoted[len] <= '~' ? quoted[len] : '?';
    text[len] = '\0';
    snprintf (sentence, sizeof sentence, "%s \"%s\"%s", before, text, behind);
    s_write_detail (out, sentence);
}

static void s_write_throttled (pt_buf_t *out, uint64_t retry_ms)
{
    unsigned long long seconds = (retry_ms + 999) / 1000;
    pt_buf_printf (out, "{\"detail\":\"Request was throttled. Expected available in %llu second%s.\"}",
                   seconds > 0 ? seconds : 1, seconds > 1 ? "s" : "");
}

/*  Whether what was shown is at fault, and not what was asked. */
static bool s_is_about_shown (const gw_dialect_problem_t *self)
{
    return self->err != -PT_E_unauthenticated && pt_error_http (self->err) == 401 && self->shown &&
           self->shown->scheme != PT_scheme_none;
}

static void s_write_shown (pt_buf_t *out, const gw_dialect_problem_t *self)
{
    if (self->shown->scheme == PT_scheme_BEARER)
        s_write_bearer (out, self->shown, self->err);
    else
        s_write_detail (out, self->shown->scheme == PT_scheme_BASIC ? s_basic_sentence (self->shown, self->err)
                                                                    : s_token_sentence (self->shown, self->err));
}

int gw_dialect_problem_status (const gw_dialect_problem_t *self)
{
    int status = pt_error_http (self->err);
    if (status == 422)
        return 400;
    return status == 401 && self->dialect->challenge == GW_CHALLENGE_NONE ? 403 : status;
}

int gw_dialect_problem_write (pt_buf_t *out, const gw_dialect_problem_t *self)
{
    int status = s_write_refused (out, self);
    if (status != 0)
        return status;
    if (self->detail)
        s_write_detail (out, self->detail);
    else if (s_is_about_shown (self))
        s_write_shown (out, self);
    else if (self->err == -PT_E_method_not_allowed)
        s_write_quoted (out, "Method", self->method, " not allowed.");
    else if (self->err == -PT_E_unsupported_media)
        s_write_quoted (out, "Unsupported media type", self->media ? self->media : "", " in request.");
    else if (self->err == -PT_E_too_many)
        s_write_throttled (out, self->retry_ms);
    else
        s_write_detail (out, s_said (self));
    return gw_dialect_problem_status (self);
}

const char *gw_dialect_problem_headers (const gw_dialect_problem_t *self, int status, char *out)
{
    const pt_error_t wait = {.has_retry_ms = self->retry_ms > 0, .retry_ms = self->retry_ms};
    out[0] = '\0';
    if (status == 401)
        snprintf (out, GW_PROBLEM_HEADERS, "WWW-Authenticate: %s\r\n",
                  self->dialect->challenge == GW_CHALLENGE_TOKEN ? "Token" : "Bearer realm=\"api\"");
    else if (status == 429 || status == 503)
        gw_problem_headers (self->err, wait.has_retry_ms ? &wait : self->error, PT_scheme_none, out);
    return out;
}
