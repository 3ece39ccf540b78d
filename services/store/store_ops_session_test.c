/*  store_ops_session_test - credentials of every kind on a real database: what makes, finds,
    and ends them, and two of that at once. */

#include "store_fixture.h"

static pt_credential_find_t find_of (pt_str_t hash)
{
    return (pt_credential_find_t){.secret_hash = hash};
}

static uint64_t generation_of (bench_t *bench, uint64_t account)
{
    const pt_account_secret_t *secret =
        must (bench->store, PT_OP_store_account_find, &(pt_account_find_t){.id = account, .has_id = true});
    return secret->generation;
}

static long long live (bench_t *bench, uint64_t account)
{
    return sqlf (bench, "SELECT count (*) FROM credential WHERE account = %llu AND revoked_at IS NULL",
                 (unsigned long long)account);
}

static long long told (bench_t *bench, uint64_t account)
{
    return sqlf (bench, "SELECT count (*) FROM revocation WHERE account = %llu", (unsigned long long)account);
}

static long long noted (bench_t *bench, uint64_t account, pt_audit_action_t what)
{
    return sqlf (bench, "SELECT count (*) FROM audit WHERE account = %llu AND what = %d", (unsigned long long)account,
                 (int)what);
}

static pt_password_store_t password_of (bench_t *bench, uint64_t account)
{
    return (pt_password_store_t){
        .account = account,
        .has_account = account != 0,
        .password_hash = PT_LIT ("another argon"),
        .hash = make_hash (bench->store),
        .key = key (bench->store),
    };
}

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

/*  ---- finding ----------------------------------------------------------------------- */

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

typedef struct {
    uint64_t account, session, authtoken, knox, token, cookie;
} people_t;

static people_t make_people (bench_t *bench)
{
    uint64_t account = make_account (bench);
    return (people_t){
        account,
        make_session (bench, account, make_hash (bench->store)),
        make_credential (bench, account, PT_credential_kind_AUTHTOKEN, make_hash (bench->store)),
        make_credential (bench, account, PT_credential_kind_KNOX, make_hash (bench->store)),
        make_credential (bench, account, PT_credential_kind_TOKEN, make_hash (bench->store)),
        make_credential (bench, account, PT_credential_kind_COOKIE, make_hash (bench->store)),
    };
}

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

/*  ---- passwords --------------------------------------------------------------------- */

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
        TEST (test_who_signs_in_must_be_active_and_what_was_judged_must_stand),
        TEST (test_one_credential_too_many_ends_the_oldest_of_its_kind),
        TEST (test_the_authtoken_stays_the_same_until_it_ends),
        TEST (test_a_credential_tells_whose_it_is_or_why_not),
        TEST (test_use_is_noted_once_a_minute_and_prolongs_a_cookie),
        TEST (test_a_row_in_other_hands_does_not_keep_its_reader_waiting),
        TEST (test_two_secrets_rotate_the_same_session),
        TEST (test_a_token_that_is_kept_is_good_again_and_again_until_its_end),
        TEST (test_a_used_token_that_is_spared_leaves_the_session_as_it_is),
        TEST (test_a_token_shown_again_ends_the_session_and_is_noted_once),
        TEST (test_who_is_not_active_does_not_go_on),
        TEST (test_a_sign_out_meets_a_rotation),
        TEST (test_one_signs_out_of_one_of_a_kind_or_of_all_but_api_tokens),
        TEST (test_staff_signs_others_out),
        TEST (test_a_late_copy_of_a_sign_out_ends_nothing_that_began_after_it),
        TEST (test_a_password_ends_all_but_the_asking_session_and_api_tokens),
        TEST (test_of_two_password_changes_at_once_one_wins),
        TEST (test_a_mailed_key_sets_one_password),
    };
    return cmocka_run_group_tests_name ("store_ops_session", tests, open_group, close_group);
}
