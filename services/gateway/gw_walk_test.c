/*  gw_walk_test - a seeded walk of clients through rooms that lose, double and
    reorder events, with kicks, slow sockets, reconnects and failing services.
    Each client checks what it may rely on: every seq once, in order, without a
    hole from its `since` on, and nothing behind its own removal. */

#include "gw_ws_fake.h"

#define S_ITEMS 6000
#define S_CLIENTS 8
#define S_ROOM 7
#define S_LATER 32
#define S_SEEN 64

typedef enum { S_NONE, S_ASKED, S_LIVE, S_LAGGING } s_state_t;

typedef struct {
    fake_conn_t *conn;
    uint64_t account;
    s_state_t state;
    bool has_last;
    uint64_t last;
    uint64_t told;
    uint64_t ok_head;
    bool is_pulling;
    bool has_lagged; /* since its ok: its removal may come with a hole before it */
    unsigned events, lags, resumes, kicks;
} s_client_t;

typedef struct {
    uint64_t random;
    uint64_t offset_ms;
    uint64_t head;
    uint64_t member_of[S_ITEMS + 1]; /* account whose membership item that is, 0: message */
    bool is_removal[S_ITEMS + 1];
    bool is_member[S_CLIENTS + 1];
    s_client_t clients[S_CLIENTS];
    struct {
        uint64_t first;
        uint32_t count;
    } later[S_LATER];
    unsigned later_count;
    struct {
        uint64_t id, head;
    } seen[S_SEEN]; /* how far the room was when a call was made */
} s_walk_t;

static uint64_t s_random (s_walk_t *walk, uint64_t below)
{
    walk->random = walk->random * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
    return (walk->random >> 33) % below;
}

static uint64_t s_now (s_walk_t *walk)
{
    walk->offset_ms += 20000;
    return sv_now_ms () + walk->offset_ms;
}

/*  ---- the room ----------------------------------------------------------------- */

static pt_item_t s_item (const s_walk_t *walk, uint64_t seq)
{
    static char body[3000];
    uint64_t account = walk->member_of[seq];
    if (account)
        return fake_member (S_ROOM, seq, account, walk->is_removal[seq] ? PT_change_KICKED : PT_change_JOINED,
                            walk->is_removal[seq] ? PT_role_none : PT_role_MEMBER);
    pt_item_t item = fake_item (S_ROOM, seq);
    memset (body, 'x', sizeof body);
    item.body = (pt_str_t){body, (uint32_t)(1 + seq * 37 % sizeof body)};
    return item;
}

static uint32_t s_fill (const s_walk_t *walk, pt_item_t *items, uint64_t after, uint64_t limit)
{
    uint32_t count = 0;
    while (count < limit && after + count < walk->head) {
        items[count] = s_item (walk, after + 1 + count);
        count++;
    }
    return count;
}

static bool s_was_member (const s_walk_t *walk, uint64_t account, uint64_t head)
{
    for (uint64_t seq = head; seq > 0; seq--)
        if (walk->member_of[seq] == account)
            return !walk->is_removal[seq];
    return true;
}

static void s_commit (s_walk_t *walk)
{
    uint32_t count = (uint32_t)(1 + s_random (walk, 4));
    if (walk->head + count > S_ITEMS)
        return;
    uint64_t first = walk->head + 1;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t seq = ++walk->head;
        if (s_random (walk, 60) == 0) {
            uint64_t account = 1 + s_random (walk, S_CLIENTS);
            walk->member_of[seq] = account;
            walk->is_removal[seq] = walk->is_member[account];
            walk->is_member[account] = !walk->is_member[account];
        }
    }
    unsigned copies = s_random (walk, 100) < 15 ? 0 : 1 + (unsigned)s_random (walk, 2);
    while (copies-- && walk->later_count < S_LATER) {
        walk->later[walk->later_count].first = first;
        walk->later[walk->later_count++].count = count;
    }
}

static void s_arrive (s_walk_t *walk)
{
    if (!walk->later_count)
        return;
    unsigned at = s_random (walk, 4) ? 0 : (unsigned)s_random (walk, walk->later_count);
    pt_item_t items[8];
    uint32_t count = s_fill (walk, items, walk->later[at].first - 1, walk->later[at].count);
    walk->later_count--;
    memmove (&walk->later[at], &walk->later[at + 1], (walk->later_count - at) * sizeof walk->later[0]);
    fake_publish (S_ROOM, 1, items, count);
}

/*  ---- chat ------------------------------------------------------------------------- */

static void s_answer_range (s_walk_t *walk, fake_call_t call, uint64_t after, uint64_t limit)
{
    pt_item_t items[LIM_RANGE];
    uint32_t count = s_fill (walk, items, after, limit);
    if (count > 1 && s_random (walk, 4) == 0)
        count = (uint32_t)(1 + s_random (walk, count));
    pt_history_page_t page = {
        .items = {items, count}, .more = after + count < walk->head, .head = walk->head, .epoch = 1};
    fake_answer (call, &page);
}

static uint64_t s_head_of_call (s_walk_t *walk, uint64_t id)
{
    return walk->seen[id % S_SEEN].id == id ? walk->seen[id % S_SEEN].head : walk->head;
}

static void s_answer (s_walk_t *walk, fake_call_t call)
{
    if (call.opcode == PT_OP_chat_membership) {
        const pt_room_ref_t *msg = call.msg;
        uint64_t head = s_head_of_call (walk, call.id); /* as it was: what happened since must be heard of otherwise */
        pt_membership_t reply = {.room = S_ROOM, .account = msg->account, .seq = head, .epoch = 1};
        reply.role = s_was_member (walk, msg->account, head) ? PT_role_MEMBER : PT_role_none;
        fake_answer (call, &reply);
    } else if (call.opcode == PT_OP_chat_range) {
        const pt_range_query_t *msg = call.msg;
        s_answer_range (walk, call, msg->after, msg->limit);
    } else if (call.opcode == PT_OP_chat_history) {
        const pt_history_query_t *msg = call.msg;
        if (walk->is_member[msg->account])
            s_answer_range (walk, call, msg->after, msg->limit);
        else
            fake_refuse (call, -PT_E_not_member);
    } else {
        pt_head_t head = {.room = S_ROOM, .seq = walk->head, .epoch = 1};
        fake_answer (call, &(pt_heads_t){.heads = {&head, 1}});
    }
}

static void s_serve (s_walk_t *walk, bool is_calm)
{
    for (unsigned i = 0; i < fake.call_count; i++) {
        uint64_t id = fake.calls[i].id;
        if (walk->seen[id % S_SEEN].id != id) {
            walk->seen[id % S_SEEN].id = id;
            walk->seen[id % S_SEEN].head = walk->head;
        }
    }
    if (!fake.call_count || (!is_calm && s_random (walk, 3)))
        return;
    unsigned at = is_calm ? 0 : (unsigned)s_random (walk, fake.call_count);
    fake_call_t call = fake.calls[at];
    fake_forget (at);
    if (!is_calm && s_random (walk, 5) == 0)
        fake_refuse (call, -PT_E_unavailable);
    else
        s_answer (walk, call);
}

/*  A client's own removal behind the head of its ok is the last event; one in a
    replay before that is history. */

/*  ---- clients ------------------------------------------------------------------------ */

static void s_take_seq (s_walk_t *walk, s_client_t *client, uint64_t seq)
{
    assert_true (client->has_last);
    if (walk->member_of[seq] == client->account && walk->is_removal[seq] && seq > client->ok_head) {
        assert_true (client->has_lagged || seq == client->last + 1);
        client->last += seq == client->last + 1;
        client->state = S_NONE;
        client->is_pulling = false;
        client->kicks++;
        return;
    }
    assert_int_equal (client->state, S_LIVE);
    assert_int_equal (seq, client->last + 1);
    client->last = seq;
    client->events++;
}

static void s_take_history (s_walk_t *walk, s_client_t *client, const json_t *items)
{
    (void)walk;
    client->is_pulling = false;
    for (size_t i = 0; i < json_array_size (items); i++) {
        uint64_t seq = (uint64_t)json_integer_value (json_object_get (json_array_get (items, i), "seq"));
        if (client->state != S_LAGGING)
            continue;
        assert_int_equal (seq, client->last + 1);
        client->last = seq;
    }
    if (client->state == S_LAGGING && client->last >= client->told)
        client->state = S_LIVE;
}

static void s_take_reply (s_walk_t *walk, s_client_t *client, const json_t *json)
{
    const json_t *ok = json_object_get (json, "ok");
    if (json_integer_value (json_object_get (json, "re")) == 2) {
        s_take_history (walk, client, json_object_get (ok, "items"));
        return;
    }
    assert_int_equal (client->state, S_ASKED);
    client->state = ok ? S_LIVE : S_NONE;
    client->has_lagged = false;
    if (!ok)
        return;
    assert_int_equal (json_is_true (json_object_get (ok, "recovered")), client->has_last);
    client->resumes += client->has_last;
    client->ok_head = (uint64_t)json_integer_value (json_object_get (ok, "head"));
    if (!client->has_last)
        client->last = client->ok_head;
    client->has_last = true;
}

static void s_take_message (s_walk_t *walk, s_client_t *client, const char *text)
{
    json_t *json = json_loads (text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null (json);
    const char *ev = json_string_value (json_object_get (json, "ev"));
    if (!ev)
        s_take_reply (walk, client, json);
    else if (strcmp (ev, "lag") == 0) {
        assert_int_equal (client->state, S_LIVE);
        client->state = S_LAGGING;
        client->told = (uint64_t)json_integer_value (json_object_get (json, "head"));
        client->lags++;
        client->has_lagged = true;
    } else if (strcmp (ev, "message") == 0 || strcmp (ev, "member") == 0) {
        s_take_seq (walk, client, (uint64_t)json_integer_value (json_object_get (json, "seq")));
    } else
        assert_string_equal (ev, "hello");
    json_decref (json);
}

static void s_read_all (s_walk_t *walk, s_client_t *client)
{
    for (const char *text = fake_read (client->conn); *text; text = fake_read (client->conn))
        s_take_message (walk, client, text);
    assert_int_equal (client->conn->close_code, 0);
}

static void s_act (s_walk_t *walk, s_client_t *client)
{
    client->conn->ws->rate = (sv_rate_t){0};
    if (client->state == S_NONE) {
        client->state = S_ASKED;
        if (client->has_last)
            fake_ask (client->conn, "{\"op\":\"subscribe\",\"id\":1,\"room\":\"7\",\"since\":%d}", (int)client->last);
        else
            fake_ask (client->conn, "{\"op\":\"subscribe\",\"id\":1,\"room\":\"7\"}");
    } else if (client->state == S_LAGGING && !client->is_pulling) {
        client->is_pulling = true;
        fake_ask (client->conn, "{\"op\":\"history\",\"id\":2,\"room\":\"7\",\"after\":%d,\"limit\":%d}",
                  (int)client->last, (int)(1 + s_random (walk, LIM_PAGE)));
    }
}

static void s_reconnect (s_client_t *client)
{
    if (client->conn)
        fake_close (&client->conn);
    client->conn = fake_connect (client->account);
    client->state = S_NONE;
    client->is_pulling = false;
}

static void s_step (s_walk_t *walk)
{
    s_client_t *client = &walk->clients[s_random (walk, S_CLIENTS)];
    uint64_t luck = s_random (walk, 1000);
    if (luck < 150)
        s_commit (walk);
    else if (luck < 400)
        s_arrive (walk);
    else if (luck < 600)
        s_serve (walk, false);
    else if (luck < 850)
        s_read_all (walk, client);
    else if (luck < 950)
        s_act (walk, client);
    else if (luck < 955)
        client->conn->is_blocked = true;
    else if (luck < 960)
        client->conn->is_blocked = false;
    else if (luck < 965)
        s_reconnect (client);
    else if (luck < 999)
        gw_rooms_due (fake.gw.rooms, s_now (walk));
    else
        gw_rooms_tick (fake.gw.rooms, s_now (walk));
}

static bool s_is_settled (const s_walk_t *walk)
{
    for (unsigned i = 0; i < S_CLIENTS; i++) {
        const s_client_t *client = &walk->clients[i];
        if (walk->is_member[client->account] ? client->state != S_LIVE || client->last < walk->head
                                             : client->state == S_LIVE)
            return false;
    }
    return true;
}

static void s_settle (s_walk_t *walk)
{
    for (unsigned round = 0; round < 5000 && !s_is_settled (walk); round++) {
        while (fake.call_count)
            s_serve (walk, true);
        for (unsigned i = 0; i < S_CLIENTS; i++) {
            walk->clients[i].conn->is_blocked = false;
            s_read_all (walk, &walk->clients[i]);
            s_act (walk, &walk->clients[i]);
        }
        gw_rooms_due (fake.gw.rooms, s_now (walk));
        if (round % 10 == 0)
            gw_rooms_tick (fake.gw.rooms, s_now (walk));
    }
    assert_true (s_is_settled (walk));
}

static void test_what_clients_rely_on_holds_on_a_walk (void **state)
{
    (void)state;
    unsigned events = 0, lags = 0, resumes = 0, kicks = 0;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        s_walk_t *walk = calloc (1, sizeof *walk);
        walk->random = seed;
        for (unsigned i = 0; i < S_CLIENTS; i++) {
            walk->clients[i].account = i + 1;
            walk->is_member[i + 1] = true;
            s_reconnect (&walk->clients[i]);
        }
        for (unsigned step = 0; step < 15000; step++) {
            s_step (walk);
        }
        s_settle (walk);
        for (unsigned i = 0; i < S_CLIENTS; i++) {
            s_client_t *client = &walk->clients[i];
            events += client->events;
            lags += client->lags;
            resumes += client->resumes;
            kicks += client->kicks;
            fake_close (&client->conn);
        }
        gw_rooms_tick (fake.gw.rooms, s_now (walk));
        assert_int_equal (gw_rooms_count (fake.gw.rooms), 0);
        free (walk);
    }
    print_message ("%u events, %u lags, %u resumes, %u kicks\n", events, lags, resumes, kicks);
    assert_true (events > 50000 && lags > 20 && resumes > 100 && kicks > 30);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_what_clients_rely_on_holds_on_a_walk, fake_setup, fake_teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
