/*  broker_walk_test - the routing core under long random histories from seeds,
    judged by a model that keeps its own books:

    - a worker never gets a request beyond the credit it announced, never one of
      another service, never two under one number;
    - a client gets at most one outcome for each request, and exactly one by the
      end unless it left;
    - queues stay within their bound; free credit and waiting work do not meet;
    - every body is freed once. */

#include "broker_rig.h"
#include <stdio.h>

#define EVENTS 300000
#define WORKERS 6
#define CLIENTS 6
#define HELD_MAX 64
#define ASKED_MAX 300000

typedef struct {
    pt_peer_t role;
    bool is_known; /* by the core, as far as we were told */
    bool is_mute;
    uint64_t generation;
    unsigned credit;
    uint64_t held[HELD_MAX];
    unsigned held_count;
} worker_t;

typedef struct {
    rig_t *rig;
    uint64_t random;
    bool has_keys; /* requests carry affinity */
    worker_t workers[WORKERS];
    bool client_known[CLIENTS];
    uint64_t late[256]; /* numbers of workers that died */
    uint32_t asked;
    uint8_t owner[ASKED_MAX];    /* client of request i + 1 */
    uint8_t outcomes[ASKED_MAX]; /* it got */
    bool is_void[ASKED_MAX];     /* its client left */
    unsigned delivered, statuses[PT_E_version_unsupported + 1];
} walk_t;

/*  Ids: clients 1 .. CLIENTS, workers behind. */
#define CLIENT_ID(i) ((uint32_t)(1 + (i)))
#define WORKER_ID(i) ((uint32_t)(1 + CLIENTS + (i)))

static uint64_t s_random (walk_t *walk, uint64_t below)
{
    walk->random ^= walk->random << 13;
    walk->random ^= walk->random >> 7;
    walk->random ^= walk->random << 17;
    return walk->random % below;
}

static void s_on_request (walk_t *walk, const rig_frame_t *frame)
{
    worker_t *worker = &walk->workers[frame->id - 1 - CLIENTS];
    assert_true (frame->id > CLIENTS && frame->id <= CLIENTS + WORKERS);
    assert_true (worker->is_known);
    assert_int_equal (frame->role, worker->role);
    assert_int_equal (frame->envelope.service, pt_peer_rule (worker->role)->serves);
    assert_true (worker->held_count < worker->credit);
    assert_in_range (frame->envelope.deadline_ms, 1, LIM_DEADLINE_MS);
    for (unsigned i = 0; i < worker->held_count; i++)
        assert_int_not_equal (worker->held[i], frame->envelope.correlation);
    worker->held[worker->held_count++] = frame->envelope.correlation;
    walk->delivered++;
}

static void s_on_reply (walk_t *walk, const rig_frame_t *frame)
{
    uint64_t index = frame->envelope.correlation - 1;
    assert_true (index < walk->asked);
    assert_int_equal (CLIENT_ID (walk->owner[index]), frame->id);
    assert_false (walk->is_void[index]);
    assert_int_equal (walk->outcomes[index], 0);
    walk->outcomes[index]++;
    walk->statuses[frame->envelope.status]++;
}

static void s_on_sent (rig_t *rig, const rig_frame_t *frame)
{
    if (frame->envelope.kind == PT_KIND_REQUEST)
        s_on_request (rig->ctx, frame);
    else if (frame->envelope.kind == PT_KIND_REPLY)
        s_on_reply (rig->ctx, frame);
}

static void s_forget_client (walk_t *walk, unsigned client)
{
    walk->client_known[client] = false;
    for (uint32_t i = 0; i < walk->asked; i++)
        if (walk->owner[i] == client && walk->outcomes[i] == 0)
            walk->is_void[i] = true;
}

static void s_forget_worker (walk_t *walk, worker_t *worker)
{
    for (unsigned i = 0; i < worker->held_count; i++)
        walk->late[s_random (walk, 256)] = worker->held[i];
    worker->is_known = false;
    worker->held_count = 0;
    worker->credit = 0;
}

static void s_on_note (rig_t *rig, broker_note_t note, uint32_t id)
{
    walk_t *walk = rig->ctx;
    if (note != BROKER_NOTE_LEFT && note != BROKER_NOTE_LOST)
        return;
    if (id <= CLIENTS)
        s_forget_client (walk, id - 1);
    else
        s_forget_worker (walk, &walk->workers[id - 1 - CLIENTS]);
}

/*  ---- events ------------------------------------------------------------------------- */

static void s_do_request (walk_t *walk)
{
    static const uint16_t opcodes[] = {PT_OP_chat_send, PT_OP_chat_history, PT_OP_auth_keys};
    unsigned client = (unsigned)s_random (walk, CLIENTS);
    if (!walk->client_known[client] || walk->asked == ASKED_MAX)
        return;
    rig_ask_t ask = {
        .opcode = opcodes[s_random (walk, 3)],
        .affinity = walk->has_keys ? s_random (walk, 5) : 0,
        .deadline_ms = (uint32_t)s_random (walk, 3000),
    };
    walk->owner[walk->asked] = (uint8_t)client;
    rig_ask (walk->rig, PT_PEER_gateway, CLIENT_ID (client), ++walk->asked, ask);
}

static void s_do_answer (walk_t *walk)
{
    unsigned index = (unsigned)s_random (walk, WORKERS);
    worker_t *worker = &walk->workers[index];
    if (!worker->is_known || worker->held_count == 0 || worker->is_mute)
        return;
    unsigned which = (unsigned)s_random (walk, worker->held_count);
    uint64_t number = worker->held[which];
    worker->held[which] = worker->held[--worker->held_count];
    rig_answer (walk->rig, worker->role, WORKER_ID (index), number, 0, 1);
}

static void s_do_ready (walk_t *walk)
{
    unsigned index = (unsigned)s_random (walk, WORKERS);
    worker_t *worker = &walk->workers[index];
    unsigned credit = s_random (walk, 4) == 0 ? 0 : 1 + (unsigned)s_random (walk, HELD_MAX - 1);
    walk->rig->is_gone[WORKER_ID (index)] = false;
    worker->is_mute = false;
    if (!worker->is_known)
        worker->generation = 1 + s_random (walk, 1000000);
    worker->is_known = true;
    worker->credit = credit;
    rig_presence (walk->rig, BROKER_READY, worker->role, WORKER_ID (index), pt_peer_rule (worker->role)->serves, credit,
                  worker->generation);
}

static void s_do_heartbeats (walk_t *walk)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        worker_t *worker = &walk->workers[i];
        if (worker->is_known && !worker->is_mute)
            rig_presence (walk->rig, BROKER_HEARTBEAT, worker->role, WORKER_ID (i), pt_peer_rule (worker->role)->serves,
                          worker->credit, worker->generation);
    }
    for (unsigned i = 0; i < CLIENTS; i++)
        if (walk->client_known[i])
            rig_presence (walk->rig, BROKER_HEARTBEAT, PT_PEER_gateway, CLIENT_ID (i), 0, 0, 1000 + CLIENT_ID (i));
}

static void s_do_tick (walk_t *walk)
{
    rig_tick (walk->rig, s_random (walk, 50));
    if (s_random (walk, 4) == 0)
        s_do_heartbeats (walk);
}

/*  A worker becomes silent, unreachable, or leaves. */
static void s_do_worker_death (walk_t *walk)
{
    unsigned index = (unsigned)s_random (walk, WORKERS);
    switch (s_random (walk, 3)) {
    case 0:
        walk->workers[index].is_mute = true;
        break;
    case 1:
        walk->rig->is_gone[WORKER_ID (index)] = true;
        break;
    default:
        if (walk->workers[index].is_known)
            rig_leave (walk->rig, walk->workers[index].role, WORKER_ID (index));
    }
}

static void s_do_client_change (walk_t *walk)
{
    unsigned client = (unsigned)s_random (walk, CLIENTS);
    if (walk->client_known[client]) {
        rig_leave (walk->rig, PT_PEER_gateway, CLIENT_ID (client));
        return;
    }
    walk->client_known[client] = true;
    rig_ready (walk->rig, PT_PEER_gateway, CLIENT_ID (client), 0);
}

/*  Answers to what is long over, under numbers old and invented. */
static void s_do_nonsense (walk_t *walk)
{
    unsigned index = (unsigned)s_random (walk, WORKERS);
    uint64_t number = s_random (walk, 2) ? walk->late[s_random (walk, 256)] : s_random (walk, UINT64_MAX);
    for (unsigned i = 0; i < WORKERS; i++)
        for (unsigned j = 0; j < walk->workers[i].held_count; j++)
            if (walk->workers[i].held[j] == number)
                return;
    rig_answer (walk->rig, walk->workers[index].role, WORKER_ID (index), number, 0, 1);
}

static void s_do_pause (walk_t *walk)
{
    rig_tick (walk->rig, 2500 + s_random (walk, 40000));
}

static void s_do_something (walk_t *walk)
{
    static const struct {
        unsigned weight;
        void (*fn) (walk_t *walk);
    } events[] = {
        {4000, s_do_request},    {4000, s_do_answer},     {600, s_do_tick},     {60, s_do_ready},
        {12, s_do_worker_death}, {4, s_do_client_change}, {100, s_do_nonsense}, {1, s_do_pause},
    };
    uint64_t at = s_random (walk, 4000 + 4000 + 600 + 60 + 12 + 4 + 100 + 1);
    size_t i = 0;
    while (at >= events[i].weight)
        at -= events[i++].weight;
    events[i].fn (walk);
}

/*  ---- judgement ------------------------------------------------------------------------ */

static void s_judge_step (const walk_t *walk)
{
    for (unsigned service = 1; service < PT_SERVICE_COUNT; service++) {
        uint32_t queued = broker_core_queued (walk->rig->core, service);
        assert_true (queued <= LIM_SERVICE_QUEUE);
        for (unsigned i = 0; queued > 0 && !walk->has_keys && i < WORKERS; i++) {
            const worker_t *worker = &walk->workers[i];
            if (worker->is_known && pt_peer_rule (worker->role)->serves == service)
                assert_true (worker->held_count >= worker->credit);
        }
    }
}

static void s_judge_end (walk_t *walk)
{
    for (int i = 0; i < 100; i++) {
        rig_tick (walk->rig, 400);
        s_do_heartbeats (walk);
    }
    assert_false (broker_core_is_busy (walk->rig->core));
    for (uint32_t i = 0; i < walk->asked; i++)
        if (walk->outcomes[i] != 1 && !walk->is_void[i])
            fail_msg ("request %u of client %u has %u outcomes", i + 1, walk->owner[i], walk->outcomes[i]);
}

static void s_walk (uint64_t seed, bool has_keys)
{
    walk_t *walk = calloc (1, sizeof *walk);
    assert_non_null (walk);
    walk->random = seed;
    walk->has_keys = has_keys;
    walk->rig = rig_new (seed);
    walk->rig->ctx = walk;
    walk->rig->on_sent = s_on_sent;
    walk->rig->on_note = s_on_note;
    for (unsigned i = 0; i < WORKERS; i++)
        walk->workers[i].role = i < 4 ? PT_PEER_chat : PT_PEER_auth;
    for (unsigned i = 0; i < EVENTS; i++) {
        s_do_something (walk);
        s_judge_step (walk);
    }
    s_judge_end (walk);
    assert_true (walk->delivered > EVENTS / 10 && walk->statuses[0] > EVENTS / 10);
    assert_true (walk->statuses[PT_E_worker_lost] > 0 && walk->statuses[PT_E_deadline] > 0);
    print_message ("seed %llu: %u asked, %u delivered, %u answered, %u lost, %u late, %u without a worker\n",
                   (unsigned long long)seed, walk->asked, walk->delivered, walk->statuses[0],
                   walk->statuses[PT_E_worker_lost], walk->statuses[PT_E_deadline], walk->statuses[PT_E_unavailable]);
    rig_destroy (&walk->rig);
    free (walk);
}

static void every_request_has_one_outcome_without_keys (void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++)
        s_walk (seed * 0x9e3779b97f4a7c15u, false);
}

static void every_request_has_one_outcome_with_keys (void **state)
{
    (void)state;
    for (uint64_t seed = 4; seed <= 6; seed++)
        s_walk (seed * 0x9e3779b97f4a7c15u, true);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (every_request_has_one_outcome_without_keys),
        cmocka_unit_test (every_request_has_one_outcome_with_keys),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
