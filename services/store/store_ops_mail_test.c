/*  store_ops_mail_test - the outbox and its limits, the confirmation of addresses, and the
    audit trail, on a real database. */

#include "store_fixture.h"

/*  ---- mails ------------------------------------------------------------------------ */

static uint64_t make_addressee (bench_t *bench, const char *email)
{
    uint64_t id = make_account (bench);
    sqlf (bench, "UPDATE account SET email = '%s' WHERE id = %llu", email, (unsigned long long)id);
    return id;
}

static void ask_for_mail (bench_t *bench, pt_mail_kind_t kind, uint64_t account, const char *email)
{
    pt_mail_insert_t insert = {
        .kind = kind,
        .account = account,
        .has_account = account != 0,
        .email = pt_str (email),
        .expires_at = sv_wall_us () + INT64_C (3600) * 1000000,
        .address = PT_LIT ("192.0.2.1"),
        .has_address = true,
    };
    must (bench->store, PT_OP_store_mail_create, &insert);
}

static const pt_mail_batch_t *take (bench_t *bench)
{
    return must (bench->store, PT_OP_store_mail_take, &(pt_mail_take_t){.limit = LIM_MAILS, .lease_ms = 60000});
}

static void test_a_mail_is_taken_once_and_sent (void **state)
{
    bench_t *bench = *state;
    uint64_t account = make_addressee (bench, "one@example.org");
    ask_for_mail (bench, PT_mail_kind_RESET, 0, "One@Example.org");
    const pt_mail_batch_t *batch = take (bench);
    assert_int_equal (batch->items.count, 1);
    const pt_mail_t mail = batch->items.at[0];
    assert_true (mail.account == account && mail.kind == PT_mail_kind_RESET && mail.tries == 0 && mail.has_name);
    assert_true (pt_str_eq (mail.email, PT_LIT ("one@example.org")));
    assert_int_equal (take (bench)->items.count, 0);
    sql (bench->sql, "UPDATE mail SET lease_until = clock_timestamp ()");
    assert_int_equal (take (bench)->items.at[0].tries, 1);
    sql (bench->sql, "UPDATE mail SET lease_until = clock_timestamp ()");
    for (unsigned i = 0; i < 2; i++)
        must (bench->store, PT_OP_store_mail_done, &(pt_mail_done_t){.id = mail.id, .sent = true});
    assert_int_equal (take (bench)->items.count, 0);
    must (bench->store, PT_OP_store_mail_done, &(pt_mail_done_t){.id = 12345, .sent = true});
}

static void test_a_mail_is_tried_eight_times_with_longer_and_longer_pauses (void **state)
{
    bench_t *bench = *state;
    make_addressee (bench, "deaf@example.org");
    ask_for_mail (bench, PT_mail_kind_RESET, 0, "deaf@example.org");
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal (take (bench)->items.at[0].tries, i);
        long long wait_s =
            sql (bench->sql, "SELECT extract (epoch FROM lease_until - clock_timestamp ())::integer FROM mail");
        assert_in_range (wait_s, (60 << i) - 5, 60 << i);
        sql (bench->sql, "UPDATE mail SET lease_until = clock_timestamp ()");
    }
    assert_int_equal (take (bench)->items.count, 0);
}

static void test_what_failed_for_good_or_has_expired_is_not_sent (void **state)
{
    bench_t *bench = *state;
    static const char *const changes[] = {"expires_at = clock_timestamp ()", "failed_at = clock_timestamp ()",
                                          "used_at = clock_timestamp ()"};
    make_addressee (bench, "late@example.org");
    for (size_t i = 0; i < COUNT_OF (changes); i++) {
        sql (bench->sql, "DELETE FROM mail");
        ask_for_mail (bench, PT_mail_kind_RESET, 0, "late@example.org");
        sqlf (bench, "UPDATE mail SET %s", changes[i]);
        assert_int_equal (take (bench)->items.count, 0);
    }
}

static void test_nobody_is_written_to_who_should_not_be (void **state)
{
    bench_t *bench = *state;
    uint64_t idle = make_addressee (bench, "idle@example.org"), sure = make_addressee (bench, "sure@example.org");
    uint64_t gone = make_addressee (bench, "gone@example.org"), me = make_addressee (bench, "me@example.org");
    sqlf (bench, "UPDATE account SET active = false WHERE id = %llu", (unsigned long long)idle);
    sqlf (bench, "UPDATE account SET email_confirmed = true WHERE id = %llu", (unsigned long long)sure);
    must (bench->store, PT_OP_store_account_delete, &(pt_account_close_t){.account = gone, .by = gone});
    const struct {
        pt_mail_kind_t kind;
        uint64_t account;
        const char *email;
        unsigned count;
    } rows[] = {
        {PT_mail_kind_RESET, 0, "idle@example.org", 0},    {PT_mail_kind_RESET, 0, "gone@example.org", 0},
        {PT_mail_kind_RESET, 0, "unknown@example.org", 0}, {PT_mail_kind_CONFIRM, 0, "sure@example.org", 0},
        {PT_mail_kind_CONFIRM, 0, "me@example.org", 1},    {PT_mail_kind_CONFIRM, me, "new@example.org", 1},
        {PT_mail_kind_CONFIRM, me, "sure@example.org", 0}, /* somebody else's address */
        {PT_mail_kind_RESET, 0, "sure@example.org", 1},
    };
    for (size_t i = 0; i < COUNT_OF (rows); i++) {
        sql (bench->sql, "DELETE FROM mail");
        ask_for_mail (bench, rows[i].kind, rows[i].account, rows[i].email);
        assert_int_equal (sql (bench->sql, "SELECT count (*) FROM mail"), 1); /* the same work for all */
        assert_int_equal (take (bench)->items.count, rows[i].count);
    }
}

static void test_an_address_gets_one_mail_a_minute_and_ten_a_day (void **state)
{
    bench_t *bench = *state;
    make_addressee (bench, "much@example.org");
    for (unsigned i = 0; i < 12; i++) {
        ask_for_mail (bench, PT_mail_kind_RESET, 0, "much@example.org");
        ask_for_mail (bench, PT_mail_kind_RESET, 0, "much@example.org");
        assert_int_equal (take (bench)->items.count, i < 10);
        sql (bench->sql, "UPDATE mail SET created_at = created_at - interval '61 seconds'");
    }
    sql (bench->sql, "UPDATE mail SET created_at = created_at - interval '1 day'");
    ask_for_mail (bench, PT_mail_kind_RESET, 0, "much@example.org");
    assert_int_equal (take (bench)->items.count, 1);
}

static void test_of_many_who_ask_at_once_one_is_written_to (void **state)
{
    enum { TIMES = 10 };
    bench_t *bench = *state;
    harness_t *stores[2] = {bench->store, open_store (NULL)};
    uint64_t waiting[TIMES];
    make_addressee (bench, "rush@example.org");
    pt_mail_insert_t insert = {.kind = PT_mail_kind_RESET,
                               .email = PT_LIT ("rush@example.org"),
                               .expires_at = sv_wall_us () + INT64_C (3600) * 1000000};
    for (unsigned i = 0; i < TIMES; i++)
        waiting[i] = harness_request (stores[i & 1], PT_OP_store_mail_create, &insert);
    for (unsigned i = 0; i < TIMES; i++)
        assert_int_equal (harness_reply (stores[i & 1], waiting[i])->envelope.status, 0);
    assert_int_equal (take (bench)->items.count, 1);
    harness_destroy (&stores[1]);
}

/*  ---- addresses --------------------------------------------------------------------- */

static uint64_t confirmation (bench_t *bench, uint64_t account, const char *email)
{
    return (uint64_t)sqlf (bench,
                           "INSERT INTO mail (kind, account, email, expires_at) VALUES (1, %llu, '%s',"
                           " clock_timestamp () + interval '1 hour') RETURNING id",
                           (unsigned long long)account, email);
}

static void test_a_registration_has_its_address_confirmed (void **state)
{
    bench_t *bench = *state;
    pt_account_insert_t insert = {
        .email = PT_LIT ("Fresh@Example.org"),
        .has_email = true,
        .password_hash = PT_LIT ("argon"),
        .hash = PT_LIT ("0123456789abcdef0123456789abcdef"),
        .key = key (bench->store),
    };
    uint64_t account = ((const pt_account_t *)must (bench->store, PT_OP_store_account_create, &insert))->id;
    const pt_mail_batch_t *batch = take (bench);
    assert_int_equal (batch->items.count, 1);
    assert_true (batch->items.at[0].account == account && batch->items.at[0].kind == PT_mail_kind_CONFIRM);
    assert_true (batch->items.at[0].expires_at > sv_wall_us () + INT64_C (71) * 3600 * 1000000);
    assert_false (batch->items.at[0].has_dialect);
    pt_email_store_t confirm = {.mail = batch->items.at[0].id};
    for (unsigned i = 0; i < 2; i++) { /* the first answer may have been lost */
        const pt_account_t *seen = must (bench->store, PT_OP_store_email_confirm, &confirm);
        assert_true (seen->id == account && seen->email_confirmed);
    }
    assert_int_equal (
        sqlf (bench, "SELECT count (*) FROM audit WHERE account = %llu AND what = 9", (unsigned long long)account), 1);
    sql (bench->sql, "UPDATE mail SET used_at = used_at - interval '61 seconds'");
    REFUSED (bench->store, PT_OP_store_email_confirm, &confirm, PT_E_token_invalid);
    confirm.mail = 12345;
    REFUSED (bench->store, PT_OP_store_email_confirm, &confirm, PT_E_token_invalid);
}

static void test_the_mail_of_a_registration_knows_its_dialect (void **state)
{
    bench_t *bench = *state;
    pt_account_insert_t insert = {
        .email = PT_LIT ("dialect@example.org"),
        .has_email = true,
        .password_hash = PT_LIT ("argon"),
        .hash = PT_LIT ("0123456789abcdef0123456789abcdef"),
        .key = key (bench->store),
        .dialect = PT_room_dialect_CHAT,
        .has_dialect = true,
    };
    must (bench->store, PT_OP_store_account_create, &insert);
    const pt_mail_batch_t *batch = take (bench);
    assert_int_equal (batch->items.count, 1);
    assert_true (batch->items.at[0].has_dialect && batch->items.at[0].dialect == PT_room_dialect_CHAT);
}

static void test_an_address_changes_when_its_mail_is_answered (void **state)
{
    bench_t *bench = *state;
    uint64_t account = make_addressee (bench, "before@example.org"), other = make_account (bench);
    pt_email_store_t confirm = {.mail = confirmation (bench, account, "after@example.org")};
    const pt_account_t *seen = must (bench->store, PT_OP_store_email_confirm, &confirm);
    assert_true (pt_str_eq (seen->email, PT_LIT ("after@example.org")));
    confirm.mail = confirmation (bench, other, "after@example.org");
    const harness_frame_t *frame =
        harness_reply (bench->store, harness_request (bench->store, PT_OP_store_email_confirm, &confirm));
    assert_int_equal (frame->envelope.status, PT_E_taken);
    assert_true (pt_str_eq (((const pt_error_t *)frame->msg)->errors.at[0].field, PT_LIT ("email")));
    confirm.mail = confirmation (bench, other, "free@example.org");
    sql (bench->sql, "UPDATE mail SET expires_at = clock_timestamp ()");
    REFUSED (bench->store, PT_OP_store_email_confirm, &confirm, PT_E_token_expired);
    sql (bench->sql, "UPDATE mail SET kind = 2, expires_at = clock_timestamp () + interval '1 hour'");
    REFUSED (bench->store, PT_OP_store_email_confirm, &confirm, PT_E_token_invalid);
}

/*  ---- the audit trail ----------------------------------------------------------------- */

static void test_refused_sign_ins_are_noted_once (void **state)
{
    bench_t *bench = *state;
    uint64_t account = make_account (bench);
    pt_audit_t items[3] = {
        {.at = 1800000000000001,
         .what = PT_audit_action_REFUSED,
         .account = account,
         .has_account = true,
         .address = PT_LIT ("192.0.2.1"),
         .has_address = true,
         .trace = PT_LIT ("one"),
         .has_trace = true},
        {.at = 1800000000000002, .what = PT_audit_action_REFUSED},
        {.at = 1800000000000002, .what = PT_audit_action_REFUSED, .trace = PT_LIT ("two"), .has_trace = true},
    };
    pt_audit_batch_t batch = {.items = {items, COUNT_OF (items)}};
    for (unsigned i = 0; i < 3; i++)
        must (bench->store, PT_OP_store_audit_create, &batch);
    assert_int_equal (sql (bench->sql, "SELECT count (*) FROM audit WHERE what = 3"), 3);
}

static void test_staff_reads_the_audit_trail_latest_first (void **state)
{
    bench_t *bench = *state;
    uint64_t staff = make_staff (bench), account = make_account (bench);
    for (unsigned i = 0; i < 6; i++)
        make_session (bench, account, make_hash (bench->store));
    pt_audit_query_t query = {.account = staff, .of = account, .has_of = true, .limit = 3, .has_limit = true};
    unsigned total = 0;
    uint64_t last = LIM_ID;
    do {
        const pt_audit_page_t *page = must (bench->store, PT_OP_store_audit_list, &query);
        for (uint32_t i = 0; i < page->items.count; i++) {
            assert_true (page->items.at[i].id < last && page->items.at[i].account == account);
            last = page->items.at[i].id;
        }
        total += page->items.count;
        query.has_cursor = page->has_next;
        query.cursor = page->next;
    } while (query.has_cursor);
    assert_int_equal (total, 7); /* its making, and six times in */
    query.has_of = false;
    const pt_audit_page_t *page = must (bench->store, PT_OP_store_audit_list, &query);
    assert_int_equal (page->items.at[0].account, account);
    assert_true (page->items.at[0].has_session && page->has_next);
    query.of = 999999;
    query.has_of = true;
    page = must (bench->store, PT_OP_store_audit_list, &query);
    assert_int_equal (page->items.count, 0);
    query.account = account;
    REFUSED (bench->store, PT_OP_store_audit_list, &query, PT_E_forbidden);
    query.has_of = false;
    REFUSED (bench->store, PT_OP_store_audit_list, &query, PT_E_forbidden);
}

static void test_what_is_old_enough_is_removed (void **state)
{
    bench_t *bench = *state;
    make_addressee (bench, "old@example.org");
    ask_for_mail (bench, PT_mail_kind_RESET, 0, "old@example.org");
    uint64_t account = make_account (bench);
    make_session (bench, account, make_hash (bench->store));
    make_credential (bench, account, PT_credential_kind_KNOX, make_hash (bench->store));
    make_credential (bench, account, PT_credential_kind_TOKEN, make_hash (bench->store));
    sql (bench->sql, "UPDATE mail SET expires_at = clock_timestamp () - interval '25 hours'");
    sql (bench->sql, "UPDATE audit SET at = at - interval '401 days' WHERE what = 2");
    sqlf (
        bench,
        "UPDATE credential SET expires_at = clock_timestamp () - interval '25 hours' WHERE account = %llu AND kind < 4",
        (unsigned long long)account);
    sqlf (bench,
          "UPDATE credential SET expires_at = NULL, revoked_at = clock_timestamp () - interval '31 days'"
          " WHERE account = %llu AND kind = 4",
          (unsigned long long)account);
    wait_for (bench, "NOT EXISTS (SELECT FROM mail) AND NOT EXISTS (SELECT FROM audit WHERE what = 2)");
    char condition[96];
    snprintf (condition, sizeof (condition), "NOT EXISTS (SELECT FROM credential WHERE account = %llu)",
              (unsigned long long)account);
    wait_for (bench, condition);
    assert_true (sql (bench->sql, "SELECT count (*) FROM audit WHERE what = 1") > 0);
}

static int clear (void **state)
{
    bench_t *bench = *state;
    open_test (state);
    sql (bench->sql, "DELETE FROM mail");
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, clear, close_test)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_a_mail_is_taken_once_and_sent),
        TEST (test_a_mail_is_tried_eight_times_with_longer_and_longer_pauses),
        TEST (test_what_failed_for_good_or_has_expired_is_not_sent),
        TEST (test_nobody_is_written_to_who_should_not_be),
        TEST (test_an_address_gets_one_mail_a_minute_and_ten_a_day),
        TEST (test_of_many_who_ask_at_once_one_is_written_to),
        TEST (test_a_registration_has_its_address_confirmed),
        TEST (test_the_mail_of_a_registration_knows_its_dialect),
        TEST (test_an_address_changes_when_its_mail_is_answered),
        TEST (test_refused_sign_ins_are_noted_once),
        TEST (test_staff_reads_the_audit_trail_latest_first),
        TEST (test_what_is_old_enough_is_removed),
    };
    return cmocka_run_group_tests_name ("store_ops_mail", tests, open_group, close_group);
}
