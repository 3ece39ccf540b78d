/*  store_ops_credential_test - whose a credential is, on a real database, and how its use is noted. */

#include "store_credential_fixture.h"

static void test_a_credential_tells_whose_it_is_or_why_not (void **state)
{
    bench_t *bench = *state;
    uint64_t account = make_staff (bench);
    pt_str_t long_hash = text (bench->store, "%064u", ++s_serial);
    pt_credential_insert_t insert = {
        .account = account,
        .kind = PT_credential_kind_TOKEN,
        .secret_hash = long_hash,
        .prefix = PT_LIT ("parley_abcde"),
        .has_prefix = true,
        .name = PT_LIT ("ci"),
        .has_name = true,
        .scopes = PT_LIT ("read write"),
        .has_scopes = true,
        .key = key (bench->store),
    };
    uint64_t id = ((const pt_session_owner_t *)must (bench->store, PT_OP_store_credential_create, &insert))->session;
    pt_credential_find_t find = find_of (long_hash);
    const pt_identity_t *who = must (bench->store, PT_OP_store_credential_find, &find);
    assert_true (who->account == account && who->session == id && who->kind == PT_credential_kind_TOKEN);
    assert_true (who->staff && who->generation == 1 && !who->has_expires_at);
    assert_true (pt_str_eq (who->scopes, PT_LIT ("read write")));
    const pt_token_page_t *page = must (bench->store, PT_OP_store_token_list, &(pt_token_query_t){.account = account});
    assert_int_equal (page->items.count, 1);
    assert_true (pt_str_eq (page->items.at[0].name, PT_LIT ("ci")));
    assert_true (pt_str_eq (page->items.at[0].prefix, PT_LIT ("parley_abcde")));
    assert_true (page->items.at[0].has_used_at);
    pt_session_query_t query = {.account = account, .session = id};
    assert_int_equal (((const pt_session_page_t *)must (bench->store, PT_OP_store_session_list, &query))->items.count,
                      0);

    find.kind = PT_credential_kind_KNOX;
    find.has_kind = true;
    REFUSED (bench->store, PT_OP_store_credential_find, &find, PT_E_token_invalid);
    find.kind = PT_credential_kind_TOKEN;
    static const struct {
        const char *change;
        int err;
    } rows[] = {
        {"UPDATE account SET active = false", PT_E_inactive},
        {"UPDATE credential SET expires_at = clock_timestamp ()", PT_E_token_expired},
        {"UPDATE credential SET revoked_at = clock_timestamp ()", PT_E_token_revoked},
        {"DELETE FROM credential", PT_E_token_invalid},
    };
    for (size_t i = 0; i < COUNT_OF (rows); i++) {
        sqlf (bench, "%s WHERE id = %llu", rows[i].change, (unsigned long long)(i == 0 ? account : id));
        REFUSED (bench->store, PT_OP_store_credential_find, &find, rows[i].err);
    }
}

static void test_use_is_noted_once_a_minute_and_prolongs_a_cookie (void **state)
{
    bench_t *bench = *state;
    uint64_t account = make_account (bench);
    pt_str_t hash = make_hash (bench->store);
    unsigned long long id = make_credential (bench, account, PT_credential_kind_COOKIE, hash);
    pt_credential_find_t find = find_of (hash);
    long long version = sqlf (bench, "SELECT xmin::text FROM credential WHERE id = %llu", id);
    must (bench->store, PT_OP_store_credential_find, &find);
    assert_int_equal (sqlf (bench, "SELECT xmin::text FROM credential WHERE id = %llu", id), version);

    sqlf (bench, "UPDATE credential SET used_at = used_at - interval '61 seconds' WHERE id = %llu", id);
    must (bench->store, PT_OP_store_credential_find, &find);
    static const char fresh[] =
        "SELECT count (*) FROM credential WHERE id = %llu AND used_at >"
        " clock_timestamp () - interval '30 seconds' AND expires_at - used_at %s interval '59 minutes'";
    char query[256];
    snprintf (query, sizeof (query), fresh, id, ">");
    assert_int_equal (sql (bench->sql, query), 1);

    /*  An hour nearer to its end, and not sooner. */
    sqlf (bench,
          "UPDATE credential SET used_at = used_at - interval '2 minutes', expires_at = expires_at - interval '30 "
          "minutes'"
          " WHERE id = %llu",
          id);
    must (bench->store, PT_OP_store_credential_find, &find);
    assert_int_equal (sql (bench->sql, query), 0);
    sqlf (bench,
          "UPDATE credential SET used_at = used_at - interval '2 minutes', life = interval '14 days',"
          " expires_at = clock_timestamp () + interval '13 days 22 hours' WHERE id = %llu",
          id);
    const pt_identity_t *who = must (bench->store, PT_OP_store_credential_find, &find);
    assert_true (who->expires_at > sv_wall_us () + INT64_C (13) * 86400 * 1000000 + INT64_C (86000) * 1000000);
}

static void test_a_row_in_other_hands_does_not_keep_its_reader_waiting (void **state)
{
    bench_t *bench = *state;
    pt_str_t hash = make_hash (bench->store);
    unsigned long long id = make_credential (bench, make_account (bench), PT_credential_kind_KNOX, hash);
    sqlf (bench, "UPDATE credential SET used_at = used_at - interval '1 day' WHERE id = %llu", id);
    sql (bench->sql, "BEGIN");
    sqlf (bench, "SELECT id FROM credential WHERE id = %llu FOR UPDATE", id);
    pt_credential_find_t find = find_of (hash);
    must (bench->store, PT_OP_store_credential_find, &find);
    sql (bench->sql, "ROLLBACK");
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, open_test, close_test)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_a_credential_tells_whose_it_is_or_why_not),
        TEST (test_use_is_noted_once_a_minute_and_prolongs_a_cookie),
        TEST (test_a_row_in_other_hands_does_not_keep_its_reader_waiting),
    };
    return cmocka_run_group_tests_name ("store_ops_credential", tests, open_group, close_group);
}
