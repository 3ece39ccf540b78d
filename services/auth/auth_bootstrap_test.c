/*  auth_bootstrap_test - the accounts that settings ask for are made once, whoever is
    there already keeps what it has, and bad settings stop the start. */

#include "auth_fake.h"
#include "child.h"
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <sys/wait.h>

#include <cmocka.h>

#define STRONG "another horse battery"

static int s_open (void **state)
{
    *state = fake_new ();
    return *state ? 0 : -1;
}

static int s_close (void **state)
{
    fake_destroy ((fake_t **)state);
    return 0;
}

typedef struct {
    char login[LIM_LOGIN + 1], email[LIM_EMAIL + 1], key[LIM_KEY + 1], hash[LIM_PASSWORD_HASH + 1];
    uint8_t mac[LIM_HASH];
    bool is_staff;
} s_made_t;

/*  Takes the next account that is made, and answers with `refuse` or well. */
static void s_expect_made (fake_t *fake, int refuse, s_made_t *out)
{
    const harness_frame_t *call = harness_expect (fake->harness, PT_OP_store_account_create);
    const pt_account_insert_t *insert = call->msg;
    const pt_account_t account = {.id = 21};
    fake_copy (out->login, sizeof out->login, insert->login);
    fake_copy (out->email, sizeof out->email, insert->email);
    fake_copy (out->key, sizeof out->key, insert->key);
    fake_copy (out->hash, sizeof out->hash, insert->password_hash);
    memcpy (out->mac, insert->hash.at, LIM_HASH);
    out->is_staff = insert->is_staff;
    if (refuse)
        harness_refuse (fake->harness, call, refuse, "as told");
    else
        harness_answer (fake->harness, call, &account);
}

static bool s_is_hash_of (const char *hash, const char *password)
{
    bool is_match = false;
    return auth_argon_verify (hash, password, strlen (password), &is_match) == 0 && is_match;
}

static void s_who_is_missing_is_made_and_who_is_there_is_not (void **state)
{
    fake_t *fake = *state;
    s_made_t dora, eve;
    static const char *const args[] = {"--demo-users", "ann:x,dora:y,Eve@Example.org:z", NULL};
    fake_start (fake, args);
    s_expect_made (fake, 0, &dora);
    s_expect_made (fake, 0, &eve);
    assert_string_equal (dora.login, "dora");
    assert_true (s_is_hash_of (dora.hash, "y"));
    assert_false (dora.is_staff);
    assert_string_equal (eve.email, "eve@example.org");
    assert_string_equal (eve.login, "");
}

/*  Store answers a key it knows with what it said then, also when the account has been
    deleted since. */
static void s_every_start_makes_anew_who_was_deleted (void **state)
{
    fake_t *fake = *state;
    s_made_t first, second;
    static const char *const args[] = {"--demo-users", "dora:y", NULL};
    fake_start (fake, args);
    s_expect_made (fake, 0, &first);
    harness_destroy (&fake->harness);
    fake_start (fake, args);
    s_expect_made (fake, 0, &second);
    assert_string_not_equal (first.key, second.key);
}

static void s_it_is_tried_until_store_is_there (void **state)
{
    fake_t *fake = *state;
    s_made_t first, made;
    static const char *const args[] = {"--demo-users", "dora:y", NULL};
    fake_start (fake, args);
    s_expect_made (fake, PT_E_internal, &first);
    s_expect_made (fake, PT_E_taken, &made); /* another auth was faster; the next look will tell */
    s_expect_made (fake, 0, &made);
    assert_string_equal (first.key, made.key); /* a try whose answer was lost is repeated, not doubled */
    assert_memory_equal (first.mac, made.mac, LIM_HASH);
}

static void s_the_administrator_is_made_of_staff (void **state)
{
    fake_t *fake = *state;
    s_made_t made;
    static const char *const args[] = {"--bootstrap-admin", "boss", "--bootstrap-admin-password", STRONG, NULL};
    fake_start (fake, args);
    s_expect_made (fake, 0, &made);
    assert_string_equal (made.login, "boss");
    assert_true (made.is_staff);
    assert_true (s_is_hash_of (made.hash, STRONG));
}

/*  The fake's ann is there and not of staff; its root is. */
static void s_an_account_that_is_there_is_promoted_and_keeps_its_password (void **state)
{
    fake_t *fake = *state;
    static const char *const args[] = {"--bootstrap-admin", "ANN", "--bootstrap-admin-password", STRONG, NULL};
    fake_start (fake, args);
    harness_fake (fake->harness, PT_OP_store_admin_update, NULL, NULL);
    const harness_frame_t *call = harness_expect (fake->harness, PT_OP_store_admin_update);
    const pt_admin_store_t *store = call->msg;
    assert_true (store->is_trusted);
    assert_int_equal (store->ask->id, 7);
    assert_true (store->ask->has_staff && store->ask->staff);
    assert_false (store->ask->has_active || store->ask->has_name);
    const pt_account_t account = {.id = 7};
    const pt_account_changed_t changed = {.account = &account};
    harness_answer (fake->harness, call, &changed);
    assert_int_equal (fake->stores, 0);
}

static void s_who_is_of_staff_is_left_alone (void **state)
{
    fake_t *fake = *state;
    s_made_t made;
    static const char *const args[] = {
        "--bootstrap-admin", "root", "--bootstrap-admin-password", STRONG, "--demo-users", "dora:y", NULL};
    fake_start (fake, args);
    s_expect_made (fake, 0, &made);
    assert_string_equal (made.login, "dora");
    assert_int_equal (fake->update.id, 0);
}

/*  What it says on the way out names the setting and nothing of a secret. */
static void s_bad_settings_stop_the_start (void **state)
{
    fake_t *fake = *state;
    static const struct {
        const char *args[4];
        const char *says;
    } cases[] = {
        {{"--bootstrap-admin", "boss"}, "bootstrap-admin-password"},
        {{"--bootstrap-admin", "a b", "--bootstrap-admin-password", STRONG}, "neither a login"},
        {{"--bootstrap-admin", "boss", "--bootstrap-admin-password", "SECRET"}, "at least 8"},
        {{"--demo-users", "SECRET"}, "alice:password"},
        {{"--demo-users", "dora:x,SECRET"}, "alice:password"},
        {{"--demo-users", "dora:"}, "is needed"},
        {{"--demo-users", "a b:SECRET"}, "neither a login"},
        {{"--smtp-url", "http://SECRET@x"}, "smtp-url"},
        {{"--smtp-url", "smtp://user:SECRET@mail.example.org"}, "settings of their own"},
        {{"--smtp-tls", "perhaps"}, "smtp-tls"},
        {{"--mail-from", "nobody"}, "mail-from"},
        {{"--public-url", "localhost"}, "public-url"},
    };
    char log[128];
    snprintf (log, sizeof log, "%s/log", fake->dir);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const *more = cases[i].args;
        const char *const args[] = {
            "--bus", "ipc:///tmp/parley-auth-nowhere", "--state-dir", fake->dir, more[0], more[1], more[2], more[3],
            NULL};
        char said[8192];
        pid_t pid = child_start ("parley-auth", args, log);
        siginfo_t info = {0};
        assert_int_equal (waitid (P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
        int status = child_end (&pid, SIGKILL, 1000);
        FILE *file = fopen (log, "r");
        assert_non_null (file);
        said[fread (said, 1, sizeof said - 1, file)] = '\0';
        fclose (file);
        unlink (log);
        if (!WIFEXITED (status) || (WEXITSTATUS (status) != 78 && WEXITSTATUS (status) != 2) ||
            !strstr (said, cases[i].says) || strstr (said, "SECRET"))
            fail_msg ("case %zu: status %x: %s", i, (unsigned)status, said);
    }
}

#define TEST(fn) cmocka_unit_test_setup_teardown (fn, s_open, s_close)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (s_who_is_missing_is_made_and_who_is_there_is_not),
        TEST (s_every_start_makes_anew_who_was_deleted),
        TEST (s_it_is_tried_until_store_is_there),
        TEST (s_the_administrator_is_made_of_staff),
        TEST (s_an_account_that_is_there_is_promoted_and_keeps_its_password),
        TEST (s_who_is_of_staff_is_left_alone),
        TEST (s_bad_settings_stop_the_start),
    };
    if (sodium_init () < 0)
        return 1;
    return cmocka_run_group_tests (tests, NULL, NULL);
}
