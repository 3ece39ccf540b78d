/*  auth_fake - store as auth sees it, for tests: a few people, what the last call
    of each kind carried, and answers that the test may change. */

#ifndef AUTH_FAKE_H
#define AUTH_FAKE_H

#include "auth_argon.h"
#include "auth_revoked.h"
#include "harness.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FAKE_GOOD "correct horse battery staple"
#define FAKE_SESSION 1001
#define FAKE_GENERATION 5

typedef struct {
    const char *identifier;
    uint64_t id;
    bool has_password, active, staff;
    const char *email; /* NULL: none */
} fake_person_t;

static const fake_person_t fake_people[] = {
    {"ann", 7, true, true, false},
    {"inactive", 8, true, false, false},
    {"google", 9, false, true, false},
    {"root", 10, true, true, true},
    {"fay@example.org", 11, true, true, false, "fay@example.org"},
    {"mallory@example.org", 12, true, true, false}, /* a login of that shape */
};

typedef struct {
    char dir[64];
    harness_t *harness;
    char good_hash[AUTH_ARGON_SIZE];
    uint64_t generation;
    bool is_changing;         /* a conflict comes of credentials that began anew */
    bool is_new_password;     /* and that because the password changed */
    uint64_t authtoken;       /* generation that account_find gives */
    int refuse;               /* a pt_err_t: what the next changes are answered with; 0: well */
    unsigned refuse_count;    /* how many of them */
    int find_refuse;          /* what credential_find answers; 0: found */
    bool is_reused, is_other; /* answers of a rotation */
    unsigned creates, stores; /* credential_create, password_set */
    unsigned finds, inserts;  /* account_find, account_create */
    unsigned rotates;         /* session_rotate */
    /*  Of the last call. */
    pt_credential_insert_t insert;
    uint8_t secret_hash[LIM_SECRET_HASH];
    char prefix[LIM_TOKEN_PREFIX + 1], scopes[LIM_SCOPES + 1], name[LIM_DEVICE + 1];
    pt_credential_find_t find;
    uint8_t find_hash[LIM_SECRET_HASH];
    pt_password_store_t password;
    char old_hash[LIM_PASSWORD_HASH + 1], new_hash[LIM_PASSWORD_HASH + 1];
    uint8_t mac[LIM_HASH];
    pt_account_close_t close;
    pt_session_close_t session_close;
    pt_mail_insert_t mail;
    char email[LIM_EMAIL + 1], identifier[LIM_EMAIL + 1]; /* of an account that was looked for */
    pt_admin_update_t update;
    pt_session_rotate_t rotate;
    uint8_t shown_hash[LIM_HASH], next_hash[LIM_HASH], other_hash[LIM_HASH];
    uint8_t first_hash[LIM_HASH];
    pt_session_insert_t session;
    pt_account_insert_t account; /* texts: */
    char login[LIM_LOGIN + 1], password_hash[LIM_PASSWORD_HASH + 1];
    uint8_t ask_hash[LIM_HASH];
    uint8_t body[4096]; /* of the last registration or session that reached store */
    size_t body_len;
    bool was_as_staff;
    unsigned refusals; /* entries of the audit trail */
} fake_t;

static inline void fake_copy (char *out, size_t size, pt_str_t text)
{
    snprintf (out, size, "%.*s", (int)text.len, text.at ? text.at : "");
}

static inline void fake_copy_hash (uint8_t *out, pt_str_t hash)
{
    if (hash.at)
        memcpy (out, hash.at, hash.len);
}

static inline void fake_keep_body (fake_t *fake, const harness_frame_t *call)
{
    fake->body_len = call->body_len < sizeof fake->body ? call->body_len : 0;
    memcpy (fake->body, call->body, fake->body_len);
}

/*  Whether the change was refused, as the test wanted. */
static inline bool fake_refused (harness_t *harness, const harness_frame_t *call, fake_t *fake)
{
    if (fake->refuse_count == 0)
        return false;
    fake->refuse_count--;
    fake->generation += fake->is_changing;
    fake->authtoken += fake->is_changing;
    if (fake->is_new_password)
        fake->good_hash[strlen (fake->good_hash) - 1] ^= 1;
    harness_refuse (harness, call, fake->refuse, "as told");
    return true;
}

static inline const pt_revocations_t *fake_revocations (void)
{
    static const pt_revocation_t gone = {.account = 7, .generation = 6, .has_generation = true, .at = 1};
    static const pt_revocations_t list = {.items = {&gone, 1}, .has_items = true};
    return &list;
}

static inline void fake_on_find (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    fake_t *fake = ctx;
    const pt_account_find_t *find = call->msg;
    fake->finds++;
    fake_copy (fake->identifier, sizeof fake->identifier, find->identifier);
    for (size_t i = 0; i < sizeof fake_people / sizeof fake_people[0]; i++) {
        const fake_person_t *person = &fake_people[i];
        bool is_id = find->identifier.len == 0 && find->id == person->id;
        if (!is_id && !pt_str_eq (find->identifier, pt_str (person->identifier)))
            continue;
        pt_account_t account = {.id = person->id,
                                .login = pt_str (person->identifier),
                                .has_login = !person->email,
                                .email = pt_str (person->email ? person->email : ""),
                                .has_email = person->email != NULL};
        pt_account_secret_t found = {.account = &account,
                                     .password_hash = pt_str (fake->good_hash),
                                     .has_password_hash = person->has_password,
                                     .active = person->active,
                                     .generation = fake->generation,
                                     .has_generation = true,
                                     .authtoken = fake->authtoken,
                                     .has_authtoken = true,
                                     .staff = person->staff,
                                     .has_staff = true};
        harness_answer (harness, call, &found);
        return;
    }
    harness_refuse (harness, call, PT_E_not_found, "no such account");
}

static inline pt_session_owner_t fake_owner (uint64_t account)
{
    return (pt_session_owner_t){.account = account,
                                .session = FAKE_SESSION,
                                .generation = FAKE_GENERATION,
                                .has_generation = true,
                                .staff = account == 10,
                                .has_staff = true};
}

static inline void fake_on_session (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    fake_t *fake = ctx;
    const pt_session_insert_t *insert = call->msg;
    const pt_session_owner_t owner = fake_owner (insert->account);
    fake->session = *insert;
    fake_copy (fake->name, sizeof fake->name, insert->device);
    fake_copy_hash (fake->first_hash, insert->token_hash);
    fake_keep_body (fake, call);
    if (!fake_refused (harness, call, fake))
        harness_answer (harness, call, &owner);
}

static inline void fake_on_rotate (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    fake_t *fake = ctx;
    pt_session_owner_t owner = fake_owner (7);
    fake->rotates++;
    fake->rotate = *(const pt_session_rotate_t *)call->msg;
    fake_copy_hash (fake->shown_hash, fake->rotate.token_hash);
    fake_copy_hash (fake->next_hash, fake->rotate.next_hash);
    fake_copy_hash (fake->other_hash, fake->rotate.other_hash);
    owner.revoked = owner.has_revoked = fake->is_reused;
    owner.is_other = owner.has_is_other = fake->is_other;
    if (!fake_refused (harness, call, fake))
        harness_answer (harness, call, &owner);
}

static inline void fake_on_create (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    fake_t *fake = ctx;
    fake->creates++;
    fake->insert = *(const pt_credential_insert_t *)call->msg;
    fake_copy_hash (fake->secret_hash, fake->insert.secret_hash);
    fake_copy (fake->prefix, sizeof fake->prefix, fake->insert.prefix);
    fake_copy (fake->scopes, sizeof fake->scopes, fake->insert.scopes);
    fake_copy (fake->name, sizeof fake->name, fake->insert.name);
    if (fake_refused (harness, call, fake))
        return;
    const pt_session_owner_t owner = fake_owner (fake->insert.account);
    harness_answer (harness, call, &owner);
}

static inline void fake_on_credential (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    fake_t *fake = ctx;
    fake->find = *(const pt_credential_find_t *)call->msg;
    fake_copy_hash (fake->find_hash, fake->find.secret_hash);
    if (fake->find_refuse) {
        harness_refuse (harness, call, fake->find_refuse, "as told");
        return;
    }
    const pt_identity_t identity = {.account = 7,
                                    .session = FAKE_SESSION,
                                    .kind = fake->find.kind,
                                    .generation = FAKE_GENERATION,
                                    .scopes = PT_LIT ("read"),
                                    .has_scopes = true};
    harness_answer (harness, call, &identity);
}

static inline void fake_on_password (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    fake_t *fake = ctx;
    fake->stores++;
    fake->password = *(const pt_password_store_t *)call->msg;
    fake_copy (fake->old_hash, sizeof fake->old_hash, fake->password.old_hash);
    fake_copy (fake->new_hash, sizeof fake->new_hash, fake->password.password_hash);
    fake_copy_hash (fake->mac, fake->password.hash);
    if (!fake_refused (harness, call, fake))
        harness_answer (harness, call, fake_revocations ());
}

static inline void fake_on_close (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    fake_t *fake = ctx;
    fake->close = *(const pt_account_close_t *)call->msg;
    if (!fake_refused (harness, call, fake))
        harness_answer (harness, call, fake_revocations ());
}

static inline void fake_on_session_close (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    fake_t *fake = ctx;
    fake->session_close = *(const pt_session_close_t *)call->msg;
    if (!fake_refused (harness, call, fake))
        harness_answer (harness, call, fake_revocations ());
}

static inline void fake_on_mail (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    fake_t *fake = ctx;
    const pt_empty_t done = {0};
    fake->mail = *(const pt_mail_insert_t *)call->msg;
    fake_copy (fake->email, sizeof fake->email, fake->mail.email);
    harness_answer (harness, call, &done);
}

static inline void fake_on_update (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    fake_t *fake = ctx;
    const pt_admin_store_t *store = call->msg;
    const pt_account_t account = {.id = store->ask->id};
    fake->update = *store->ask;
    const pt_account_changed_t changed = {
        .account = &account, .revoked = {fake_revocations ()->items.at, 1}, .has_revoked = true};
    if (!fake_refused (harness, call, fake))
        harness_answer (harness, call, &changed);
}

/*  Not among those of fake_start. */
static inline void fake_on_insert (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    fake_t *fake = ctx;
    const pt_account_t account = {.id = 21};
    fake->inserts++;
    fake->account = *(const pt_account_insert_t *)call->msg;
    fake_copy (fake->login, sizeof fake->login, fake->account.login);
    fake_copy (fake->email, sizeof fake->email, fake->account.email);
    fake_copy (fake->password_hash, sizeof fake->password_hash, fake->account.password_hash);
    fake_copy_hash (fake->ask_hash, fake->account.hash);
    fake_keep_body (fake, call);
    if (!fake_refused (harness, call, fake))
        harness_answer (harness, call, &account);
}

static inline void fake_on_account (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    fake_t *fake = ctx;
    const pt_account_t account = {.id = 7};
    fake->was_as_staff = ((const pt_account_ref_t *)call->msg)->as_staff;
    harness_answer (harness, call, &account);
}

static inline void fake_on_accounts (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    fake_t *fake = ctx;
    const pt_account_page_t page = {0};
    fake->was_as_staff = ((const pt_account_query_t *)call->msg)->as_staff;
    harness_answer (harness, call, &page);
}

static inline void fake_on_audit (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    fake_t *fake = ctx;
    const pt_empty_t done = {0};
    fake->refusals += ((const pt_audit_batch_t *)call->msg)->items.count;
    harness_answer (harness, call, &done);
}

/*  Starts auth in a state folder of its own with further arguments (NULL-terminated,
    at most eight). */
static inline void fake_start (fake_t *fake, const char *const *more)
{
    static const struct {
        uint16_t opcode;
        harness_fake_fn *fn;
    } fakes[] = {
        {PT_OP_store_status, harness_fake_ready},
        {PT_OP_store_account_find, fake_on_find},
        {PT_OP_store_session_create, fake_on_session},
        {PT_OP_store_session_rotate, fake_on_rotate},
        {PT_OP_store_credential_create, fake_on_create},
        {PT_OP_store_credential_find, fake_on_credential},
        {PT_OP_store_password_set, fake_on_password},
        {PT_OP_store_account_delete, fake_on_close},
        {PT_OP_store_session_delete, fake_on_session_close},
        {PT_OP_store_mail_create, fake_on_mail},
        {PT_OP_store_admin_update, fake_on_update},
        {PT_OP_store_account_get, fake_on_account},
        {PT_OP_store_account_list, fake_on_accounts},
        {PT_OP_store_audit_create, fake_on_audit},
    };
    const char *args[16] = {"--state-dir", fake->dir, "--log-level", "debug"};
    for (size_t i = 0; more && more[i] && i < 8; i++)
        args[4 + i] = more[i];
    fake->harness = harness_new ("parley-auth", PT_PEER_auth, args);
    for (size_t i = 0; i < sizeof fakes / sizeof fakes[0]; i++)
        harness_fake (fake->harness, fakes[i].opcode, fakes[i].fn, fake);
}

/*  NULL when there is no folder. */
static inline fake_t *fake_new (void)
{
    fake_t *fake = calloc (1, sizeof *fake);
    if (!fake)
        return NULL;
    snprintf (fake->dir, sizeof fake->dir, "/tmp/parley-auth-XXXXXX");
    fake->authtoken = 1;
    fake->generation = FAKE_GENERATION;
    if (mkdtemp (fake->dir) && auth_argon_hash (FAKE_GOOD, strlen (FAKE_GOOD), fake->good_hash) == 0)
        return fake;
    free (fake);
    return NULL;
}

/*  Setup and teardown of a group of tests. */
static inline int fake_open (void **state)
{
    fake_t *fake = fake_new ();
    if (fake)
        fake_start (fake, NULL);
    *state = fake;
    return fake ? 0 : -1;
}

/*  Ends auth and removes the folder. */
static inline void fake_destroy (fake_t **fake_p)
{
    static const char *const names[] = {AUTH_KEY_NAME, AUTH_KEY_NEXT_NAME, AUTH_SECRET_NAME, AUTH_SECRET_NEXT_NAME};
    fake_t *fake = *fake_p;
    harness_destroy (&fake->harness);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[128];
        snprintf (path, sizeof path, "%s/%s", fake->dir, names[i]);
        unlink (path);
    }
    rmdir (fake->dir);
    free (fake);
    *fake_p = NULL;
}

static inline int fake_close (void **state)
{
    fake_destroy ((fake_t **)state);
    return 0;
}

/*  Asks for an operation and waits for the answer. */
static inline const harness_frame_t *fake_ask (fake_t *fake, uint16_t opcode, const void *msg)
{
    return harness_reply (fake->harness, harness_request (fake->harness, opcode, msg));
}

/*  What the daemon logged, at the level of debug, holds none of these (NULL-terminated). */
static inline void fake_assert_unlogged (harness_t *harness, const char *const *secrets)
{
    static char text[1 << 20];
    char path[128];
    snprintf (path, sizeof path, "%s/log", harness_dir (harness));
    FILE *file = fopen (path, "r");
    if (!file)
        fail_msg ("no log at %s", path);
    text[fread (text, 1, sizeof text - 1, file)] = 0;
    fclose (file);
    if (!strstr (text, "keys loaded"))
        fail_msg ("not the log of a daemon: %s", text);
    for (; *secrets; secrets++)
        if (strstr (text, *secrets))
            fail_msg ("%s is in the log", *secrets);
}

#endif
