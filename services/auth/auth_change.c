/*  auth_change - what the owner of an account changes by showing its password: the
    password, the mail address, and whether there is an account at all.

    A repeat of a change of password whose answer was lost shows an old password
    that is no longer the one.  Store knows the repeat by its key, so it is asked
    before the refusal, in a way that can change nothing. */

#include "auth_close.h"
#include "auth_hash.h"
#include "auth_mail_ops.h"
#include "auth_ops.h"
#include "auth_person.h"
#include "auth_policy.h"
#include "auth_revoked.h"
#include "sv_email.h"
#include <inttypes.h>
#include <stdio.h>

/*  Equal to no hash in store. */
#define S_NO_HASH "-"

static void s_refuse_field (sv_request_t **request_p, const char *field, const char *code, const char *detail)
{
    pt_error_t error = {0};
    pt_error_add (&error, sv_request_arena (*request_p), field, code, detail);
    sv_request_fail_with (request_p, PT_E_invalid, &error);
}

/*  ---- the password that is asked for first ------------------------------------------ */

typedef struct s_change s_change_t;
typedef void (s_step_fn) (auth_t *auth, sv_request_t **request_p, s_change_t *change, const auth_person_t *person);

struct s_change {
    const void *ask; /* of the operation */
    uint64_t account;
    const char *field; /* that the password comes in */
    pt_str_t password; /* `at` NULL: none was shown */
    pt_str_t address;
    char identifier[24]; /* that guesses are counted under */
    bool is_trusted;     /* none is asked for */
    s_step_fn *go_on;
    s_step_fn *wrong;  /* NULL: refuse */
    pt_str_t old_hash; /* that was verified; `at` NULL: none */
};

static void s_refuse_wrong (sv_request_t **request_p, const char *field)
{
    s_refuse_field (request_p, field, "wrong", "this is not the password");
}

static void s_on_verdict (auth_t *auth, sv_request_t **request_p, void *op, const auth_person_t *person, bool is_match)
{
    s_change_t *change = op;
    if (is_match) {
        change->old_hash = person->password_hash;
        change->go_on (auth, request_p, change, person);
    } else if (change->wrong)
        change->wrong (auth, request_p, change, person);
    else
        s_refuse_wrong (request_p, change->field);
}

/*  Whoever holds a session may guess at its password no faster than anybody.  These
    guesses are counted under a name that no sign-in has, which are all in lower
    case: else strangers could spend the guesses of an owner who wants another
    password because of them. */
static void s_verify (auth_t *auth, sv_request_t **request_p, s_change_t *change, const auth_person_t *person)
{
    snprintf (change->identifier, sizeof change->identifier, "ID%" PRIu64, person->account);
    const auth_proof_t proof = {.identifier = pt_str (change->identifier),
                                .password = change->password,
                                .address = change->address,
                                .fn = s_on_verdict,
                                .op = change};
    auth_person_verify (auth, request_p, person, &proof);
}

static void s_on_person (auth_t *auth, sv_request_t **request_p, void *op, const auth_person_t *person)
{
    s_change_t *change = op;
    if (person->account == 0)
        sv_request_fail (request_p, PT_E_not_found, "the account is gone");
    else if (change->is_trusted || !person->password_hash.at)
        change->go_on (auth, request_p, change, person);
    else if (!change->password.at)
        s_refuse_field (request_p, change->field, "needed", "the password is needed for this");
    else
        s_verify (auth, request_p, change, person);
}

/*  Goes on when the account has no password, or the one shown is it.  `change` is
    copied. */
static void s_begin (auth_t *auth, sv_request_t *request, const s_change_t *change)
{
    s_change_t *copy = pt_arena_alloc (sv_request_arena (request), sizeof *copy);
    if (!copy) {
        sv_request_fail (&request, PT_E_memory, NULL);
        return;
    }
    *copy = *change;
    auth_person_get (auth, &request, change->account, s_on_person, copy);
}

static pt_str_t s_shown (bool has, pt_str_t password)
{
    return has ? password : (pt_str_t){NULL, 0};
}

/*  ---- another password ---------------------------------------------------------------- */

static void s_store_password (auth_t *auth, sv_request_t **request_p, s_change_t *change, pt_str_t hash,
                              sv_backend_fn *fn)
{
    const pt_password_set_t *ask = change->ask;
    const char *trace = sv_request_trace (*request_p);
    const pt_str_t parts[] = {change->password, ask->password};
    uint8_t mac[AUTH_MAC_LEN];
    auth_secret_mac (auth->secret, "password", parts, 2, mac);
    pt_password_store_t store = {.account = ask->account,
                                 .has_account = true,
                                 .session = ask->session,
                                 .has_session = ask->session != LIM_ID,
                                 .old_hash = change->old_hash,
                                 .has_old_hash = change->old_hash.at != NULL,
                                 .password_hash = hash,
                                 .hash = {(const char *)mac, sizeof mac},
                                 .address = ask->address,
                                 .has_address = ask->has_address,
                                 .trace = pt_str (trace),
                                 .has_trace = *trace != '\0',
                                 .key = ask->key};
    sv_backend_call_t call = {.opcode = PT_OP_store_password_set,
                              .affinity = ask->account,
                              .msg = &store,
                              .takes = PT_E_conflict,
                              .fn = fn,
                              .op = change};
    sv_backend_call (&auth->store, request_p, &call);
}

static void s_on_password_stored (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    if (reply->status != 0)
        sv_request_fail_with (request_p, reply->status, reply->error);
    else
        auth_revoked_on_stored (ctx, request_p, op, reply);
}

static void s_on_password_hashed (auth_t *auth, sv_request_t **request_p, void *op, const auth_hashed_t *result)
{
    s_store_password (auth, request_p, op, pt_str (result->hash), s_on_password_stored);
}

static void s_hash_password (auth_t *auth, sv_request_t **request_p, s_change_t *change, const auth_person_t *person)
{
    const pt_password_set_t *ask = change->ask;
    pt_error_t error = {0};
    int rc = auth_policy_password (ask->password, person->login, person->email, ask->is_lax,
                                   sv_request_arena (*request_p), &error);
    if (rc != 0) {
        sv_request_fail_with (request_p, rc, &error);
        return;
    }
    auth_hash_job_t job = {.password = ask->password, .fn = s_on_password_hashed, .op = change};
    auth_hash (auth, request_p, &job);
}

static void s_on_repeat_stored (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    if (reply->status == 0)
        auth_revoked_on_stored (ctx, request_p, op, reply);
    else
        s_refuse_wrong (request_p, "old_password");
}

/*  Asks store for the answer it gave before: without one, the old hash is no match
    and nothing happens. */
static void s_ask_repeat (auth_t *auth, sv_request_t **request_p, s_change_t *change, const auth_person_t *person)
{
    change->old_hash = PT_LIT (S_NO_HASH);
    s_store_password (auth, request_p, change, person->password_hash, s_on_repeat_stored);
}

void auth_change_on_password (void *ctx, sv_request_t *request, const void *msg)
{
    const pt_password_set_t *ask = msg;
    const s_change_t change = {.ask = ask,
                               .account = ask->account,
                               .field = "old_password",
                               .password = s_shown (ask->has_old_password, ask->old_password),
                               .address = ask->address,
                               .is_trusted = ask->is_trusted,
                               .go_on = s_hash_password,
                               .wrong = s_ask_repeat};
    s_begin (ctx, request, &change);
}

/*  ---- another address ------------------------------------------------------------------- */

static void s_enter_mail (auth_t *auth, sv_request_t **request_p, s_change_t *change, const auth_person_t *person)
{
    const pt_email_set_t *ask = change->ask;
    const pt_mail_insert_t mail = {.kind = PT_mail_kind_CONFIRM,
                                   .account = person->account,
                                   .has_account = true,
                                   .email = ask->email,
                                   .address = ask->address,
                                   .has_address = ask->has_address};
    auth_mail_enter (auth, request_p, &mail);
}

void auth_change_on_email (void *ctx, sv_request_t *request, const void *msg)
{
    const pt_email_set_t *ask = msg;
    const s_change_t change = {.ask = ask,
                               .account = ask->account,
                               .field = "password",
                               .password = s_shown (ask->has_password, ask->password),
                               .address = ask->address,
                               .go_on = s_enter_mail};
    if (sv_email_is_valid (ask->email))
        s_begin (ctx, request, &change);
    else
        s_refuse_field (&request, "email", "encoding", "not a mail address");
}

/*  ---- the end of an account ----------------------------------------------------------------- */

static void s_close (auth_t *auth, sv_request_t **request_p, s_change_t *change, const auth_person_t *person)
{
    const pt_account_delete_t *ask = change->ask;
    const auth_close_t close = {
        .account = person->account, .by = person->account, .has_address = ask->has_address, .address = ask->address};
    auth_close_account (auth, request_p, &close);
}

void auth_change_on_delete (void *ctx, sv_request_t *request, const void *msg)
{
    const pt_account_delete_t *ask = msg;
    const s_change_t change = {.ask = ask,
                               .account = ask->account,
                               .field = "password",
                               .password = s_shown (ask->has_password, ask->password),
                               .address = ask->address,
                               .go_on = s_close};
    s_begin (ctx, request, &change);
}
