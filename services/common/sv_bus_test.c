/*  sv_bus_test - buses of three roles on one loop, real brokers between them,
    which are killed, paused, restarted and drained under load. */

#include "child.h"
#include "sv_bus_priv.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/*  A step that takes longer is broken. */
#define WAIT_MS 10000
#define BROKERS 2
#define HOLD_MAX 2048
#define COUNTERS 32768

typedef struct {
    char dir[64];
    char bases[200];
    pid_t brokers[BROKERS];
    sv_loop_t *loop;
    sv_log_t *log;
    sv_metrics_t *metrics;
    sv_trace_t *trace; /* of all buses */
    sv_timer_t *watch;
    sv_bus_t *gateway, *chat, *store;
    bool (*until) (void *rig);
    uint64_t end_ms;
    bool in_time;

    unsigned served, answered, failed, twice;
    unsigned at_once, at_once_max;
    bool is_holding; /* the worker keeps its requests */
    sv_request_t *held[HOLD_MAX];
    unsigned held_count, goal;
    int last_err;
    char last_text[64];
    unsigned copies[COUNTERS]; /* of an event, by its counter */
    bool has_pair;
    unsigned changes;
    bool inside_call, called_inside;
} rig_t;

static uint8_t s_outcomes[20000];

/*  ---- running ----------------------------------------------------------------- */

static void s_on_watch (void *arg)
{
    rig_t *rig = arg;
    rig->in_time = rig->until (rig);
    if (rig->in_time || sv_now_ms () >= rig->end_ms)
        sv_loop_stop (rig->loop);
}

static void s_run (rig_t *rig, bool (*until) (void *rig), const char *what)
{
    rig->until = until;
    rig->end_ms = sv_now_ms () + WAIT_MS;
    sv_timer_set (rig->loop, rig->watch, 1, 1);
    assert_int_equal (sv_loop_run (rig->loop), 0);
    sv_timer_set (rig->loop, rig->watch, 0, 0);
    if (!rig->in_time)
        fail_msg ("waited in vain for %s (%u answered, %u failed, last %s)", what, rig->answered, rig->failed,
                  pt_error_name (rig->last_err));
}

static void s_start_broker (rig_t *rig, int k)
{
    char listen[100], log[100];
    const char *args[] = {"--listen", listen, NULL};
    snprintf (listen, sizeof listen, "ipc://%s/b%d", rig->dir, k);
    snprintf (log, sizeof log, "%s/log%d", rig->dir, k);
    rig->brokers[k] = child_start ("parley-broker", args, log);
}

static sv_bus_t *s_bus (rig_t *rig, pt_peer_t role)
{
    sv_bus_config_t config = {.role = role,
                              .brokers = rig->bases,
                              .loop = rig->loop,
                              .log = rig->log,
                              .metrics = rig->metrics,
                              .trace = rig->trace};
    sv_bus_t *bus = sv_bus_new (&config);
    assert_non_null (bus);
    return bus;
}

static int s_set_up (void **state)
{
    rig_t *rig = calloc (1, sizeof *rig);
    assert_non_null (rig);
    *state = rig;
    memset (s_outcomes, 0, sizeof s_outcomes);
    snprintf (rig->dir, sizeof rig->dir, "/tmp/parley-bus-XXXXXX");
    assert_non_null (mkdtemp (rig->dir));
    snprintf (rig->bases, sizeof rig->bases, "ipc://%s/b0,ipc://%s/b1", rig->dir, rig->dir);
    rig->loop = sv_zloop_new ();
    rig->log = sv_log_new ("test", STDERR_FILENO, SV_ERROR, "text");
    rig->metrics = sv_metrics_new ();
    rig->trace = sv_trace_new (1024);
    assert_true (rig->loop && rig->log && rig->metrics);
    rig->watch = sv_loop_timer (rig->loop, 0, 0, s_on_watch, rig);
    return 0;
}

static int s_tear_down (void **state)
{
    rig_t *rig = *state;
    char command[100];
    sv_bus_destroy (&rig->gateway);
    sv_bus_destroy (&rig->chat);
    sv_bus_destroy (&rig->store);
    sv_timer_cancel (rig->loop, &rig->watch);
    sv_loop_destroy (&rig->loop);
    sv_trace_destroy (&rig->trace);
    sv_metrics_destroy (&rig->metrics);
    sv_log_destroy (&rig->log);
    for (int k = 0; k < BROKERS; k++)
        child_end (&rig->brokers[k], SIGKILL, 1000);
    snprintf (command, sizeof command, "rm -r %s", rig->dir);
    assert_int_equal (system (command), 0);
    free (rig);
    return 0;
}

/*  ---- the worker: chat_membership answers with the room as head ------------------- */

static void s_answer (rig_t *rig, sv_request_t *request, uint64_t room)
{
    pt_membership_t reply = {.room = room, .account = 1, .seq = room};
    rig->at_once--;
    sv_request_reply (&request, &reply);
}

static void s_on_membership (void *ctx, sv_request_t *request, const void *msg)
{
    rig_t *rig = ctx;
    const pt_room_ref_t *ask = msg;
    rig->served++;
    if (++rig->at_once > rig->at_once_max)
        rig->at_once_max = rig->at_once;
    if (rig->is_holding && rig->held_count < HOLD_MAX)
        rig->held[rig->held_count++] = request;
    else
        s_answer (rig, request, ask->room);
}

static void s_on_room (void *ctx, sv_request_t *request, const void *msg)
{
    (void)ctx;
    (void)msg;
    sv_request_fail (&request, PT_E_gone, "it went");
}

static void s_on_range (void *ctx, sv_request_t *request, const void *msg)
{
    (void)ctx;
    (void)msg;
    sv_request_forward (&request, PT_OP_store_range);
}

/*  Answers with what is no message at all. */
static void s_on_mangled (void *ctx, sv_request_t *request, const void *msg)
{
    (void)ctx;
    (void)msg;
    zmq_msg_t body;
    zmq_msg_init_size (&body, 1);
    memset (zmq_msg_data (&body), 0xc1, 1);
    sv_request_answer (&request, 0, false, &body);
    zmq_msg_close (&body);
}

/*  Did its work, and has an answer that no schema allows. */
static void s_on_unfit (void *ctx, sv_request_t *request, const void *msg)
{
    (void)ctx;
    (void)msg;
    pt_membership_t reply = {.room = 0};
    sv_request_reply (&request, &reply);
}

static const sv_handler_t s_chat_handlers[] = {
    {PT_OP_chat_member_set, s_on_unfit}, {PT_OP_chat_membership, s_on_membership}, {PT_OP_chat_room_get, s_on_room},
    {PT_OP_chat_range, s_on_range},      {PT_OP_chat_room_list, s_on_mangled},     {PT_OP_chat_room_join, s_on_mangled},
};
#define CHAT_HANDLERS (sizeof s_chat_handlers / sizeof *s_chat_handlers)

static void s_on_store_range (void *ctx, sv_request_t *request, const void *msg)
{
    (void)ctx;
    const pt_range_query_t *ask = msg;
    assert_string_equal (sv_request_trace (request), "trace-7");
    assert_int_equal (sv_request_affinity (request), 7);
    pt_history_page_t page = {.head = ask->after + 1};
    sv_request_reply (&request, &page);
}

static const sv_handler_t s_store_handlers[] = {{PT_OP_store_range, s_on_store_range}};

static void s_release (rig_t *rig)
{
    while (rig->held_count > 0)
        s_answer (rig, rig->held[--rig->held_count], 1);
    rig->is_holding = false;
}

/*  ---- the client ----------------------------------------------------------------------- */

static void s_on_reply (void *arg, const sv_reply_t *reply);

typedef struct {
    rig_t *rig;
    unsigned index;
} ticket_t;

static ticket_t s_tickets[20000];

static void s_on_reply (void *arg, const sv_reply_t *reply)
{
    const ticket_t *ticket = arg;
    rig_t *rig = ticket->rig;
    rig->called_inside |= rig->inside_call;
    rig->twice += s_outcomes[ticket->index]++ > 0;
    if (reply->status == 0) {
        assert_non_null (reply->msg);
        rig->answered++;
        return;
    }
    assert_non_null (reply->error);
    rig->failed++;
    rig->last_err = reply->status;
    snprintf (rig->last_text, sizeof rig->last_text, "%.*s", (int)reply->error->detail.len,
              reply->error->has_detail ? reply->error->detail.at : "");
}

static uint64_t s_call (rig_t *rig, unsigned index, uint64_t affinity, uint32_t deadline_ms)
{
    pt_room_ref_t ask = {.account = 1, .room = index + 1};
    sv_call_t call = {.opcode = PT_OP_chat_membership, .msg = &ask, .affinity = affinity, .deadline_ms = deadline_ms};
    int err = 0;
    s_tickets[index] = (ticket_t){rig, index};
    rig->inside_call = true;
    uint64_t id = sv_bus_call (rig->gateway, &call, s_on_reply, &s_tickets[index], &err);
    rig->inside_call = false;
    assert_int_equal (err, 0);
    assert_true (id > 0);
    return id;
}

static void s_call_many (rig_t *rig, unsigned count, uint32_t deadline_ms)
{
    rig->goal = count;
    for (unsigned i = 0; i < count; i++)
        s_call (rig, i, i % 3, deadline_ms);
}

static bool s_all_done (void *arg)
{
    rig_t *rig = arg;
    return rig->answered + rig->failed >= rig->goal;
}

static void s_assert_each_once (const rig_t *rig)
{
    assert_false (rig->called_inside);
    assert_int_equal (rig->twice, 0);
    assert_int_equal (rig->answered + rig->failed, rig->goal);
    for (unsigned i = 0; i < rig->goal; i++)
        assert_int_equal (s_outcomes[i], 1);
}

static bool s_all_live (void *arg)
{
    rig_t *rig = arg;
    unsigned want = 0;
    for (int k = 0; k < BROKERS; k++)
        want += rig->brokers[k] > 0;
    return sv_bus_live (rig->gateway) == want && sv_bus_live (rig->chat) == want &&
           (!rig->store || sv_bus_live (rig->store) == want);
}

/*  Gateway and chat, connected by `brokers` brokers. */
static void s_open (rig_t *rig, int brokers, unsigned credit)
{
    for (int k = 0; k < brokers; k++)
        s_start_broker (rig, k);
    rig->gateway = s_bus (rig, PT_PEER_gateway);
    rig->chat = s_bus (rig, PT_PEER_chat);
    assert_int_equal (sv_bus_serve (rig->chat, s_chat_handlers, CHAT_HANDLERS, credit, rig), 0);
    s_run (rig, s_all_live, "brokers");
}

static bool s_has_held (void *arg)
{
    rig_t *rig = arg;
    return rig->held_count >= rig->goal;
}

/*  ---- calls ------------------------------------------------------------------------------ */

static void calls_are_answered_each_once (void **state)
{
    rig_t *rig = *state;
    s_open (rig, 2, 64);
    s_call_many (rig, 5000, 5000);
    s_run (rig, s_all_done, "5000 answers");
    s_assert_each_once (rig);
    assert_int_equal (rig->failed, 0);
    assert_true (rig->at_once_max <= 64);
    assert_int_equal (sv_bus_in_flight (rig->gateway), 0);
    assert_int_equal (sv_bus_in_flight (rig->chat), 0);
}

static void an_error_arrives_with_its_sentence (void **state)
{
    rig_t *rig = *state;
    s_open (rig, 1, 4);
    pt_room_ref_t ask = {.account = 1, .room = 1};
    sv_call_t call = {.opcode = PT_OP_chat_room_get, .msg = &ask, .deadline_ms = 5000};
    s_tickets[0] = (ticket_t){rig, 0};
    rig->goal = 1;
    assert_true (sv_bus_call (rig->gateway, &call, s_on_reply, &s_tickets[0], NULL) > 0);
    s_run (rig, s_all_done, "a refusal");
    assert_int_equal (rig->last_err, -PT_E_gone);
    assert_string_equal (rig->last_text, "it went");
}

static void s_call_instance (rig_t *rig, unsigned index, uint64_t instance)
{
    pt_room_ref_t ask = {.account = 1, .room = 1};
    sv_call_t call = {.opcode = PT_OP_chat_membership, .msg = &ask, .deadline_ms = 5000, .instance = instance};
    s_tickets[index] = (ticket_t){rig, index};
    rig->goal = index + 1;
    assert_true (sv_bus_call (rig->gateway, &call, s_on_reply, &s_tickets[index], NULL) > 0);
    s_run (rig, s_all_done, "an answer of one instance");
}

/*  The operator takes the place of the client. */
static void a_call_to_one_instance_is_answered_by_it_or_not_at_all (void **state)
{
    rig_t *rig = *state;
    s_open (rig, 2, 4);
    sv_bus_destroy (&rig->gateway);
    rig->gateway = s_bus (rig, PT_PEER_operator);
    s_run (rig, s_all_live, "brokers");
    s_call_instance (rig, 0, sv_bus_generation (rig->chat));
    assert_int_equal (rig->answered, 1);
    s_call_instance (rig, 1, sv_bus_generation (rig->chat) + 1);
    assert_int_equal (rig->last_err, -PT_E_not_found);
    assert_int_equal (rig->served, 1);
}

static void s_assert_hops (rig_t *rig, const char *id, const pt_hop_kind_t *kinds, uint32_t count)
{
    pt_arena_t *arena = pt_arena_new (1 << 20);
    pt_trace_query_t query = {.has_trace = true, .trace = pt_str (id)};
    pt_trace_t trace;
    assert_int_equal (sv_trace_find (rig->trace, &query, arena, &trace), 0);
    assert_int_equal (trace.hops.count, count);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal (trace.hops.at[i].kind, kinds[i]);
    pt_arena_destroy (&arena);
}

static void a_call_leaves_its_hops_and_housekeeping_none (void **state)
{
    static const pt_hop_kind_t kinds[] = {PT_hop_kind_ASKED, PT_hop_kind_TAKEN, PT_hop_kind_REPLIED,
                                          PT_hop_kind_ANSWERED};
    rig_t *rig = *state;
    s_open (rig, 1, 4);
    pt_room_ref_t ask = {.account = 1, .room = 1};
    sv_call_t call = {.opcode = PT_OP_chat_membership, .msg = &ask, .deadline_ms = 5000, .trace = "t-1"};
    s_tickets[0] = (ticket_t){rig, 0};
    rig->goal = 1;
    assert_true (sv_bus_call (rig->gateway, &call, s_on_reply, &s_tickets[0], NULL) > 0);
    s_run (rig, s_all_done, "an answer");
    s_assert_hops (rig, "t-1", kinds, 4);
    s_call_many (rig, 2, 5000);
    s_run (rig, s_all_done, "answers without an id");
    s_assert_hops (rig, "", NULL, 0);
}

static void a_call_that_nobody_answers_is_given_up_in_its_hops (void **state)
{
    static const pt_hop_kind_t kinds[] = {PT_hop_kind_GAVE_UP};
    rig_t *rig = *state;
    rig->gateway = s_bus (rig, PT_PEER_gateway);
    pt_room_ref_t ask = {.account = 1, .room = 1};
    sv_call_t call = {.opcode = PT_OP_chat_membership, .msg = &ask, .deadline_ms = 50, .trace = "t-1"};
    s_tickets[0] = (ticket_t){rig, 0};
    rig->goal = 1;
    assert_true (sv_bus_call (rig->gateway, &call, s_on_reply, &s_tickets[0], NULL) > 0);
    s_run (rig, s_all_done, "the end of the call");
    s_assert_hops (rig, "t-1", kinds, 1);
}

static void a_call_that_cannot_be_made_says_why (void **state)
{
    static const struct {
        uint16_t opcode;
        uint64_t room;
        int err;
    } cases[] = {
        {PT_OP_store_membership, 1, -PT_E_not_allowed_role},
        {0x02ff, 1, -PT_E_unknown_op},
        {PT_EV_room_gone, 1, -PT_E_unknown_op},
        {PT_OP_chat_membership, 0, -PT_E_invalid},
    };
    rig_t *rig = *state;
    rig->gateway = s_bus (rig, PT_PEER_gateway);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pt_room_ref_t ask = {.account = 1, .room = cases[i].room};
        sv_call_t call = {.opcode = cases[i].opcode, .msg = &ask, .deadline_ms = 100};
        int err = 0;
        assert_int_equal (sv_bus_call (rig->gateway, &call, s_on_reply, NULL, &err), 0);
        assert_int_equal (err, cases[i].err);
    }
}

static void s_on_page (void *arg, const sv_reply_t *reply)
{
    rig_t *rig = arg;
    assert_int_equal (reply->status, 0);
    assert_int_equal (((const pt_history_page_t *)reply->msg)->head, 42);
    rig->answered++;
}

static void a_forwarded_request_passes_through_unread (void **state)
{
    rig_t *rig = *state;
    s_open (rig, 2, 4);
    rig->store = s_bus (rig, PT_PEER_store);
    assert_int_equal (sv_bus_serve (rig->store, s_store_handlers, 1, 4, rig), 0);
    s_run (rig, s_all_live, "store");
    pt_range_query_t ask = {.room = 7, .after = 41, .limit = 10};
    sv_call_t call = {.opcode = PT_OP_chat_range, .msg = &ask, .affinity = 7, .deadline_ms = 5000, .trace = "trace-7"};
    rig->goal = 1;
    assert_true (sv_bus_call (rig->gateway, &call, s_on_page, rig, NULL) > 0);
    s_run (rig, s_all_done, "the page");
}

static void the_worker_never_has_more_than_its_credit (void **state)
{
    rig_t *rig = *state;
    s_open (rig, 2, 4);
    rig->is_holding = true;
    rig->goal = 4;
    for (unsigned i = 0; i < 50; i++)
        s_call (rig, i, 0, 8000);
    s_run (rig, s_has_held, "4 requests");
    assert_int_equal (rig->held_count, 4);
    s_release (rig);
    rig->goal = 50;
    s_run (rig, s_all_done, "50 answers");
    s_assert_each_once (rig);
    assert_int_equal (rig->failed, 0);
    assert_int_equal (rig->at_once_max, 4);
}

static void a_silent_worker_ends_with_deadline (void **state)
{
    rig_t *rig = *state;
    s_open (rig, 2, 4);
    rig->is_holding = true;
    s_call_many (rig, 3, 600);
    uint64_t start_ms = sv_now_ms ();
    s_run (rig, s_all_done, "deadlines");
    assert_in_range (sv_now_ms () - start_ms, 480, 900);
    s_assert_each_once (rig);
    assert_int_equal (rig->failed, 3);
    assert_int_equal (rig->last_err, -PT_E_deadline);
    s_release (rig);
}

static void without_a_broker_calls_end_with_unavailable (void **state)
{
    rig_t *rig = *state;
    rig->gateway = s_bus (rig, PT_PEER_gateway);
    s_call_many (rig, 3, 300);
    s_run (rig, s_all_done, "the end of 3 calls");
    s_assert_each_once (rig);
    assert_int_equal (rig->last_err, -PT_E_unavailable);
}

static void without_a_worker_calls_end_with_unavailable (void **state)
{
    rig_t *rig = *state;
    s_open (rig, 2, 4);
    sv_bus_destroy (&rig->chat);
    rig->chat = s_bus (rig, PT_PEER_chat); /* takes nothing */
    s_call_many (rig, 5, 700);
    s_run (rig, s_all_done, "the end of 5 calls");
    s_assert_each_once (rig);
    assert_int_equal (rig->failed, 5);
    assert_int_equal (rig->last_err, -PT_E_unavailable);
}

static void calls_made_before_anything_runs_are_answered (void **state)
{
    rig_t *rig = *state;
    rig->gateway = s_bus (rig, PT_PEER_gateway);
    s_call_many (rig, 10, 8000);
    s_start_broker (rig, 0);
    rig->chat = s_bus (rig, PT_PEER_chat);
    assert_int_equal (sv_bus_serve (rig->chat, s_chat_handlers, CHAT_HANDLERS, 8, rig), 0);
    s_run (rig, s_all_done, "10 answers");
    s_assert_each_once (rig);
    assert_int_equal (rig->failed, 0);
}

static void a_cancelled_call_is_never_answered (void **state)
{
    rig_t *rig = *state;
    s_open (rig, 1, 8);
    uint64_t id = s_call (rig, 0, 0, 5000);
    sv_bus_cancel (rig->gateway, id);
    sv_bus_cancel (rig->gateway, id);
    s_call (rig, 1, 0, 5000);
    rig->goal = 1;
    s_run (rig, s_all_done, "the other call");
    assert_int_equal (s_outcomes[0], 0);
    assert_int_equal (s_outcomes[1], 1);
}

static void the_end_of_a_bus_ends_its_calls (void **state)
{
    rig_t *rig = *state;
    rig->gateway = s_bus (rig, PT_PEER_gateway);
    s_call_many (rig, 5, 5000);
    sv_bus_destroy (&rig->gateway);
    s_assert_each_once (rig);
    assert_int_equal (rig->last_err, -PT_E_draining);
}

/*  One call that only reads, one that writes. */
static const pt_room_query_t s_room_query = {.account = 1};
static const pt_room_change_t s_room_change = {.account = 1, .room = 2, .key = {"k", 1}};

static const struct {
    uint16_t opcode;
    const void *msg;
    int when_cut, when_mangled;
} s_unknowns[] = {
    {PT_OP_chat_room_list, &s_room_query, -PT_E_draining, -PT_E_internal},
    {PT_OP_chat_room_join, &s_room_change, -PT_E_worker_lost, -PT_E_worker_lost},
};
#define UNKNOWNS (sizeof s_unknowns / sizeof *s_unknowns)

static void s_call_unknown (rig_t *rig, unsigned i)
{
    sv_call_t call = {.opcode = s_unknowns[i].opcode, .msg = s_unknowns[i].msg, .deadline_ms = 5000};
    s_tickets[i] = (ticket_t){rig, i};
    assert_true (sv_bus_call (rig->gateway, &call, s_on_reply, &s_tickets[i], NULL) > 0);
    rig->goal = i + 1;
}

static void a_write_cut_off_has_an_unknown_outcome (void **state)
{
    rig_t *rig = *state;
    for (unsigned i = 0; i < UNKNOWNS; i++) {
        rig->gateway = s_bus (rig, PT_PEER_gateway);
        s_call_unknown (rig, i);
        sv_bus_destroy (&rig->gateway);
        s_assert_each_once (rig);
        assert_int_equal (rig->last_err, s_unknowns[i].when_cut);
    }
}

/*  The line in the log about each of the two answers is meant to be there. */
static void a_write_whose_answer_cannot_be_read_has_an_unknown_outcome (void **state)
{
    rig_t *rig = *state;
    s_open (rig, 1, 4);
    for (unsigned i = 0; i < UNKNOWNS; i++) {
        s_call_unknown (rig, i);
        s_run (rig, s_all_done, "an answer");
        s_assert_each_once (rig);
        assert_int_equal (rig->last_err, s_unknowns[i].when_mangled);
    }
}

/*  As above, a line in the log. */
static void a_write_whose_answer_does_not_encode_has_an_unknown_outcome (void **state)
{
    rig_t *rig = *state;
    s_open (rig, 1, 4);
    pt_member_set_t ask = {.account = 1, .room = 2, .member = 3, .key = {"k", 1}};
    sv_call_t call = {.opcode = PT_OP_chat_member_set, .msg = &ask, .deadline_ms = 5000};
    s_tickets[0] = (ticket_t){rig, 0};
    assert_true (sv_bus_call (rig->gateway, &call, s_on_reply, &s_tickets[0], NULL) > 0);
    rig->goal = 1;
    s_run (rig, s_all_done, "an answer");
    s_assert_each_once (rig);
    assert_int_equal (rig->last_err, -PT_E_worker_lost);
}

typedef struct {
    unsigned count;
    int err;
} s_end_t;

static void s_on_end (void *arg, const sv_reply_t *reply)
{
    s_end_t *end = arg;
    end->count++;
    end->err = reply->status;
}

/*  Nobody serves: the calls are open when the bus closes. */
static void a_closing_bus_says_what_may_have_happened (void **state)
{
    rig_t *rig = *state;
    s_start_broker (rig, 0);
    rig->gateway = s_bus (rig, PT_PEER_gateway);
    pt_room_ref_t read = {.account = 1, .room = 2};
    pt_member_set_t write = {.account = 1, .room = 2, .member = 3, .key = {"k", 1}};
    sv_call_t reading = {.opcode = PT_OP_chat_membership, .msg = &read, .deadline_ms = 5000};
    sv_call_t writing = {.opcode = PT_OP_chat_member_set, .msg = &write, .deadline_ms = 5000};
    s_end_t reads = {0}, writes = {0};
    assert_true (sv_bus_call (rig->gateway, &reading, s_on_end, &reads, NULL) > 0);
    assert_true (sv_bus_call (rig->gateway, &writing, s_on_end, &writes, NULL) > 0);
    sv_bus_close (rig->gateway);
    sv_bus_close (rig->gateway);
    assert_int_equal (reads.count, 1);
    assert_int_equal (reads.err, -PT_E_draining);
    assert_int_equal (writes.count, 1);
    assert_int_equal (writes.err, -PT_E_worker_lost);
    int err = 0;
    assert_int_equal (sv_bus_call (rig->gateway, &writing, s_on_end, &writes, &err), 0);
    assert_int_equal (err, -PT_E_draining);
    assert_int_equal (writes.count, 1);
}

/*  ---- brokers that fail --------------------------------------------------------------------- */

/*  Requests are in a worker's hands, in queues and on the wire. */
static void s_load (rig_t *rig, unsigned count)
{
    rig->is_holding = true;
    s_call_many (rig, count, 9000);
    rig->goal = 16;
    s_run (rig, s_has_held, "requests in the worker");
    rig->goal = count;
}

static void a_killed_broker_costs_no_call (void **state)
{
    rig_t *rig = *state;
    s_open (rig, 2, 32);
    s_load (rig, 1000);
    child_end (&rig->brokers[0], SIGKILL, 1000);
    s_release (rig);
    uint64_t start_ms = sv_now_ms ();
    s_run (rig, s_all_done, "1000 outcomes");
    s_assert_each_once (rig);
    assert_int_equal (rig->failed, 0);
    print_message ("after kill -9: %u answered in %llu ms, %u served\n", rig->answered,
                   (unsigned long long)(sv_now_ms () - start_ms), rig->served);
}

static void a_paused_broker_costs_no_call (void **state)
{
    rig_t *rig = *state;
    s_open (rig, 2, 32);
    s_load (rig, 500);
    kill (rig->brokers[1], SIGSTOP);
    s_release (rig);
    uint64_t start_ms = sv_now_ms ();
    s_run (rig, s_all_done, "500 outcomes");
    kill (rig->brokers[1], SIGCONT);
    s_assert_each_once (rig);
    assert_int_equal (rig->failed, 0);
    print_message ("with SIGSTOP: %u answered in %llu ms\n", rig->answered,
                   (unsigned long long)(sv_now_ms () - start_ms));
    s_run (rig, s_all_live, "the broker's return");
}

static void a_restarted_broker_costs_no_call (void **state)
{
    rig_t *rig = *state;
    s_open (rig, 1, 32);
    s_load (rig, 300);
    child_end (&rig->brokers[0], SIGKILL, 1000);
    s_start_broker (rig, 0);
    s_release (rig);
    s_run (rig, s_all_done, "300 outcomes");
    s_assert_each_once (rig);
    assert_int_equal (rig->failed, 0);
}

static void a_leaving_broker_costs_no_call (void **state)
{
    rig_t *rig = *state;
    s_open (rig, 2, 32);
    s_load (rig, 300);
    kill (rig->brokers[0], SIGTERM);
    s_release (rig);
    s_run (rig, s_all_done, "300 outcomes");
    s_assert_each_once (rig);
    assert_int_equal (rig->failed, 0);
    assert_int_equal (child_end (&rig->brokers[0], 0, 5000), 0);
}

static bool s_is_settled (void *arg)
{
    return sv_bus_in_flight (((rig_t *)arg)->chat) == 0;
}

static void a_draining_worker_leaves_no_request_unread (void **state)
{
    rig_t *rig = *state;
    s_open (rig, 2, 1000);
    s_call_many (rig, 200, 1500);
    sv_bus_drain (rig->chat);
    s_run (rig, s_is_settled, "the drain");
    sv_bus_destroy (&rig->chat);
    s_run (rig, s_all_done, "200 outcomes");
    s_assert_each_once (rig);
    assert_int_equal (rig->answered, rig->served);
    if (rig->failed > 0)
        assert_int_equal (rig->last_err, -PT_E_unavailable);
}

/*  ---- events ----------------------------------------------------------------------------------- */

static void s_on_event (void *ctx, const sv_event_t *event)
{
    rig_t *rig = ctx;
    assert_int_equal (event->opcode, PT_EV_room_gone);
    assert_int_equal (event->generation, sv_bus_generation (rig->chat));
    assert_int_equal (event->topic_len, PT_TOPIC_ROOM_LEN);
    assert_int_equal (((const pt_head_t *)event->msg)->room, 9);
    assert_true (event->counter < COUNTERS);
    assert_true (++rig->copies[event->counter] <= BROKERS);
    rig->has_pair |= rig->copies[event->counter] == BROKERS;
}

static void s_on_foreign (void *ctx, const sv_event_t *event)
{
    (void)ctx;
    fail_msg ("%s came to the handler of another topic", pt_call_find (event->opcode)->name);
}

static void s_publish (rig_t *rig, uint64_t room)
{
    uint8_t topic[PT_TOPIC_ROOM_LEN];
    pt_topic_room (topic, room);
    pt_head_t head = {.room = room, .seq = 1, .epoch = 1};
    assert_int_equal (sv_bus_publish (rig->chat, topic, sizeof topic, PT_EV_room_gone, &head), 0);
}

/*  Publishes until both brokers passed one on, as subscriptions take their time. */
static bool s_has_pair (void *arg)
{
    rig_t *rig = arg;
    s_publish (rig, 8); /* nobody's room */
    s_publish (rig, 9);
    return rig->has_pair;
}

static void an_event_comes_once_from_each_broker (void **state)
{
    rig_t *rig = *state;
    uint8_t topic[PT_TOPIC_ROOM_LEN];
    s_open (rig, 2, 4);
    sv_bus_on_event (rig->gateway, 'r', s_on_event, rig);
    sv_bus_on_event (rig->gateway, 'a', s_on_foreign, rig);
    sv_bus_on_event (rig->gateway, 'x', s_on_foreign, rig);
    pt_topic_room (topic, 9);
    assert_int_equal (sv_bus_subscribe (rig->gateway, topic, sizeof topic), 0);
    assert_int_equal (sv_bus_subscribe (rig->gateway, "x", 1), -PT_E_not_allowed_role);
    pt_head_t head = {.room = 9, .seq = 1, .epoch = 1};
    assert_int_equal (sv_bus_publish (rig->gateway, topic, sizeof topic, PT_EV_room_gone, &head),
                      -PT_E_not_allowed_role);
    s_run (rig, s_has_pair, "an event from both brokers");
}

static void s_on_signal (void *ctx, const sv_event_t *event)
{
    rig_t *rig = ctx;
    assert_int_equal (event->opcode, PT_EV_room_signal);
    const pt_room_signal_t *signal = event->msg;
    assert_true (pt_str_eq (signal->address, PT_LIT ("lobby")) || pt_str_eq (signal->address, PT_LIT ("lobby2")));
    rig->has_pair |= signal->address.len == 5;
}

static void s_signal (rig_t *rig, const char *address)
{
    uint8_t topic[PT_TOPIC_SIGNAL_MAX];
    const pt_room_signal_t signal = {
        .address = pt_str (address), .kind = PT_signal_SAID, .text = PT_LIT ("hi"), .has_text = true};
    size_t len = pt_topic_signal (topic, signal.address);
    assert_int_equal (sv_bus_publish (rig->chat, topic, len, PT_EV_room_signal, &signal), 0);
}

static bool s_has_signal (void *arg)
{
    rig_t *rig = arg;
    s_signal (rig, "den");
    s_signal (rig, "lobby2");
    s_signal (rig, "lobby");
    return rig->has_pair;
}

static void a_signal_reaches_who_subscribed_the_beginning_of_its_topic (void **state)
{
    rig_t *rig = *state;
    uint8_t topic[PT_TOPIC_SIGNAL_MAX];
    s_open (rig, 2, 4);
    sv_bus_on_event (rig->gateway, 's', s_on_signal, rig);
    size_t len = pt_topic_signal (topic, PT_LIT ("lobby"));
    assert_int_equal (sv_bus_subscribe (rig->gateway, topic, len), 0);
    s_run (rig, s_has_signal, "a signal");
}

static void s_on_change (void *ctx, unsigned live)
{
    (void)live;
    ((rig_t *)ctx)->changes++;
}

static bool s_one_live (void *arg)
{
    return sv_bus_live (((rig_t *)arg)->gateway) == 1;
}

static void a_change_of_brokers_is_told (void **state)
{
    rig_t *rig = *state;
    s_open (rig, 2, 4);
    sv_bus_on_change (rig->gateway, s_on_change, rig);
    child_end (&rig->brokers[0], SIGKILL, 1000);
    s_run (rig, s_one_live, "the death of a broker");
    s_start_broker (rig, 0);
    s_run (rig, s_all_live, "its return");
    assert_int_equal (rig->changes, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (calls_are_answered_each_once),
        TEST (an_error_arrives_with_its_sentence),
        TEST (a_call_to_one_instance_is_answered_by_it_or_not_at_all),
        TEST (a_call_leaves_its_hops_and_housekeeping_none),
        TEST (a_call_that_nobody_answers_is_given_up_in_its_hops),
        TEST (a_call_that_cannot_be_made_says_why),
        TEST (a_forwarded_request_passes_through_unread),
        TEST (the_worker_never_has_more_than_its_credit),
        TEST (a_silent_worker_ends_with_deadline),
        TEST (without_a_broker_calls_end_with_unavailable),
        TEST (without_a_worker_calls_end_with_unavailable),
        TEST (calls_made_before_anything_runs_are_answered),
        TEST (a_cancelled_call_is_never_answered),
        TEST (the_end_of_a_bus_ends_its_calls),
        TEST (a_write_cut_off_has_an_unknown_outcome),
        TEST (a_write_whose_answer_cannot_be_read_has_an_unknown_outcome),
        TEST (a_write_whose_answer_does_not_encode_has_an_unknown_outcome),
        TEST (a_closing_bus_says_what_may_have_happened),
        TEST (a_killed_broker_costs_no_call),
        TEST (a_paused_broker_costs_no_call),
        TEST (a_restarted_broker_costs_no_call),
        TEST (a_leaving_broker_costs_no_call),
        TEST (a_draining_worker_leaves_no_request_unread),
        TEST (an_event_comes_once_from_each_broker),
        TEST (a_signal_reaches_who_subscribed_the_beginning_of_its_topic),
        TEST (a_change_of_brokers_is_told),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
