/*  store_fixture - what the tests of the running store share: a cluster, daemons
    on it, a connection of the test's own, and requests in one line. */

#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include "harness.h"
#include "pg.h"
#include "sv_loop.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT_OF(array) (sizeof (array) / sizeof (array)[0])
#define S_HELPER __attribute__ ((unused)) static

typedef struct {
    pg_t *pg;
    harness_t *store;
    PGconn *sql; /* the test's own */
} bench_t;

static unsigned s_serial;

/*  ---- SQL of the test's own ------------------------------------------------------- */

/*  Runs a statement that must work; returns the first cell as a number, else 0. */
S_HELPER long long sql (PGconn *conn, const char *text)
{
    PGresult *result = PQexec (conn, text);
    ExecStatusType status = PQresultStatus (result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        fail_msg ("%s: %s", text, PQerrorMessage (conn));
    long long value = PQntuples (result) && PQnfields (result) ? atoll (PQgetvalue (result, 0, 0)) : 0;
    PQclear (result);
    return value;
}

S_HELPER PGconn *open_sql (const bench_t *bench)
{
    PGconn *conn = PQconnectdb (pg_conninfo (bench->pg));
    if (PQstatus (conn) != CONNECTION_OK)
        fail_msg ("%s", PQerrorMessage (conn));
    return conn;
}

/*  Waits until a condition in SQL holds; the server does the waiting in between. */
S_HELPER void wait_for (bench_t *bench, const char *condition)
{
    char text[512];
    snprintf (text, sizeof (text), "SELECT CASE WHEN (%s) THEN 1 ELSE length (pg_sleep (0.005)::text) END", condition);
    uint64_t end_ms = sv_now_ms () + HARNESS_WAIT_MS;
    while (sql (bench->sql, text) != 1)
        if (sv_now_ms () > end_ms)
            fail_msg ("waited in vain for %s", condition);
}

#define LOCK_WAITERS "(SELECT count (*) FROM pg_stat_activity WHERE wait_event_type = 'Lock')"

/*  ---- requests --------------------------------------------------------------------- */

/*  Asks and waits: the answer, or NULL and the error's number. */
S_HELPER const void *ask (harness_t *store, uint16_t opcode, const void *msg, int *out_status)
{
    const harness_frame_t *frame = harness_reply (store, harness_request (store, opcode, msg));
    *out_status = frame->envelope.status;
    return frame->envelope.status ? NULL : frame->msg;
}

S_HELPER const void *must (harness_t *store, uint16_t opcode, const void *msg)
{
    int status;
    const void *reply = ask (store, opcode, msg, &status);
    if (!reply)
        fail_msg ("%s failed: %s", pt_call_find (opcode)->name, pt_error_name (status));
    return reply;
}

#define REFUSED(store, opcode, msg, err)                                                                               \
    do {                                                                                                               \
        int status_;                                                                                                   \
        (void)ask (store, opcode, msg, &status_);                                                                      \
        assert_string_equal (pt_error_name (status_), pt_error_name (err));                                            \
    } while (0)

S_HELPER pt_str_t text (harness_t *store, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
S_HELPER pt_str_t text (harness_t *store, const char *format, ...)
{
    char buf[256];
    va_list args;
    va_start (args, format);
    int len = vsnprintf (buf, sizeof (buf), format, args);
    va_end (args);
    return pt_str (pt_arena_copy (harness_arena (store), buf, (size_t)len));
}

/*  A key that nobody used. */
S_HELPER pt_str_t key (harness_t *store)
{
    return text (store, "key-%u", ++s_serial);
}

S_HELPER uint64_t make_account (bench_t *bench)
{
    unsigned n = ++s_serial;
    pt_account_insert_t msg = {
        .login = text (bench->store, "user%u", n),
        .has_login = true,
        .password_hash = PT_LIT ("argon"),
        .hash = PT_LIT ("0123456789abcdef0123456789abcdef"),
        .key = key (bench->store),
    };
    const pt_account_t *account = must (bench->store, PT_OP_store_account_create, &msg);
    return account->id;
}

/*  As make_account, with names of one's own; an empty login or address is none. */
S_HELPER uint64_t make_person (bench_t *bench, const char *login, const char *email, const char *name,
                               const char *nickname)
{
    pt_account_insert_t insert = {
        .login = pt_str (login),
        .has_login = *login != 0,
        .email = pt_str (email),
        .has_email = *email != 0,
        .name = pt_str (name),
        .has_name = true,
        .nickname = pt_str (nickname),
        .has_nickname = true,
        .password_hash = PT_LIT ("argon"),
        .hash = PT_LIT ("0123456789abcdef0123456789abcdef"),
        .key = key (bench->store),
    };
    const pt_account_t *account = must (bench->store, PT_OP_store_account_create, &insert);
    return account->id;
}

S_HELPER uint64_t make_room (bench_t *bench, pt_room_kind_t kind, uint64_t owner, const uint64_t *members,
                             unsigned count)
{
    pt_room_create_t msg = {
        .account = owner,
        .name = PT_LIT ("a room"),
        .has_name = true,
        .kind = kind,
        .has_kind = true,
        .members = {members, count},
        .has_members = count > 0,
        .key = key (bench->store),
    };
    const pt_room_t *room = must (bench->store, PT_OP_store_room_create, &msg);
    return room->id;
}

/*  Says a statement with numbers in it. */
S_HELPER long long sqlf (bench_t *bench, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
S_HELPER long long sqlf (bench_t *bench, const char *format, ...)
{
    char buf[1024];
    va_list args;
    va_start (args, format);
    vsnprintf (buf, sizeof (buf), format, args);
    va_end (args);
    return sql (bench->sql, buf);
}

/*  An account of staff. */
S_HELPER uint64_t make_staff (bench_t *bench)
{
    uint64_t id = make_account (bench);
    sqlf (bench, "UPDATE account SET staff = true WHERE id = %llu", (unsigned long long)id);
    return id;
}

/*  32 bytes that nobody used as a hash. */
S_HELPER pt_str_t make_hash (harness_t *store)
{
    return text (store, "%032u", ++s_serial);
}

/*  A session with that refresh token; a repeated call must be the same one. */
S_HELPER uint64_t make_session (bench_t *bench, uint64_t account, pt_str_t hash)
{
    pt_session_insert_t insert = {
        .account = account,
        .device = PT_LIT ("phone"),
        .has_device = true,
        .token_hash = hash,
        .expires_at = sv_wall_us () + 3600000000,
        .key = key (bench->store),
    };
    const pt_session_owner_t *owner = must (bench->store, PT_OP_store_session_create, &insert);
    assert_int_equal (owner->account, account);
    uint64_t session = owner->session;
    insert.expires_at++; /* sent again a little later */
    insert.has_trace = true;
    insert.trace = PT_LIT ("another");
    owner = must (bench->store, PT_OP_store_session_create, &insert);
    assert_int_equal (owner->session, session);
    return session;
}

/*  An opaque credential that lasts an hour. */
S_HELPER uint64_t make_credential (bench_t *bench, uint64_t account, pt_credential_kind_t kind, pt_str_t hash)
{
    pt_credential_insert_t insert = {
        .account = account,
        .kind = kind,
        .secret_hash = hash,
        .expires_at = sv_wall_us () + 3600000000,
        .has_expires_at = true,
        .key = key (bench->store),
    };
    const pt_session_owner_t *owner = must (bench->store, PT_OP_store_credential_create, &insert);
    return owner->session;
}

/*  ---- appends ------------------------------------------------------------------------ */

S_HELPER pt_append_entry_t message (uint64_t sender, pt_str_t send_id, pt_str_t body)
{
    return (pt_append_entry_t){
        .kind = PT_item_kind_MESSAGE,
        .sender = sender,
        .send_id = send_id,
        .body = body,
        .has_body = true,
    };
}

S_HELPER pt_append_entry_t change (uint64_t sender, pt_str_t send_id, uint64_t account, pt_change_t what,
                                   pt_role_t role)
{
    return (pt_append_entry_t){
        .kind = PT_item_kind_MEMBER,
        .sender = sender,
        .send_id = send_id,
        .account = account,
        .has_account = true,
        .what = what,
        .has_what = true,
        .role = role,
        .has_role = role != PT_role_none,
    };
}

S_HELPER uint64_t append_later (harness_t *store, uint64_t room, const pt_append_entry_t *entries, unsigned count)
{
    pt_append_t msg = {.room = room, .entries = {entries, count}};
    return harness_request (store, PT_OP_store_append, &msg);
}

/*  The answer to an append sent before, which must not fail as a whole. */
S_HELPER const pt_append_results_t *appended (harness_t *store, uint64_t correlation)
{
    const harness_frame_t *frame = harness_reply (store, correlation);
    assert_string_equal (pt_error_name (frame->envelope.status), pt_error_name (0));
    return frame->msg;
}

S_HELPER const pt_append_results_t *append (harness_t *store, uint64_t room, const pt_append_entry_t *entries,
                                            unsigned count)
{
    return appended (store, append_later (store, room, entries, count));
}

/*  One message that must be accepted; its seq. */
S_HELPER uint64_t say (bench_t *bench, uint64_t room, uint64_t sender, const char *body)
{
    pt_append_entry_t entry = message (sender, key (bench->store), pt_str (body));
    const pt_append_results_t *results = append (bench->store, room, &entry, 1);
    assert_string_equal (pt_error_name ((int)results->results.at[0].status), pt_error_name (0));
    return results->results.at[0].seq;
}

/*  ---- life ----------------------------------------------------------------------------- */

/*  A store that has reached its database: until then the first answers are `unavailable`. */
S_HELPER harness_t *open_store (const char *const *args)
{
    harness_t *store = harness_new ("parley-store", PT_PEER_store, args);
    const uint64_t room = LIM_ID;
    pt_head_query_t query = {.rooms = {&room, 1}};
    pt_append_entry_t entry = message (1, PT_LIT ("k"), PT_LIT ("b"));
    uint64_t end_ms = sv_now_ms () + HARNESS_WAIT_MS;
    int status;
    while (!ask (store, PT_OP_store_heads, &query, &status))
        assert_true (status == PT_E_unavailable && sv_now_ms () < end_ms);
    for (uint64_t i = 1; i <= 8; i++) /* a room of each append connection, nearly surely */
        (void)harness_reply (store, append_later (store, LIM_ID - i, &entry, 1));
    return store;
}

S_HELPER int open_group (void **state)
{
    bench_t *bench = calloc (1, sizeof (*bench));
    assert_non_null (bench);
    bench->pg = pg_new ();
    setenv ("PARLEY_DATABASE", pg_conninfo (bench->pg), 1);
    *state = bench;
    return 0;
}

S_HELPER int close_group (void **state)
{
    bench_t *bench = *state;
    pg_destroy (&bench->pg);
    free (bench);
    return 0;
}

S_HELPER int open_test (void **state)
{
    bench_t *bench = *state;
    bench->sql = open_sql (bench);
    bench->store = open_store (NULL);
    return 0;
}

S_HELPER int close_test (void **state)
{
    bench_t *bench = *state;
    harness_destroy (&bench->store);
    PQfinish (bench->sql);
    bench->sql = NULL;
    return 0;
}

#endif
