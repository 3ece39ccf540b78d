/*  auth_keys_test - keys and secrets are exchanged while parley-auth runs: what was
    signed or derived before, during and after is good all the way. */

#include "auth_credential.h"
#include "auth_fake.h"
#include "auth_refresh.h"
#include <cjose/jws.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>

#include <cmocka.h>

typedef struct {
    char text[LIM_TOKEN + 1];
} s_text_t;

static int s_open (void **state)
{
    fake_t *fake = fake_new ();
    if (!fake)
        return -1;
    fake->find_refuse = PT_E_token_invalid;
    fake_start (fake, NULL);
    *state = fake;
    return 0;
}

static int s_close (void **state)
{
    fake_destroy ((fake_t **)state);
    return 0;
}

/*  ---- files -------------------------------------------------------------------- */

static void s_path (const fake_t *fake, const char *name, char out[128])
{
    snprintf (out, 128, "%s/%s", fake->dir, name);
}

static void s_move (const fake_t *fake, const char *from, const char *to)
{
    char old[128], new[128];
    s_path (fake, from, old);
    s_path (fake, to, new);
    assert_int_equal (rename (old, new), 0);
}

static void s_remove (const fake_t *fake, const char *name)
{
    char path[128];
    s_path (fake, name, path);
    assert_int_equal (unlink (path), 0);
}

static void s_make_next (const fake_t *fake)
{
    char path[128];
    auth_why_t why;
    int err = 0;
    s_path (fake, AUTH_KEY_NEXT_NAME, path);
    auth_key_t *key = auth_key_load (path, &err, &why);
    assert_non_null (key);
    auth_key_destroy (&key);
    s_path (fake, AUTH_SECRET_NEXT_NAME, path);
    auth_secret_t *secret = auth_secret_load (path, &err, &why);
    assert_non_null (secret);
    auth_secret_destroy (&secret);
}

static void s_swap (const fake_t *fake)
{
    s_move (fake, AUTH_KEY_NAME, "key");
    s_move (fake, AUTH_KEY_NEXT_NAME, AUTH_KEY_NAME);
    s_move (fake, "key", AUTH_KEY_NEXT_NAME);
    s_move (fake, AUTH_SECRET_NAME, "secret");
    s_move (fake, AUTH_SECRET_NEXT_NAME, AUTH_SECRET_NAME);
    s_move (fake, "secret", AUTH_SECRET_NEXT_NAME);
}

static auth_secret_t *s_read_secret (const fake_t *fake, const char *name)
{
    char path[128];
    auth_why_t why;
    int err = 0;
    s_path (fake, name, path);
    auth_secret_t *secret = auth_secret_read (path, &err, &why);
    assert_non_null (secret);
    return secret;
}

/*  ---- what auth says -------------------------------------------------------------- */

static const pt_key_set_t *s_keys (fake_t *fake)
{
    return fake_ask (fake, PT_OP_auth_keys, &(pt_empty_t){0})->msg;
}

/*  Has the files read again, and waits until `count` keys are announced, the first
    of which is another than `not_first`. */
static const pt_key_set_t *s_reload (fake_t *fake, uint32_t count, pt_str_t not_first)
{
    assert_int_equal (kill (harness_pid (fake->harness), SIGHUP), 0);
    for (int i = 0; i < 100000; i++) {
        const pt_key_set_t *keys = s_keys (fake);
        if (keys->keys.count == count && !pt_str_eq (keys->keys.at[0].kid, not_first))
            return keys;
    }
    fail_msg ("%u keys are not announced", count);
    return NULL;
}

static void s_sign_in (fake_t *fake, pt_credential_kind_t kind, const char *key, s_text_t *out)
{
    const pt_session_create_t ask = {.identifier = PT_LIT ("ann"),
                                     .password = PT_LIT (FAKE_GOOD),
                                     .key = pt_str (key),
                                     .kind = kind,
                                     .has_kind = true};
    const harness_frame_t *reply = fake_ask (fake, PT_OP_auth_session_create, &ask);
    assert_int_equal (reply->envelope.status, 0);
    const pt_session_grant_t *grant = reply->msg;
    fake_copy (out->text, sizeof out->text, kind == PT_credential_kind_SESSION ? grant->access : grant->token);
}

static void s_refresh (fake_t *fake, const char *shown, s_text_t *out)
{
    const pt_session_refresh_t ask = {.refresh = pt_str (shown), .key = PT_LIT ("k")};
    const harness_frame_t *reply = fake_ask (fake, PT_OP_auth_session_refresh, &ask);
    assert_int_equal (reply->envelope.status, 0);
    fake_copy (out->text, sizeof out->text, ((const pt_session_grant_t *)reply->msg)->refresh);
}

/*  Whether a gateway that knows these keys takes the token: by its kid. */
static bool s_is_accepted (const pt_key_set_t *keys, const s_text_t *token)
{
    bool is_good = false;
    cjose_jws_t *jws = cjose_jws_import (token->text, strlen (token->text), NULL);
    assert_non_null (jws);
    const char *kid = cjose_header_get (cjose_jws_get_protected (jws), "kid", NULL);
    for (uint32_t i = 0; i < keys->keys.count && !is_good; i++) {
        const pt_public_key_t *key = &keys->keys.at[i];
        cjose_jwk_t *jwk =
            pt_str_eq (key->kid, pt_str (kid)) ? cjose_jwk_import (key->jwk.at, key->jwk.len, NULL) : NULL;
        is_good = jwk && cjose_jws_verify (jws, jwk, NULL);
        cjose_jwk_release (jwk);
    }
    cjose_jws_release (jws);
    return is_good;
}

/*  ---- exchanges ------------------------------------------------------------------- */

/*  At each step gateways may still hold the set announced in the step before. */
static void s_tokens_of_every_step_are_accepted_in_it_and_the_next (void **state)
{
    fake_t *fake = *state;
    s_text_t before, announced, swapped, after;
    const pt_key_set_t *one = s_keys (fake);
    assert_int_equal (one->keys.count, 1);
    s_sign_in (fake, PT_credential_kind_SESSION, "a", &before);
    s_make_next (fake);
    const pt_key_set_t *two = s_reload (fake, 2, PT_LIT (""));
    s_sign_in (fake, PT_credential_kind_SESSION, "b", &announced);
    s_swap (fake);
    const pt_key_set_t *three = s_reload (fake, 2, one->keys.at[0].kid);
    s_sign_in (fake, PT_credential_kind_SESSION, "c", &swapped);
    s_remove (fake, AUTH_KEY_NEXT_NAME);
    s_remove (fake, AUTH_SECRET_NEXT_NAME);
    const pt_key_set_t *four = s_reload (fake, 1, one->keys.at[0].kid);
    s_sign_in (fake, PT_credential_kind_SESSION, "d", &after);
    assert_true (s_is_accepted (one, &before) && s_is_accepted (one, &announced));
    assert_true (s_is_accepted (two, &before) && s_is_accepted (two, &announced) && s_is_accepted (two, &swapped));
    assert_true (s_is_accepted (three, &before) && s_is_accepted (three, &announced));
    assert_true (s_is_accepted (three, &swapped) && s_is_accepted (three, &after));
    assert_true (s_is_accepted (four, &swapped) && s_is_accepted (four, &after));
    assert_false (s_is_accepted (one, &swapped));
    assert_false (s_is_accepted (four, &before));
}

static void s_an_authtoken_stays_the_same_while_both_secrets_are_there (void **state)
{
    fake_t *fake = *state;
    s_text_t before, announced, swapped;
    pt_str_t first = s_keys (fake)->keys.at[0].kid;
    s_sign_in (fake, PT_credential_kind_AUTHTOKEN, "a", &before);
    s_make_next (fake);
    s_reload (fake, 2, PT_LIT (""));
    s_sign_in (fake, PT_credential_kind_AUTHTOKEN, "b", &announced);
    assert_string_equal (announced.text, before.text);
    s_swap (fake);
    s_reload (fake, 2, first);
    fake->find_refuse = 0; /* store has the row of the secret before */
    s_sign_in (fake, PT_credential_kind_AUTHTOKEN, "c", &swapped);
    assert_string_equal (swapped.text, before.text);
    fake->find_refuse = PT_E_token_invalid; /* a row of another generation, or none */
    s_sign_in (fake, PT_credential_kind_AUTHTOKEN, "d", &swapped);
    assert_string_not_equal (swapped.text, before.text);
}

static void s_a_refresh_token_has_both_successors_while_both_secrets_are_there (void **state)
{
    static const char shown[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    fake_t *fake = *state;
    uint8_t hash[LIM_HASH];
    s_text_t before, next;
    s_refresh (fake, shown, &before);
    assert_false (fake->rotate.has_other_hash);
    pt_str_t first = s_keys (fake)->keys.at[0].kid;
    s_make_next (fake);
    s_swap (fake);
    s_reload (fake, 2, first);
    fake->is_other = true; /* the answer with `before` was lost */
    s_refresh (fake, shown, &next);
    assert_string_equal (next.text, before.text);
    assert_true (fake->rotate.has_other_hash);
    auth_refresh_hash (pt_str (before.text), hash);
    assert_memory_equal (fake->other_hash, hash, LIM_HASH);
    fake->is_other = false;
    s_refresh (fake, shown, &next);
    assert_string_not_equal (next.text, before.text);
    auth_refresh_hash (pt_str (next.text), hash);
    assert_memory_equal (fake->next_hash, hash, LIM_HASH);
}

/*  A repeat after the exchange meets what the secret before has made. */
static void s_a_repeat_across_the_exchange_gets_what_it_was_given (void **state)
{
    fake_t *fake = *state;
    s_text_t before, again, session;
    uint8_t first_hash[LIM_HASH];
    pt_str_t first = s_keys (fake)->keys.at[0].kid;
    s_sign_in (fake, PT_credential_kind_KNOX, "k", &before);
    s_sign_in (fake, PT_credential_kind_SESSION, "s", &session);
    memcpy (first_hash, fake->first_hash, sizeof first_hash);
    s_make_next (fake);
    s_swap (fake);
    s_reload (fake, 2, first);
    fake->refuse = PT_E_conflict;
    fake->refuse_count = 1;
    s_sign_in (fake, PT_credential_kind_KNOX, "k", &again);
    assert_string_equal (before.text, again.text);
    fake->refuse_count = 1;
    s_sign_in (fake, PT_credential_kind_SESSION, "s", &session);
    assert_memory_equal (first_hash, fake->first_hash, sizeof first_hash);
}

/*  Has the files read again, and waits until the log says for the `count`th time that
    they are no good. */
static void s_reload_badly (fake_t *fake, unsigned count)
{
    static char text[1 << 20];
    char path[128];
    unsigned seen = 0;
    snprintf (path, sizeof path, "%s/log", harness_dir (fake->harness));
    assert_int_equal (kill (harness_pid (fake->harness), SIGHUP), 0);
    for (int i = 0; seen < count; i++) {
        assert_true (i < 100000);
        s_keys (fake);
        FILE *file = fopen (path, "r");
        assert_non_null (file);
        text[fread (text, 1, sizeof text - 1, file)] = 0;
        fclose (file);
        seen = 0;
        for (const char *at = text; (at = strstr (at, "keys stay as they were")); at++)
            seen++;
    }
}

static void s_a_bad_or_missing_file_changes_nothing (void **state)
{
    fake_t *fake = *state;
    char path[128];
    auth_why_t why;
    const pt_key_set_t *one = s_keys (fake);
    s_path (fake, AUTH_KEY_NEXT_NAME, path);
    assert_int_equal (auth_file_create (path, "no key", 6, &why), 0);
    s_reload_badly (fake, 1);
    s_remove (fake, AUTH_KEY_NEXT_NAME);
    s_move (fake, AUTH_KEY_NAME, "key");
    s_reload_badly (fake, 2);
    assert_true (pt_str_eq (s_keys (fake)->keys.at[0].kid, one->keys.at[0].kid));
    s_path (fake, AUTH_KEY_NAME, path);
    assert_int_not_equal (access (path, F_OK), 0); /* none is made in its place */
    s_move (fake, "key", AUTH_KEY_NAME);
    s_make_next (fake);
    const pt_key_set_t *two = s_reload (fake, 2, PT_LIT (""));
    assert_true (pt_str_eq (two->keys.at[0].kid, one->keys.at[0].kid));
}

/*  As when the second file was copied over the first, and not taken away yet. */
static void s_a_key_that_both_files_hold_is_announced_once (void **state)
{
    fake_t *fake = *state;
    char first[128], next[128];
    s_path (fake, AUTH_KEY_NAME, first);
    s_path (fake, AUTH_KEY_NEXT_NAME, next);
    const pt_key_set_t *one = s_keys (fake);
    s_make_next (fake);
    const pt_key_set_t *two = s_reload (fake, 2, PT_LIT (""));
    assert_int_equal (unlink (first), 0);
    assert_int_equal (link (next, first), 0);
    const pt_key_set_t *three = s_reload (fake, 1, one->keys.at[0].kid);
    assert_true (pt_str_eq (three->keys.at[0].kid, two->keys.at[1].kid));
}

/*  ---- theft ------------------------------------------------------------------------- */

static void s_a_used_token_ends_its_session_everywhere (void **state)
{
    fake_t *fake = *state;
    fake->is_reused = true;
    const pt_session_refresh_t ask = {.refresh = PT_LIT ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
                                      .key = PT_LIT ("k")};
    const harness_frame_t *reply = fake_ask (fake, PT_OP_auth_session_refresh, &ask);
    assert_int_equal (reply->envelope.status, PT_E_token_invalid);
    const pt_revocations_t *revoked = harness_event (fake->harness, PT_EV_revoked)->msg;
    assert_int_equal (revoked->items.count, 1);
    assert_int_equal (revoked->items.at[0].account, 7);
    assert_int_equal (revoked->items.at[0].session, FAKE_SESSION);
}

static void s_the_documented_key_is_derived_from_the_file (void **state)
{
    fake_t *fake = *state;
    s_text_t given;
    auth_credential_t expected;
    auth_secret_t *secret = s_read_secret (fake, AUTH_SECRET_NAME);
    s_sign_in (fake, PT_credential_kind_AUTHTOKEN, "a", &given);
    auth_credential_authtoken (secret, 7, 1, &expected);
    assert_string_equal (given.text, expected.text);
    auth_secret_destroy (&secret);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (s_tokens_of_every_step_are_accepted_in_it_and_the_next, s_open, s_close),
        cmocka_unit_test_setup_teardown (s_an_authtoken_stays_the_same_while_both_secrets_are_there, s_open, s_close),
        cmocka_unit_test_setup_teardown (s_a_refresh_token_has_both_successors_while_both_secrets_are_there, s_open,
                                         s_close),
        cmocka_unit_test_setup_teardown (s_a_repeat_across_the_exchange_gets_what_it_was_given, s_open, s_close),
        cmocka_unit_test_setup_teardown (s_a_bad_or_missing_file_changes_nothing, s_open, s_close),
        cmocka_unit_test_setup_teardown (s_a_key_that_both_files_hold_is_announced_once, s_open, s_close),
        cmocka_unit_test_setup_teardown (s_a_used_token_ends_its_session_everywhere, s_open, s_close),
        cmocka_unit_test_setup_teardown (s_the_documented_key_is_derived_from_the_file, s_open, s_close),
    };
    if (sodium_init () < 0)
        return 1;
    return cmocka_run_group_tests (tests, NULL, NULL);
}
