/*  auth_check - whose credential it is: what gateways can't tell by themselves.

    Opaque credentials are looked up by their hash, so no comparison of ours sees
    a secret.  Basic takes the way of a sign-in, in the same time.  Basic and the
    tokens of older deployments have no row in store; their identity has the id
    that no credential has (LIM_ID). */

#include "auth_audit.h"
#include "auth_credential.h"
#include "auth_legacy.h"
#include "auth_ops.h"
#include "auth_person.h"

typedef struct {
    const pt_credential_check_t *ask;
    auth_check_way_t way;
    int64_t expires_at; /* of an older token */
} s_check_t;

static void s_refuse (auth_t *auth, sv_request_t **request_p, const s_check_t *check, int err)
{
    sv_metric_add (auth->metrics.check_bad[check->way], 1);
    sv_request_fail (request_p, err, NULL);
}

static void s_accept (auth_t *auth, sv_request_t **request_p, const s_check_t *check, const pt_identity_t *identity)
{
    sv_metric_add (auth->metrics.checked[check->way], 1);
    sv_request_reply (request_p, identity);
}

static void s_accept_person (auth_t *auth, sv_request_t **request_p, const s_check_t *check,
                             const auth_person_t *person)
{
    const pt_identity_t identity = {.account = person->account,
                                    .session = LIM_ID,
                                    .kind = PT_credential_kind_SESSION,
                                    .generation = person->generation,
                                    .staff = person->is_staff,
                                    .expires_at = check->expires_at,
                                    .has_expires_at = check->expires_at != 0};
    s_accept (auth, request_p, check, &identity);
}

/*  ---- opaque ------------------------------------------------------------------ */

static void s_on_credential (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    auth_t *auth = ctx;
    const s_check_t *check = op;
    if (reply->status == 0) {
        s_accept (auth, request_p, check, reply->msg);
        return;
    }
    bool is_verdict = pt_error_http (reply->status) == 401;
    sv_metric_add (auth->metrics.check_bad[check->way], is_verdict);
    sv_request_fail_with (request_p, reply->status, reply->error);
}

static void s_look_up (auth_t *auth, sv_request_t **request_p, s_check_t *check, pt_credential_kind_t kind)
{
    auth_credential_hash_t hash;
    auth_credential_hash (kind, check->ask->secret, &hash);
    const pt_credential_find_t find = {
        .secret_hash = {(const char *)hash.at, hash.len}, .kind = kind, .has_kind = true};
    sv_backend_call_t call = {.opcode = PT_OP_store_credential_find,
                              .msg = &find,
                              .takes = SV_BACKEND_ALL,
                              .fn = s_on_credential,
                              .op = check};
    sv_backend_call (&auth->store, request_p, &call);
}

/*  ---- Basic --------------------------------------------------------------------- */

static void s_on_verdict (auth_t *auth, sv_request_t **request_p, void *op, const auth_person_t *person, bool is_match)
{
    const s_check_t *check = op;
    if (is_match) {
        s_accept_person (auth, request_p, check, person);
        return;
    }
    auth_audit_refused (auth->audit, check->ask->address, sv_request_trace (*request_p));
    s_refuse (auth, request_p, check, PT_E_bad_credentials);
}

static void s_check_basic (auth_t *auth, sv_request_t **request_p, s_check_t *check)
{
    pt_str_t both = check->ask->secret;
    const char *colon = memchr (both.at, ':', both.len);
    pt_str_t name = {both.at, colon ? (uint32_t)(colon - both.at) : 0};
    pt_str_t password = {colon ? colon + 1 : NULL, colon ? both.len - name.len - 1 : 0};
    const auth_proof_t proof = {
        .identifier = name, .password = password, .address = check->ask->address, .fn = s_on_verdict, .op = check};
    check->way = AUTH_CHECK_BASIC;
    if (name.len == 0 || name.len > LIM_EMAIL || password.len == 0 || password.len > LIM_PASSWORD)
        s_refuse (auth, request_p, check, PT_E_bad_credentials);
    else
        auth_person_prove (auth, request_p, &proof);
}

/*  ---- tokens of an older deployment ------------------------------------------------ */

static void s_on_person (auth_t *auth, sv_request_t **request_p, void *op, const auth_person_t *person)
{
    const s_check_t *check = op;
    if (person->account == 0)
        s_refuse (auth, request_p, check, PT_E_token_invalid);
    else if (!person->is_active)
        s_refuse (auth, request_p, check, PT_E_inactive);
    else
        s_accept_person (auth, request_p, check, person);
}

static void s_check_legacy (auth_t *auth, sv_request_t **request_p, s_check_t *check)
{
    auth_legacy_t token;
    check->way = AUTH_CHECK_LEGACY;
    const char *key = auth->config->jwt_legacy_hs256_key;
    int rc = auth_legacy_verify (pt_str (key), check->ask->secret, sv_wall_us (), &token);
    if (rc != 0) {
        s_refuse (auth, request_p, check, rc);
        return;
    }
    check->expires_at = token.expires_us;
    auth_person_get (auth, request_p, token.account, s_on_person, check);
}

/*  ---- which it is --------------------------------------------------------------------- */

static const struct {
    pt_credential_kind_t kind;
    bool is_cookie; /* shown as a cookie, and only so */
    auth_check_way_t way;
} s_ways[] = {
    {PT_credential_kind_AUTHTOKEN, false, AUTH_CHECK_AUTHTOKEN},
    {PT_credential_kind_KNOX, false, AUTH_CHECK_KNOX},
    {PT_credential_kind_TOKEN, false, AUTH_CHECK_TOKEN},
    {PT_credential_kind_COOKIE, true, AUTH_CHECK_COOKIE},
};

static void s_check_opaque (auth_t *auth, sv_request_t **request_p, s_check_t *check)
{
    pt_credential_kind_t kind = auth_credential_kind (check->ask->secret);
    bool is_cookie = check->ask->scheme == PT_scheme_COOKIE;
    for (size_t i = 0; i < sizeof s_ways / sizeof s_ways[0]; i++)
        if (s_ways[i].kind == kind && s_ways[i].is_cookie == is_cookie) {
            check->way = s_ways[i].way;
            s_look_up (auth, request_p, check, kind);
            return;
        }
    if (!is_cookie && auth->config->jwt_legacy_hs256_key)
        s_check_legacy (auth, request_p, check);
    else
        s_refuse (auth, request_p, check, PT_E_token_invalid);
}

void auth_check_on_request (void *ctx, sv_request_t *request, const void *msg)
{
    auth_t *auth = ctx;
    s_check_t *check = pt_arena_alloc (sv_request_arena (request), sizeof *check);
    if (!check) {
        sv_request_fail (&request, PT_E_memory, NULL);
        return;
    }
    *check = (s_check_t){.ask = msg, .way = AUTH_CHECK_OTHER};
    if (check->ask->scheme == PT_scheme_BASIC)
        s_check_basic (auth, &request, check);
    else
        s_check_opaque (auth, &request, check);
}
