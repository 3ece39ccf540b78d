/*  auth_account - registering, and judging what somebody wants to register with.

    A repeat under the same idempotency key brings a new salt, hence another
    password hash.  What store compares is therefore a keyed hash of what was
    asked: keyed, because an unkeyed hash over a password would be a fast oracle
    for whoever reads the database. */

#include "auth_chore.h"
#include "auth_hash.h"
#include "auth_ops.h"
#include "auth_person.h"
#include "auth_policy.h"
#include "sv_email.h"

/*  ---- registering -------------------------------------------------------------- */

static pt_str_t s_part (bool has, pt_str_t text)
{
    return has ? text : (pt_str_t){NULL, 0};
}

static void s_on_stored (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    auth_t *auth = ctx;
    const pt_account_create_t *ask = op;
    sv_metric_add (auth->metrics.accounts, 1);
    sv_request_reply (request_p, reply->msg);
    if (ask->has_email) /* which store has a mail for */
        auth_chore_soon (auth->chore);
}

static void s_on_hashed (auth_t *auth, sv_request_t **request_p, void *op, const auth_hashed_t *result)
{
    const pt_account_create_t *ask = op;
    const pt_str_t parts[] = {s_part (ask->has_login, ask->login), s_part (ask->has_email, ask->email),
                              s_part (ask->has_name, ask->name), ask->password,
                              s_part (ask->has_nickname, ask->nickname)};
    const char *trace = sv_request_trace (*request_p);
    uint8_t mac[AUTH_MAC_LEN];
    auth_secret_mac (auth->secret, "account", parts, sizeof parts / sizeof parts[0], mac);
    pt_account_insert_t insert = {.login = ask->login,
                                  .has_login = ask->has_login,
                                  .email = ask->email,
                                  .has_email = ask->has_email,
                                  .name = ask->name,
                                  .has_name = ask->has_name,
                                  .password_hash = pt_str (result->hash),
                                  .hash = {(const char *)mac, sizeof mac},
                                  .key = ask->key,
                                  .nickname = ask->nickname,
                                  .has_nickname = ask->has_nickname,
                                  .is_staff = true,
                                  .has_is_staff = ask->is_staff,
                                  .address = ask->address,
                                  .has_address = ask->has_address,
                                  .trace = pt_str (trace),
                                  .has_trace = *trace != '\0',
                                  .dialect = ask->dialect,
                                  .has_dialect = ask->has_dialect};
    sv_backend_call_t call = {.opcode = PT_OP_store_account_create, .msg = &insert, .fn = s_on_stored, .op = op};
    sv_backend_call (&auth->store, request_p, &call);
}

void auth_account_on_create (void *ctx, sv_request_t *request, const void *msg)
{
    auth_t *auth = ctx;
    pt_arena_t *arena = sv_request_arena (request);
    pt_account_create_t *clean = pt_arena_alloc (arena, sizeof *clean);
    pt_error_t error = {0};
    int rc = clean ? auth_policy_account (msg, arena, clean, &error) : -PT_E_memory;
    if (rc != 0) {
        sv_request_fail_with (&request, rc, &error);
        return;
    }
    auth_hash_job_t job = {.password = clean->password, .fn = s_on_hashed, .op = clean};
    auth_hash (auth, &request, &job);
}

/*  ---- judging -------------------------------------------------------------------- */

typedef struct {
    pt_str_t email; /* in lower case */
    bool is_bad;
    pt_error_t error;
} s_judged_t;

static void s_refuse_email (sv_request_t *request, s_judged_t *judged, const char *code, const char *detail)
{
    judged->is_bad = true;
    pt_error_add (&judged->error, sv_request_arena (request), "email", code, detail);
}

static void s_answer (sv_request_t **request_p, const s_judged_t *judged)
{
    const pt_empty_t good = {0};
    if (judged->is_bad)
        sv_request_fail_with (request_p, PT_E_invalid, &judged->error);
    else
        sv_request_reply (request_p, &good);
}

/*  Whose login it is does not hold the address. */
static void s_on_holder (auth_t *auth, sv_request_t **request_p, void *op, const auth_person_t *person)
{
    s_judged_t *judged = op;
    (void)auth;
    if (person->account != 0 && pt_str_eq (person->email, judged->email))
        s_refuse_email (*request_p, judged, "taken", "another account has it");
    s_answer (request_p, judged);
}

void auth_account_on_judge (void *ctx, sv_request_t *request, const void *msg)
{
    const pt_account_judge_t *ask = msg;
    pt_arena_t *arena = sv_request_arena (request);
    s_judged_t *judged = pt_arena_alloc (arena, sizeof *judged);
    if (judged)
        *judged = (s_judged_t){.email = ask->has_email ? auth_policy_lower (ask->email, arena) : PT_LIT ("")};
    if (!judged || !judged->email.at) {
        sv_request_fail (&request, PT_E_memory, NULL);
        return;
    }
    bool is_address = ask->has_email && sv_email_is_valid (ask->email);
    if (ask->has_email && !is_address)
        s_refuse_email (request, judged, "encoding", "not a mail address");
    if (ask->has_password &&
        auth_policy_password (ask->password, PT_LIT (""), ask->email, false, arena, &judged->error) != 0)
        judged->is_bad = true;
    if (is_address)
        auth_person_find (ctx, &request, judged->email, s_on_holder, judged);
    else
        s_answer (&request, judged);
}
