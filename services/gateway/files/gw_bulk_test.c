/*  gw_bulk_test - transfers of requests against a replica on the same loop: pace,
    small pieces, endings from either side, and connections. */

#include "gw_bulk.h"
#include "gw_loop.h"
#include "sv_bulk_fixture.h"

#define BIG (3 * LIM_BULK_WINDOW + 77)

typedef struct {
    bulk_fixture_t base;
    gw_bulk_t *bulk;

    gw_transfer_t *transfer; /* ours */
    unsigned ready, ended;
    int status;
    uint64_t safe; /* offset of the replica's word */

    sv_bulk_flow_t *flow; /* the replica's */
    uint64_t total, passed;
    unsigned frames;
    bool is_lazy, is_complete, is_over;
    size_t owed; /* taken and not said so */
    int flow_status;
} rig_t;

/*  ---- the replica ----------------------------------------------------------- */

static void s_on_room (void *arg)
{
    rig_t *rig = arg;
    while (rig->flow && !rig->is_complete) {
        uint64_t left = rig->total - rig->passed;
        size_t len = left < LIM_BULK_CHUNK ? (size_t)left : LIM_BULK_CHUNK;
        if (sv_bulk_room (rig->flow) < (len ? len : 1))
            break;
        uint8_t *bytes = sv_bulk_buffer_new (len);
        assert_non_null (bytes);
        bulk_fill (bytes, len, rig->passed);
        assert_int_equal (sv_bulk_give (rig->flow, &bytes, len, len == left), 0);
        rig->passed += len;
        rig->is_complete = len == left;
    }
    sv_loop_stop (rig->base.loop);
}

static void s_on_data (void *arg, zmq_msg_t *frame, bool is_last)
{
    rig_t *rig = arg;
    size_t len;
    const uint8_t *bytes = sv_bulk_body (frame, &len);
    bulk_check (bytes, len, rig->passed);
    rig->passed += len;
    rig->frames++;
    rig->is_complete = is_last;
    if (rig->is_lazy)
        rig->owed += len;
    else
        sv_bulk_taken (rig->flow, len);
    sv_loop_stop (rig->base.loop);
}

static void s_on_over (void *arg, int status, const pt_bulk_end_t *end)
{
    rig_t *rig = arg;
    (void)end;
    rig->flow = NULL;
    rig->is_over = true;
    rig->flow_status = status;
    sv_loop_stop (rig->base.loop);
}

static const sv_bulk_ops_t s_replica_ops = {.room = s_on_room, .data = s_on_data, .ended = s_on_over};

/*  ---- the request ----------------------------------------------------------- */

static void s_on_ready (void *arg)
{
    rig_t *rig = arg;
    rig->ready++;
    sv_loop_stop (rig->base.loop);
}

static void s_on_ended (void *arg, int status, const pt_bulk_end_t *end)
{
    rig_t *rig = arg;
    rig->transfer = NULL;
    rig->ended++;
    rig->status = status;
    rig->safe = end->offset;
    sv_loop_stop (rig->base.loop);
}

static const gw_transfer_ops_t s_ops = {.ready = s_on_ready, .ended = s_on_ended};

/*  ---- rig ------------------------------------------------------------------- */

static int s_setup (void **state)
{
    rig_t *rig = calloc (1, sizeof *rig);
    assert_non_null (rig);
    bulk_init (&rig->base, gw_loop_new ());
    sv_bulk_config_t config = bulk_config (&rig->base);
    rig->bulk = gw_bulk_new (&config);
    assert_non_null (rig->bulk);
    bulk_serve (&rig->base, rig->base.endpoint);
    *state = rig;
    return 0;
}

static int s_teardown (void **state)
{
    rig_t *rig = *state;
    gw_bulk_destroy (&rig->bulk);
    bulk_fini (&rig->base);
    free (rig);
    return 0;
}

static void s_begin (rig_t *rig, bool is_upload)
{
    int err = 1;
    rig->flow = sv_bulk_offer (rig->base.server, is_upload ? SV_BULK_TAKES : SV_BULK_GIVES, &s_replica_ops, rig, &err);
    assert_non_null (rig->flow);
    pt_bulk_grant_t grant = {.endpoint = pt_str (rig->base.endpoint),
                             .stream = sv_bulk_id (rig->flow),
                             .credit = sv_bulk_credit (rig->flow)};
    rig->transfer = is_upload ? gw_bulk_upload (rig->bulk, &grant, &s_ops, rig, &err)
                              : gw_bulk_download (rig->bulk, &grant, &s_ops, rig, &err);
    assert_non_null (rig->transfer);
    assert_int_equal (err, 0);
}

/*  Eats at most `len` of what is there and checks it. */
static void s_eat (rig_t *rig, size_t len)
{
    size_t there;
    uint64_t passed = gw_transfer_passed (rig->transfer);
    const uint8_t *bytes = gw_transfer_peek (rig->transfer, &there);
    len = len < there ? len : there;
    bulk_check (bytes, len, passed);
    gw_transfer_eat (rig->transfer, len);
}

/*  Puts pieces of `len` while they are wanted, `total` at most. */
static void s_put (rig_t *rig, size_t len, uint64_t total)
{
    uint8_t piece[GW_BULK_PUT];
    while (gw_transfer_wants (rig->transfer) && gw_transfer_passed (rig->transfer) < total) {
        uint64_t passed = gw_transfer_passed (rig->transfer), left = total - passed;
        size_t now = left < len ? (size_t)left : len;
        bulk_fill (piece, now, passed);
        assert_int_equal (gw_transfer_put (rig->transfer, piece, now), 0);
    }
}

static void s_upload_all (rig_t *rig, size_t len, uint64_t total)
{
    while (gw_transfer_passed (rig->transfer) < total) {
        s_put (rig, len, total);
        if (gw_transfer_passed (rig->transfer) < total)
            assert_int_equal (sv_loop_run (rig->base.loop), 0);
        assert_non_null (rig->transfer);
    }
    gw_transfer_last (rig->transfer);
    BULK_UNTIL (&rig->base, rig->is_complete);
    assert_int_equal (rig->passed, total);
}

/*  ---- downloads ------------------------------------------------------------- */

static void a_download_goes_at_the_pace_of_the_client (void **state)
{
    rig_t *rig = *state;
    rig->total = BIG;
    s_begin (rig, false);
    BULK_UNTIL (&rig->base, rig->passed == LIM_BULK_WINDOW && rig->ready == 4);
    while (rig->transfer) {
        uint64_t eaten = gw_transfer_passed (rig->transfer);
        size_t there;
        assert_in_range (rig->passed - eaten, 0, LIM_BULK_WINDOW);
        if (gw_transfer_peek (rig->transfer, &there))
            s_eat (rig, 50000);
        else
            assert_int_equal (sv_loop_run (rig->base.loop), 0);
    }
    assert_int_equal (rig->status, 0);
    assert_int_equal (rig->passed, BIG);
    BULK_UNTIL (&rig->base, rig->is_over);
    assert_int_equal (rig->flow_status, 0);
    assert_int_equal (gw_bulk_transfers (rig->bulk), 0);
    assert_int_equal (gw_bulk_replicas (rig->bulk), 1);
}

static void a_download_of_nothing_ends_without_being_ready (void **state)
{
    rig_t *rig = *state;
    s_begin (rig, false);
    BULK_UNTIL (&rig->base, rig->ended);
    assert_int_equal (rig->status, 0);
    assert_int_equal (rig->ready, 0);
}

static void a_download_that_the_replica_cuts_short_does_not_end_well (void **state)
{
    rig_t *rig = *state;
    rig->total = BIG;
    s_begin (rig, false);
    BULK_UNTIL (&rig->base, rig->ready > 0);
    s_eat (rig, 10);
    sv_bulk_abort (&rig->flow, PT_E_internal, "the disk is gone");
    BULK_UNTIL (&rig->base, rig->ended);
    assert_int_equal (rig->status, -PT_E_internal);
}

/*  ---- uploads --------------------------------------------------------------- */

static void small_pieces_of_an_upload_go_in_large_frames (void **state)
{
    rig_t *rig = *state;
    s_begin (rig, true);
    s_upload_all (rig, 1000, BIG);
    assert_in_range (rig->frames, 1, BIG / (LIM_BULK_CHUNK - GW_BULK_PUT) + 3);
    pt_bulk_end_t end = {.offset = BIG, .has_offset = true};
    sv_bulk_finish (&rig->flow, &end);
    BULK_UNTIL (&rig->base, rig->ended);
    assert_int_equal (rig->status, 0);
    assert_int_equal (rig->safe, BIG);
}

static void pieces_of_the_largest_size_arrive_whole (void **state)
{
    rig_t *rig = *state;
    s_begin (rig, true);
    s_upload_all (rig, GW_BULK_PUT, BIG);
}

static void an_upload_of_nothing_arrives (void **state)
{
    rig_t *rig = *state;
    s_begin (rig, true);
    gw_transfer_last (rig->transfer);
    assert_false (gw_transfer_wants (rig->transfer));
    BULK_UNTIL (&rig->base, rig->is_complete);
    assert_int_equal (rig->frames, 1);
    assert_int_equal (rig->passed, 0);
}

static void bytes_of_a_slow_client_go_on_before_a_chunk_is_full (void **state)
{
    rig_t *rig = *state;
    s_begin (rig, true);
    s_put (rig, 5, 5);
    BULK_UNTIL (&rig->base, rig->passed == 5);
    assert_false (rig->is_complete);
    s_put (rig, 5, 10);
    BULK_UNTIL (&rig->base, rig->passed == 10);
}

static void an_upload_stops_the_client_when_the_replica_is_full_and_goes_on (void **state)
{
    rig_t *rig = *state;
    rig->is_lazy = true;
    s_begin (rig, true);
    s_put (rig, GW_BULK_PUT, UINT64_MAX);
    assert_false (gw_transfer_wants (rig->transfer));
    assert_int_equal (gw_transfer_put (rig->transfer, "x", 1), -PT_E_too_large);
    assert_in_range (gw_transfer_passed (rig->transfer), LIM_BULK_WINDOW, LIM_BULK_WINDOW + LIM_BULK_CHUNK);
    BULK_UNTIL (&rig->base, rig->passed == LIM_BULK_WINDOW);
    assert_int_equal (rig->ready, 0);
    for (; rig->owed > 0; rig->owed -= LIM_BULK_CHUNK)
        sv_bulk_taken (rig->flow, LIM_BULK_CHUNK);
    BULK_UNTIL (&rig->base, rig->ready);
    assert_true (gw_transfer_wants (rig->transfer));
}

static void a_refusal_of_the_replica_reaches_the_request (void **state)
{
    rig_t *rig = *state;
    s_begin (rig, true);
    s_put (rig, 100, 100);
    BULK_UNTIL (&rig->base, rig->passed == 100);
    pt_bulk_end_t end = {.status = PT_E_quota_exceeded, .offset = 100, .has_offset = true};
    sv_bulk_abort_with (&rig->flow, &end);
    BULK_UNTIL (&rig->base, rig->ended);
    assert_int_equal (rig->status, -PT_E_quota_exceeded);
    assert_int_equal (rig->safe, 100);
}

/*  ---- clients and replicas that go ------------------------------------------ */

static void a_client_that_goes_cancels_its_stream (void **state)
{
    rig_t *rig = *state;
    rig->total = BIG;
    for (int is_upload = 0; is_upload < 2; is_upload++) {
        rig->is_over = false;
        s_begin (rig, is_upload);
        if (is_upload)
            s_put (rig, 100, 100);
        else
            BULK_UNTIL (&rig->base, rig->ready > 0);
        gw_transfer_cancel (&rig->transfer, PT_E_body_timeout);
        assert_null (rig->transfer);
        BULK_UNTIL (&rig->base, rig->is_over);
        assert_int_equal (rig->flow_status, -PT_E_body_timeout);
    }
    assert_int_equal (rig->ended, 0);
    assert_int_equal (gw_bulk_transfers (rig->bulk), 0);
    assert_int_equal (gw_bulk_replicas (rig->bulk), 1);
}

static void a_replica_that_goes_ends_its_transfers_and_its_next_life_is_found (void **state)
{
    rig_t *rig = *state;
    rig->total = BIG;
    s_begin (rig, false);
    BULK_UNTIL (&rig->base, rig->ready > 0);
    rig->flow = NULL;
    sv_bulk_destroy (&rig->base.server);
    bulk_serve (&rig->base, rig->base.endpoint);
    BULK_UNTIL (&rig->base, rig->ended);
    assert_true (rig->status == -PT_E_worker_lost || rig->status == -PT_E_draining);
    rig->passed = rig->ended = 0;
    rig->total = 0;
    do { /* the loss of the connection may be seen by the next stream on it alone */
        if (rig->flow)
            sv_bulk_abort (&rig->flow, PT_E_gone, NULL);
        rig->ended = 0;
        s_begin (rig, false);
        BULK_UNTIL (&rig->base, rig->ended);
    } while (rig->status == -PT_E_worker_lost);
    assert_int_equal (rig->status, 0);
}

static void replicas_are_limited_and_idle_ones_make_room (void **state)
{
    rig_t *rig = *state;
    gw_transfer_t *transfers[GW_BULK_REPLICAS];
    char endpoint[80];
    int err;
    for (unsigned i = 0; i < GW_BULK_REPLICAS; i++) {
        snprintf (endpoint, sizeof endpoint, "%s.%u", rig->base.endpoint, i);
        pt_bulk_grant_t grant = {.endpoint = pt_str (endpoint), .stream = 7};
        transfers[i] = gw_bulk_download (rig->bulk, &grant, &s_ops, rig, &err);
        assert_non_null (transfers[i]);
    }
    pt_bulk_grant_t grant = {.endpoint = pt_str (rig->base.endpoint), .stream = 7};
    assert_null (gw_bulk_download (rig->bulk, &grant, &s_ops, rig, &err));
    assert_int_equal (err, -PT_E_busy);
    grant.endpoint = pt_str ("tcp://10.0.0.1:80");
    gw_transfer_cancel (&transfers[0], PT_E_gone);
    assert_null (gw_bulk_download (rig->bulk, &grant, &s_ops, rig, &err));
    sv_timer_t *look = sv_loop_timer (rig->base.loop, 10, 10, bulk_stop, rig->base.loop);
    BULK_UNTIL (&rig->base, gw_bulk_replicas (rig->bulk) < GW_BULK_REPLICAS);
    assert_int_equal (rig->ended, 0);
    sv_timer_cancel (rig->base.loop, &look);
    assert_null (gw_bulk_download (rig->bulk, &grant, &s_ops, rig, &err));
    assert_int_equal (err, -PT_E_unavailable);
    grant.endpoint = pt_str (rig->base.endpoint);
    rig->transfer = gw_bulk_download (rig->bulk, &grant, &s_ops, rig, &err);
    assert_non_null (rig->transfer);
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (a_download_goes_at_the_pace_of_the_client),
        TEST (a_download_of_nothing_ends_without_being_ready),
        TEST (a_download_that_the_replica_cuts_short_does_not_end_well),
        TEST (small_pieces_of_an_upload_go_in_large_frames),
        TEST (pieces_of_the_largest_size_arrive_whole),
        TEST (an_upload_of_nothing_arrives),
        TEST (bytes_of_a_slow_client_go_on_before_a_chunk_is_full),
        TEST (an_upload_stops_the_client_when_the_replica_is_full_and_goes_on),
        TEST (a_refusal_of_the_replica_reaches_the_request),
        TEST (a_client_that_goes_cancels_its_stream),
        TEST (a_replica_that_goes_ends_its_transfers_and_its_next_life_is_found),
        TEST (replicas_are_limited_and_idle_ones_make_room),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
