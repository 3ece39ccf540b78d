/*  auth_test - parley-auth as a whole, against a fake store: every operation,
    what it asks of store, and what it never tells. */

#include "auth_argon.h"
#include "auth_refresh.h"
#include "auth_token.h"
#include "harness.h"
#include <cjose/jws.h>
#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define GOOD "correct horse battery staple"
#define DEADLINE_MS 5000

/*  ---- a fake store --------------------------------------------------------- */

typedef struct {
    const char *identifier;
    uint64_t id;
    bool has_password, active;
} s_person_t;

static const s_person_t s_people[] = {
    {"ann", 7, true, true},
    {"inactive", 8, true, false},
    {"google", 9, false, true},
};

/*  What the last call of each kind carried. */
typedef struct {
    int refuse; /* a pt_err_t: answer everything with it */
    unsigned calls;
    char good_hash[AUTH_ARGON_SIZE];
    char identifier[LIM_EMAIL + 1];
    pt_account_insert_t insert;
    char login[LIM_LOGIN + 1], email[LIM_EMAIL + 1], password_hash[LIM_PASSWORD_HASH + 1];
    uint8_t ask_hash[LIM_HASH];
    uint64_t account;
    uint8_t token_hash[LIM_HASH], next_hash[LIM_HASH];
    int64_t expires_at;
    uint64_t grace_ms;
    char device[LIM_DEVICE + 1];
    uint8_t body[4096];
    size_t body_len;
    bool keeps, spares; /* of the last rotation */
} s_store_t;

typedef struct {
    char dir[64];
    harness_t *harness;
    s_store_t store;
} s_test_t;

static void s_copy (char *out, size_t size, pt_str_t text)
{
    snprintf (out, size, "%.*s", (int)text.len, text.at ? text.at : "");
}

/*  Whether the call was refused, as the test wanted. */
static bool s_refused (harness_t *harness, const harness_frame_t *call, s_store_t *store)
{
    store->calls++;
    store->body_len = call->body_len < sizeof store->body ? call->body_len : 0;
    memcpy (store->body, call->body, store->body_len);
    if (store->refuse)
        harness_refuse (harness, call, store->refuse, "as told");
    return store->refuse != 0;
}

static void s_on_find (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    s_store_t *store = ctx;
    const pt_account_find_t *find = call->msg;
    if (s_refused (harness, call, store))
        return;
    s_copy (store->identifier, sizeof store->identifier, find->identifier);
    for (size_t i = 0; i < sizeof s_people / sizeof s_people[0]; i++) {
        const s_person_t *person = &s_people[i];
        if (!pt_str_eq (find->identifier, pt_str (person->identifier)))
            continue;
        pt_account_t account = {.id = person->id, .login = pt_str (person->identifier), .has_login = true};
        pt_account_secret_t found = {.account = &account,
                                     .password_hash = pt_str (store->good_hash),
                                     .has_password_hash = person->has_password,
                                     .active = person->active};
        harness_answer (harness, call, &found);
        return;
    }
    harness_refuse (harness, call, PT_E_not_found, "no such account");
}

static void s_on_insert (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    s_store_t *store = ctx;
    const pt_account_insert_t *insert = call->msg;
    if (s_refused (harness, call, store))
        return;
    store->insert = *insert;
    s_copy (store->login, sizeof store->login, insert->login);
    s_copy (store->email, sizeof store->email, insert->email);
    s_copy (store->password_hash, sizeof store->password_hash, insert->password_hash);
    memcpy (store->ask_hash, insert->hash.at, LIM_HASH);
    pt_account_t account = {.id = 21,
                            .login = insert->login,
                            .has_login = insert->has_login,
                            .email = insert->email,
                            .has_email = insert->has_email};
    harness_answer (harness, call, &account);
}

static void s_on_session (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    s_store_t *store = ctx;
    const pt_session_insert_t *insert = call->msg;
    if (s_refused (harness, call, store))
        return;
    store->account = insert->account;
    store->expires_at = insert->expires_at;
    memcpy (store->token_hash, insert->token_hash.at, LIM_HASH);
    s_copy (store->device, sizeof store->device, insert->device);
    const pt_session_owner_t owner = {.account = insert->account, .session = 1001};
    harness_answer (harness, call, &owner);
}

static void s_on_rotate (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    s_store_t *store = ctx;
    const pt_session_rotate_t *rotate = call->msg;
    if (s_refused (harness, call, store))
        return;
    store->grace_ms = rotate->grace_ms;
    store->expires_at = rotate->expires_at;
    memcpy (store->token_hash, rotate->token_hash.at, LIM_HASH);
    memcpy (store->next_hash, rotate->next_hash.at, LIM_HASH);
    store->keeps = rotate->has_keeps && rotate->keeps;
    store->spares = rotate->has_spares && rotate->spares;
    const pt_session_owner_t owner = {.account = 7, .session = 1001};
    harness_answer (harness, call, &owner);
}

static const pt_account_t s_account = {.id = 7, .login = {"ann", 3}, .has_login = true};

static void s_on_account (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    if (!s_refused (harness, call, ctx))
        harness_answer (harness, call, &s_account);
}

static void s_on_account_list (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    const pt_account_page_t page = {.items = {&s_account, 1}};
    if (!s_refused (harness, call, ctx))
        harness_answer (harness, call, &page);
}

static void s_on_session_list (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    const pt_session_t session = {.id = 1001, .current = true};
    const pt_session_page_t page = {.items = {&session, 1}};
    if (!s_refused (harness, call, ctx))
        harness_answer (harness, call, &page);
}

static void s_on_session_delete (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    const pt_revocations_t done = {0};
    if (!s_refused (harness, call, ctx))
        harness_answer (harness, call, &done);
}

/*  ---- set-up ---------------------------------------------------------------- */

static void s_install (s_test_t *test)
{
    static const struct {
        uint16_t opcode;
        harness_fake_fn *fn;
    } fakes[] = {
        {PT_OP_store_status, harness_fake_ready},      {PT_OP_store_account_find, s_on_find},
        {PT_OP_store_account_create, s_on_insert},     {PT_OP_store_account_get, s_on_account},
        {PT_OP_store_account_update, s_on_account},    {PT_OP_store_account_list, s_on_account_list},
        {PT_OP_store_session_create, s_on_session},    {PT_OP_store_session_rotate, s_on_rotate},
        {PT_OP_store_session_list, s_on_session_list}, {PT_OP_store_session_delete, s_on_session_delete},
    };
    for (size_t i = 0; i < sizeof fakes / sizeof fakes[0]; i++)
        harness_fake (test->harness, fakes[i].opcode, fakes[i].fn, &test->store);
}

static int s_open (void **state)
{
    s_test_t *test = calloc (1, sizeof *test);
    snprintf (test->dir, sizeof test->dir, "/tmp/parley-auth-XXXXXX");
    if (!mkdtemp (test->dir) || auth_argon_hash (GOOD, strlen (GOOD), test->store.good_hash) != 0)
        return -1;
    const char *const args[] = {"--state-dir", test->dir, "--log-level", "debug", NULL};
    test->harness = harness_new ("parley-auth", PT_PEER_auth, args);
    s_install (test);
    *state = test;
    return 0;
}

static int s_close (void **state)
{
    s_test_t *test = *state;
    harness_destroy (&test->harness);
    static const char *const names[] = {"auth-key.jwk", "auth-secret"};
    for (size_t i = 0; i < 2; i++) {
        char path[128];
        snprintf (path, sizeof path, "%s/%s", test->dir, names[i]);
        unlink (path);
    }
    int rc = rmdir (test->dir);
    free (test);
    return rc;
}

static int s_forget (void **state)
{
    s_store_t *store = &((s_test_t *)*state)->store;
    store->refuse = 0;
    store->calls = 0;
    return 0;
}

static const harness_frame_t *s_ask (s_test_t *test, uint16_t opcode, const void *msg)
{
    return harness_reply (test->harness, harness_request (test->harness, opcode, msg));
}

/*  As above with bytes for a body. */
static const harness_frame_t *s_ask_raw (s_test_t *test, uint16_t opcode, const void *body, size_t len)
{
    const pt_envelope_t envelope = {.version = PT_VERSION,
                                    .kind = PT_KIND_REQUEST,
                                    .service = PT_SERVICE_auth,
                                    .opcode = opcode,
                                    .deadline_ms = DEADLINE_MS};
    return harness_reply (test->harness, harness_request_raw (test->harness, &envelope, body, len));
}

static pt_session_create_t s_sign_in (const char *identifier, const char *password, const char *key)
{
    return (pt_session_create_t){.identifier = pt_str (identifier), .password = pt_str (password), .key = pt_str (key)};
}

static int64_t s_now_s (void)
{
    return (int64_t)time (NULL);
}

/*  ---- keys ------------------------------------------------------------------- */

static json_t *s_fetch_key (s_test_t *test)
{
    const pt_empty_t nothing = {0};
    const harness_frame_t *reply = s_ask (test, PT_OP_auth_keys, &nothing);
    assert_int_equal (reply->envelope.status, 0);
    const pt_key_set_t *keys = reply->msg;
    assert_int_equal (keys->keys.count, 1);
    json_t *jwk = json_loadb (keys->keys.at[0].jwk.at, keys->keys.at[0].jwk.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null (jwk);
    assert_true (pt_str_eq (keys->keys.at[0].kid, pt_str (json_string_value (json_object_get (jwk, "kid")))));
    assert_null (json_object_get (jwk, "d"));
    return jwk;
}

static void s_keys_are_public (void **state)
{
    json_t *jwk = s_fetch_key (*state);
    assert_string_equal (json_string_value (json_object_get (jwk, "crv")), "P-256");
    json_decref (jwk);
}

/*  ---- sessions -------------------------------------------------------------------- */

static void s_check_claims (s_test_t *test, pt_str_t token, const char *account)
{
    char copy[LIM_TOKEN + 1];
    s_copy (copy, sizeof copy, token);
    json_t *half = s_fetch_key (test);
    char *text = json_dumps (half, JSON_COMPACT);
    cjose_jwk_t *jwk = cjose_jwk_import (text, strlen (text), NULL);
    cjose_jws_t *jws = cjose_jws_import (copy, strlen (copy), NULL);
    uint8_t *payload = NULL;
    size_t len = 0;
    assert_true (cjose_jws_verify (jws, jwk, NULL));
    assert_true (cjose_jws_get_plaintext (jws, &payload, &len, NULL));
    json_t *claims = json_loadb ((const char *)payload, len, JSON_REJECT_DUPLICATES, NULL);
    assert_string_equal (cjose_header_get (cjose_jws_get_protected (jws), "kid", NULL),
                         json_string_value (json_object_get (half, "kid")));
    assert_string_equal (json_string_value (json_object_get (claims, "sub")), account);
    assert_string_equal (json_string_value (json_object_get (claims, "sid")), "1001");
    json_int_t end_s = json_integer_value (json_object_get (claims, "exp"));
    assert_in_range (end_s, s_now_s () + 290, s_now_s () + 301);
    json_decref (claims);
    json_decref (half);
    free (text);
    cjose_jws_release (jws);
    cjose_jwk_release (jwk);
}

static void s_signing_in_gives_two_tokens (void **state)
{
    s_test_t *test = *state;
    pt_session_create_t ask = s_sign_in ("Ann", GOOD, "key");
    ask.device = PT_LIT ("a phone");
    ask.has_device = true;
    const harness_frame_t *reply = s_ask (test, PT_OP_auth_session_create, &ask);
    assert_int_equal (reply->envelope.status, 0);
    const pt_session_grant_t *grant = reply->msg;
    uint8_t hash[LIM_HASH];
    auth_refresh_hash (grant->refresh, hash);
    assert_int_equal (grant->account, 7);
    assert_int_equal (grant->session, 1001);
    assert_int_equal (grant->expires_in, 300);
    assert_int_equal (grant->refresh.len, AUTH_REFRESH_LEN);
    assert_true (pt_str_eq (grant->token_type, PT_LIT ("Bearer")));
    assert_string_equal (test->store.identifier, "ann");
    assert_string_equal (test->store.device, "a phone");
    assert_int_equal (test->store.account, 7);
    assert_memory_equal (test->store.token_hash, hash, LIM_HASH);
    assert_in_range (test->store.expires_at / 1000000, s_now_s () + 86390, s_now_s () + 86401);
    assert_null (memmem (test->store.body, test->store.body_len, grant->refresh.at, grant->refresh.len));
    s_check_claims (test, grant->access, "7");
}

static void s_fetch_refresh (s_test_t *test, const char *key, auth_refresh_t *out)
{
    pt_session_create_t ask = s_sign_in ("ann", GOOD, key);
    const harness_frame_t *reply = s_ask (test, PT_OP_auth_session_create, &ask);
    assert_int_equal (reply->envelope.status, 0);
    s_copy (out->text, sizeof out->text, ((const pt_session_grant_t *)reply->msg)->refresh);
}

static void s_a_repeated_sign_in_gives_the_same_session (void **state)
{
    auth_refresh_t first, again, other;
    s_fetch_refresh (*state, "one", &first);
    s_fetch_refresh (*state, "one", &again);
    s_fetch_refresh (*state, "two", &other);
    assert_string_equal (first.text, again.text);
    assert_string_not_equal (first.text, other.text);
}

/*  Byte for byte the same answer, whatever the reason. */
static void s_a_refusal_does_not_tell_who_exists (void **state)
{
    s_test_t *test = *state;
    static const struct {
        const char *identifier, *password;
    } cases[] = {{"ann", "wrong password"},   {"nobody", GOOD}, {"inactive", GOOD}, {"google", GOOD}, {"google", "x"},
                 {"nobody@example.org", "x"}, {"\x01", "x"}};
    uint8_t first[1024];
    size_t first_len = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pt_session_create_t ask = s_sign_in (cases[i].identifier, cases[i].password, "k");
        s_forget (state);
        const harness_frame_t *reply = s_ask (test, PT_OP_auth_session_create, &ask);
        assert_int_equal (reply->envelope.status, PT_E_bad_credentials);
        assert_int_equal (test->store.calls, 1);
        if (i == 0) {
            assert_in_range (reply->body_len, 1, sizeof first);
            memcpy (first, reply->body, first_len = reply->body_len);
        }
        assert_int_equal (reply->body_len, first_len);
        assert_memory_equal (reply->body, first, first_len);
    }
}

/*  Whether a refused sign-in says that nobody has the identifier. */
static bool s_tells_unknown (void **state, const char *identifier, bool has_asked, bool tells)
{
    pt_session_create_t ask = s_sign_in (identifier, "wrong password", "k");
    ask.tells_unknown = tells;
    ask.has_tells_unknown = has_asked;
    s_forget (state);
    const harness_frame_t *reply = s_ask (*state, PT_OP_auth_session_create, &ask);
    const pt_error_t *error = reply->msg;
    assert_int_equal (reply->envelope.status, PT_E_bad_credentials);
    return error->errors.count == 1 && pt_str_eq (error->errors.at[0].field, PT_LIT ("identifier")) &&
           pt_str_eq (error->errors.at[0].code, PT_LIT ("not_found"));
}

static void s_a_refusal_tells_of_nobody_where_that_was_asked_for (void **state)
{
    static const char *const known[] = {"ann", "inactive", "google"};
    assert_true (s_tells_unknown (state, "nobody", true, true));
    assert_false (s_tells_unknown (state, "nobody", true, false));
    assert_false (s_tells_unknown (state, "nobody", false, false));
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_false (s_tells_unknown (state, known[i], true, true));
}

static void s_ask_refresh (s_test_t *test, const char *token, auth_refresh_t *out)
{
    pt_session_refresh_t ask = {.refresh = pt_str (token), .key = PT_LIT ("k")};
    const harness_frame_t *reply = s_ask (test, PT_OP_auth_session_refresh, &ask);
    assert_int_equal (reply->envelope.status, 0);
    s_copy (out->text, sizeof out->text, ((const pt_session_grant_t *)reply->msg)->refresh);
}

static void s_refreshing_rotates_to_the_same_successor (void **state)
{
    s_test_t *test = *state;
    uint8_t hash[LIM_HASH];
    auth_refresh_t token, next, again, third;
    s_fetch_refresh (test, "rotate", &token);
    s_ask_refresh (test, token.text, &next);
    assert_string_not_equal (next.text, token.text);
    auth_refresh_hash (pt_str (token.text), hash);
    assert_memory_equal (test->store.token_hash, hash, LIM_HASH);
    auth_refresh_hash (pt_str (next.text), hash);
    assert_memory_equal (test->store.next_hash, hash, LIM_HASH);
    assert_int_equal (test->store.grace_ms, AUTH_REFRESH_GRACE_MS);
    assert_in_range (test->store.expires_at / 1000000, s_now_s () + 86390, s_now_s () + 86401);
    s_ask_refresh (test, token.text, &again);
    assert_string_equal (next.text, again.text);
    s_ask_refresh (test, next.text, &third);
    assert_string_not_equal (third.text, next.text);
}

static void s_a_used_token_is_refused_as_store_says (void **state)
{
    s_test_t *test = *state;
    auth_refresh_t token;
    s_fetch_refresh (test, "reuse", &token);
    test->store.refuse = PT_E_token_invalid;
    pt_session_refresh_t ask = {.refresh = pt_str (token.text), .key = PT_LIT ("k")};
    const harness_frame_t *reply = s_ask (test, PT_OP_auth_session_refresh, &ask);
    assert_int_equal (reply->envelope.status, PT_E_token_invalid);
    test->store.refuse = PT_E_token_expired;
    reply = s_ask (test, PT_OP_auth_session_refresh, &ask);
    assert_int_equal (reply->envelope.status, PT_E_token_expired);
}

static void s_a_token_that_is_kept_gives_an_access_token_alone (void **state)
{
    s_test_t *test = *state;
    auth_refresh_t token;
    s_fetch_refresh (test, "kept", &token);
    pt_session_refresh_t ask = {.refresh = pt_str (token.text), .key = PT_LIT ("k"), .keeps = true, .has_keeps = true};
    const harness_frame_t *reply = s_ask (test, PT_OP_auth_session_refresh, &ask);
    assert_int_equal (reply->envelope.status, 0);
    const pt_session_grant_t *grant = reply->msg;
    assert_false (grant->has_refresh);
    assert_true (test->store.keeps && test->store.spares);
    s_check_claims (test, grant->access, "7");
}

/*  Within the grace of a lost reply too, another request is another use. */
static void s_the_successor_of_simplejwt_belongs_to_one_request (void **state)
{
    s_test_t *test = *state;
    static const char *const keys[] = {"one", "one", "two"};
    char nexts[3][AUTH_REFRESH_LEN + 1];
    auth_refresh_t token;
    s_fetch_refresh (test, "exchanged", &token);
    for (size_t i = 0; i < 3; i++) {
        pt_session_refresh_t ask = {.refresh = pt_str (token.text), .key = pt_str (keys[i]), .has_keeps = true};
        const harness_frame_t *reply = s_ask (test, PT_OP_auth_session_refresh, &ask);
        assert_int_equal (reply->envelope.status, 0);
        s_copy (nexts[i], sizeof nexts[i], ((const pt_session_grant_t *)reply->msg)->refresh);
        assert_true (!test->store.keeps && test->store.spares);
    }
    assert_string_equal (nexts[0], nexts[1]);
    assert_string_not_equal (nexts[0], nexts[2]);
    pt_session_refresh_t ask = {.refresh = pt_str (token.text), .key = PT_LIT ("k")};
    assert_int_equal (s_ask (test, PT_OP_auth_session_refresh, &ask)->envelope.status, 0);
    assert_false (test->store.spares);
}

static void s_an_access_token_is_no_refresh_token_and_told_so (void **state)
{
    s_test_t *test = *state;
    char access[LIM_TOKEN + 1];
    pt_session_create_t in = s_sign_in ("ann", GOOD, "mistaken");
    s_copy (access, sizeof access,
            ((const pt_session_grant_t *)s_ask (test, PT_OP_auth_session_create, &in)->msg)->access);
    pt_session_refresh_t ask = {.refresh = pt_str (access), .key = PT_LIT ("k"), .keeps = true, .has_keeps = true};
    s_forget (state);
    assert_int_equal (s_ask (test, PT_OP_auth_session_refresh, &ask)->envelope.status, PT_E_token_wrong_type);
    access[strlen (access) - 3] ^= 1;
    assert_int_equal (s_ask (test, PT_OP_auth_session_refresh, &ask)->envelope.status, PT_E_token_invalid);
    assert_int_equal (test->store.calls, 0);
}

static void s_what_is_no_token_never_reaches_store (void **state)
{
    s_test_t *test = *state;
    static const char *const cases[] = {"x", "not a token", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",
                                        "eyJhbGciOiJub25lIn0.e30."};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pt_session_refresh_t ask = {.refresh = pt_str (cases[i]), .key = PT_LIT ("k")};
        assert_int_equal (s_ask (test, PT_OP_auth_session_refresh, &ask)->envelope.status, PT_E_token_invalid);
    }
    assert_int_equal (test->store.calls, 0);
}

/*  ---- forwarded operations ----------------------------------------------------------- */

static const pt_account_ref_t s_ref = {.account = 7, .id = 8, .has_id = true};
static const pt_account_update_t s_update = {.account = 7, .name = {"Ann", 3}, .has_name = true, .key = {"k", 1}};
static const pt_account_query_t s_query = {.account = 7, .q = {"a", 1}, .has_q = true};
static const pt_session_query_t s_sessions = {.account = 7, .session = 1001};

static const struct {
    uint16_t opcode;
    const void *msg;
    pt_msg_t type;
} s_forwarded[] = {
    {PT_OP_auth_account_get, &s_ref, PT_MSG_account_ref},
    {PT_OP_auth_account_update, &s_update, PT_MSG_account_update},
    {PT_OP_auth_account_list, &s_query, PT_MSG_account_query},
    {PT_OP_auth_session_list, &s_sessions, PT_MSG_session_query},
};
#define FORWARDED_COUNT (sizeof s_forwarded / sizeof s_forwarded[0])

static void s_forwarded_bodies_arrive_unchanged (void **state)
{
    s_test_t *test = *state;
    for (size_t i = 0; i < FORWARDED_COUNT; i++) {
        pt_buf_t body;
        pt_buf_init (&body, LIM_FRAME);
        assert_int_equal (pt_encode (&body, s_forwarded[i].type, s_forwarded[i].msg), 0);
        s_forget (state);
        const harness_frame_t *reply = s_ask (test, s_forwarded[i].opcode, s_forwarded[i].msg);
        assert_int_equal (reply->envelope.status, 0);
        assert_int_equal (test->store.calls, 1);
        assert_int_equal (test->store.body_len, body.len);
        assert_memory_equal (test->store.body, body.at, body.len);
        pt_buf_fini (&body);
    }
}

static void s_a_profile_name_is_checked_before_it_is_forwarded (void **state)
{
    s_test_t *test = *state;
    pt_account_update_t ask = s_update;
    ask.name = PT_LIT ("\x1b[31m");
    assert_int_equal (s_ask (test, PT_OP_auth_account_update, &ask)->envelope.status, PT_E_invalid);
    assert_int_equal (test->store.calls, 0);
}

/*  ---- trouble -------------------------------------------------------------------------- */

static void s_without_store_everything_is_unavailable (void **state)
{
    s_test_t *test = *state;
    const pt_account_create_t create = {
        .login = PT_LIT ("bob"), .has_login = true, .password = PT_LIT (GOOD), .key = PT_LIT ("k")};
    const pt_session_create_t sign_in = s_sign_in ("ann", GOOD, "k");
    const pt_session_refresh_t refresh = {.refresh = PT_LIT ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
                                          .key = PT_LIT ("k")};
    test->store.refuse = PT_E_unavailable;
    for (size_t i = 0; i < FORWARDED_COUNT; i++)
        assert_int_equal (s_ask (test, s_forwarded[i].opcode, s_forwarded[i].msg)->envelope.status, PT_E_unavailable);
    assert_int_equal (s_ask (test, PT_OP_auth_account_create, &create)->envelope.status, PT_E_unavailable);
    assert_int_equal (s_ask (test, PT_OP_auth_session_create, &sign_in)->envelope.status, PT_E_unavailable);
    assert_int_equal (s_ask (test, PT_OP_auth_session_refresh, &refresh)->envelope.status, PT_E_unavailable);
}

static void s_bad_bodies_are_refused_and_hurt_nobody (void **state)
{
    s_test_t *test = *state;
    static const uint16_t opcodes[] = {PT_OP_auth_account_create, PT_OP_auth_account_get,    PT_OP_auth_account_update,
                                       PT_OP_auth_account_list,   PT_OP_auth_session_create, PT_OP_auth_session_refresh,
                                       PT_OP_auth_session_list,   PT_OP_auth_session_delete};
    static const struct {
        const char *bytes;
        size_t len;
        int err;
    } cases[] = {
        {"", 0, PT_E_malformed},
        {"\xc1", 1, PT_E_malformed},                 /* never used */
        {"\x90", 1, PT_E_malformed},                 /* a list */
        {"\xdf\xff\xff\xff\xff", 5, PT_E_malformed}, /* a map of 2^32-1 */
        {"\x80\x80", 2, PT_E_malformed},             /* trailing bytes */
        {"\x81\xa1k", 3, PT_E_malformed},            /* cut */
        {"\x80", 1, PT_E_invalid},                   /* nothing in it */
        {"\x81\xa8"
         "password\xc4\x01x",
         13, PT_E_invalid}, /* BIN for a STR */
    };
    for (size_t i = 0; i < sizeof opcodes / sizeof opcodes[0]; i++)
        for (size_t j = 0; j < sizeof cases / sizeof cases[0]; j++) {
            const harness_frame_t *reply = s_ask_raw (test, opcodes[i], cases[j].bytes, cases[j].len);
            if (reply->envelope.status != cases[j].err)
                fail_msg ("opcode %x case %zu: status %u", opcodes[i], j, reply->envelope.status);
        }
    assert_int_equal (s_ask_raw (test, 0x01ff, "\x80", 1)->envelope.status, PT_E_unknown_op);
    assert_int_equal (test->store.calls, 0);
    json_decref (s_fetch_key (test));
}

/*  ---- the end -------------------------------------------------------------------------- */

/*  Last of all: ends the daemon (a sanitizer would give another exit code) and reads
    what it logged at the level of debug. */
static void s_all_that_was_asked_left_no_secret_in_the_log (void **state)
{
    const s_test_t *test = *state;
    static const char *const secrets[] = {GOOD, "wrong password", "argon2id", "eyJ", "\"d\""};
    static char text[1 << 20];
    char path[128];
    siginfo_t info = {0};
    assert_int_equal (kill (harness_pid (test->harness), SIGTERM), 0);
    assert_int_equal (waitid (P_PID, (id_t)harness_pid (test->harness), &info, WEXITED | WNOWAIT), 0);
    assert_int_equal (info.si_code, CLD_EXITED);
    assert_int_equal (info.si_status, 0);
    snprintf (path, sizeof path, "%s/log", harness_dir (test->harness));
    FILE *file = fopen (path, "r");
    assert_non_null (file);
    text[fread (text, 1, sizeof text - 1, file)] = 0;
    fclose (file);
    assert_non_null (strstr (text, "keys loaded"));
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        assert_null (strstr (text, secrets[i]));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup (s_keys_are_public, s_forget),
        cmocka_unit_test_setup (s_signing_in_gives_two_tokens, s_forget),
        cmocka_unit_test_setup (s_a_repeated_sign_in_gives_the_same_session, s_forget),
        cmocka_unit_test_setup (s_a_refusal_does_not_tell_who_exists, s_forget),
        cmocka_unit_test_setup (s_a_refusal_tells_of_nobody_where_that_was_asked_for, s_forget),
        cmocka_unit_test_setup (s_refreshing_rotates_to_the_same_successor, s_forget),
        cmocka_unit_test_setup (s_a_token_that_is_kept_gives_an_access_token_alone, s_forget),
        cmocka_unit_test_setup (s_the_successor_of_simplejwt_belongs_to_one_request, s_forget),
        cmocka_unit_test_setup (s_an_access_token_is_no_refresh_token_and_told_so, s_forget),
        cmocka_unit_test_setup (s_a_used_token_is_refused_as_store_says, s_forget),
        cmocka_unit_test_setup (s_what_is_no_token_never_reaches_store, s_forget),
        cmocka_unit_test_setup (s_forwarded_bodies_arrive_unchanged, s_forget),
        cmocka_unit_test_setup (s_a_profile_name_is_checked_before_it_is_forwarded, s_forget),
        cmocka_unit_test_setup (s_without_store_everything_is_unavailable, s_forget),
        cmocka_unit_test_setup (s_bad_bodies_are_refused_and_hurt_nobody, s_forget),
        cmocka_unit_test (s_all_that_was_asked_left_no_secret_in_the_log),
    };
    if (sodium_init () < 0)
        return 1;
    return cmocka_run_group_tests (tests, s_open, s_close);
}
