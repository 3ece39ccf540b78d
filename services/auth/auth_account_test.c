/*  auth_account_test - registering, and judging what somebody wants to register with;
    parley-auth against a fake store. */

#include "auth_fake.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>

#include <cmocka.h>

static int s_open (void **state)
{
    int rc = fake_open (state);
    fake_t *fake = *state;
    if (rc == 0)
        harness_fake (fake->harness, PT_OP_store_account_create, fake_on_insert, fake);
    return rc;
}

static int s_forget (void **state)
{
    fake_t *fake = *state;
    fake->refuse_count = fake->inserts = fake->finds = 0;
    return 0;
}

/*  ---- registering ------------------------------------------------------------------ */

static void s_registering_stores_a_hash_and_no_password (void **state)
{
    fake_t *fake = *state;
    pt_account_create_t ask = {.login = PT_LIT ("Bob"),
                               .has_login = true,
                               .email = PT_LIT ("Bob@Example.ORG"),
                               .has_email = true,
                               .password = PT_LIT (FAKE_GOOD),
                               .key = PT_LIT ("k1"),
                               .dialect = PT_room_dialect_CHAT,
                               .has_dialect = true};
    const harness_frame_t *reply = fake_ask (fake, PT_OP_auth_account_create, &ask);
    assert_int_equal (reply->envelope.status, 0);
    assert_int_equal (((const pt_account_t *)reply->msg)->id, 21);
    bool is_match = false;
    assert_string_equal (fake->login, "Bob");
    assert_string_equal (fake->email, "bob@example.org");
    assert_true (fake->account.has_dialect && fake->account.dialect == PT_room_dialect_CHAT);
    assert_int_equal (auth_argon_verify (fake->password_hash, FAKE_GOOD, strlen (FAKE_GOOD), &is_match), 0);
    assert_true (is_match);
    assert_null (memmem (fake->body, fake->body_len, FAKE_GOOD, strlen (FAKE_GOOD)));
}

static void s_a_repeated_registration_says_the_same (void **state)
{
    fake_t *fake = *state;
    pt_account_create_t ask = {
        .login = PT_LIT ("bob"), .has_login = true, .password = PT_LIT (FAKE_GOOD), .key = PT_LIT ("k")};
    fake_ask (fake, PT_OP_auth_account_create, &ask);
    const fake_t first = *fake;
    fake_ask (fake, PT_OP_auth_account_create, &ask);
    assert_memory_equal (first.ask_hash, fake->ask_hash, LIM_HASH);
    assert_string_not_equal (first.password_hash, fake->password_hash);
    pt_account_create_t others[] = {ask, ask, ask};
    others[0].password = PT_LIT (FAKE_GOOD "!");
    others[1].login = PT_LIT ("bobby");
    others[2].name = PT_LIT ("Bob");
    others[2].has_name = true;
    for (size_t i = 0; i < 3; i++) {
        fake_ask (fake, PT_OP_auth_account_create, &others[i]);
        assert_memory_not_equal (first.ask_hash, fake->ask_hash, LIM_HASH);
    }
}

static void s_a_bad_registration_never_reaches_store (void **state)
{
    fake_t *fake = *state;
    pt_account_create_t ask = {.login = PT_LIT ("a b"),
                               .has_login = true,
                               .email = PT_LIT ("nobody"),
                               .has_email = true,
                               .password = PT_LIT (FAKE_GOOD),
                               .key = PT_LIT ("k")};
    const harness_frame_t *reply = fake_ask (fake, PT_OP_auth_account_create, &ask);
    assert_int_equal (reply->envelope.status, PT_E_invalid);
    const pt_error_t *error = reply->msg;
    assert_int_equal (error->errors.count, 2);
    assert_true (pt_str_eq (error->errors.at[0].field, PT_LIT ("login")));
    assert_true (pt_str_eq (error->errors.at[1].field, PT_LIT ("email")));
    ask = (pt_account_create_t){.password = PT_LIT (FAKE_GOOD), .key = PT_LIT ("k")};
    assert_int_equal (fake_ask (fake, PT_OP_auth_account_create, &ask)->envelope.status, PT_E_invalid);
    assert_int_equal (fake->inserts, 0);
}

static void s_a_taken_name_is_told (void **state)
{
    fake_t *fake = *state;
    fake->refuse = PT_E_taken;
    fake->refuse_count = 1;
    pt_account_create_t ask = {
        .login = PT_LIT ("ann"), .has_login = true, .password = PT_LIT (FAKE_GOOD), .key = PT_LIT ("k")};
    const harness_frame_t *reply = fake_ask (fake, PT_OP_auth_account_create, &ask);
    assert_int_equal (reply->envelope.status, PT_E_taken);
    assert_true (pt_str_eq (((const pt_error_t *)reply->msg)->detail, PT_LIT ("as told")));
}

/*  ---- judging --------------------------------------------------------------------- */

/*  Fields and codes of all that is wrong, in this order: "email taken, password numeric"; empty: nothing. */
static void s_assert_judged (fake_t *fake, const pt_account_judge_t *ask, const char *expected)
{
    char text[256] = "";
    size_t len = 0;
    const harness_frame_t *reply = fake_ask (fake, PT_OP_auth_account_judge, ask);
    const pt_error_t *error = reply->msg;
    assert_int_equal (reply->envelope.status, *expected ? PT_E_invalid : 0);
    for (uint32_t i = 0; *expected && i < error->errors.count; i++) {
        const pt_field_error_t *at = &error->errors.at[i];
        len += (size_t)snprintf (text + len, sizeof text - len, "%s%.*s %.*s", i > 0 ? ", " : "", (int)at->field.len,
                                 at->field.at, (int)at->code.len, at->code.at);
    }
    assert_string_equal (text, expected);
}

static void s_all_that_is_wrong_is_told_at_once_and_nothing_made (void **state)
{
    static const struct {
        const char *email, *password, *expected;
    } rows[] = {{"new@example.org", FAKE_GOOD, ""},
                {"Fay@Example.ORG", FAKE_GOOD, "email taken"},
                {"fay@example.org", "12345", "password too_short, password common, password numeric, email taken"},
                {"fay@example.org", NULL, "email taken"},
                {"mallory@example.org", NULL, ""},
                {"nobody", "12345678901", "email encoding, password numeric"},
                {"some.body@example.org", "some.body", "password similar"},
                {NULL, "Ab1-xyz", "password too_short"},
                {NULL, NULL, ""}};
    fake_t *fake = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const pt_account_judge_t ask = {.email = pt_str (rows[i].email ? rows[i].email : ""),
                                        .has_email = rows[i].email != NULL,
                                        .password = pt_str (rows[i].password ? rows[i].password : ""),
                                        .has_password = rows[i].password != NULL};
        s_assert_judged (fake, &ask, rows[i].expected);
    }
    assert_int_equal (fake->inserts, 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup (s_registering_stores_a_hash_and_no_password, s_forget),
        cmocka_unit_test_setup (s_a_repeated_registration_says_the_same, s_forget),
        cmocka_unit_test_setup (s_a_bad_registration_never_reaches_store, s_forget),
        cmocka_unit_test_setup (s_a_taken_name_is_told, s_forget),
        cmocka_unit_test_setup (s_all_that_is_wrong_is_told_at_once_and_nothing_made, s_forget),
    };
    if (sodium_init () < 0)
        return 1;
    return cmocka_run_group_tests (tests, s_open, fake_close);
}
