/*  auth_session - signing in, and going on with a refresh token.

    Who signs in learns one thing: yes or no.  An unknown identifier, an account
    without a password, a wrong password and an inactive account take the same
    way (one question to store, one Argon2id verification) and get the same
    answer, so neither the text nor the time tells which accounts exist.

    Both operations may be repeated under the same key: refresh tokens are derived
    (auth_refresh), so a repeat names the same session and the same token. */

#include "auth_hash.h"
#include "auth_limit.h"
#include "auth_ops.h"
#include "auth_policy.h"
#include "auth_refresh.h"
#include "auth_token.h"
#include <sodium.h>

#define S_REFUSAL "unknown account or wrong password"

typedef struct {
    const pt_session_create_t *ask;
    pt_str_t identifier; /* in lower case */
    uint64_t account;    /* 0: nobody who may sign in */
    auth_refresh_t refresh;
} s_sign_in_t;

typedef struct {
    auth_refresh_t next;
} s_renew_t;

static int64_t s_refresh_end_us (const auth_t *auth)
{
    return sv_wall_us () + (int64_t)auth->config->refresh_ttl_ms * 1000;
}

/*  Answers with both tokens of a session. */
static void s_grant (auth_t *auth, sv_request_t **request_p, const pt_session_owner_t *owner,
                     const auth_refresh_t *refresh)
{
    auth_token_t access;
    auth_claims_t claims = {.account = owner->account,
                            .session = owner->session,
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
                                .refresh = {refresh->text, AUTH_REFRESH_LEN},
                                .has_refresh = true,
                                .token_type = PT_LIT ("Bearer"),
                                .expires_in = claims.ttl_s,
                                .has_expires_in = true,
                                .account = owner->account,
                                .session = owner->session};
    sv_request_reply (request_p, &grant);
    sodium_memzero (&access, sizeof access);
}

/*  ---- signing in ---------------------------------------------------------- */

static void s_on_session (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    auth_t *auth = ctx;
    const s_sign_in_t *in = op;
    sv_metric_add (auth->metrics.signed_in, 1);
    s_grant (auth, request_p, reply->msg, &in->refresh);
}

static void s_make_session (auth_t *auth, sv_request_t **request_p, s_sign_in_t *in)
{
    uint8_t hash[LIM_HASH];
    auth_refresh_first (auth->secret, in->account, in->ask->key, &in->refresh);
    auth_refresh_hash (pt_str (in->refresh.text), hash);
    pt_session_insert_t insert = {.account = in->account,
                                  .device = in->ask->device,
                                  .has_device = in->ask->has_device,
                                  .token_hash = {(const char *)hash, sizeof hash},
                                  .expires_at = s_refresh_end_us (auth),
                                  .key = in->ask->key};
    sv_backend_call_t call = {
        .opcode = PT_OP_store_session_create, .affinity = in->account, .msg = &insert, .fn = s_on_session, .op = in};
    sv_backend_call (&auth->store, request_p, &call);
}

static void s_on_verified (auth_t *auth, sv_request_t **request_p, void *op, const auth_hashed_t *result)
{
    s_sign_in_t *in = op;
    bool is_good = result->is_match && in->account != 0;
    auth_limit_note (auth, in->identifier, in->ask->address, is_good);
    if (is_good) {
        s_make_session (auth, request_p, in);
        return;
    }
    sv_metric_add (auth->metrics.refused, 1);
    sv_request_fail (request_p, PT_E_bad_credentials, S_REFUSAL);
}

/*  Store found the account, or `not_found`: goes on the same way for both. */
static void s_on_found (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    auth_t *auth = ctx;
    s_sign_in_t *in = op;
    const pt_account_secret_t *found = reply->status == 0 ? reply->msg : NULL;
    bool may_sign_in = found && found->active && found->has_password_hash;
    in->account = may_sign_in ? found->account->id : 0;
    auth_hash_job_t job = {.password = in->ask->password, .is_verify = true, .fn = s_on_verified, .op = in};
    if (may_sign_in)
        job.hash = found->password_hash;
    auth_hash (auth, request_p, &job);
}

void auth_session_on_create (void *ctx, sv_request_t *request, const void *msg)
{
    auth_t *auth = ctx;
    const pt_session_create_t *ask = msg;
    pt_arena_t *arena = sv_request_arena (request);
    s_sign_in_t *in = pt_arena_alloc (arena, sizeof *in);
    pt_account_find_t find = {.identifier = auth_policy_lower (ask->identifier, arena)};
    if (!in || !find.identifier.at) {
        sv_request_fail (&request, PT_E_memory, NULL);
        return;
    }
    in->ask = ask;
    in->identifier = find.identifier;
    uint64_t retry_ms;
    if (!auth_limit_may (auth, in->identifier, ask->address, &retry_ms)) {
        auth_limit_refuse (auth, &request, retry_ms);
        return;
    }
    sv_backend_call_t call = {
        .opcode = PT_OP_store_account_find, .msg = &find, .takes = PT_E_not_found, .fn = s_on_found, .op = in};
    sv_backend_call (&auth->store, &request, &call);
}

/*  ---- going on ------------------------------------------------------------ */

static void s_on_rotated (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    auth_t *auth = ctx;
    const s_renew_t *renew = op;
    if (reply->status != 0) {
        sv_metric_add (auth->metrics.refresh_bad, 1);
        sv_request_fail_with (request_p, reply->status, reply->error);
        return;
    }
    sv_metric_add (auth->metrics.refreshed, 1);
    s_grant (auth, request_p, reply->msg, &renew->next);
}

void auth_session_on_refresh (void *ctx, sv_request_t *request, const void *msg)
{
    auth_t *auth = ctx;
    const pt_session_refresh_t *ask = msg;
    s_renew_t *renew = pt_arena_alloc (sv_request_arena (request), sizeof *renew);
    int rc = renew ? auth_refresh_next (auth->secret, ask->refresh, &renew->next) : -PT_E_memory;
    if (rc != 0) {
        sv_metric_add (auth->metrics.refresh_bad, rc == -PT_E_token_invalid);
        sv_request_fail (&request, rc, NULL);
        return;
    }
    uint8_t shown[LIM_HASH], next[LIM_HASH];
    auth_refresh_hash (ask->refresh, shown);
    auth_refresh_hash (pt_str (renew->next.text), next);
    pt_session_rotate_t rotate = {.token_hash = {(const char *)shown, sizeof shown},
                                  .next_hash = {(const char *)next, sizeof next},
                                  .expires_at = s_refresh_end_us (auth),
                                  .grace_ms = AUTH_REFRESH_GRACE_MS};
    sv_backend_call_t call = {.opcode = PT_OP_store_session_rotate,
                              .msg = &rotate,
                              .takes = PT_E_token_invalid,
                              .fn = s_on_rotated,
                              .op = renew};
    sv_backend_call (&auth->store, &request, &call);
}

/*  ---- signing out --------------------------------------------------------- */

static void s_on_deleted (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    (void)ctx, (void)op, (void)reply;
    const pt_empty_t done = {0};
    sv_request_reply (request_p, &done);
}

void auth_session_on_delete (void *ctx, sv_request_t *request, const void *msg)
{
    auth_t *auth = ctx;
    const pt_session_ref_t *ask = msg;
    pt_session_close_t gone = {.account = ask->account,
                               .id = ask->id,
                               .has_id = ask->has_id,
                               .kind = ask->kind,
                               .has_kind = ask->has_kind,
                               .by = ask->account,
                               .address = ask->address,
                               .has_address = ask->has_address,
                               .trace = pt_str (sv_request_trace (request)),
                               .has_trace = *sv_request_trace (request) != '\0'};
    sv_backend_call_t call = {
        .opcode = PT_OP_store_session_delete, .affinity = ask->account, .msg = &gone, .fn = s_on_deleted};
    sv_backend_call (&auth->store, &request, &call);
}
