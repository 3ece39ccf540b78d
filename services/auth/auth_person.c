/*  auth_person - an account as store knows it, and whether a password is its own.

    Who shows a password learns one thing: yes or no (and, where signing in asks for it, that
    nobody has the identifier: session_create.tells_unknown).  An unknown identifier, an
    account without a password, a wrong password and an inactive account take the
    same way (one question to store, one Argon2id verification), so the time does
    not tell which accounts exist. */

#include "auth_person.h"
#include "auth_hash.h"
#include "auth_limit.h"
#include "auth_policy.h"

typedef struct {
    auth_person_fn *fn;
    void *op;
} s_search_t;

typedef struct {
    auth_proof_t proof;
    const auth_person_t *person;
} s_pending_t;

/*  ---- finding ------------------------------------------------------------------ */

/*  A copy that outlives the answer; `at` stays NULL where there is nothing. */
static bool s_copy (pt_arena_t *arena, bool has, pt_str_t from, pt_str_t *out)
{
    if (!has)
        return true;
    *out = (pt_str_t){pt_arena_copy (arena, from.at, from.len), from.len};
    return out->at != NULL;
}

static bool s_fill (pt_arena_t *arena, const pt_account_secret_t *found, auth_person_t *out)
{
    const pt_account_t *account = found->account;
    out->account = account->id;
    out->generation = found->generation;
    out->authtoken = found->authtoken;
    out->is_active = found->active;
    out->is_staff = found->staff;
    return s_copy (arena, account->has_login, account->login, &out->login) &&
           s_copy (arena, account->has_email, account->email, &out->email) &&
           s_copy (arena, found->has_password_hash, found->password_hash, &out->password_hash);
}

static void s_on_found (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    const s_search_t *search = op;
    pt_arena_t *arena = sv_request_arena (*request_p);
    auth_person_t *person = pt_arena_alloc (arena, sizeof *person);
    if (!person || (reply->status == 0 && !s_fill (arena, reply->msg, person)))
        sv_request_fail (request_p, PT_E_memory, NULL);
    else
        search->fn (ctx, request_p, search->op, person);
}

static void s_search (auth_t *auth, sv_request_t **request_p, const pt_account_find_t *find, auth_person_fn *fn,
                      void *op)
{
    s_search_t *search = pt_arena_alloc (sv_request_arena (*request_p), sizeof *search);
    if (!search) {
        sv_request_fail (request_p, PT_E_memory, NULL);
        return;
    }
    *search = (s_search_t){fn, op};
    sv_backend_call_t call = {
        .opcode = PT_OP_store_account_find, .msg = find, .takes = PT_E_not_found, .fn = s_on_found, .op = search};
    sv_backend_call (&auth->store, request_p, &call);
}

void auth_person_get (auth_t *auth, sv_request_t **request_p, uint64_t account, auth_person_fn *fn, void *op)
{
    const pt_account_find_t find = {.identifier = PT_LIT (""), .id = account, .has_id = true};
    s_search (auth, request_p, &find, fn, op);
}

void auth_person_find (auth_t *auth, sv_request_t **request_p, pt_str_t identifier, auth_person_fn *fn, void *op)
{
    const pt_account_find_t find = {.identifier = identifier};
    s_search (auth, request_p, &find, fn, op);
}

/*  ---- verifying ---------------------------------------------------------------- */

static void s_on_verified (auth_t *auth, sv_request_t **request_p, void *op, const auth_hashed_t *result)
{
    const s_pending_t *pending = op;
    const auth_person_t *person = pending->person;
    bool is_match = result->is_match && person->account != 0 && person->is_active;
    auth_limit_note (auth, pending->proof.identifier, pending->proof.address, is_match);
    pending->proof.fn (auth, request_p, pending->proof.op, person, is_match);
}

static void s_verify (auth_t *auth, sv_request_t **request_p, void *op, const auth_person_t *person)
{
    s_pending_t *pending = op;
    pending->person = person;
    auth_hash_job_t job = {.password = pending->proof.password, .is_verify = true, .fn = s_on_verified, .op = pending};
    if (person->is_active)
        job.hash = person->password_hash;
    auth_hash (auth, request_p, &job);
}

/*  A copy of `proof` when it may be tried; else the request has been answered. */
static s_pending_t *s_admit (auth_t *auth, sv_request_t **request_p, const auth_proof_t *proof)
{
    uint64_t retry_ms = 0;
    s_pending_t *pending = pt_arena_alloc (sv_request_arena (*request_p), sizeof *pending);
    if (!pending)
        sv_request_fail (request_p, PT_E_memory, NULL);
    else if (!auth_limit_may (auth, proof->identifier, proof->address, &retry_ms))
        auth_limit_refuse (auth, request_p, retry_ms);
    else {
        *pending = (s_pending_t){.proof = *proof};
        return pending;
    }
    return NULL;
}

void auth_person_verify (auth_t *auth, sv_request_t **request_p, const auth_person_t *person, const auth_proof_t *proof)
{
    s_pending_t *pending = s_admit (auth, request_p, proof);
    if (pending)
        s_verify (auth, request_p, pending, person);
}

/*  Logins are unique without regard to case, addresses are stored in lower case. */
void auth_person_prove (auth_t *auth, sv_request_t **request_p, const auth_proof_t *proof)
{
    auth_proof_t lower = *proof;
    lower.identifier = auth_policy_lower (proof->identifier, sv_request_arena (*request_p));
    if (!lower.identifier.at) {
        sv_request_fail (request_p, PT_E_memory, NULL);
        return;
    }
    s_pending_t *pending = s_admit (auth, request_p, &lower);
    if (pending)
        auth_person_find (auth, request_p, lower.identifier, s_verify, pending);
}
