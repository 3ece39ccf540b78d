/*  store_ops_password_test - passwords that change, on a real database: by the one before or by a mailed
    key, and what they end. */

#include "store_credential_fixture.h"

static void test_a_password_ends_all_but_the_asking_session_and_api_tokens (void **state)
{
    bench_t *bench = *state;
    people_t me = make_people (bench);
    pt_password_store_t ask_for = password_of (bench, me.account);
    ask_for.session = me.session;
    ask_for.has_session = true;
    ask_for.old_hash = PT_LIT ("argon");
    ask_for.has_old_hash = true;
    for (unsigned i = 0; i < 2; i++) { /* the same key is the same answer */
        const pt_revocations_t *gone = must (bench->store, PT_OP_store_password_set, &ask_for);
        assert_int_equal (gone->items.count, 1);
        assert_int_equal (gone->items.at[0].generation, 2);
        assert_int_equal (gone->items.at[0].spared, me.session);
    }
    assert_int_equal (live (bench, me.account), 2);
    assert_int_equal (told (bench, me.account), 1);
    assert_int_equal (noted (bench, me.account, PT_audit_action_PASSWORD_SET), 1);
    ask_for.key = key (bench->store);
    REFUSED (bench->store, PT_OP_store_password_set, &ask_for, PT_E_conflict); /* the old one is old by now */
    ask_for.old_hash = PT_LIT ("another argon");
    ask_for.session = me.knox;
    REFUSED (bench->store, PT_OP_store_password_set, &ask_for, PT_E_token_revoked);
    ask_for.session = make_session (bench, make_account (bench), make_hash (bench->store));
    REFUSED (bench->store, PT_OP_store_password_set, &ask_for, PT_E_token_revoked); /* somebody else's */
    ask_for.has_session = false;
    ask_for.account = 999999;
    REFUSED (bench->store, PT_OP_store_password_set, &ask_for, PT_E_not_found);
    ask_for.has_account = false;
    REFUSED (bench->store, PT_OP_store_password_set, &ask_for, PT_E_invalid);
}

static void test_of_two_password_changes_at_once_one_wins (void **state)
{
    enum { ROUNDS = 20 };
    bench_t *bench = *state;
    harness_t *stores[2] = {bench->store, open_store (NULL)};
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t account = make_account (bench), waiting[2];
        for (unsigned i = 0; i < 2; i++) {
            pt_password_store_t set = password_of (bench, account);
            set.password_hash = text (stores[i], "by %u", i);
            set.old_hash = PT_LIT ("argon");
            set.has_old_hash = true;
            waiting[i] = harness_request (stores[i], PT_OP_store_password_set, &set);
        }
        int first = harness_reply (stores[0], waiting[0])->envelope.status;
        int second = harness_reply (stores[1], waiting[1])->envelope.status;
        assert_int_equal (first + second, PT_E_conflict);
        assert_int_equal (sqlf (bench, "SELECT (password_hash = 'by %d')::integer FROM account WHERE id = %llu",
                                first == 0 ? 0 : 1, (unsigned long long)account),
                          1);
        assert_int_equal (generation_of (bench, account), 2);
    }
    harness_destroy (&stores[1]);
}

static void test_a_mailed_key_sets_one_password (void **state)
{
    bench_t *bench = *state;
    people_t me = make_people (bench);
    unsigned long long account = me.account, mails[3];
    sqlf (bench, "UPDATE account SET email = 'reset%llu@example.org' WHERE id = %llu", account, account);
    for (unsigned i = 0; i < 3; i++)
        mails[i] = (unsigned long long)sqlf (bench,
                                             "INSERT INTO mail (kind, account, email, expires_at) SELECT 2, id, email, "
                                             "clock_timestamp () + interval '1 hour'"
                                             " FROM account WHERE id = %llu RETURNING id",
                                             account);
    pt_password_store_t set = password_of (bench, 0);
    set.mail = mails[0];
    set.has_mail = true;
    sqlf (bench, "UPDATE mail SET expires_at = clock_timestamp () WHERE id = %llu", mails[0]);
    REFUSED (bench->store, PT_OP_store_password_set, &set, PT_E_token_expired);
    set.mail = mails[1];
    const pt_revocations_t *gone = must (bench->store, PT_OP_store_password_set, &set);
    assert_int_equal (gone->items.at[0].account, account);
    assert_false (gone->items.at[0].has_spared);
    assert_int_equal (live (bench, account), 1);
    assert_int_equal (noted (bench, account, PT_audit_action_PASSWORD_RESET), 1);
    must (bench->store, PT_OP_store_password_set, &set); /* the same request */
    set.key = key (bench->store);
    REFUSED (bench->store, PT_OP_store_password_set, &set, PT_E_token_invalid); /* used up */
    set.mail = mails[2];
    REFUSED (bench->store, PT_OP_store_password_set, &set, PT_E_token_invalid); /* void with it */
    set.mail = 12345;
    REFUSED (bench->store, PT_OP_store_password_set, &set, PT_E_token_invalid);
    sqlf (bench, "UPDATE mail SET used_at = NULL WHERE id = %llu", mails[2]);
    sqlf (bench, "UPDATE account SET email = 'new%llu@example.org' WHERE id = %llu", account, account);
    set.mail = mails[2];
    REFUSED (bench->store, PT_OP_store_password_set, &set, PT_E_token_invalid); /* went to another address */
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, open_test, close_test)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_a_password_ends_all_but_the_asking_session_and_api_tokens),
        TEST (test_of_two_password_changes_at_once_one_wins),
        TEST (test_a_mailed_key_sets_one_password),
    };
    return cmocka_run_group_tests_name ("store_ops_password", tests, open_group, close_group);
}
