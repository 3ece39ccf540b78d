/*  auth_mail_ops - asking for a mail, and showing the key it brought.

    Who asks for a mail learns nothing: store does the same work whether there is
    such an account or not, and the answer is the same.  A key is verified before
    anything else is done for it, so that guesses cost us one HMAC. */

#include "auth_mail_ops.h"
#include "auth_chore.h"
#include "auth_hash.h"
#include "auth_mail_key.h"
#include "auth_ops.h"
#include "auth_policy.h"
#include "auth_revoked.h"
#include "sv_email.h"

/*  Lives of the keys, microseconds. */
static const int64_t s_lives_us[] = {
    [PT_mail_kind_CONFIRM] = INT64_C (3) * 86400 * 1000000,
    [PT_mail_kind_RESET] = INT64_C (3600) * 1000000,
};

static void s_refuse_key (sv_request_t **request_p)
{
    sv_request_fail (request_p, PT_E_token_invalid, "the key is unknown or was used");
}

/*  ---- asking ------------------------------------------------------------------- */

static void s_on_entered (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    const auth_t *auth = ctx;
    const pt_empty_t done = {0};
    (void)op, (void)reply;
    sv_request_reply (request_p, &done);
    auth_chore_soon (auth->chore);
}

void auth_mail_enter (auth_t *auth, sv_request_t **request_p, const pt_mail_insert_t *mail)
{
    const char *trace = sv_request_trace (*request_p);
    pt_mail_insert_t insert = *mail;
    insert.email = auth_policy_lower (mail->email, sv_request_arena (*request_p));
    insert.expires_at = sv_wall_us () + s_lives_us[mail->kind];
    insert.trace = pt_str (trace);
    insert.has_trace = *trace != '\0';
    if (!insert.email.at) {
        sv_request_fail (request_p, PT_E_memory, NULL);
        return;
    }
    sv_backend_call_t call = {
        .opcode = PT_OP_store_mail_create, .affinity = mail->account, .msg = &insert, .fn = s_on_entered};
    sv_backend_call (&auth->store, request_p, &call);
}

void auth_mail_on_ask (void *ctx, sv_request_t *request, const void *msg)
{
    const pt_mail_ask_t *ask = msg;
    const pt_mail_insert_t mail = {
        .kind = ask->kind, .email = ask->email, .address = ask->address, .has_address = ask->has_address};
    if (!sv_email_is_valid (ask->email)) {
        pt_error_t error = {0};
        pt_error_add (&error, sv_request_arena (request), "email", "encoding", "not a mail address");
        sv_request_fail_with (&request, PT_E_invalid, &error);
        return;
    }
    auth_mail_enter (ctx, &request, &mail);
}

/*  ---- confirming ------------------------------------------------------------------ */

static void s_on_confirmed (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    (void)ctx, (void)op;
    sv_request_reply (request_p, reply->msg);
}

void auth_mail_on_confirm (void *ctx, sv_request_t *request, const void *msg)
{
    auth_t *auth = ctx;
    const pt_email_confirm_t *ask = msg;
    const char *trace = sv_request_trace (request);
    uint64_t mail;
    if (auth_mail_key_read (auth->secret, auth->secret_next, PT_mail_kind_CONFIRM, ask->token, &mail) != 0) {
        s_refuse_key (&request);
        return;
    }
    pt_email_store_t confirm = {.mail = mail,
                                .address = ask->address,
                                .has_address = ask->has_address,
                                .trace = pt_str (trace),
                                .has_trace = *trace != '\0'};
    sv_backend_call_t call = {.opcode = PT_OP_store_email_confirm, .msg = &confirm, .fn = s_on_confirmed};
    sv_backend_call (&auth->store, &request, &call);
}

/*  ---- a new password --------------------------------------------------------------- */

typedef struct {
    const pt_password_reset_t *ask;
    uint64_t mail;
} s_reset_t;

static void s_on_hashed (auth_t *auth, sv_request_t **request_p, void *op, const auth_hashed_t *result)
{
    const s_reset_t *reset = op;
    const pt_password_reset_t *ask = reset->ask;
    const char *trace = sv_request_trace (*request_p);
    const pt_str_t parts[] = {ask->token, ask->password};
    uint8_t mac[AUTH_MAC_LEN];
    auth_secret_mac (auth->secret, "password_reset", parts, sizeof parts / sizeof parts[0], mac);
    pt_password_store_t set = {.mail = reset->mail,
                               .has_mail = true,
                               .password_hash = pt_str (result->hash),
                               .hash = {(const char *)mac, sizeof mac},
                               .address = ask->address,
                               .has_address = ask->has_address,
                               .trace = pt_str (trace),
                               .has_trace = *trace != '\0',
                               .key = ask->key};
    sv_backend_call_t call = {.opcode = PT_OP_store_password_set, .msg = &set, .fn = auth_revoked_on_stored};
    sv_backend_call (&auth->store, request_p, &call);
}

/*  Whose password it will be is not looked up: the reader of the mail may choose his
    own login, which the rule of similarity would refuse. */
void auth_mail_on_reset (void *ctx, sv_request_t *request, const void *msg)
{
    auth_t *auth = ctx;
    const pt_password_reset_t *ask = msg;
    const pt_str_t unknown = {NULL, 0};
    pt_arena_t *arena = sv_request_arena (request);
    s_reset_t *reset = pt_arena_alloc (arena, sizeof *reset);
    pt_error_t error = {0};
    if (!reset) {
        sv_request_fail (&request, PT_E_memory, NULL);
        return;
    }
    reset->ask = ask;
    if (auth_mail_key_read (auth->secret, auth->secret_next, PT_mail_kind_RESET, ask->token, &reset->mail) != 0) {
        s_refuse_key (&request);
        return;
    }
    if (auth_policy_password (ask->password, unknown, unknown, ask->is_lax, arena, &error) != 0) {
        sv_request_fail_with (&request, PT_E_invalid, &error);
        return;
    }
    auth_hash_job_t job = {.password = ask->password, .fn = s_on_hashed, .op = reset};
    auth_hash (auth, &request, &job);
}
