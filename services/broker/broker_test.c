/*  broker_test - the real daemon against hand-made peers that keep, bend and
    break the rules. */

#include "child.h"
#include "pt_codec.h"
#include "pt_envelope.h"
#include "sv_endpoint.h"
#include "sv_loop.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

/*  A step that takes longer is broken. */
#define WAIT_MS 10000

/*  Long enough for a frame that must not come. */
#define SILENCE_MS 150

typedef struct {
    char dir[64], base[100], log[100];
    pid_t pid;
    pt_codec_t *codec;
    pt_arena_t *arena;
} rig_t;

typedef struct {
    zsock_t *socket;
    void *raw;
    pt_peer_t role;
    uint64_t generation;
} peer_t;

typedef struct {
    pt_envelope_t envelope;
    uint8_t body[65536];
    size_t body_len;
} frame_t;

static frame_t s_frame;

/*  ---- life -------------------------------------------------------------------- */

static zsock_t *s_connect (const rig_t *rig, pt_peer_t role, sv_channel_t channel, int type)
{
    char endpoint[SV_ENDPOINT_LEN];
    zsock_t *socket = sv_socket_new (type);
    assert_non_null (socket);
    assert_int_equal (sv_endpoint (rig->base, role, channel, endpoint), 0);
    if (type == ZMQ_SUB)
        zmq_setsockopt (zsock_resolve (socket), ZMQ_RCVTIMEO, &(int){WAIT_MS}, sizeof (int));
    assert_int_equal (zmq_connect (zsock_resolve (socket), endpoint), 0);
    return socket;
}

static peer_t s_peer (const rig_t *rig, pt_peer_t role)
{
    static uint64_t generations;
    peer_t peer = {.role = role, .generation = ++generations};
    peer.socket = s_connect (rig, role, SV_REQ, ZMQ_DEALER);
    peer.raw = zsock_resolve (peer.socket);
    zmq_setsockopt (peer.raw, ZMQ_SNDTIMEO, &(int){WAIT_MS}, sizeof (int));
    return peer;
}

static int s_set_up (void **state)
{
    rig_t *rig = calloc (1, sizeof *rig);
    assert_non_null (rig);
    snprintf (rig->dir, sizeof rig->dir, "/tmp/parley-broker-XXXXXX");
    assert_non_null (mkdtemp (rig->dir));
    snprintf (rig->base, sizeof rig->base, "ipc://%s/b0", rig->dir);
    snprintf (rig->log, sizeof rig->log, "%s/log", rig->dir);
    const char *args[] = {"--listen", rig->base, NULL};
    rig->pid = child_start ("parley-broker", args, rig->log);
    rig->codec = pt_codec_new ();
    rig->arena = pt_arena_new (1 << 20);
    assert_true (rig->codec && rig->arena);
    *state = rig;
    return 0;
}

static int s_tear_down (void **state)
{
    rig_t *rig = *state;
    char command[100];
    int status = child_end (&rig->pid, SIGTERM, WAIT_MS);
    snprintf (command, sizeof command, "rm -r %s", rig->dir);
    assert_int_equal (system (command), 0);
    pt_codec_destroy (&rig->codec);
    pt_arena_destroy (&rig->arena);
    free (rig);
    assert_int_equal (status, 0);
    return 0;
}

/*  ---- talking ------------------------------------------------------------------- */

static void s_send (const peer_t *peer, const pt_envelope_t *envelope, const void *body, size_t len)
{
    uint8_t head[LIM_ENVELOPE];
    size_t head_len = pt_envelope_encode (envelope, head);
    assert_true (zmq_send (peer->raw, head, head_len, ZMQ_SNDMORE) >= 0);
    assert_true (zmq_send (peer->raw, body, len, 0) >= 0);
}

static void s_present (const peer_t *peer, pt_kind_t kind, unsigned service, unsigned credit)
{
    pt_envelope_t envelope = {.version = PT_VERSION, .kind = (uint8_t)kind, .service = (uint8_t)service};
    pt_presence_t presence = {.generation = peer->generation, .credit = credit, .interval_ms = 1000, .ttl_ms = 60000};
    pt_buf_t body;
    pt_buf_init (&body, LIM_FRAME);
    assert_int_equal (pt_encode (&body, PT_MSG_presence, &presence), 0);
    s_send (peer, &envelope, body.at, body.len);
    pt_buf_fini (&body);
}

static void s_ask_with (const peer_t *peer, uint16_t opcode, uint64_t correlation, uint32_t deadline_ms,
                        const void *body, size_t len)
{
    pt_envelope_t envelope = {.version = PT_VERSION,
                              .kind = PT_KIND_REQUEST,
                              .service = (uint8_t)(opcode >> 8),
                              .opcode = opcode,
                              .correlation = correlation,
                              .deadline_ms = deadline_ms,
                              .trace = "t-1"};
    s_send (peer, &envelope, body, len);
}

static void s_ask (const peer_t *peer, uint16_t opcode, uint64_t correlation, uint32_t deadline_ms)
{
    s_ask_with (peer, opcode, correlation, deadline_ms, "body", 4);
}

/*  Reads frames until one of `kind` comes; NULL when `wait_ms` are over. */
static const frame_t *s_recv_within (const peer_t *peer, pt_kind_t kind, int wait_ms)
{
    uint64_t end_ms = sv_now_ms () + (uint64_t)wait_ms;
    zmq_pollitem_t item = {.socket = peer->raw, .events = ZMQ_POLLIN};
    while (sv_now_ms () <= end_ms && zmq_poll (&item, 1, (long)(end_ms - sv_now_ms ())) > 0) {
        uint8_t head[LIM_ENVELOPE];
        int len = zmq_recv (peer->raw, head, sizeof head, 0);
        assert_true (len > 0);
        assert_int_equal (pt_envelope_decode (&s_frame.envelope, head, (size_t)len), 0);
        len = zmq_recv (peer->raw, s_frame.body, sizeof s_frame.body, 0);
        assert_true (len >= 0);
        s_frame.body_len = (size_t)len;
        if (s_frame.envelope.kind == kind)
            return &s_frame;
    }
    return NULL;
}

static const frame_t *s_recv (const peer_t *peer, pt_kind_t kind)
{
    const frame_t *frame = s_recv_within (peer, kind, WAIT_MS);
    if (!frame)
        fail_msg ("no frame of kind %d came", kind);
    return frame;
}

/*  A peer that was welcomed. */
static peer_t s_join (const rig_t *rig, pt_peer_t role, unsigned credit)
{
    peer_t peer = s_peer (rig, role);
    s_present (&peer, PT_KIND_READY, pt_peer_rule (role)->serves, credit);
    s_recv (&peer, PT_KIND_HEARTBEAT);
    return peer;
}

static void s_serve_one (const peer_t *worker)
{
    pt_envelope_t envelope = s_recv (worker, PT_KIND_REQUEST)->envelope;
    envelope.kind = PT_KIND_REPLY;
    s_send (worker, &envelope, "answer", 6);
}

/*  One call from end to end: nobody was disturbed. */
static void s_assert_works (const peer_t *client, const peer_t *worker)
{
    s_ask (client, PT_OP_chat_send, 424242, 5000);
    s_serve_one (worker);
    const frame_t *reply = s_recv (client, PT_KIND_REPLY);
    assert_int_equal (reply->envelope.correlation, 424242);
    assert_int_equal (reply->envelope.status, 0);
    assert_int_equal (reply->body_len, 6);
    assert_memory_equal (reply->body, "answer", 6);
}

static void s_expect_status (const peer_t *client, uint64_t correlation, int status)
{
    const frame_t *reply = s_recv (client, PT_KIND_REPLY);
    assert_int_equal (reply->envelope.correlation, correlation);
    assert_int_equal (reply->envelope.status, status);
}

static unsigned s_count_in_log (const rig_t *rig, const char *text)
{
    char line[1000];
    unsigned count = 0;
    FILE *log = fopen (rig->log, "r");
    assert_non_null (log);
    while (fgets (line, sizeof line, log))
        count += strstr (line, text) != NULL;
    fclose (log);
    return count;
}

/*  ---- requests --------------------------------------------------------------------- */

static void a_call_passes_through (void **state)
{
    rig_t *rig = *state;
    peer_t client = s_join (rig, PT_PEER_gateway, 0), worker = s_join (rig, PT_PEER_chat, 1);
    for (int i = 0; i < 3; i++)
        s_assert_works (&client, &worker);
    zsock_destroy (&client.socket);
    zsock_destroy (&worker.socket);
}

static void two_instances_of_one_name_both_work (void **state)
{
    rig_t *rig = *state;
    peer_t a = s_join (rig, PT_PEER_chat, 1), client = s_join (rig, PT_PEER_gateway, 0);
    peer_t b = s_peer (rig, PT_PEER_chat);
    b.generation = a.generation;
    s_present (&b, PT_KIND_READY, PT_SERVICE_chat, 1);
    s_recv (&b, PT_KIND_HEARTBEAT);
    s_ask (&client, PT_OP_chat_send, 1, 5000);
    s_ask (&client, PT_OP_chat_send, 2, 5000);
    s_serve_one (&a);
    s_serve_one (&b);
    s_recv (&client, PT_KIND_REPLY);
    s_recv (&client, PT_KIND_REPLY);
    zsock_destroy (&a.socket);
    zsock_destroy (&b.socket);
    zsock_destroy (&client.socket);
}

static void a_role_calls_and_serves_only_what_it_may (void **state)
{
    rig_t *rig = *state;
    peer_t client = s_join (rig, PT_PEER_gateway, 0), worker = s_join (rig, PT_PEER_chat, 1);
    s_ask (&client, PT_OP_store_append, 5, 5000);
    s_expect_status (&client, 5, PT_E_not_allowed_role);
    peer_t impostor = s_peer (rig, PT_PEER_gateway);
    s_present (&impostor, PT_KIND_READY, PT_SERVICE_chat, 10);
    assert_int_equal (s_recv (&impostor, PT_KIND_DISCONNECT)->envelope.status, PT_E_not_allowed_role);
    peer_t other = s_peer (rig, PT_PEER_auth);
    s_present (&other, PT_KIND_READY, PT_SERVICE_chat, 10);
    assert_int_equal (s_recv (&other, PT_KIND_DISCONNECT)->envelope.status, PT_E_not_allowed_role);
    s_assert_works (&client, &worker);
    assert_true (s_count_in_log (rig, "attempt to serve") >= 1);
    zsock_destroy (&client.socket);
    zsock_destroy (&worker.socket);
    zsock_destroy (&impostor.socket);
    zsock_destroy (&other.socket);
}

static void a_stranger_is_told_to_say_ready (void **state)
{
    rig_t *rig = *state;
    peer_t client = s_peer (rig, PT_PEER_gateway);
    s_ask (&client, PT_OP_chat_send, 5, 5000);
    assert_int_equal (s_recv (&client, PT_KIND_DISCONNECT)->envelope.status, 0);
    zsock_destroy (&client.socket);
}

static void a_full_queue_is_busy (void **state)
{
    rig_t *rig = *state;
    peer_t client = s_join (rig, PT_PEER_gateway, 0);
    for (uint64_t i = 1; i <= LIM_SERVICE_QUEUE + 1; i++)
        s_ask (&client, PT_OP_chat_send, i, 20000);
    s_expect_status (&client, LIM_SERVICE_QUEUE + 1, PT_E_busy);
    peer_t worker = s_join (rig, PT_PEER_chat, 1000);
    for (int i = 0; i < LIM_SERVICE_QUEUE; i++)
        s_serve_one (&worker);
    for (uint64_t i = 1; i <= LIM_SERVICE_QUEUE; i++)
        s_expect_status (&client, i, 0);
    zsock_destroy (&client.socket);
    zsock_destroy (&worker.socket);
}

static void time_that_runs_out_is_told (void **state)
{
    rig_t *rig = *state;
    peer_t client = s_join (rig, PT_PEER_gateway, 0);
    s_ask (&client, PT_OP_chat_send, 1, 100);
    s_expect_status (&client, 1, PT_E_unavailable);
    peer_t worker = s_join (rig, PT_PEER_chat, 1);
    s_ask (&client, PT_OP_chat_send, 2, 100);
    s_ask (&client, PT_OP_chat_send, 3, 100);
    s_recv (&worker, PT_KIND_REQUEST);
    int seen = 0;
    for (int i = 0; i < 2; i++) {
        const frame_t *reply = s_recv (&client, PT_KIND_REPLY);
        assert_int_equal (reply->envelope.status, PT_E_deadline);
        seen += (int)reply->envelope.correlation;
    }
    assert_int_equal (seen, 5);
    zsock_destroy (&client.socket);
    zsock_destroy (&worker.socket);
}

static void a_dead_worker_is_told_within_a_second (void **state)
{
    rig_t *rig = *state;
    peer_t client = s_join (rig, PT_PEER_gateway, 0), worker = s_join (rig, PT_PEER_chat, 1);
    s_ask (&client, PT_OP_chat_send, 1, 20000);
    s_ask (&client, PT_OP_chat_send, 2, 20000);
    s_recv (&worker, PT_KIND_REQUEST);
    uint64_t start_ms = sv_now_ms ();
    zsock_destroy (&worker.socket); /* without a word */
    s_expect_status (&client, 1, PT_E_worker_lost);
    assert_in_range (sv_now_ms () - start_ms, 0, 1000);
    peer_t next = s_join (rig, PT_PEER_chat, 1);
    s_serve_one (&next);
    s_expect_status (&client, 2, 0);
    zsock_destroy (&client.socket);
    zsock_destroy (&next.socket);
}

/*  ---- garbage ------------------------------------------------------------------------- */

static void s_send_frames (const peer_t *peer, const void *bytes, size_t len, int count)
{
    for (int i = 0; i < count; i++)
        assert_true (zmq_send (peer->raw, bytes, len, i + 1 < count ? ZMQ_SNDMORE : 0) >= 0);
}

static void garbage_disturbs_nobody (void **state)
{
    static const uint8_t nested[] = {0x99, 0x01, 0x04, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91};
    static const uint8_t array32[] = {0xdd, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t version9[] = {0x99, 0x09, 0x01, 0x02, 0x00, 0x01, 0x00, 0x00, 0x00, 0xa0};
    static const uint8_t event[] = {0x99, 0x01, 0x03, 0x02, 0x00, 0x01, 0x00, 0x00, 0x00, 0xa0};
    static const struct {
        const void *bytes;
        size_t len;
        int count;
    } cases[] = {
        {"", 0, 1},      {"", 0, 2},        {"", 0, 3},     {"x", 1, 1},       {"xxxxxxxxxx", 10, 2}, {nested, 12, 2},
        {array32, 5, 2}, {version9, 10, 2}, {event, 10, 2}, {version9, 10, 9}, {"\xc1\xc1", 2, 50},
    };
    rig_t *rig = *state;
    peer_t client = s_join (rig, PT_PEER_gateway, 0), worker = s_join (rig, PT_PEER_chat, 1);
    peer_t vandal = s_join (rig, PT_PEER_gateway, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        s_send_frames (&vandal, cases[i].bytes, cases[i].len, cases[i].count);
        s_assert_works (&client, &worker);
    }
    uint64_t random = 7;
    for (int i = 0; i < 20000; i++) {
        uint8_t bytes[24];
        for (size_t j = 0; j < sizeof bytes; j++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            bytes[j] = (uint8_t)(random >> 56);
        }
        bytes[0] = i % 2 ? 0x99 : bytes[0];
        s_send_frames (&vandal, bytes, bytes[1] % sizeof bytes, 1 + i % 3);
    }
    s_assert_works (&client, &worker);
    assert_in_range (s_count_in_log (rig, "can't be read"), 1, 10);
    zsock_destroy (&client.socket);
    zsock_destroy (&worker.socket);
    zsock_destroy (&vandal.socket);
}

/*  A presence that claims more than it holds. */
static void bombs_in_a_presence_are_refused (void **state)
{
    static const uint8_t map32[] = {0xdf, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t bin32[] = {0x81, 0xa3, 'x', 'x', 'x', 0xc6, 0xff, 0xff, 0xff, 0xff};
    uint8_t deep[64];
    memset (deep, 0x91, sizeof deep);
    static uint8_t nils[100000];
    memset (nils, 0xc0, sizeof nils);
    const struct {
        const void *bytes;
        size_t len;
    } cases[] = {{map32, sizeof map32}, {bin32, sizeof bin32}, {deep, sizeof deep}, {nils, sizeof nils}};
    rig_t *rig = *state;
    peer_t client = s_join (rig, PT_PEER_gateway, 0), worker = s_join (rig, PT_PEER_chat, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pt_envelope_t envelope = {.version = PT_VERSION, .kind = PT_KIND_READY};
        s_send (&client, &envelope, cases[i].bytes, cases[i].len);
        s_assert_works (&client, &worker);
    }
    zsock_destroy (&client.socket);
    zsock_destroy (&worker.socket);
}

static void a_frame_beyond_the_limit_costs_its_sender_the_connection (void **state)
{
    rig_t *rig = *state;
    peer_t client = s_join (rig, PT_PEER_gateway, 0), worker = s_join (rig, PT_PEER_chat, 1);
    peer_t vandal = s_join (rig, PT_PEER_gateway, 0);
    uint8_t *big = calloc (1, LIM_FRAME + 1);
    assert_non_null (big);
    pt_envelope_t envelope = {.version = PT_VERSION,
                              .kind = PT_KIND_REQUEST,
                              .service = PT_SERVICE_chat,
                              .opcode = PT_OP_chat_send,
                              .correlation = 1,
                              .deadline_ms = 1000};
    s_send (&vandal, &envelope, big, LIM_FRAME + 1);
    free (big);
    s_assert_works (&client, &worker);
    assert_null (s_recv_within (&worker, PT_KIND_REQUEST, SILENCE_MS));
    zsock_destroy (&client.socket);
    zsock_destroy (&worker.socket);
    zsock_destroy (&vandal.socket);
}

/*  ---- events ----------------------------------------------------------------------------- */

/*  Publishes until a subscription that is on its way has arrived. */
static void s_publish_until_heard (void *publisher, void *subscriber, const char *topic)
{
    zmq_pollitem_t item = {.socket = subscriber, .events = ZMQ_POLLIN};
    uint64_t end_ms = sv_now_ms () + WAIT_MS;
    while (sv_now_ms () < end_ms) {
        zmq_send (publisher, topic, strlen (topic), ZMQ_SNDMORE);
        zmq_send (publisher, "head", 4, ZMQ_SNDMORE);
        zmq_send (publisher, "body", 4, 0);
        if (zmq_poll (&item, 1, 20) > 0)
            return;
    }
    fail_msg ("nothing was heard of %s", topic);
}

static void s_expect_event (void *subscriber, const char *topic)
{
    const char *frames[] = {topic, "head", "body"};
    for (int i = 0; i < 3; i++) {
        char bytes[64];
        int len = zmq_recv (subscriber, bytes, sizeof bytes, 0);
        assert_int_equal (len, strlen (frames[i]));
        assert_memory_equal (bytes, frames[i], (size_t)len);
    }
}

static void s_drain (void *subscriber)
{
    char bytes[64];
    zmq_pollitem_t item = {.socket = subscriber, .events = ZMQ_POLLIN};
    while (zmq_poll (&item, 1, SILENCE_MS) > 0)
        zmq_recv (subscriber, bytes, sizeof bytes, 0);
}

static void events_go_where_the_rules_let_them (void **state)
{
    rig_t *rig = *state;
    zsock_t *chat = s_connect (rig, PT_PEER_chat, SV_PUB, ZMQ_PUB);
    zsock_t *auth = s_connect (rig, PT_PEER_auth, SV_PUB, ZMQ_PUB);
    zsock_t *gateway = s_connect (rig, PT_PEER_gateway, SV_SUB, ZMQ_SUB);
    zsock_t *store = s_connect (rig, PT_PEER_store, SV_SUB, ZMQ_SUB);
    void *from_chat = zsock_resolve (chat), *from_auth = zsock_resolve (auth);
    void *to_gateway = zsock_resolve (gateway), *to_store = zsock_resolve (store);
    zmq_setsockopt (to_gateway, ZMQ_SUBSCRIBE, "room1", 5);
    zmq_setsockopt (to_gateway, ZMQ_SUBSCRIBE, "acc", 3);
    zmq_setsockopt (to_gateway, ZMQ_SUBSCRIBE, "x", 1);
    zmq_setsockopt (to_store, ZMQ_SUBSCRIBE, "r", 1);
    s_publish_until_heard (from_chat, to_gateway, "room1");
    s_expect_event (to_gateway, "room1");
    s_drain (to_gateway);
    s_publish_until_heard (from_auth, to_gateway, "acc");
    s_expect_event (to_gateway, "acc");
    s_drain (to_gateway);

    zmq_pollitem_t items[] = {{.socket = to_gateway, .events = ZMQ_POLLIN}, {.socket = to_store, .events = ZMQ_POLLIN}};
    static const char *const forbidden[] = {"acc", "x", "room2"}; /* for chat; not subscribed */
    for (size_t i = 0; i < 3; i++) {
        zmq_send (from_chat, forbidden[i], strlen (forbidden[i]), ZMQ_SNDMORE);
        zmq_send (from_chat, "head", 4, ZMQ_SNDMORE);
        zmq_send (from_chat, "body", 4, 0);
    }
    zmq_send (from_chat, "room1", 5, 0);
    zmq_send (from_chat, "room1", 5, ZMQ_SNDMORE);
    zmq_send (from_chat, "two frames", 10, 0);
    assert_int_equal (zmq_poll (items, 2, SILENCE_MS), 0);
    s_publish_until_heard (from_chat, to_gateway, "room1");
    s_expect_event (to_gateway, "room1");
    zsock_destroy (&chat);
    zsock_destroy (&auth);
    zsock_destroy (&gateway);
    zsock_destroy (&store);
}

/*  ---- the broker about itself -------------------------------------------------------------- */

static void the_operator_sees_who_is_there (void **state)
{
    rig_t *rig = *state;
    peer_t worker = s_join (rig, PT_PEER_chat, 7), operator= s_join (rig, PT_PEER_operator, 0);
    s_ask_with (&operator, PT_OP_broker_state, 1, 5000, "\x80", 1);
    const frame_t *reply = s_recv (&operator, PT_KIND_REPLY);
    assert_int_equal (reply->envelope.status, 0);
    const void *msg = NULL;
    assert_int_equal (pt_decode (rig->codec, PT_MSG_broker_state, reply->body, reply->body_len, rig->arena, &msg, NULL),
                      0);
    const pt_broker_state_t *about = msg;
    assert_int_equal (about->pid, rig->pid);
    assert_int_equal (about->instances.count, 2);
    assert_true (about->rss > 0);
    bool seen = false;
    for (uint32_t i = 0; i < about->instances.count; i++)
        if (pt_str_eq (about->instances.at[i].service, PT_LIT ("chat"))) {
            assert_int_equal (about->instances.at[i].credit, 7);
            seen = true;
        }
    assert_true (seen);
    zsock_destroy (&worker.socket);
    zsock_destroy (&operator.socket);
}

static void a_question_to_the_broker_that_cannot_be_read_is_malformed (void **state)
{
    (void)state;
    peer_t operator= s_join (*state, PT_PEER_operator, 0);
    s_ask (&operator, PT_OP_broker_trace, 1, 5000);
    assert_int_equal (s_recv (&operator, PT_KIND_REPLY)->envelope.status, PT_E_malformed);
    s_ask_with (&operator, PT_OP_broker_trace, 2, 5000, "\x80", 1);
    assert_int_equal (s_recv (&operator, PT_KIND_REPLY)->envelope.status, PT_E_invalid);
    zsock_destroy (&operator.socket);
}

static void a_request_and_its_answer_leave_their_hops (void **state)
{
    rig_t *rig = *state;
    peer_t client = s_join (rig, PT_PEER_gateway, 0), worker = s_join (rig, PT_PEER_chat, 7);
    peer_t operator= s_join (rig, PT_PEER_operator, 0);
    s_assert_works (&client, &worker);
    s_ask_with (&operator, PT_OP_broker_trace, 1, 5000, "\x81\xa5trace\xa3t-1", 11);
    const frame_t *reply = s_recv (&operator, PT_KIND_REPLY);
    assert_int_equal (reply->envelope.status, 0);
    const void *msg = NULL;
    assert_int_equal (pt_decode (rig->codec, PT_MSG_trace, reply->body, reply->body_len, rig->arena, &msg, NULL), 0);
    const pt_trace_t *trace = msg;
    assert_int_equal (trace->pid, rig->pid);
    assert_true (trace->hops.count >= 4);
    assert_int_equal (trace->hops.at[0].kind, PT_hop_kind_REQUEST_IN);
    assert_int_equal (trace->hops.at[0].opcode, PT_OP_chat_send);
    assert_int_equal (trace->hops.at[1].kind, PT_hop_kind_REQUEST_OUT);
    assert_int_equal (trace->hops.at[2].kind, PT_hop_kind_ANSWER_IN);
    assert_int_equal (trace->hops.at[3].kind, PT_hop_kind_ANSWER_OUT);
    zsock_destroy (&client.socket);
    zsock_destroy (&worker.socket);
    zsock_destroy (&operator.socket);
}

static void heartbeats_are_sent_to_peers (void **state)
{
    rig_t *rig = *state;
    peer_t client = s_join (rig, PT_PEER_gateway, 0);
    for (int i = 0; i < 2; i++)
        assert_non_null (s_recv_within (&client, PT_KIND_HEARTBEAT, 2 * LIM_HEARTBEAT_MS));
    zsock_destroy (&client.socket);
}

static void its_end_sends_peers_elsewhere_and_finishes_what_runs (void **state)
{
    rig_t *rig = *state;
    peer_t client = s_join (rig, PT_PEER_gateway, 0), worker = s_join (rig, PT_PEER_chat, 1);
    s_ask (&client, PT_OP_chat_send, 1, 20000);
    pt_envelope_t envelope = s_recv (&worker, PT_KIND_REQUEST)->envelope;
    kill (rig->pid, SIGTERM);
    assert_int_equal (s_recv (&client, PT_KIND_DISCONNECT)->envelope.status, PT_E_draining);
    assert_int_equal (s_recv (&worker, PT_KIND_DISCONNECT)->envelope.status, PT_E_draining);
    assert_false (child_is_gone (rig->pid));
    envelope.kind = PT_KIND_REPLY;
    s_send (&worker, &envelope, "answer", 6);
    s_expect_status (&client, 1, 0);
    assert_int_equal (child_end (&rig->pid, 0, WAIT_MS), 0);
    zsock_destroy (&client.socket);
    zsock_destroy (&worker.socket);
}

static void its_folder_is_closed_and_its_own (void **state)
{
    rig_t *rig = *state;
    peer_t client = s_join (rig, PT_PEER_gateway, 0);
    char folder[100];
    struct stat info;
    snprintf (folder, sizeof folder, "%s/b0", rig->dir);
    assert_int_equal (stat (folder, &info), 0);
    assert_int_equal (info.st_mode & 0777, 0700);
    static const struct {
        const char *listen;
        int exit_code;
    } cases[] = {{NULL, 69},
                 {"ipc://relative", 78},
                 {"tcp://0.0.0.0:9000", 78},
                 {"tcp://127.0.0.1:99999", 78},
                 {"inproc://x", 78}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *args[] = {"--listen", cases[i].listen ? cases[i].listen : rig->base, NULL};
        pid_t second = child_start ("parley-broker", args, rig->log);
        int status = child_end (&second, 0, WAIT_MS);
        assert_true (WIFEXITED (status));
        assert_int_equal (WEXITSTATUS (status), cases[i].exit_code);
    }
    peer_t worker = s_join (rig, PT_PEER_chat, 1);
    s_assert_works (&client, &worker);
    zsock_destroy (&client.socket);
    zsock_destroy (&worker.socket);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (a_call_passes_through),
        TEST (two_instances_of_one_name_both_work),
        TEST (a_role_calls_and_serves_only_what_it_may),
        TEST (a_stranger_is_told_to_say_ready),
        TEST (a_full_queue_is_busy),
        TEST (time_that_runs_out_is_told),
        TEST (a_dead_worker_is_told_within_a_second),
        TEST (garbage_disturbs_nobody),
        TEST (bombs_in_a_presence_are_refused),
        TEST (a_frame_beyond_the_limit_costs_its_sender_the_connection),
        TEST (events_go_where_the_rules_let_them),
        TEST (the_operator_sees_who_is_there),
        TEST (a_question_to_the_broker_that_cannot_be_read_is_malformed),
        TEST (a_request_and_its_answer_leave_their_hops),
        TEST (heartbeats_are_sent_to_peers),
        TEST (its_end_sends_peers_elsewhere_and_finishes_what_runs),
        TEST (its_folder_is_closed_and_its_own),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
