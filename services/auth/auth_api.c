/*  auth_api - API tokens: made by their owner, shown once, limited to scopes. */

#include "auth_issue.h"
#include "auth_ops.h"
#include "sv_text.h"
#include <stdio.h>

/*  Seconds of the longest life that is not for ever: a hundred years. */
#define S_LIFE_MAX_S (100ull * 365 * 86400)

#define S_ALL 15u

static const char *const s_scopes[] = {"read", "write", "account", "admin"};
#define S_SCOPES (sizeof s_scopes / sizeof s_scopes[0])

typedef struct {
    const pt_token_create_t *ask;
    char scopes[LIM_SCOPES + 1]; /* in the order of the table, each once */
} s_make_t;

static unsigned s_bit (pt_str_t word)
{
    for (unsigned i = 0; i < S_SCOPES; i++)
        if (pt_str_eq (word, pt_str (s_scopes[i])))
            return 1u << i;
    return 0;
}

/*  The set that a text names; 0 when a word is none of ours, or none is there. */
static unsigned s_parse (pt_str_t text)
{
    unsigned set = 0;
    uint32_t start = 0;
    for (uint32_t i = 0; i <= text.len; i++)
        if (i == text.len || text.at[i] == ' ') {
            unsigned bit = s_bit ((pt_str_t){text.at + start, i - start});
            if (bit == 0 && i > start)
                return 0;
            set |= bit;
            start = i + 1;
        }
    return set;
}

static void s_print (unsigned set, char out[LIM_SCOPES + 1])
{
    size_t len = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < S_SCOPES; i++)
        if (set & 1u << i)
            len += (size_t)snprintf (out + len, LIM_SCOPES + 1 - len, "%s%s", len > 0 ? " " : "", s_scopes[i]);
}

/*  0, -PT_E_invalid with the fields at fault, or -PT_E_scope_missing. */
static int s_judge (const pt_token_create_t *ask, pt_arena_t *arena, s_make_t *out, pt_error_t *error)
{
    unsigned wanted = s_parse (ask->scopes);
    if (wanted == 0)
        pt_error_add (error, arena, "scopes", "not_one_of", "words of read, write, account and admin");
    if (!sv_text_has_ink (ask->name) || sv_text_has_control (ask->name, false))
        pt_error_add (error, arena, "name", "encoding", "a text to recognise it by");
    if (ask->has_expires_in && ask->expires_in > S_LIFE_MAX_S)
        pt_error_add (error, arena, "expires_in", "too_large", "at most a hundred years");
    if (error->errors.count > 0)
        return -PT_E_invalid;
    s_print (wanted, out->scopes);
    unsigned granted = ask->has_granted ? s_parse (ask->granted) : S_ALL;
    return wanted & ~granted ? -PT_E_scope_missing : 0;
}

/*  When it ends if it was made at `from_us`; 0: never. */
static int64_t s_end_us (const pt_token_create_t *ask, int64_t from_us)
{
    return ask->has_expires_in ? from_us + (int64_t)ask->expires_in * 1000000 : 0;
}

static void s_on_issued (auth_t *auth, sv_request_t **request_p, void *op, const auth_credential_t *credential,
                         const pt_session_owner_t *owner)
{
    const s_make_t *make = op;
    int64_t made_us = owner->has_created_at ? owner->created_at : sv_wall_us ();
    pt_token_t token = {.id = owner->session,
                        .name = make->ask->name,
                        .has_name = true,
                        .prefix = auth_credential_prefix (credential),
                        .has_prefix = true,
                        .token = {credential->text, credential->len},
                        .has_token = true,
                        .scopes = pt_str (make->scopes),
                        .created_at = made_us,
                        .expires_at = s_end_us (make->ask, made_us),
                        .has_expires_at = make->ask->has_expires_in};
    sv_metric_add (auth->metrics.api_tokens, 1);
    sv_request_reply (request_p, &token);
}

void auth_api_on_create (void *ctx, sv_request_t *request, const void *msg)
{
    const pt_token_create_t *ask = msg;
    pt_arena_t *arena = sv_request_arena (request);
    pt_error_t error = {0};
    s_make_t *make = pt_arena_alloc (arena, sizeof *make);
    int rc = make ? s_judge (ask, arena, make, &error) : -PT_E_memory;
    if (rc != 0) {
        sv_request_fail_with (&request, rc, &error);
        return;
    }
    make->ask = ask;
    auth_issue_t issue = {.kind = PT_credential_kind_TOKEN,
                          .account = ask->account,
                          .key = ask->key,
                          .has_name = true,
                          .name = ask->name,
                          .has_scopes = true,
                          .scopes = pt_str (make->scopes),
                          .has_address = ask->has_address,
                          .address = ask->address,
                          .expires_at = s_end_us (ask, sv_wall_us ()),
                          .fn = s_on_issued,
                          .op = make};
    auth_issue (ctx, &request, &issue);
}
