/*  auth_change_test - what owners and staff change: passwords, addresses, accounts,
    API tokens and sessions; parley-auth against a fake store. */

#include "auth_credential.h"
#include "auth_fake.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

#define NEW_PASSWORD "a much better one 77"

static int s_forget (void **state)
{
    fake_t *fake = *state;
    fake->refuse = 0;
    fake->refuse_count = fake->creates = fake->stores = 0;
    fake->close = (pt_account_close_t){0};
    fake->session_close = (pt_session_close_t){0};
    fake->mail = (pt_mail_insert_t){0};
    fake->email[0] = '\0';
    return 0;
}

static void s_assert_field (const harness_frame_t *reply, const char *field, const char *code)
{
    assert_int_equal (reply->envelope.status, PT_E_invalid);
    const pt_error_t *error = reply->msg;
    assert_int_equal (error->errors.count, 1);
    assert_true (pt_str_eq (error->errors.at[0].field, pt_str (field)));
    assert_true (pt_str_eq (error->errors.at[0].code, pt_str (code)));
}

/*  Gateways hear of what fake_revocations names. */
static void s_assert_published (fake_t *fake)
{
    const pt_revocations_t *revoked = harness_event (fake->harness, PT_EV_revoked)->msg;
    assert_int_equal (revoked->items.count, 1);
    assert_int_equal (revoked->items.at[0].account, 7);
    assert_int_equal (revoked->items.at[0].generation, 6);
}

/*  ---- passwords ----------------------------------------------------------------- */

static pt_password_set_t s_change (const char *old)
{
    return (pt_password_set_t){.account = 7,
                               .session = FAKE_SESSION,
                               .old_password = old ? pt_str (old) : (pt_str_t){NULL, 0},
                               .has_old_password = old != NULL,
                               .password = PT_LIT (NEW_PASSWORD),
                               .key = PT_LIT ("k")};
}

static void s_a_password_is_changed_by_the_one_before (void **state)
{
    fake_t *fake = *state;
    bool is_match = false;
    const pt_password_set_t ask = s_change (FAKE_GOOD);
    assert_int_equal (fake_ask (fake, PT_OP_auth_password_set, &ask)->envelope.status, 0);
    assert_int_equal (fake->password.account, 7);
    assert_int_equal (fake->password.session, FAKE_SESSION);
    assert_string_equal (fake->old_hash, fake->good_hash);
    assert_int_equal (auth_argon_verify (fake->new_hash, NEW_PASSWORD, strlen (NEW_PASSWORD), &is_match), 0);
    assert_true (is_match);
    s_assert_published (fake);
}

static void s_a_wrong_password_before_changes_nothing (void **state)
{
    fake_t *fake = *state;
    pt_password_set_t ask = s_change ("wrong password");
    fake->refuse = PT_E_conflict;
    fake->refuse_count = 1;
    s_assert_field (fake_ask (fake, PT_OP_auth_password_set, &ask), "old_password", "wrong");
    assert_string_equal (fake->old_hash, "-"); /* which no account has */
    assert_string_equal (fake->new_hash, fake->good_hash);
    ask = s_change (NULL);
    s_assert_field (fake_ask (fake, PT_OP_auth_password_set, &ask), "old_password", "needed");
    assert_int_equal (fake->stores, 1);
}

/*  The answer to the first was lost: the account has the new password by now. */
static void s_a_repeated_change_gets_the_answer_it_had (void **state)
{
    fake_t *fake = *state;
    uint8_t mac[LIM_HASH];
    const pt_password_set_t ask = s_change (FAKE_GOOD), repeat = s_change (FAKE_GOOD);
    assert_int_equal (fake_ask (fake, PT_OP_auth_password_set, &ask)->envelope.status, 0);
    s_assert_published (fake);
    memcpy (mac, fake->mac, sizeof mac);
    char before[AUTH_ARGON_SIZE];
    memcpy (before, fake->good_hash, sizeof before);
    assert_int_equal (auth_argon_hash (NEW_PASSWORD, strlen (NEW_PASSWORD), fake->good_hash), 0);
    assert_int_equal (fake_ask (fake, PT_OP_auth_password_set, &repeat)->envelope.status, 0);
    s_assert_published (fake);
    assert_memory_equal (mac, fake->mac, sizeof mac);
    assert_string_equal (fake->old_hash, "-");
    memcpy (fake->good_hash, before, sizeof before);
}

static void s_a_bad_new_password_is_refused_by_its_field (void **state)
{
    fake_t *fake = *state;
    pt_password_set_t ask = s_change (FAKE_GOOD);
    ask.password = PT_LIT ("xyzzy");
    s_assert_field (fake_ask (fake, PT_OP_auth_password_set, &ask), "password", "too_short");
    assert_int_equal (fake->stores, 0);
    ask.is_lax = ask.has_is_lax = true;
    assert_int_equal (fake_ask (fake, PT_OP_auth_password_set, &ask)->envelope.status, 0);
    s_assert_published (fake);
}

static void s_who_has_no_password_or_is_trusted_shows_none (void **state)
{
    fake_t *fake = *state;
    pt_password_set_t ask = s_change (NULL);
    ask.account = 9;
    assert_int_equal (fake_ask (fake, PT_OP_auth_password_set, &ask)->envelope.status, 0);
    assert_false (fake->password.has_old_hash);
    s_assert_published (fake);
    ask.account = 7;
    ask.is_trusted = ask.has_is_trusted = true;
    assert_int_equal (fake_ask (fake, PT_OP_auth_password_set, &ask)->envelope.status, 0);
    assert_false (fake->password.has_old_hash);
    s_assert_published (fake);
}

/*  Basic and older tokens have no session that could go on. */
static void s_a_session_that_is_none_is_not_named (void **state)
{
    fake_t *fake = *state;
    pt_password_set_t ask = s_change (FAKE_GOOD);
    ask.session = LIM_ID;
    assert_int_equal (fake_ask (fake, PT_OP_auth_password_set, &ask)->envelope.status, 0);
    assert_false (fake->password.has_session);
    s_assert_published (fake);
}

static void s_guessing_with_a_session_has_an_end (void **state)
{
    fake_t *fake = *state;
    pt_account_delete_t ask = {.account = 10, .password = PT_LIT ("wrong"), .has_password = true};
    for (int i = 0; i < 5; i++)
        s_assert_field (fake_ask (fake, PT_OP_auth_account_delete, &ask), "password", "wrong");
    assert_int_equal (fake_ask (fake, PT_OP_auth_account_delete, &ask)->envelope.status, PT_E_too_many);
    assert_int_equal (fake->close.account, 0);
}

/*  Whatever name their guesses are for, and where he was never seen before. */
static void s_strangers_keep_no_owner_from_another_password (void **state)
{
    fake_t *fake = *state;
    static const char *const names[] = {"#7", "ID7"};
    pt_password_set_t change = s_change (FAKE_GOOD);
    change.address = PT_LIT ("192.0.2.9");
    change.has_address = true;
    for (unsigned i = 0; i < 2 * 50; i++) {
        char from[32];
        snprintf (from, sizeof from, "203.0.113.%u", i % 50);
        const pt_session_create_t guess = {.identifier = pt_str (names[i / 50]),
                                           .password = PT_LIT ("a guess"),
                                           .address = pt_str (from),
                                           .has_address = true,
                                           .key = PT_LIT ("k")};
        int status = fake_ask (fake, PT_OP_auth_session_create, &guess)->envelope.status;
        assert_true (status == PT_E_bad_credentials || status == PT_E_too_many);
    }
    assert_int_equal (fake_ask (fake, PT_OP_auth_password_set, &change)->envelope.status, 0);
    s_assert_published (fake);
}

/*  ---- addresses and accounts --------------------------------------------------------- */

static void s_another_address_is_written_to_first (void **state)
{
    fake_t *fake = *state;
    pt_email_set_t ask = {.account = 7, .email = PT_LIT ("Ann@Example.ORG")};
    s_assert_field (fake_ask (fake, PT_OP_auth_email_set, &ask), "password", "needed");
    ask.password = PT_LIT (FAKE_GOOD);
    ask.has_password = true;
    assert_int_equal (fake_ask (fake, PT_OP_auth_email_set, &ask)->envelope.status, 0);
    assert_string_equal (fake->email, "ann@example.org");
    assert_int_equal (fake->mail.account, 7);
    assert_int_equal (fake->mail.kind, PT_mail_kind_CONFIRM);
    assert_in_range (fake->mail.expires_at / 1000000, time (NULL) + 3 * 86400 - 10, time (NULL) + 3 * 86400 + 1);
    ask.email = PT_LIT ("no address");
    s_assert_field (fake_ask (fake, PT_OP_auth_email_set, &ask), "email", "encoding");
}

static void s_an_account_ends_by_its_password (void **state)
{
    fake_t *fake = *state;
    pt_account_delete_t ask = {.account = 7};
    s_assert_field (fake_ask (fake, PT_OP_auth_account_delete, &ask), "password", "needed");
    assert_int_equal (fake->close.account, 0);
    ask.password = PT_LIT (FAKE_GOOD);
    ask.has_password = true;
    assert_int_equal (fake_ask (fake, PT_OP_auth_account_delete, &ask)->envelope.status, 0);
    assert_int_equal (fake->close.account, 7);
    assert_int_equal (fake->close.by, 7);
    s_assert_published (fake);
    ask.account = 99;
    assert_int_equal (fake_ask (fake, PT_OP_auth_account_delete, &ask)->envelope.status, PT_E_not_found);
}

static void s_signing_out_is_told_to_gateways (void **state)
{
    fake_t *fake = *state;
    const pt_session_ref_t ask = {.account = 7, .id = 1001, .has_id = true, .key = PT_LIT ("out")};
    assert_int_equal (fake_ask (fake, PT_OP_auth_session_delete, &ask)->envelope.status, 0);
    assert_int_equal (fake->session_close.id, 1001);
    assert_int_equal (fake->session_close.by, 7);
    s_assert_published (fake);
    const pt_session_ref_t tokens = {
        .account = 7, .kind = PT_credential_kind_TOKEN, .has_kind = true, .key = PT_LIT ("out")};
    assert_int_equal (fake_ask (fake, PT_OP_auth_session_delete, &tokens)->envelope.status, 0);
    assert_int_equal (fake->session_close.kind, PT_credential_kind_TOKEN);
    assert_false (fake->session_close.has_id);
    s_assert_published (fake);
}

/*  ---- API tokens ------------------------------------------------------------------------ */

static pt_token_create_t s_token (const char *scopes)
{
    return (pt_token_create_t){
        .account = 7, .name = PT_LIT ("a script"), .scopes = pt_str (scopes), .key = PT_LIT ("token")};
}

static void s_an_api_token_is_shown_once_and_stored_as_a_hash (void **state)
{
    fake_t *fake = *state;
    pt_token_create_t ask = s_token ("write  read write");
    ask.expires_in = 3600;
    ask.has_expires_in = true;
    const harness_frame_t *reply = fake_ask (fake, PT_OP_auth_token_create, &ask);
    assert_int_equal (reply->envelope.status, 0);
    const pt_token_t *token = reply->msg;
    auth_credential_hash_t hash;
    auth_credential_hash (PT_credential_kind_TOKEN, token->token, &hash);
    assert_int_equal (token->token.len, AUTH_CREDENTIAL_TOKEN_LEN);
    assert_memory_equal (fake->secret_hash, hash.at, 32);
    assert_int_equal (fake->insert.kind, PT_credential_kind_TOKEN);
    assert_string_equal (fake->scopes, "read write");
    assert_string_equal (fake->name, "a script");
    assert_int_equal (token->prefix.len, 12);
    assert_true (pt_str_eq (token->prefix, pt_str (fake->prefix)));
    assert_true (pt_str_eq (token->scopes, PT_LIT ("read write")));
    assert_int_equal (token->expires_at - token->created_at, INT64_C (3600) * 1000000);
    const pt_token_t *again = fake_ask (fake, PT_OP_auth_token_create, &ask)->msg;
    assert_true (pt_str_eq (again->token, token->token));
}

static void s_an_api_token_has_known_scopes_a_name_and_an_end (void **state)
{
    fake_t *fake = *state;
    static const char *const bad[] = {" ", "reads", "read,write", "READ", "read admins"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const pt_token_create_t ask = s_token (bad[i]);
        s_assert_field (fake_ask (fake, PT_OP_auth_token_create, &ask), "scopes", "not_one_of");
    }
    pt_token_create_t ask = s_token ("read");
    ask.name = PT_LIT ("\x1b[31m");
    s_assert_field (fake_ask (fake, PT_OP_auth_token_create, &ask), "name", "encoding");
    ask = s_token ("read");
    ask.expires_in = LIM_SEQ;
    ask.has_expires_in = true;
    s_assert_field (fake_ask (fake, PT_OP_auth_token_create, &ask), "expires_in", "too_large");
    assert_int_equal (fake->creates, 0);
}

static void s_a_token_makes_none_that_may_more_than_itself (void **state)
{
    fake_t *fake = *state;
    pt_token_create_t ask = s_token ("read account");
    ask.granted = PT_LIT ("account");
    ask.has_granted = true;
    assert_int_equal (fake_ask (fake, PT_OP_auth_token_create, &ask)->envelope.status, PT_E_scope_missing);
    assert_int_equal (fake->creates, 0);
    ask.scopes = PT_LIT ("account");
    assert_int_equal (fake_ask (fake, PT_OP_auth_token_create, &ask)->envelope.status, 0);
}

/*  ---- staff -------------------------------------------------------------------------------- */

static void s_staff_asks_as_staff (void **state)
{
    fake_t *fake = *state;
    const pt_account_ref_t ref = {.account = 10, .id = 7, .has_id = true};
    const pt_account_query_t query = {.account = 10, .q = PT_LIT (""), .has_q = true};
    fake->was_as_staff = false;
    assert_int_equal (fake_ask (fake, PT_OP_auth_admin_get, &ref)->envelope.status, 0);
    assert_true (fake->was_as_staff);
    assert_int_equal (fake_ask (fake, PT_OP_auth_account_get, &ref)->envelope.status, 0);
    assert_false (fake->was_as_staff);
    assert_int_equal (fake_ask (fake, PT_OP_auth_admin_list, &query)->envelope.status, 0);
    assert_true (fake->was_as_staff);
}

static void s_staff_changes_others_and_gateways_hear_of_it (void **state)
{
    fake_t *fake = *state;
    pt_admin_update_t update = {.account = 10, .id = 7, .active = false, .has_active = true, .key = PT_LIT ("k")};
    const harness_frame_t *reply = fake_ask (fake, PT_OP_auth_admin_update, &update);
    assert_int_equal (reply->envelope.status, 0);
    assert_int_equal (((const pt_account_t *)reply->msg)->id, 7);
    assert_true (fake->update.account == 10 && fake->update.id == 7 && fake->update.has_active);
    s_assert_published (fake);
    const pt_admin_ref_t ref = {.account = 10, .id = 7, .key = PT_LIT ("out")};
    assert_int_equal (fake_ask (fake, PT_OP_auth_admin_delete, &ref)->envelope.status, 0);
    assert_true (fake->close.account == 7 && fake->close.by == 10);
    s_assert_published (fake);
    assert_int_equal (fake_ask (fake, PT_OP_auth_admin_sign_out, &ref)->envelope.status, 0);
    assert_true (fake->session_close.account == 7 && fake->session_close.by == 10 && !fake->session_close.has_id);
    s_assert_published (fake);
}

static void s_who_is_no_staff_is_told_what_store_says (void **state)
{
    fake_t *fake = *state;
    const pt_admin_ref_t ref = {.account = 7, .id = 10, .key = PT_LIT ("out")};
    fake->refuse = PT_E_forbidden;
    fake->refuse_count = 2;
    assert_int_equal (fake_ask (fake, PT_OP_auth_admin_delete, &ref)->envelope.status, PT_E_forbidden);
    assert_int_equal (fake_ask (fake, PT_OP_auth_admin_sign_out, &ref)->envelope.status, PT_E_forbidden);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup (s_a_password_is_changed_by_the_one_before, s_forget),
        cmocka_unit_test_setup (s_a_wrong_password_before_changes_nothing, s_forget),
        cmocka_unit_test_setup (s_a_repeated_change_gets_the_answer_it_had, s_forget),
        cmocka_unit_test_setup (s_a_bad_new_password_is_refused_by_its_field, s_forget),
        cmocka_unit_test_setup (s_who_has_no_password_or_is_trusted_shows_none, s_forget),
        cmocka_unit_test_setup (s_a_session_that_is_none_is_not_named, s_forget),
        cmocka_unit_test_setup (s_guessing_with_a_session_has_an_end, s_forget),
        cmocka_unit_test_setup (s_strangers_keep_no_owner_from_another_password, s_forget),
        cmocka_unit_test_setup (s_another_address_is_written_to_first, s_forget),
        cmocka_unit_test_setup (s_an_account_ends_by_its_password, s_forget),
        cmocka_unit_test_setup (s_signing_out_is_told_to_gateways, s_forget),
        cmocka_unit_test_setup (s_an_api_token_is_shown_once_and_stored_as_a_hash, s_forget),
        cmocka_unit_test_setup (s_an_api_token_has_known_scopes_a_name_and_an_end, s_forget),
        cmocka_unit_test_setup (s_a_token_makes_none_that_may_more_than_itself, s_forget),
        cmocka_unit_test_setup (s_staff_asks_as_staff, s_forget),
        cmocka_unit_test_setup (s_staff_changes_others_and_gateways_hear_of_it, s_forget),
        cmocka_unit_test_setup (s_who_is_no_staff_is_told_what_store_says, s_forget),
    };
    if (sodium_init () < 0)
        return 1;
    return cmocka_run_group_tests (tests, fake_open, fake_close);
}
