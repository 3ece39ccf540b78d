/*  store_ops_session_test - credentials of every kind on a real database: what makes and ends them, and
    two of that at once. */

#include "store_credential_fixture.h"

/*  ---- signing in ---------------------------------------------------------------- */

static void test_who_signs_in_must_be_active_and_what_was_judged_must_stand (void **state)
{
    bench_t *bench = *state;
    uint64_t account = make_account (bench);
    pt_session_insert_t insert = {
        .account = account,
        .token_hash = make_hash (bench->store),
        .expires_at = sv_wall_us () + 3600000000,
        .generation = 1,
        .has_generation = true,
        .key = key (bench->store),
    };
    const pt_session_owner_t *owner = must (bench->store, PT_OP_store_session_create, &insert);
    assert_int_equal (owner->generation, 1);
    assert_true (owner->has_created_at && owner->has_staff && !owner->staff);
    /*  The password was changed between the look at it and this. */
    pt_password_store_t password = password_of (bench, account);
    must (bench->store, PT_OP_store_password_set, &password);
    insert.token_hash = make_hash (bench->store);
    insert.key = key (bench->store);
    REFUSED (bench->store, PT_OP_store_session_create, &insert, PT_E_conflict);
    pt_credential_insert_t opaque = {.account = account,
                                     .kind = PT_credential_kind_KNOX,
                                     .secret_hash = make_hash (bench->store),
                                     .generation = 1,
                                     .has_generation = true,
                                     .key = key (bench->store)};
    REFUSED (bench->store, PT_OP_store_credential_create, &opaque, PT_E_conflict);
    insert.generation = opaque.generation = 2;
    must (bench->store, PT_OP_store_session_create, &insert);
    must (bench->store, PT_OP_store_credential_create, &opaque);

    sqlf (bench, "UPDATE account SET active = false WHERE id = %llu", (unsigned long long)account);
    insert.key = opaque.key = key (bench->store);
    REFUSED (bench->store, PT_OP_store_session_create, &insert, PT_E_inactive);
    REFUSED (bench->store, PT_OP_store_credential_create, &opaque, PT_E_inactive);
    insert.account = opaque.account = 999999;
    REFUSED (bench->store, PT_OP_store_session_create, &insert, PT_E_not_found);
    REFUSED (bench->store, PT_OP_store_credential_create, &opaque, PT_E_not_found);
    opaque.kind = PT_credential_kind_SESSION;
    REFUSED (bench->store, PT_OP_store_credential_create, &opaque, PT_E_invalid);
    opaque.kind = PT_credential_kind_COOKIE;
    REFUSED (bench->store, PT_OP_store_credential_create, &opaque, PT_E_invalid);
    assert_int_equal (noted (bench, account, PT_audit_action_SIGNED_IN), 3);
}

static void test_one_credential_too_many_ends_the_oldest_of_its_kind (void **state)
{
    bench_t *bench = *state;
    uint64_t account = make_account (bench);
    for (int kind = 1; kind <= 3; kind += 2)
        sqlf (bench,
              "INSERT INTO credential (account, kind, hash, expires_at) SELECT %llu, %d, CASE WHEN %d > 1 THEN"
              " sha256 (convert_to (n::text || 'x%llu', 'UTF8')) END, clock_timestamp () + interval '1 hour'"
              " FROM generate_series (1, %d) n",
              (unsigned long long)account, kind, kind, (unsigned long long)account, LIM_CREDENTIALS);
    uint64_t oldest = (uint64_t)sqlf (bench, "SELECT min (id) FROM credential WHERE account = %llu AND kind = 1",
                                      (unsigned long long)account);
    uint64_t session = make_session (bench, account, make_hash (bench->store));
    assert_int_equal (live (bench, account), 2 * LIM_CREDENTIALS);
    assert_int_equal (sqlf (bench, "SELECT session FROM revocation WHERE account = %llu", (unsigned long long)account),
                      oldest);
    make_credential (bench, account, PT_credential_kind_KNOX, make_hash (bench->store));
    assert_int_equal (live (bench, account), 2 * LIM_CREDENTIALS);
    assert_int_equal (told (bench, account), 2);
    assert_int_equal (noted (bench, account, PT_audit_action_SIGNED_OUT), 2);
    pt_session_query_t query = {.account = account, .session = session};
    const pt_session_page_t *page = must (bench->store, PT_OP_store_session_list, &query);
    assert_int_equal (page->items.count, LIM_PAGE);
    pt_session_close_t close = {.account = account,
                                .by = account,
                                .kind = PT_credential_kind_KNOX,
                                .has_kind = true,
                                .key = key (bench->store)};
    const pt_revocations_t *gone = must (bench->store, PT_OP_store_session_delete, &close);
    assert_int_equal (gone->items.count, LIM_CREDENTIALS);
}

static void test_the_authtoken_stays_the_same_until_it_ends (void **state)
{
    bench_t *bench = *state;
    uint64_t account = make_account (bench);
    pt_credential_insert_t insert = {
        .account = account,
        .kind = PT_credential_kind_AUTHTOKEN,
        .secret_hash = make_hash (bench->store),
        .authtoken = 1,
        .has_authtoken = true,
        .key = key (bench->store),
    };
    uint64_t id = ((const pt_session_owner_t *)must (bench->store, PT_OP_store_credential_create, &insert))->session;
    insert.key = key (bench->store);
    const pt_session_owner_t *again = must (bench->store, PT_OP_store_credential_create, &insert);
    assert_int_equal (again->session, id);
    assert_int_equal (noted (bench, account, PT_audit_action_SIGNED_IN), 2);
    pt_session_close_t close = {.account = account, .by = account, .id = id, .has_id = true, .key = key (bench->store)};
    must (bench->store, PT_OP_store_session_delete, &close);
    insert.key = key (bench->store);
    REFUSED (bench->store, PT_OP_store_credential_create, &insert, PT_E_conflict); /* derived from the old one */
    insert.authtoken = 2;
    REFUSED (bench->store, PT_OP_store_credential_create, &insert, PT_E_conflict); /* revoked under that hash */
    insert.secret_hash = make_hash (bench->store);
    again = must (bench->store, PT_OP_store_credential_create, &insert);
    assert_true (again->session != id);
    pt_str_t taken = insert.secret_hash;
    insert = (pt_credential_insert_t){.account = make_account (bench),
                                      .kind = PT_credential_kind_AUTHTOKEN,
                                      .secret_hash = taken,
                                      .key = key (bench->store)};
    REFUSED (bench->store, PT_OP_store_credential_create, &insert, PT_E_conflict); /* somebody else's */
}

/*  ---- rotation ---------------------------------------------------------------------- */

static void test_two_secrets_rotate_the_same_session (void **state)
{
    bench_t *bench = *state;
    uint64_t account = make_account (bench);
    pt_str_t first = make_hash (bench->store), ours = make_hash (bench->store), theirs = make_hash (bench->store);
    uint64_t session = make_session (bench, account, first);
    pt_session_rotate_t rotate = {.token_hash = first,
                                  .next_hash = ours,
                                  .other_hash = theirs,
                                  .has_other_hash = true,
                                  .expires_at = sv_wall_us () + 3600000000,
                                  .grace_ms = 60000};
    const pt_session_owner_t *owner = must (bench->store, PT_OP_store_session_rotate, &rotate);
    assert_true (owner->session == session && !owner->is_other && !owner->revoked && owner->generation == 1);
    /*  The answer was lost, and the next auth signs with the other secret. */
    rotate.next_hash = theirs;
    rotate.other_hash = ours;
    owner = must (bench->store, PT_OP_store_session_rotate, &rotate);
    assert_true (owner->session == session && owner->is_other);
    rotate.token_hash = ours;
    rotate.next_hash = make_hash (bench->store);
    rotate.has_other_hash = false;
    owner = must (bench->store, PT_OP_store_session_rotate, &rotate);
    assert_false (owner->is_other);
}

static void test_a_token_shown_again_ends_the_session_and_is_noted_once (void **state)
{
    bench_t *bench = *state;
    uint64_t account = make_account (bench);
    pt_str_t first = make_hash (bench->store);
    uint64_t session = make_session (bench, account, first);
    pt_session_rotate_t rotate = {
        .token_hash = first, .next_hash = make_hash (bench->store), .expires_at = sv_wall_us () + 3600000000};
    must (bench->store, PT_OP_store_session_rotate, &rotate);
    rotate.next_hash = make_hash (bench->store);
    const pt_session_owner_t *owner = must (bench->store, PT_OP_store_session_rotate, &rotate);
    assert_true (owner->revoked && owner->session == session);
    REFUSED (bench->store, PT_OP_store_session_rotate, &rotate, PT_E_token_revoked);
    assert_int_equal (told (bench, account), 1);
    assert_int_equal (noted (bench, account, PT_audit_action_REUSED), 1);
}

static void test_a_token_that_is_kept_is_good_again_and_again_until_its_end (void **state)
{
    bench_t *bench = *state;
    uint64_t account = make_account (bench);
    pt_str_t hash = make_hash (bench->store);
    unsigned long long session = make_session (bench, account, hash);
    pt_session_rotate_t rotate = {.token_hash = hash,
                                  .expires_at = sv_wall_us () + 7200000000,
                                  .keeps = true,
                                  .has_keeps = true,
                                  .spares = true,
                                  .has_spares = true};
    for (unsigned i = 0; i < 3; i++) {
        rotate.next_hash = make_hash (bench->store);
        const pt_session_owner_t *owner = must (bench->store, PT_OP_store_session_rotate, &rotate);
        assert_true (owner->account == account && owner->session == session && !owner->revoked);
    }
    assert_int_equal (sqlf (bench, "SELECT count (*) FROM refresh_token WHERE family = %llu", session), 1);
    assert_int_equal (sqlf (bench,
                            "SELECT count (*) FROM credential WHERE id = %llu AND used_at > created_at AND expires_at "
                            "< clock_timestamp () + interval '1 hour'",
                            session),
                      1);
    sqlf (bench, "UPDATE refresh_token SET expires_at = clock_timestamp () WHERE family = %llu", session);
    REFUSED (bench->store, PT_OP_store_session_rotate, &rotate, PT_E_token_expired);
}

static void test_a_used_token_that_is_spared_leaves_the_session_as_it_is (void **state)
{
    bench_t *bench = *state;
    uint64_t account = make_account (bench);
    pt_str_t first = make_hash (bench->store), second = make_hash (bench->store);
    make_session (bench, account, first);
    pt_session_rotate_t rotate = {.token_hash = first,
                                  .next_hash = second,
                                  .expires_at = sv_wall_us () + 3600000000,
                                  .grace_ms = 60000,
                                  .spares = true,
                                  .has_spares = true};
    must (bench->store, PT_OP_store_session_rotate, &rotate);
    must (bench->store, PT_OP_store_session_rotate, &rotate); /* the reply was lost */
    rotate.next_hash = make_hash (bench->store);
    REFUSED (bench->store, PT_OP_store_session_rotate, &rotate, PT_E_token_revoked);
    rotate.keeps = rotate.has_keeps = true;
    REFUSED (bench->store, PT_OP_store_session_rotate, &rotate, PT_E_token_revoked);
    assert_int_equal (told (bench, account), 0);
    rotate.token_hash = second;
    rotate.has_keeps = false;
    must (bench->store, PT_OP_store_session_rotate, &rotate);
}

static void test_who_is_not_active_does_not_go_on (void **state)
{
    bench_t *bench = *state;
    uint64_t account = make_account (bench);
    pt_str_t hash = make_hash (bench->store);
    make_session (bench, account, hash);
    sqlf (bench, "UPDATE account SET active = false WHERE id = %llu", (unsigned long long)account);
    pt_session_rotate_t rotate = {
        .token_hash = hash, .next_hash = make_hash (bench->store), .expires_at = sv_wall_us () + 3600000000};
    REFUSED (bench->store, PT_OP_store_session_rotate, &rotate, PT_E_inactive);
}

/*  Whichever comes first: afterwards the session is over, and no token of it is good. */
static void test_a_sign_out_meets_a_rotation (void **state)
{
    enum { ROUNDS = 40 };
    bench_t *bench = *state;
    harness_t *stores[2] = {bench->store, open_store (NULL)};
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t account = make_account (bench);
        pt_str_t hash = make_hash (bench->store);
        uint64_t session = make_session (bench, account, hash);
        pt_session_rotate_t rotate = {
            .token_hash = hash, .next_hash = make_hash (stores[1]), .expires_at = sv_wall_us () + 3600000000};
        pt_session_close_t close = {
            .account = account, .by = account, .id = session, .has_id = round & 1, .key = key (stores[0])};
        uint64_t rotated = harness_request (stores[1], PT_OP_store_session_rotate, &rotate);
        uint64_t closed = harness_request (stores[0], PT_OP_store_session_delete, &close);
        int status = harness_reply (stores[1], rotated)->envelope.status;
        assert_true (status == 0 || status == PT_E_token_revoked);
        assert_int_equal (harness_reply (stores[0], closed)->envelope.status, 0);
        assert_int_equal (live (bench, account), 0);
        assert_int_equal (told (bench, account), 1);
        rotate.token_hash = status ? hash : rotate.next_hash;
        rotate.next_hash = make_hash (bench->store);
        REFUSED (bench->store, PT_OP_store_session_rotate, &rotate, PT_E_token_revoked);
    }
    harness_destroy (&stores[1]);
}

/*  ---- signing out ------------------------------------------------------------------- */

static void test_one_signs_out_of_one_of_a_kind_or_of_all_but_api_tokens (void **state)
{
    bench_t *bench = *state;
    people_t me = make_people (bench);
    pt_session_query_t query = {.account = me.account, .session = me.cookie};
    const pt_session_page_t *page = must (bench->store, PT_OP_store_session_list, &query);
    assert_int_equal (page->items.count, 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_true (page->items.at[i].has_kind && page->items.at[i].kind != PT_credential_kind_TOKEN &&
                     page->items.at[i].has_expires_at &&
                     page->items.at[i].current == (page->items.at[i].id == me.cookie));

    pt_session_close_t close = {
        .account = me.account, .by = me.account, .id = me.knox, .has_id = true, .key = key (bench->store)};
    close.kind = PT_credential_kind_TOKEN;
    close.has_kind = true;
    REFUSED (bench->store, PT_OP_store_session_delete, &close, PT_E_not_found);
    close.has_kind = false;
    for (unsigned i = 0; i < 2; i++) {
        close.key = key (bench->store);
        const pt_revocations_t *gone = must (bench->store, PT_OP_store_session_delete, &close);
        assert_int_equal (gone->items.count, 1);
        assert_int_equal (gone->items.at[0].session, me.knox);
        assert_false (gone->items.at[0].has_generation);
    }
    assert_int_equal (told (bench, me.account), 1);
    assert_int_equal (noted (bench, me.account, PT_audit_action_SIGNED_OUT), 1);

    close.has_id = false;
    close.key = key (bench->store);
    close.kind = PT_credential_kind_COOKIE;
    close.has_kind = true;
    const pt_revocations_t *gone = must (bench->store, PT_OP_store_session_delete, &close);
    assert_int_equal (gone->items.at[0].session, me.cookie);
    assert_int_equal (generation_of (bench, me.account), 1);

    close.has_kind = false;
    close.key = key (bench->store);
    gone = must (bench->store, PT_OP_store_session_delete, &close);
    assert_int_equal (gone->items.count, 1);
    assert_int_equal (gone->items.at[0].generation, 2);
    assert_false (gone->items.at[0].has_session || gone->items.at[0].has_spared);
    assert_int_equal (live (bench, me.account), 1); /* the API token */
    assert_int_equal (sqlf (bench, "SELECT authtoken FROM account WHERE id = %llu", (unsigned long long)me.account), 2);
    close.kind = PT_credential_kind_TOKEN;
    close.has_kind = true;
    close.key = key (bench->store);
    gone = must (bench->store, PT_OP_store_session_delete, &close);
    assert_int_equal (gone->items.at[0].session, me.token);
}

static void test_staff_signs_others_out (void **state)
{
    bench_t *bench = *state;
    people_t me = make_people (bench);
    uint64_t staff = make_staff (bench), stranger = make_account (bench);
    pt_session_close_t close = {.account = me.account, .by = stranger, .key = key (bench->store)};
    REFUSED (bench->store, PT_OP_store_session_delete, &close, PT_E_forbidden);
    assert_int_equal (live (bench, me.account), 5);
    close.by = staff;
    must (bench->store, PT_OP_store_session_delete, &close);
    assert_int_equal (live (bench, me.account), 1);
    assert_int_equal (
        sqlf (bench, "SELECT by FROM audit WHERE account = %llu AND what = 4", (unsigned long long)me.account), staff);
}

/*  The answer is told again, and what began since goes on. */
static void test_a_late_copy_of_a_sign_out_ends_nothing_that_began_after_it (void **state)
{
    bench_t *bench = *state;
    uint64_t account = make_account (bench);
    make_session (bench, account, make_hash (bench->store));
    const pt_session_close_t close = {.account = account, .by = account, .key = key (bench->store)};
    const pt_revocations_t *gone = must (bench->store, PT_OP_store_session_delete, &close);
    assert_int_equal (gone->items.at[0].generation, 2);
    make_session (bench, account, make_hash (bench->store));
    gone = must (bench->store, PT_OP_store_session_delete, &close);
    assert_int_equal (gone->items.at[0].generation, 2);
    assert_int_equal (live (bench, account), 1);
    assert_int_equal (generation_of (bench, account), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, open_test, close_test)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_who_signs_in_must_be_active_and_what_was_judged_must_stand),
        TEST (test_one_credential_too_many_ends_the_oldest_of_its_kind),
        TEST (test_the_authtoken_stays_the_same_until_it_ends),
        TEST (test_two_secrets_rotate_the_same_session),
        TEST (test_a_token_that_is_kept_is_good_again_and_again_until_its_end),
        TEST (test_a_used_token_that_is_spared_leaves_the_session_as_it_is),
        TEST (test_a_token_shown_again_ends_the_session_and_is_noted_once),
        TEST (test_who_is_not_active_does_not_go_on),
        TEST (test_a_sign_out_meets_a_rotation),
        TEST (test_one_signs_out_of_one_of_a_kind_or_of_all_but_api_tokens),
        TEST (test_staff_signs_others_out),
        TEST (test_a_late_copy_of_a_sign_out_ends_nothing_that_began_after_it),
    };
    return cmocka_run_group_tests_name ("store_ops_session", tests, open_group, close_group);
}
