/*  sv_bulk_test - streams over real sockets: between the ends of one loop, against
    a peer of raw frames that keeps no rule, and against a process that is killed. */

#include "sv_bulk_fixture.h"
#include <czmq.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/*  What counts as at once. */
#define SOON_MS 2000

#define BIG (5 * LIM_BULK_WINDOW + 123)

/*  One end of a stream, which gives a pattern or checks it. */
typedef struct {
    struct rig *rig;
    sv_bulk_flow_t *flow;
    uint64_t total, passed; /* passed: given, or checked */
    bool is_lazy;           /* taker: never says that bytes have left */
    bool stops;             /* taker: does not finish */
    bool is_complete, is_ended;
    int status;
    char detail[64];
    uint64_t offset;
} end_t;

typedef struct rig {
    bulk_fixture_t base;
    sv_bulk_t *client;
    end_t ours, theirs; /* at the client, at the server */
} rig_t;

/*  ---- ends ------------------------------------------------------------------ */

static void s_on_room (void *arg)
{
    end_t *end = arg;
    while (end->flow && end->passed <= end->total) {
        uint64_t left = end->total - end->passed;
        size_t len = left < LIM_BULK_CHUNK ? (size_t)left : LIM_BULK_CHUNK;
        if (sv_bulk_room (end->flow) < (len ? len : 1))
            break;
        uint8_t *bytes = sv_bulk_buffer_new (len);
        assert_non_null (bytes);
        bulk_fill (bytes, len, end->passed);
        if (sv_bulk_give (end->flow, &bytes, len, len == left) != 0)
            break;
        end->passed += len ? len : 1;
    }
    sv_loop_stop (end->rig->base.loop);
}

static void s_on_data (void *arg, zmq_msg_t *frame, bool is_last)
{
    end_t *end = arg;
    size_t len;
    const uint8_t *bytes = sv_bulk_body (frame, &len);
    bulk_check (bytes, len, end->passed);
    end->passed += len;
    end->is_complete = is_last;
    if (!end->is_lazy)
        sv_bulk_taken (end->flow, len);
    if (is_last && !end->stops) {
        pt_bulk_end_t word = {.offset = end->passed, .has_offset = true};
        sv_bulk_finish (&end->flow, &word);
    }
    sv_loop_stop (end->rig->base.loop);
}

static void s_on_ended (void *arg, int status, const pt_bulk_end_t *word)
{
    end_t *end = arg;
    assert_false (end->is_ended);
    end->is_ended = true;
    end->flow = NULL;
    end->status = status;
    end->offset = word->offset;
    snprintf (end->detail, sizeof end->detail, "%.*s", (int)word->detail.len, word->detail.at ? word->detail.at : "");
    sv_loop_stop (end->rig->base.loop);
}

static const sv_bulk_ops_t s_ops = {.room = s_on_room, .data = s_on_data, .ended = s_on_ended};

/*  ---- rig ------------------------------------------------------------------- */

static int s_setup (void **state)
{
    rig_t *rig = calloc (1, sizeof *rig);
    assert_non_null (rig);
    bulk_init (&rig->base, sv_zloop_new ());
    rig->ours.rig = rig->theirs.rig = rig;
    *state = rig;
    return 0;
}

static int s_teardown (void **state)
{
    rig_t *rig = *state;
    sv_bulk_destroy (&rig->client);
    bulk_fini (&rig->base);
    free (rig);
    return 0;
}

static void s_connect (rig_t *rig, const char *endpoint)
{
    sv_bulk_config_t config = bulk_config (&rig->base);
    assert_int_equal (sv_bulk_connect (&config, endpoint, &rig->client), 0);
}

static void s_offer (rig_t *rig, sv_bulk_side_t side)
{
    int err = 1;
    rig->theirs.flow = sv_bulk_offer (rig->base.server, side, &s_ops, &rig->theirs, &err);
    assert_non_null (rig->theirs.flow);
    assert_int_equal (err, 0);
}

static void s_join (rig_t *rig, sv_bulk_side_t side)
{
    int err = 1;
    pt_bulk_grant_t grant = {.stream = sv_bulk_id (rig->theirs.flow), .credit = sv_bulk_credit (rig->theirs.flow)};
    rig->ours.flow = sv_bulk_join (rig->client, side, &grant, &s_ops, &rig->ours, &err);
    assert_non_null (rig->ours.flow);
    if (side == SV_BULK_GIVES)
        s_on_room (&rig->ours);
}

/*  Both ends of a stream in which the server gives, or takes. */
static void s_pair (rig_t *rig, sv_bulk_side_t server_side)
{
    bulk_serve (&rig->base, rig->base.endpoint);
    s_connect (rig, sv_bulk_endpoint (rig->base.server));
    s_offer (rig, server_side);
    s_join (rig, server_side == SV_BULK_GIVES ? SV_BULK_TAKES : SV_BULK_GIVES);
}

static void s_download (rig_t *rig, const char *endpoint, uint64_t total)
{
    rig->theirs.total = total;
    bulk_serve (&rig->base, endpoint);
    s_connect (rig, sv_bulk_endpoint (rig->base.server));
    s_offer (rig, SV_BULK_GIVES);
    s_join (rig, SV_BULK_TAKES);
    BULK_UNTIL (&rig->base, rig->theirs.is_ended);
    assert_int_equal (rig->theirs.status, 0);
    assert_true (rig->ours.is_complete);
    assert_int_equal (rig->ours.passed, total);
    assert_int_equal (rig->theirs.offset, total);
    assert_int_equal (sv_bulk_streams (rig->base.server) + sv_bulk_streams (rig->client), 0);
}

/*  ---- what works ------------------------------------------------------------ */

static void a_download_arrives_whole_over_ipc (void **state)
{
    rig_t *rig = *state;
    s_download (rig, rig->base.endpoint, BIG);
}

static void a_download_arrives_whole_over_tcp (void **state)
{
    s_download (*state, "tcp://127.0.0.1:*", BIG);
}

static void a_download_of_nothing_ends_well (void **state)
{
    rig_t *rig = *state;
    s_download (rig, rig->base.endpoint, 0);
}

static void an_upload_arrives_whole_and_the_taker_has_the_last_word (void **state)
{
    rig_t *rig = *state;
    rig->ours.total = BIG;
    s_pair (rig, SV_BULK_TAKES);
    BULK_UNTIL (&rig->base, rig->ours.is_ended);
    assert_int_equal (rig->ours.status, 0);
    assert_int_equal (rig->ours.offset, BIG);
    assert_int_equal (rig->theirs.passed, BIG);
}

static void what_has_not_left_the_taker_stops_the_giver_at_a_window (void **state)
{
    rig_t *rig = *state;
    rig->theirs.total = BIG;
    rig->ours.is_lazy = true;
    s_pair (rig, SV_BULK_GIVES);
    BULK_UNTIL (&rig->base, rig->ours.passed == LIM_BULK_WINDOW);
    assert_int_equal (rig->theirs.passed, LIM_BULK_WINDOW);
    assert_int_equal (sv_bulk_room (rig->theirs.flow), 0);
    for (int i = 0; i < LIM_BULK_WINDOW / LIM_BULK_CHUNK / 2; i++)
        sv_bulk_taken (rig->ours.flow, LIM_BULK_CHUNK);
    BULK_UNTIL (&rig->base, rig->ours.passed == LIM_BULK_WINDOW * 3 / 2);
}

static void either_side_gives_up_and_the_other_is_told_why (void **state)
{
    rig_t *rig = *state;
    rig->theirs.total = BIG;
    rig->ours.is_lazy = true;
    s_pair (rig, SV_BULK_GIVES);
    BULK_UNTIL (&rig->base, rig->ours.passed > 0);
    sv_bulk_abort (&rig->ours.flow, PT_E_body_timeout, "the client is gone");
    BULK_UNTIL (&rig->base, rig->theirs.is_ended);
    assert_int_equal (rig->theirs.status, -PT_E_body_timeout);
    assert_string_equal (rig->theirs.detail, "the client is gone");
    rig->theirs = (end_t){.rig = rig, .total = BIG};
    rig->ours = (end_t){.rig = rig, .is_lazy = true};
    s_offer (rig, SV_BULK_GIVES);
    s_join (rig, SV_BULK_TAKES);
    BULK_UNTIL (&rig->base, rig->ours.passed > 0);
    pt_bulk_end_t end = {.status = PT_E_infected, .offset = 7, .has_offset = true};
    sv_bulk_abort_with (&rig->theirs.flow, &end);
    BULK_UNTIL (&rig->base, rig->ours.is_ended);
    assert_int_equal (rig->ours.status, -PT_E_infected);
    assert_int_equal (rig->ours.offset, 7);
}

static void a_stream_that_was_given_up_before_hello_is_lost (void **state)
{
    rig_t *rig = *state;
    bulk_serve (&rig->base, rig->base.endpoint);
    s_connect (rig, rig->base.endpoint);
    s_offer (rig, SV_BULK_GIVES);
    pt_bulk_grant_t grant = {.stream = sv_bulk_id (rig->theirs.flow)};
    sv_bulk_abort (&rig->theirs.flow, PT_E_draining, NULL);
    int err;
    rig->ours.flow = sv_bulk_join (rig->client, SV_BULK_TAKES, &grant, &s_ops, &rig->ours, &err);
    BULK_UNTIL (&rig->base, rig->ours.is_ended);
    assert_int_equal (rig->ours.status, -PT_E_worker_lost);
}

static void an_offer_that_nobody_takes_up_ends_soon (void **state)
{
    rig_t *rig = *state;
    bulk_serve (&rig->base, rig->base.endpoint);
    uint64_t start_ms = sv_now_ms ();
    s_offer (rig, SV_BULK_TAKES);
    BULK_UNTIL (&rig->base, rig->theirs.is_ended);
    assert_int_equal (rig->theirs.status, -PT_E_deadline);
    assert_in_range (sv_now_ms () - start_ms, LIM_BULK_JOIN_MS, 2 * LIM_BULK_JOIN_MS);
    assert_int_equal (sv_bulk_streams (rig->base.server), 0);
}

/*  ---- limits ---------------------------------------------------------------- */

static void streams_are_limited_and_endpoints_are_of_this_machine (void **state)
{
    rig_t *rig = *state;
    static const char *const bad[] = {"tcp://0.0.0.0:1", "tcp://10.0.0.1:1", "tcp://127.0.0.1:1x", "tcp://127.0.0.1",
                                      "ipc://bulk",      "inproc://bulk",    "tcp://host:1",       ""};
    sv_bulk_config_t config = bulk_config (&rig->base);
    for (size_t i = 0; i < COUNT_OF (bad); i++) {
        assert_int_equal (sv_bulk_serve (&config, bad[i], &rig->base.server), -PT_E_invalid);
        assert_int_equal (sv_bulk_connect (&config, bad[i], &rig->client), -PT_E_invalid);
    }
    assert_int_equal (sv_bulk_serve (&config, "ipc:///nowhere/at/all", &rig->base.server), -PT_E_taken);
    assert_null (rig->base.server);
    bulk_serve (&rig->base, rig->base.endpoint);
    for (int i = 0; i < LIM_BULK_STREAMS; i++)
        s_offer (rig, SV_BULK_TAKES);
    int err = 0;
    assert_null (sv_bulk_offer (rig->base.server, SV_BULK_TAKES, &s_ops, &rig->theirs, &err));
    assert_int_equal (err, -PT_E_busy);
    sv_bulk_abort (&rig->theirs.flow, PT_E_draining, NULL);
    s_offer (rig, SV_BULK_TAKES);
}

/*  ---- a hostile peer -------------------------------------------------------- */

static zsock_t *s_raw_peer (rig_t *rig)
{
    zsock_t *peer = zsock_new (ZMQ_DEALER);
    assert_non_null (peer);
    assert_int_equal (zsock_connect (peer, "%s", rig->base.endpoint), 0);
    return peer;
}

static void s_raw_send (zsock_t *peer, sv_bulk_head_t head, size_t len, int flags)
{
    uint8_t *frame = calloc (1, SV_BULK_HEAD + len);
    assert_non_null (frame);
    sv_bulk_head_write (&head, frame);
    bulk_fill (frame + SV_BULK_HEAD, len, head.offset);
    assert_true (zmq_send (zsock_resolve (peer), frame, SV_BULK_HEAD + len, flags) >= 0);
    free (frame);
}

/*  The next frame that the peer gets, while our loop runs. */
static sv_bulk_head_t s_raw_next (rig_t *rig, zsock_t *peer)
{
    sv_watch_t *watch = sv_loop_watch_socket (rig->base.loop, zsock_resolve (peer), bulk_stop, rig->base.loop);
    uint8_t frame[512];
    int len;
    while ((len = zmq_recv (zsock_resolve (peer), frame, sizeof frame, ZMQ_DONTWAIT)) < 0)
        assert_int_equal (sv_loop_run (rig->base.loop), 0);
    sv_watch_cancel (rig->base.loop, &watch);
    sv_bulk_head_t head;
    assert_int_equal (sv_bulk_head_read (frame, (size_t)len, &head), 0);
    return head;
}

static void a_stream_belongs_to_who_said_hello (void **state)
{
    rig_t *rig = *state;
    rig->ours.total = LIM_BULK_WINDOW;
    rig->theirs.is_lazy = rig->theirs.stops = true;
    s_pair (rig, SV_BULK_TAKES);
    uint64_t id = sv_bulk_id (rig->theirs.flow);
    BULK_UNTIL (&rig->base, rig->theirs.is_complete);
    zsock_t *thief = s_raw_peer (rig);
    static const uint8_t kinds[] = {SV_BULK_HELLO, SV_BULK_DATA, SV_BULK_CREDIT, SV_BULK_KEEP};
    for (size_t i = 0; i < COUNT_OF (kinds); i++) {
        s_raw_send (thief, (sv_bulk_head_t){.kind = kinds[i], .stream = id, .seq = 4, .offset = LIM_BULK_WINDOW}, 0, 0);
        sv_bulk_head_t answer = s_raw_next (rig, thief);
        assert_int_equal (answer.kind, SV_BULK_ABORT);
        assert_int_equal (answer.stream, id);
    }
    /*  Partings are not answered; the frame after them is. */
    s_raw_send (thief, (sv_bulk_head_t){.kind = SV_BULK_ABORT, .stream = id}, 0, 0);
    s_raw_send (thief, (sv_bulk_head_t){.kind = SV_BULK_END, .stream = id}, 0, 0);
    s_raw_send (thief, (sv_bulk_head_t){.kind = SV_BULK_KEEP, .stream = id + 1}, 0, 0);
    assert_int_equal (s_raw_next (rig, thief).stream, id + 1);
    assert_non_null (rig->theirs.flow);
    sv_bulk_finish (&rig->theirs.flow, NULL);
    BULK_UNTIL (&rig->base, rig->ours.is_ended);
    assert_int_equal (rig->ours.status, 0);
    zsock_destroy (&thief);
}

static void a_peer_without_rules_ends_its_own_stream_alone (void **state)
{
    rig_t *rig = *state;
    static const struct {
        uint64_t seq, offset;
        size_t len;
    } bad[] = {{1, 0, 5}, {0, 1, 5}, {0, 0, 0}};
    bulk_serve (&rig->base, rig->base.endpoint);
    zsock_t *peer = s_raw_peer (rig);
    for (size_t i = 0; i < COUNT_OF (bad); i++) {
        rig->theirs = (end_t){.rig = rig};
        s_offer (rig, SV_BULK_TAKES);
        uint64_t id = sv_bulk_id (rig->theirs.flow);
        s_raw_send (peer, (sv_bulk_head_t){.kind = SV_BULK_HELLO, .stream = id}, 0, 0);
        s_raw_send (peer, (sv_bulk_head_t){SV_BULK_DATA, 0, id, bad[i].seq, bad[i].offset}, bad[i].len, 0);
        assert_int_equal (s_raw_next (rig, peer).kind, SV_BULK_ABORT);
        BULK_UNTIL (&rig->base, rig->theirs.is_ended);
        assert_int_equal (rig->theirs.status, -PT_E_malformed);
        assert_int_equal (rig->theirs.passed, 0);
    }
    zsock_destroy (&peer);
}

static void frames_that_are_none_are_passed_over (void **state)
{
    rig_t *rig = *state;
    bulk_serve (&rig->base, rig->base.endpoint);
    s_offer (rig, SV_BULK_TAKES);
    uint64_t id = sv_bulk_id (rig->theirs.flow);
    zsock_t *peer = s_raw_peer (rig);
    void *raw = zsock_resolve (peer);
    sv_bulk_head_t hello = {.kind = SV_BULK_HELLO, .stream = id}, data = {SV_BULK_DATA, SV_BULK_LAST, id, 0, 0};
    zmq_send (raw, "", 0, 0);
    zmq_send (raw, "nonsense", 8, 0);
    s_raw_send (peer, hello, 0, ZMQ_SNDMORE);
    s_raw_send (peer, hello, 0, ZMQ_SNDMORE);
    zmq_send (raw, "x", 1, 0);
    s_raw_send (peer, (sv_bulk_head_t){.kind = SV_BULK_KINDS, .stream = id}, 0, 0);
    s_raw_send (peer, data, 0, 0); /* before HELLO: of no stream of its own */
    assert_int_equal (s_raw_next (rig, peer).kind, SV_BULK_ABORT);
    s_raw_send (peer, hello, 0, 0);
    s_raw_send (peer, data, 10, 0);
    assert_int_equal (s_raw_next (rig, peer).kind, SV_BULK_END);
    assert_int_equal (rig->theirs.passed, 10);
    zsock_destroy (&peer);
}

static void a_giant_frame_loses_the_connection (void **state)
{
    rig_t *rig = *state;
    bulk_serve (&rig->base, rig->base.endpoint);
    s_offer (rig, SV_BULK_TAKES);
    zsock_t *peer = s_raw_peer (rig);
    sv_bulk_head_t hello = {.kind = SV_BULK_HELLO, .stream = sv_bulk_id (rig->theirs.flow)};
    s_raw_send (peer, hello, 0, 0);
    s_raw_send (peer, (sv_bulk_head_t){.kind = SV_BULK_DATA, .stream = hello.stream}, 64 * LIM_BULK_CHUNK, 0);
    BULK_UNTIL (&rig->base, rig->theirs.is_ended);
    assert_int_equal (rig->theirs.status, -PT_E_worker_lost);
    assert_int_equal (rig->theirs.passed, 0);
    zsock_destroy (&peer);
}

/*  ---- connections lost ------------------------------------------------------ */

static void a_client_that_goes_ends_its_streams_at_the_server (void **state)
{
    rig_t *rig = *state;
    rig->theirs.stops = rig->theirs.is_lazy = true;
    rig->ours.total = BIG;
    s_pair (rig, SV_BULK_TAKES);
    BULK_UNTIL (&rig->base, rig->theirs.passed == LIM_BULK_WINDOW);
    uint64_t before_ms = sv_now_ms ();
    zsock_t *peer = s_raw_peer (rig); /* what is told by it is not its own end */
    sv_bulk_destroy (&rig->client);
    BULK_UNTIL (&rig->base, rig->theirs.is_ended);
    assert_in_range (sv_now_ms () - before_ms, 0, SOON_MS);
    zsock_destroy (&peer);
}

static void who_connects_to_nobody_is_told_in_time (void **state)
{
    rig_t *rig = *state;
    s_connect (rig, rig->base.endpoint);
    pt_bulk_grant_t grant = {.stream = 5};
    int err;
    rig->ours.flow = sv_bulk_join (rig->client, SV_BULK_TAKES, &grant, &s_ops, &rig->ours, &err);
    assert_non_null (rig->ours.flow);
    assert_null (sv_bulk_join (rig->client, SV_BULK_TAKES, &grant, &s_ops, &rig->ours, &err));
    assert_int_equal (err, -PT_E_taken);
    BULK_UNTIL (&rig->base, rig->ours.is_ended);
    assert_int_equal (rig->ours.status, -PT_E_worker_lost);
    assert_true (sv_bulk_is_lost (rig->client));
    assert_null (sv_bulk_join (rig->client, SV_BULK_TAKES, &grant, &s_ops, &rig->ours, &err));
    assert_int_equal (err, -PT_E_worker_lost);
}

/*  The process that serves a stream: `<test> serve <endpoint> <gives>`; it tells the
    id on its output and lives until it is killed. */
static int s_be_peer (const char *endpoint, bool gives)
{
    rig_t rig = {.base = {.loop = sv_zloop_new (), .metrics = sv_metrics_new ()}};
    rig.theirs = (end_t){.rig = &rig, .total = UINT64_MAX / 2, .stops = true};
    sv_bulk_config_t config = bulk_config (&rig.base);
    int err = sv_bulk_serve (&config, endpoint, &rig.base.server);
    if (err == 0)
        rig.theirs.flow =
            sv_bulk_offer (rig.base.server, gives ? SV_BULK_GIVES : SV_BULK_TAKES, &s_ops, &rig.theirs, &err);
    if (err != 0 || !rig.theirs.flow)
        return 1;
    printf ("%llu\n", (unsigned long long)sv_bulk_id (rig.theirs.flow));
    fflush (stdout);
    while (sv_loop_run (rig.base.loop) == 0)
        ;
    return 1;
}

static pid_t s_start_peer (const char *endpoint, bool gives, uint64_t *out_id)
{
    int fds[2];
    assert_int_equal (pipe (fds), 0);
    pid_t pid = fork ();
    assert_true (pid >= 0);
    if (pid == 0) {
        prctl (PR_SET_PDEATHSIG, SIGKILL);
        dup2 (fds[1], STDOUT_FILENO);
        execl ("/proc/self/exe", "sv_bulk_test", "serve", endpoint, gives ? "gives" : "takes", (char *)NULL);
        _exit (127);
    }
    close (fds[1]);
    FILE *in = fdopen (fds[0], "r");
    unsigned long long id = 0;
    assert_non_null (in);
    assert_int_equal (fscanf (in, "%llu", &id), 1);
    fclose (in);
    *out_id = id;
    return pid;
}

static void s_kill_in_the_middle (rig_t *rig, bool gives)
{
    pt_bulk_grant_t grant = {.credit = gives ? 0 : LIM_BULK_WINDOW};
    pid_t pid = s_start_peer (rig->base.endpoint, gives, &grant.stream);
    s_connect (rig, rig->base.endpoint);
    int err;
    rig->ours = (end_t){.rig = rig, .total = UINT64_MAX / 2};
    rig->ours.flow =
        sv_bulk_join (rig->client, gives ? SV_BULK_TAKES : SV_BULK_GIVES, &grant, &s_ops, &rig->ours, &err);
    assert_non_null (rig->ours.flow);
    if (!gives)
        s_on_room (&rig->ours);
    BULK_UNTIL (&rig->base, rig->ours.passed > 8 * LIM_BULK_WINDOW);
    uint64_t before_ms = sv_now_ms ();
    assert_int_equal (kill (pid, SIGKILL), 0);
    assert_int_equal (waitpid (pid, NULL, 0), pid);
    BULK_UNTIL (&rig->base, rig->ours.is_ended);
    assert_int_equal (rig->ours.status, -PT_E_worker_lost);
    assert_in_range (sv_now_ms () - before_ms, 0, SOON_MS);
    sv_bulk_destroy (&rig->client);
}

static void a_server_that_is_killed_ends_the_streams_of_its_clients (void **state)
{
    s_kill_in_the_middle (*state, true);
    s_kill_in_the_middle (*state, false);
}

int main (int argc, char **argv)
{
    if (argc == 4 && strcmp (argv[1], "serve") == 0)
        return s_be_peer (argv[2], strcmp (argv[3], "gives") == 0);
#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (a_download_arrives_whole_over_ipc),
        TEST (a_download_arrives_whole_over_tcp),
        TEST (a_download_of_nothing_ends_well),
        TEST (an_upload_arrives_whole_and_the_taker_has_the_last_word),
        TEST (what_has_not_left_the_taker_stops_the_giver_at_a_window),
        TEST (either_side_gives_up_and_the_other_is_told_why),
        TEST (a_stream_that_was_given_up_before_hello_is_lost),
        TEST (an_offer_that_nobody_takes_up_ends_soon),
        TEST (streams_are_limited_and_endpoints_are_of_this_machine),
        TEST (a_stream_belongs_to_who_said_hello),
        TEST (a_peer_without_rules_ends_its_own_stream_alone),
        TEST (frames_that_are_none_are_passed_over),
        TEST (a_giant_frame_loses_the_connection),
        TEST (a_client_that_goes_ends_its_streams_at_the_server),
        TEST (who_connects_to_nobody_is_told_in_time),
        TEST (a_server_that_is_killed_ends_the_streams_of_its_clients),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
