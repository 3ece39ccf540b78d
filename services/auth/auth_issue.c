/*  auth_issue - having store enter an opaque credential. */

#include "auth_issue.h"
#include "auth_try.h"

typedef struct {
    auth_issue_t ask;
    auth_try_t attempt;
    auth_credential_t credential;
} s_issue_t;

static void s_enter (auth_t *auth, sv_request_t **request_p, s_issue_t *issue);

static void s_derive (const auth_secret_t *secret, s_issue_t *issue)
{
    const auth_issue_t *ask = &issue->ask;
    if (ask->kind == PT_credential_kind_AUTHTOKEN)
        auth_credential_authtoken (secret, ask->account, issue->attempt.person->authtoken, &issue->credential);
    else
        auth_credential_derive (secret, ask->kind, ask->account, ask->key, &issue->credential);
}

/*  ---- authtokens under two secrets ------------------------------------------------ */

static void s_on_other (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    auth_t *auth = ctx;
    s_issue_t *issue = op;
    if (reply->status == -PT_E_token_invalid || reply->status == -PT_E_token_revoked) {
        s_derive (auth->secret, issue);
        s_enter (auth, request_p, issue);
    } else if (reply->status == 0)
        s_enter (auth, request_p, issue);
    else
        sv_request_fail_with (request_p, reply->status, reply->error);
}

/*  Whether the authtoken of the other secret is there: then that one stays. */
static void s_look_for_other (auth_t *auth, sv_request_t **request_p, s_issue_t *issue)
{
    auth_credential_hash_t hash;
    s_derive (auth->secret_next, issue);
    auth_credential_hash (issue->credential.kind, pt_str (issue->credential.text), &hash);
    const pt_credential_find_t find = {
        .secret_hash = {(const char *)hash.at, hash.len}, .kind = issue->ask.kind, .has_kind = true};
    sv_backend_call_t call = {.opcode = PT_OP_store_credential_find,
                              .affinity = issue->ask.account,
                              .msg = &find,
                              .takes = SV_BACKEND_ALL,
                              .fn = s_on_other,
                              .op = issue};
    sv_backend_call (&auth->store, request_p, &call);
}

static void s_begin (auth_t *auth, sv_request_t **request_p, void *op)
{
    s_issue_t *issue = op;
    if (auth->secret_next && issue->ask.kind == PT_credential_kind_AUTHTOKEN) {
        s_look_for_other (auth, request_p, issue);
        return;
    }
    s_derive (auth_try_secret (auth, &issue->attempt), issue);
    s_enter (auth, request_p, issue);
}

/*  ---- entering ---------------------------------------------------------------------- */

static void s_on_entered (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    auth_t *auth = ctx;
    s_issue_t *issue = op;
    if (reply->status == 0)
        issue->ask.fn (auth, request_p, issue->ask.op, &issue->credential, reply->msg);
    else
        auth_try_again (auth, request_p, &issue->attempt);
}

static void s_enter (auth_t *auth, sv_request_t **request_p, s_issue_t *issue)
{
    const auth_issue_t *ask = &issue->ask;
    const auth_person_t *person = issue->attempt.person;
    const char *trace = sv_request_trace (*request_p);
    auth_credential_hash_t hash;
    auth_credential_hash (ask->kind, pt_str (issue->credential.text), &hash);
    pt_str_t prefix = auth_credential_prefix (&issue->credential);
    pt_credential_insert_t insert = {.account = ask->account,
                                     .kind = ask->kind,
                                     .secret_hash = {(const char *)hash.at, hash.len},
                                     .prefix = prefix,
                                     .has_prefix = prefix.len > 0,
                                     .name = ask->name,
                                     .has_name = ask->has_name,
                                     .scopes = ask->scopes,
                                     .has_scopes = ask->has_scopes,
                                     .expires_at = ask->expires_at,
                                     .has_expires_at = ask->expires_at != 0,
                                     .authtoken = person ? person->authtoken : 0,
                                     .has_authtoken = ask->kind == PT_credential_kind_AUTHTOKEN,
                                     .generation = person ? person->generation : 0,
                                     .has_generation = person != NULL,
                                     .address = ask->address,
                                     .has_address = ask->has_address,
                                     .trace = pt_str (trace),
                                     .has_trace = *trace != '\0',
                                     .key = ask->key};
    sv_backend_call_t call = {.opcode = PT_OP_store_credential_create,
                              .affinity = ask->account,
                              .msg = &insert,
                              .takes = PT_E_conflict,
                              .fn = s_on_entered,
                              .op = issue};
    sv_backend_call (&auth->store, request_p, &call);
}

void auth_issue (auth_t *auth, sv_request_t **request_p, const auth_issue_t *ask)
{
    s_issue_t *issue = pt_arena_alloc (sv_request_arena (*request_p), sizeof *issue);
    if (!issue) {
        sv_request_fail (request_p, PT_E_memory, NULL);
        return;
    }
    *issue = (s_issue_t){.ask = *ask, .attempt = {.person = ask->person, .enter = s_begin, .op = issue}};
    s_begin (auth, request_p, issue);
}
