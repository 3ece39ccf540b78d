/*  auth_session - signing in, going on with a refresh token, signing out.

    Who signs in learns one thing: yes or no (auth_person), and every refusal has
    the same text.  All may be repeated under the same key: tokens are derived
    (auth_refresh, auth_credential), so a repeat names the same session and the
    same token. */

#include "auth_audit.h"
#include "auth_close.h"
#include "auth_issue.h"
#include "auth_ops.h"
#include "auth_refresh.h"
#include "auth_revoked.h"
#include "auth_token.h"
#include "auth_try.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

typedef struct {
    const pt_session_create_t *ask;
    pt_credential_kind_t kind;
    auth_try_t attempt;
    auth_refresh_t refresh;
    const auth_credential_t *token; /* while the cookie beside it is made: the token, whose it is, */
    pt_session_owner_t owner;
    char cookie_key[LIM_KEY + 1]; /* and the cookie's key */
} s_sign_in_t;

typedef struct {
    auth_refresh_t next, other; /* under the first secret and the second */
    bool has_other;
    bool keeps; /* the token shown stays good: there is no successor */
} s_renew_t;

static int64_t s_refresh_end_us (const auth_t *auth)
{
    return sv_wall_us () + (int64_t)auth->config->refresh_ttl_ms * 1000;
}

/*  Answers with the tokens of a session; `refresh` is NULL where none is given. */
static void s_grant (auth_t *auth, sv_request_t **request_p, const pt_session_owner_t *owner,
                     const auth_refresh_t *refresh)
{
    auth_token_t access;
    auth_claims_t claims = {.account = owner->account,
                            .session = owner->session,
                            .generation = owner->generation,
                            .is_staff = owner->staff,
                            .now_us = sv_wall_us (),
                            .ttl_s = auth->config->access_ttl_ms / 1000};
    randombytes_buf (claims.jti, sizeof claims.jti);
    int rc = auth_token_sign (auth->key, &claims, &access);
    if (rc != 0) {
        sv_log (auth->log, SV_ERROR, sv_request_trace (*request_p), "a token could not be signed error=%s",
                pt_error_name (rc));
        sv_request_fail (request_p, rc, NULL);
        return;
    }
    pt_session_grant_t grant = {.access = {access.text, (uint32_t)access.len},
                                .has_access = true,
                                .refresh = refresh ? (pt_str_t){refresh->text, AUTH_REFRESH_LEN} : PT_LIT (""),
                                .has_refresh = refresh != NULL,
                                .token_type = PT_LIT ("Bearer"),
                                .expires_in = claims.ttl_s,
                                .has_expires_in = true,
                                .account = owner->account,
                                .session = owner->session,
                                .staff = true,
                                .has_staff = owner->staff};
    sv_request_reply (request_p, &grant);
    sodium_memzero (&access, sizeof access);
}

/*  ---- signing in: a session ------------------------------------------------ */

static void s_on_session (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    auth_t *auth = ctx;
    s_sign_in_t *in = op;
    if (reply->status != 0) {
        auth_try_again (auth, request_p, &in->attempt);
        return;
    }
    sv_metric_add (auth->metrics.signed_in[in->kind], 1);
    s_grant (auth, request_p, reply->msg, &in->refresh);
}

static void s_make_session (auth_t *auth, sv_request_t **request_p, void *op)
{
    s_sign_in_t *in = op;
    const auth_person_t *person = in->attempt.person;
    uint8_t hash[LIM_HASH];
    const char *trace = sv_request_trace (*request_p);
    auth_refresh_first (auth_try_secret (auth, &in->attempt), person->account, in->ask->key, &in->refresh);
    auth_refresh_hash (pt_str (in->refresh.text), hash);
    pt_session_insert_t insert = {.account = person->account,
                                  .generation = person->generation,
                                  .has_generation = true,
                                  .device = in->ask->device,
                                  .has_device = in->ask->has_device,
                                  .token_hash = {(const char *)hash, sizeof hash},
                                  .expires_at = s_refresh_end_us (auth),
                                  .address = in->ask->address,
                                  .has_address = in->ask->has_address,
                                  .trace = pt_str (trace),
                                  .has_trace = *trace != '\0',
                                  .key = in->ask->key};
    sv_backend_call_t call = {.opcode = PT_OP_store_session_create,
                              .affinity = person->account,
                              .msg = &insert,
                              .takes = PT_E_conflict,
                              .fn = s_on_session,
                              .op = in};
    sv_backend_call (&auth->store, request_p, &call);
}

/*  ---- signing in: an opaque credential --------------------------------------- */

/*  Life of a kind in microseconds; 0: for ever. */
static int64_t s_life_us (const auth_t *auth, pt_credential_kind_t kind)
{
    uint64_t ms = kind == PT_credential_kind_KNOX     ? auth->config->knox_ttl_ms
                  : kind == PT_credential_kind_COOKIE ? auth->config->cookie_ttl_ms
                                                      : 0;
    return (int64_t)ms * 1000;
}

/*  Seconds that are left, the one that has begun too: a cookie is set for the life
    that the settings say, and not for a second less. */
static uint64_t s_seconds (int64_t us)
{
    return us > 0 ? ((uint64_t)us + 999999) / 1000000 : 1;
}

static int64_t s_end_us (const auth_t *auth, pt_credential_kind_t kind, const pt_session_owner_t *owner)
{
    return (owner->has_created_at ? owner->created_at : sv_wall_us ()) + s_life_us (auth, kind);
}

/*  `cookie` is NULL where none was asked for. */
static void s_grant_token (auth_t *auth, sv_request_t **request_p, pt_credential_kind_t kind,
                           const auth_credential_t *token, const pt_session_owner_t *owner,
                           const auth_credential_t *cookie, int64_t cookie_end_us)
{
    bool is_mortal = s_life_us (auth, kind) > 0;
    int64_t end_us = s_end_us (auth, kind, owner);
    pt_session_grant_t grant = {.token = {token->text, token->len},
                                .has_token = true,
                                .token_type = kind == PT_credential_kind_COOKIE ? PT_LIT ("Cookie") : PT_LIT ("Token"),
                                .expires_in = s_seconds (end_us - sv_wall_us ()),
                                .has_expires_in = is_mortal,
                                .expires_at = end_us,
                                .has_expires_at = is_mortal,
                                .account = owner->account,
                                .session = owner->session,
                                .staff = true,
                                .has_staff = owner->staff,
                                .cookie = {cookie ? cookie->text : NULL, cookie ? cookie->len : 0},
                                .has_cookie = cookie != NULL,
                                .cookie_expires_at = cookie_end_us,
                                .has_cookie_expires_at = cookie != NULL};
    sv_request_reply (request_p, &grant);
}

static void s_on_cookie (auth_t *auth, sv_request_t **request_p, void *op, const auth_credential_t *credential,
                         const pt_session_owner_t *owner)
{
    const s_sign_in_t *in = op;
    sv_metric_add (auth->metrics.signed_in[in->kind], 1);
    sv_metric_add (auth->metrics.signed_in[PT_credential_kind_COOKIE], 1);
    s_grant_token (auth, request_p, in->kind, in->token, &in->owner, credential,
                   s_end_us (auth, PT_credential_kind_COOKIE, owner));
}

static void s_on_issued (auth_t *auth, sv_request_t **request_p, void *op, const auth_credential_t *credential,
                         const pt_session_owner_t *owner);

static void s_make_credential (auth_t *auth, sv_request_t **request_p, s_sign_in_t *in, const auth_person_t *person,
                               pt_credential_kind_t kind)
{
    bool is_beside = in->token != NULL;
    int64_t life_us = s_life_us (auth, kind);
    auth_issue_t issue = {.kind = kind,
                          .account = person->account,
                          .person = person,
                          .key = is_beside ? pt_str (in->cookie_key) : in->ask->key,
                          .has_name = in->ask->has_device,
                          .name = in->ask->device,
                          .has_address = in->ask->has_address,
                          .address = in->ask->address,
                          .expires_at = life_us > 0 ? sv_wall_us () + life_us : 0,
                          .fn = is_beside ? s_on_cookie : s_on_issued,
                          .op = in};
    auth_issue (auth, request_p, &issue);
}

/*  Under the key of the request the cookie would be another answer to it; under one that follows
    from it, a repeat gets the same two. */
static void s_make_cookie (auth_t *auth, sv_request_t **request_p, s_sign_in_t *in)
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof hash + 1];
    crypto_hash_sha256 (hash, (const uint8_t *)in->ask->key.at, in->ask->key.len);
    sodium_bin2hex (hex, sizeof hex, hash, sizeof hash);
    snprintf (in->cookie_key, sizeof in->cookie_key, "cookie-%.32s", hex);
    s_make_credential (auth, request_p, in, in->attempt.person, PT_credential_kind_COOKIE);
}

static void s_on_issued (auth_t *auth, sv_request_t **request_p, void *op, const auth_credential_t *credential,
                         const pt_session_owner_t *owner)
{
    s_sign_in_t *in = op;
    bool is_cookie = in->kind == PT_credential_kind_COOKIE;
    if (in->ask->has_with_cookie && in->ask->with_cookie && !is_cookie) {
        in->token = credential;
        in->owner = *owner;
        s_make_cookie (auth, request_p, in);
        return;
    }
    sv_metric_add (auth->metrics.signed_in[in->kind], 1);
    s_grant_token (auth, request_p, in->kind, credential, owner, NULL, 0);
}

/*  ---- signing in ---------------------------------------------------------- */

/*  Where registering tells that an address is taken, signing in may tell that it is not. */
static void s_refuse (sv_request_t **request_p, const pt_session_create_t *ask, const auth_person_t *person)
{
    pt_error_t error = {.detail = PT_LIT (AUTH_PERSON_REFUSAL), .has_detail = true};
    if (ask->has_tells_unknown && ask->tells_unknown && person->account == 0)
        pt_error_add (&error, sv_request_arena (*request_p), "identifier", "not_found", NULL);
    sv_request_fail_with (request_p, PT_E_bad_credentials, &error);
}

static void s_on_verdict (auth_t *auth, sv_request_t **request_p, void *op, const auth_person_t *person, bool is_match)
{
    s_sign_in_t *in = op;
    if (!is_match) {
        sv_metric_add (auth->metrics.refused, 1);
        auth_audit_refused (auth->audit, in->ask->address, sv_request_trace (*request_p));
        s_refuse (request_p, in->ask, person);
        return;
    }
    in->attempt = (auth_try_t){.person = person, .enter = s_make_session, .op = in};
    if (in->kind == PT_credential_kind_SESSION)
        s_make_session (auth, request_p, in);
    else
        s_make_credential (auth, request_p, in, person, in->kind);
}

static void s_refuse_kind (sv_request_t **request_p)
{
    pt_error_t error = {0};
    pt_error_add (&error, sv_request_arena (*request_p), "kind", "not_one_of", "a password gives no API token");
    sv_request_fail_with (request_p, PT_E_invalid, &error);
}

void auth_session_on_create (void *ctx, sv_request_t *request, const void *msg)
{
    auth_t *auth = ctx;
    const pt_session_create_t *ask = msg;
    s_sign_in_t *in = pt_arena_alloc (sv_request_arena (request), sizeof *in);
    if (!in) {
        sv_request_fail (&request, PT_E_memory, NULL);
        return;
    }
    *in = (s_sign_in_t){.ask = ask, .kind = ask->has_kind ? ask->kind : PT_credential_kind_SESSION};
    const auth_proof_t proof = {.identifier = ask->identifier,
                                .password = ask->password,
                                .address = ask->address,
                                .fn = s_on_verdict,
                                .op = in};
    if (in->kind == PT_credential_kind_TOKEN)
        s_refuse_kind (&request);
    else
        auth_person_prove (auth, &request, &proof);
}

/*  ---- going on ------------------------------------------------------------ */

/*  A used token was shown: the session was ended just now, here and everywhere. */
static void s_end_stolen (auth_t *auth, sv_request_t **request_p, const pt_session_owner_t *owner)
{
    const pt_revocation_t gone = {
        .account = owner->account, .session = owner->session, .has_session = true, .at = sv_wall_us ()};
    const pt_revocations_t revoked = {.items = {&gone, 1}, .has_items = true};
    auth_revoked_publish (auth, &revoked);
    sv_metric_add (auth->metrics.refresh_bad, 1);
    sv_log (auth->log, SV_WARN, sv_request_trace (*request_p), "a used refresh token was shown session=%" PRIu64,
            owner->session);
    sv_request_fail (request_p, PT_E_token_invalid, NULL);
}

static void s_on_rotated (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    auth_t *auth = ctx;
    const s_renew_t *renew = op;
    const pt_session_owner_t *owner = reply->msg;
    if (reply->status != 0) {
        sv_metric_add (auth->metrics.refresh_bad, 1);
        sv_request_fail_with (request_p, reply->status, reply->error);
    } else if (owner->revoked) {
        s_end_stolen (auth, request_p, owner);
    } else if (owner->is_other && !renew->has_other) {
        sv_request_fail (request_p, PT_E_internal, NULL);
    } else {
        sv_metric_add (auth->metrics.refreshed, 1);
        const auth_refresh_t *next = owner->is_other ? &renew->other : &renew->next;
        s_grant (auth, request_p, owner, renew->keeps ? NULL : next);
    }
}

/*  Both successors of the token shown.  To a client of SimpleJWT a used token is a
    used token: only the same request, whose key nobody else has, gets the successor again. */
static int s_derive_next (const auth_t *auth, const pt_session_refresh_t *ask, s_renew_t *out)
{
    pt_str_t key = ask->has_keeps ? ask->key : (pt_str_t){NULL, 0};
    out->keeps = ask->has_keeps && ask->keeps;
    int rc = auth_refresh_next (auth->secret, ask->refresh, key, &out->next);
    if (rc != 0 || !auth->secret_next)
        return rc;
    out->has_other = true;
    return auth_refresh_next (auth->secret_next, ask->refresh, key, &out->other);
}

/*  What is wrong with what is no refresh token. */
static int s_judge_stray (const auth_t *auth, pt_str_t shown)
{
    int64_t now_us = sv_wall_us ();
    bool is_access = auth_token_is_live (auth->key, shown, now_us) ||
                     (auth->key_next && auth_token_is_live (auth->key_next, shown, now_us));
    return is_access ? -PT_E_token_wrong_type : -PT_E_token_invalid;
}

static void s_rotate (auth_t *auth, sv_request_t **request_p, const pt_session_refresh_t *ask, s_renew_t *renew)
{
    uint8_t shown[LIM_HASH], next[LIM_HASH], other[LIM_HASH];
    const char *trace = sv_request_trace (*request_p);
    auth_refresh_hash (ask->refresh, shown);
    auth_refresh_hash (pt_str (renew->next.text), next);
    auth_refresh_hash (pt_str (renew->other.text), other);
    pt_session_rotate_t rotate = {.token_hash = {(const char *)shown, sizeof shown},
                                  .next_hash = {(const char *)next, sizeof next},
                                  .expires_at = s_refresh_end_us (auth),
                                  .grace_ms = AUTH_REFRESH_GRACE_MS,
                                  .other_hash = {(const char *)other, sizeof other},
                                  .has_other_hash = renew->has_other,
                                  .address = ask->address,
                                  .has_address = ask->has_address,
                                  .trace = pt_str (trace),
                                  .has_trace = *trace != '\0',
                                  .keeps = true,
                                  .has_keeps = renew->keeps,
                                  .spares = true,
                                  .has_spares = ask->has_keeps};
    sv_backend_call_t call = {.opcode = PT_OP_store_session_rotate,
                              .msg = &rotate,
                              .takes = PT_E_token_invalid,
                              .fn = s_on_rotated,
                              .op = renew};
    sv_backend_call (&auth->store, request_p, &call);
}

void auth_session_on_refresh (void *ctx, sv_request_t *request, const void *msg)
{
    auth_t *auth = ctx;
    const pt_session_refresh_t *ask = msg;
    s_renew_t *renew = pt_arena_alloc (sv_request_arena (request), sizeof *renew);
    int rc = renew ? s_derive_next (auth, ask, renew) : -PT_E_memory;
    if (rc == -PT_E_token_invalid)
        rc = s_judge_stray (auth, ask->refresh);
    if (rc != 0) {
        sv_metric_add (auth->metrics.refresh_bad, rc != -PT_E_memory);
        sv_request_fail (&request, rc, NULL);
        return;
    }
    s_rotate (auth, &request, ask, renew);
}

/*  ---- signing out --------------------------------------------------------- */

void auth_session_on_delete (void *ctx, sv_request_t *request, const void *msg)
{
    const pt_session_ref_t *ask = msg;
    const auth_close_t close = {.account = ask->account,
                                .by = ask->account,
                                .has_id = ask->has_id,
                                .id = ask->id,
                                .has_kind = ask->has_kind,
                                .kind = ask->kind,
                                .has_address = ask->has_address,
                                .address = ask->address,
                                .key = ask->key};
    auth_close_sessions (ctx, &request, &close);
}
