/*  auth_store_test - parley-auth with the real store and PostgreSQL behind it: that
    both mean the same by every message. */

#include "auth_credential.h"
#include "harness.h"
#include "pg.h"
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define GOOD "correct horse battery staple"
#define BETTER "a much better one 77"

typedef struct {
    char dir[64];
    pg_t *pg;
    harness_t *auth, *store;
    uint64_t account;
} s_test_t;

/*  Asks store what auth asked, and answers what store answered. */
static void s_on_call (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    const s_test_t *test = ctx;
    uint16_t opcode = call->envelope.opcode;
    const harness_frame_t *reply = harness_reply (test->store, harness_request (test->store, opcode, call->msg));
    if (reply->envelope.status == 0)
        harness_answer (harness, call, reply->msg);
    else
        harness_refuse (harness, call, (int)reply->envelope.status, NULL);
}

/*  Until it has reached its database store says that it can't serve. */
static void s_wait_for_store (harness_t *store)
{
    for (int i = 0; i < 100000; i++) {
        const pt_status_t *status =
            harness_reply (store, harness_request (store, PT_OP_store_status, &(pt_empty_t){0}))->msg;
        if (status->ready)
            return;
    }
    fail_msg ("store does not become ready");
}

static int s_open (void **state)
{
    static const uint16_t opcodes[] = {
        PT_OP_store_status,         PT_OP_store_account_create,    PT_OP_store_account_find,
        PT_OP_store_session_create, PT_OP_store_session_rotate,    PT_OP_store_session_delete,
        PT_OP_store_session_list,   PT_OP_store_credential_create, PT_OP_store_credential_find,
        PT_OP_store_token_list,     PT_OP_store_password_set,      PT_OP_store_account_delete,
        PT_OP_store_admin_update,   PT_OP_store_mail_create,       PT_OP_store_mail_take,
        PT_OP_store_mail_done,      PT_OP_store_farewell_list,     PT_OP_store_audit_create,
        PT_OP_store_audit_list,     PT_OP_store_account_get,       PT_OP_store_account_list};
    s_test_t *test = calloc (1, sizeof *test);
    snprintf (test->dir, sizeof test->dir, "/tmp/parley-auth-XXXXXX");
    if (!mkdtemp (test->dir))
        return -1;
    test->pg = pg_new ();
    setenv ("PARLEY_DATABASE", pg_conninfo (test->pg), 1);
    test->store = harness_new ("parley-store", PT_PEER_store, NULL);
    s_wait_for_store (test->store);
    const char *const args[] = {"--state-dir", test->dir, NULL};
    test->auth = harness_new ("parley-auth", PT_PEER_auth, args);
    for (size_t i = 0; i < sizeof opcodes / sizeof opcodes[0]; i++)
        harness_fake (test->auth, opcodes[i], s_on_call, test);
    *state = test;
    return 0;
}

static int s_remove (const char *path, const struct stat *stat, int type, struct FTW *at)
{
    (void)stat, (void)type, (void)at;
    return remove (path);
}

static int s_close (void **state)
{
    s_test_t *test = *state;
    harness_destroy (&test->auth);
    harness_destroy (&test->store);
    pg_destroy (&test->pg);
    int rc = nftw (test->dir, s_remove, 8, FTW_DEPTH | FTW_PHYS);
    free (test);
    return rc;
}

static const harness_frame_t *s_ask (s_test_t *test, uint16_t opcode, const void *msg)
{
    return harness_reply (test->auth, harness_request (test->auth, opcode, msg));
}

static const void *s_must (s_test_t *test, uint16_t opcode, const void *msg)
{
    const harness_frame_t *reply = s_ask (test, opcode, msg);
    assert_string_equal (pt_error_name ((int)reply->envelope.status), pt_error_name (0));
    return reply->msg;
}

static void s_refused (s_test_t *test, uint16_t opcode, const void *msg, int err)
{
    assert_string_equal (pt_error_name ((int)s_ask (test, opcode, msg)->envelope.status), pt_error_name (err));
}

static pt_session_create_t s_sign_in (pt_credential_kind_t kind, const char *password, const char *key)
{
    return (pt_session_create_t){.identifier = PT_LIT ("Ann"),
                                 .password = pt_str (password),
                                 .key = pt_str (key),
                                 .kind = kind,
                                 .has_kind = true};
}

static pt_str_t s_token (s_test_t *test, pt_credential_kind_t kind, const char *key)
{
    const pt_session_create_t ask = s_sign_in (kind, GOOD, key);
    const pt_session_grant_t *grant = s_must (test, PT_OP_auth_session_create, &ask);
    return kind == PT_credential_kind_SESSION ? grant->refresh : grant->token;
}

static pt_credential_check_t s_check (pt_credential_kind_t kind, pt_str_t secret)
{
    return (pt_credential_check_t){.scheme = kind == PT_credential_kind_COOKIE ? PT_scheme_COOKIE : PT_scheme_TOKEN,
                                   .secret = secret};
}

static void s_is_mine (s_test_t *test, pt_credential_kind_t kind, pt_str_t secret)
{
    const pt_credential_check_t ask = s_check (kind, secret);
    const pt_identity_t *identity = s_must (test, PT_OP_auth_check, &ask);
    assert_int_equal (identity->account, test->account);
    assert_int_equal (identity->kind, kind);
    assert_int_equal (identity->has_expires_at, kind == PT_credential_kind_KNOX || kind == PT_credential_kind_COOKIE);
}

/*  ---- one account from its beginning to its end ------------------------------------ */

static void s_an_account_is_made (void **state)
{
    s_test_t *test = *state;
    const pt_account_create_t ask = {.login = PT_LIT ("ann"),
                                     .has_login = true,
                                     .nickname = PT_LIT ("Annie"),
                                     .has_nickname = true,
                                     .password = PT_LIT (GOOD),
                                     .key = PT_LIT ("make")};
    test->account = ((const pt_account_t *)s_must (test, PT_OP_auth_account_create, &ask))->id;
    assert_int_equal (((const pt_account_t *)s_must (test, PT_OP_auth_account_create, &ask))->id, test->account);
}

static void s_each_kind_is_given_again_for_its_key_and_known (void **state)
{
    static const pt_credential_kind_t kinds[] = {PT_credential_kind_SESSION, PT_credential_kind_AUTHTOKEN,
                                                 PT_credential_kind_KNOX, PT_credential_kind_COOKIE};
    s_test_t *test = *state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char key[8];
        snprintf (key, sizeof key, "k%zu", i);
        pt_str_t token = s_token (test, kinds[i], key);
        assert_true (pt_str_eq (s_token (test, kinds[i], key), token));
        if (kinds[i] != PT_credential_kind_SESSION)
            s_is_mine (test, kinds[i], token);
    }
    const pt_credential_check_t unknown =
        s_check (PT_credential_kind_AUTHTOKEN, PT_LIT ("0123456789abcdef0123456789abcdef01234567"));
    s_refused (test, PT_OP_auth_check, &unknown, PT_E_token_invalid);
}

static void s_a_token_and_its_cookie_are_given_again_for_their_key (void **state)
{
    s_test_t *test = *state;
    pt_session_create_t ask = s_sign_in (PT_credential_kind_KNOX, GOOD, "both");
    ask.with_cookie = ask.has_with_cookie = true;
    const pt_session_grant_t *first = s_must (test, PT_OP_auth_session_create, &ask);
    const pt_session_grant_t *again = s_must (test, PT_OP_auth_session_create, &ask);
    assert_true (pt_str_eq (first->token, again->token) && pt_str_eq (first->cookie, again->cookie));
    s_is_mine (test, PT_credential_kind_KNOX, first->token);
    s_is_mine (test, PT_credential_kind_COOKIE, first->cookie);
}

static void s_a_repeated_refresh_gets_its_successor_again (void **state)
{
    s_test_t *test = *state;
    pt_str_t first = s_token (test, PT_credential_kind_SESSION, "rotate");
    const pt_session_refresh_t one = {.refresh = first, .key = PT_LIT ("a")};
    const pt_session_grant_t *next = s_must (test, PT_OP_auth_session_refresh, &one);
    const pt_session_grant_t *again = s_must (test, PT_OP_auth_session_refresh, &one);
    assert_true (pt_str_eq (next->refresh, again->refresh));
    const pt_session_refresh_t two = {.refresh = next->refresh, .key = PT_LIT ("b")};
    (void)s_must (test, PT_OP_auth_session_refresh, &two);
}

static void s_a_password_changes_and_all_but_api_tokens_end (void **state)
{
    s_test_t *test = *state;
    const pt_token_create_t make = {
        .account = test->account, .name = PT_LIT ("script"), .scopes = PT_LIT ("read"), .key = PT_LIT ("api")};
    const pt_token_t *made = s_must (test, PT_OP_auth_token_create, &make);
    pt_str_t knox = s_token (test, PT_credential_kind_KNOX, "before");
    pt_str_t authtoken = s_token (test, PT_credential_kind_AUTHTOKEN, "before too");
    pt_password_set_t ask = {.account = test->account,
                             .session = LIM_ID,
                             .old_password = PT_LIT ("wrong"),
                             .has_old_password = true,
                             .password = PT_LIT (BETTER),
                             .key = PT_LIT ("change")};
    s_refused (test, PT_OP_auth_password_set, &ask, PT_E_invalid);
    s_is_mine (test, PT_credential_kind_KNOX, knox);
    ask.old_password = PT_LIT (GOOD);
    (void)s_must (test, PT_OP_auth_password_set, &ask);
    const pt_revocations_t *revoked = harness_event (test->auth, PT_EV_revoked)->msg;
    assert_int_equal (revoked->items.at[0].account, test->account);
    assert_true (revoked->items.at[0].has_generation);
    (void)s_must (test, PT_OP_auth_password_set, &ask); /* the answer was lost: asked again */
    ask.key = PT_LIT ("another");
    s_refused (test, PT_OP_auth_password_set, &ask, PT_E_invalid);
    pt_credential_check_t check = s_check (PT_credential_kind_KNOX, knox);
    s_refused (test, PT_OP_auth_check, &check, PT_E_token_revoked);
    s_is_mine (test, PT_credential_kind_TOKEN, made->token);
    pt_session_create_t old = s_sign_in (PT_credential_kind_KNOX, GOOD, "x");
    s_refused (test, PT_OP_auth_session_create, &old, PT_E_bad_credentials);
    old = s_sign_in (PT_credential_kind_AUTHTOKEN, BETTER, "y");
    assert_false (
        pt_str_eq (((const pt_session_grant_t *)s_must (test, PT_OP_auth_session_create, &old))->token, authtoken));
}

static void s_signing_out_of_all_gives_another_authtoken (void **state)
{
    s_test_t *test = *state;
    pt_session_create_t ask = s_sign_in (PT_credential_kind_AUTHTOKEN, BETTER, "one");
    pt_str_t before = ((const pt_session_grant_t *)s_must (test, PT_OP_auth_session_create, &ask))->token;
    const pt_session_ref_t all = {.account = test->account, .key = PT_LIT ("out")};
    (void)s_must (test, PT_OP_auth_session_delete, &all);
    const pt_credential_check_t check = s_check (PT_credential_kind_AUTHTOKEN, before);
    s_refused (test, PT_OP_auth_check, &check, PT_E_token_revoked);
    ask.key = PT_LIT ("two");
    pt_str_t after = ((const pt_session_grant_t *)s_must (test, PT_OP_auth_session_create, &ask))->token;
    assert_false (pt_str_eq (before, after));
    s_is_mine (test, PT_credential_kind_AUTHTOKEN, after);
}

static void s_who_is_not_staff_may_not_what_staff_may (void **state)
{
    s_test_t *test = *state;
    const pt_admin_ref_t ref = {.account = test->account, .id = test->account + 1, .key = PT_LIT ("staff")};
    s_refused (test, PT_OP_auth_admin_delete, &ref, PT_E_forbidden);
    s_refused (test, PT_OP_auth_admin_sign_out, &ref, PT_E_forbidden);
    const pt_account_query_t query = {.account = test->account, .q = PT_LIT (""), .has_q = true};
    s_refused (test, PT_OP_auth_admin_list, &query, PT_E_forbidden);
    const pt_audit_query_t audit = {.account = test->account};
    s_refused (test, PT_OP_auth_audit, &audit, PT_E_forbidden);
}

static void s_an_account_ends_with_all_it_has (void **state)
{
    s_test_t *test = *state;
    const pt_token_create_t make = {
        .account = test->account, .name = PT_LIT ("last"), .scopes = PT_LIT ("read write"), .key = PT_LIT ("last")};
    pt_str_t token = ((const pt_token_t *)s_must (test, PT_OP_auth_token_create, &make))->token;
    const pt_account_delete_t end = {.account = test->account, .password = PT_LIT (BETTER), .has_password = true};
    (void)s_must (test, PT_OP_auth_account_delete, &end);
    const pt_credential_check_t check = s_check (PT_credential_kind_TOKEN, token);
    int status = (int)s_ask (test, PT_OP_auth_check, &check)->envelope.status;
    assert_true (status == PT_E_token_revoked || status == PT_E_inactive);
    const pt_session_create_t ask = s_sign_in (PT_credential_kind_SESSION, BETTER, "z");
    s_refused (test, PT_OP_auth_session_create, &ask, PT_E_bad_credentials);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_an_account_is_made),
        cmocka_unit_test (s_each_kind_is_given_again_for_its_key_and_known),
        cmocka_unit_test (s_a_token_and_its_cookie_are_given_again_for_their_key),
        cmocka_unit_test (s_a_repeated_refresh_gets_its_successor_again),
        cmocka_unit_test (s_a_password_changes_and_all_but_api_tokens_end),
        cmocka_unit_test (s_signing_out_of_all_gives_another_authtoken),
        cmocka_unit_test (s_who_is_not_staff_may_not_what_staff_may),
        cmocka_unit_test (s_an_account_ends_with_all_it_has),
    };
    return cmocka_run_group_tests (tests, s_open, s_close);
}
