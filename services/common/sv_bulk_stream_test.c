/*  sv_bulk_stream_test - the rules of a stream: each by itself, against a peer that
    keeps none of them, and both sides over a simulated link that delays, loses,
    doubles and dies, under sides that sleep. */

#include "pt_test.h"
#include "sv_bulk_stream.h"
#include <stdio.h>

enum { ID = 77, BEGIN_MS = 1000 };

static sv_bulk_out_t s_step (sv_bulk_stream_t *stream, sv_bulk_event_t event, uint64_t now_ms)
{
    sv_bulk_out_t out;
    sv_bulk_step (stream, &event, now_ms, &out);
    return out;
}

static sv_bulk_out_t s_heard (sv_bulk_stream_t *stream, sv_bulk_head_t head, uint64_t len)
{
    return s_step (stream, (sv_bulk_event_t){.kind = SV_STREAM_HEARD, .head = &head, .len = len}, BEGIN_MS);
}

static sv_bulk_out_t s_give (sv_bulk_stream_t *stream, uint64_t len, bool is_last)
{
    return s_step (stream, (sv_bulk_event_t){.kind = SV_STREAM_GIVE, .len = len, .is_last = is_last}, BEGIN_MS);
}

static sv_bulk_out_t s_took (sv_bulk_stream_t *stream, uint64_t len)
{
    return s_step (stream, (sv_bulk_event_t){.kind = SV_STREAM_TOOK, .len = len, .frames = 1}, BEGIN_MS);
}

static sv_bulk_stream_t s_giver (void)
{
    sv_bulk_stream_t stream;
    sv_bulk_stream_init (&stream, ID, true, LIM_BULK_WINDOW, BEGIN_MS);
    return stream;
}

static sv_bulk_stream_t s_taker (void)
{
    sv_bulk_stream_t stream;
    sv_bulk_stream_init (&stream, ID, false, 0, BEGIN_MS);
    return stream;
}

static sv_bulk_head_t s_data (uint64_t seq, uint64_t offset)
{
    return (sv_bulk_head_t){.kind = SV_BULK_DATA, .stream = ID, .seq = seq, .offset = offset};
}

/*  ---- heads ----------------------------------------------------------------- */

static void a_head_is_read_as_it_was_written (void **state)
{
    (void)state;
    uint8_t bytes[SV_BULK_HEAD];
    sv_bulk_head_t head = {SV_BULK_DATA, SV_BULK_LAST, LIM_ID, 0x0102030405060708u, UINT64_MAX}, read;
    sv_bulk_head_write (&head, bytes);
    assert_int_equal (bytes[10], 1);
    assert_int_equal (bytes[17], 8);
    assert_int_equal (sv_bulk_head_read (bytes, sizeof bytes, &read), 0);
    assert_memory_equal (&read.stream, &head.stream, 3 * sizeof (uint64_t));
    assert_int_equal (read.kind, SV_BULK_DATA);
    assert_int_equal (read.flags, SV_BULK_LAST);
}

static void frames_of_no_kind_flag_or_length_are_refused (void **state)
{
    (void)state;
    static const struct {
        uint8_t kind, flags;
        size_t len;
    } bad[] = {
        {0, 0, SV_BULK_HEAD},
        {SV_BULK_KINDS, 0, SV_BULK_HEAD},
        {SV_BULK_DATA, 2, SV_BULK_HEAD},
        {SV_BULK_KEEP, SV_BULK_LAST, SV_BULK_HEAD},
        {SV_BULK_KEEP, 0, SV_BULK_HEAD - 1},
        {SV_BULK_KEEP, 0, 0},
        {SV_BULK_CREDIT, 0, SV_BULK_HEAD + 1},
        {SV_BULK_HELLO, 0, SV_BULK_HEAD + 1},
        {SV_BULK_ABORT, 0, SV_BULK_HEAD + 65536},
        {SV_BULK_DATA, 0, SV_BULK_HEAD + LIM_BULK_CHUNK + 1},
    };
    for (size_t i = 0; i < COUNT_OF (bad); i++) {
        uint8_t *frame = calloc (1, bad[i].len + 1);
        sv_bulk_head_t head;
        assert_non_null (frame);
        frame[0] = bad[i].kind;
        if (bad[i].len > 1)
            frame[1] = bad[i].flags;
        assert_int_equal (sv_bulk_head_read (frame, bad[i].len, &head), -PT_E_malformed);
        free (frame);
    }
}

/*  ---- rules ----------------------------------------------------------------- */

static void a_giver_stops_at_its_credit_and_goes_on_with_more (void **state)
{
    (void)state;
    sv_bulk_stream_t giver = s_giver ();
    for (int i = 0; i < LIM_BULK_WINDOW / LIM_BULK_CHUNK; i++) {
        sv_bulk_out_t out = s_give (&giver, LIM_BULK_CHUNK, false);
        assert_true (out.must_send);
        assert_int_equal (out.head.seq, i);
        assert_int_equal (out.head.offset, i * LIM_BULK_CHUNK);
    }
    assert_int_equal (sv_bulk_stream_room (&giver), 0);
    assert_int_equal (s_give (&giver, 1, false).err, -PT_E_invalid);
    sv_bulk_head_t credit = {SV_BULK_CREDIT, 0, ID, LIM_BULK_FRAMES + 4, LIM_BULK_WINDOW + 1};
    assert_true (s_heard (&giver, credit, 0).has_room);
    assert_int_equal (sv_bulk_stream_room (&giver), 1);
    assert_false (s_heard (&giver, credit, 0).has_room);
    assert_int_equal (s_give (&giver, 2, false).err, -PT_E_invalid);
    assert_int_equal (s_give (&giver, 1, true).err, 0);
    assert_int_equal (s_give (&giver, 0, true).err, -PT_E_invalid);
}

static void tiny_frames_are_limited_as_whole_chunks_are (void **state)
{
    (void)state;
    sv_bulk_stream_t giver = s_giver (), taker = s_taker ();
    for (unsigned i = 0; i < LIM_BULK_FRAMES; i++) {
        assert_int_equal (s_give (&giver, 1, false).err, 0);
        assert_true (s_heard (&taker, s_data (i, i), 1).has_data);
    }
    assert_int_equal (sv_bulk_stream_room (&giver), 0);
    assert_int_equal (s_give (&giver, 1, false).err, -PT_E_invalid);
    sv_bulk_stream_t other = taker;
    assert_int_equal (s_heard (&other, s_data (LIM_BULK_FRAMES, LIM_BULK_FRAMES), 1).err, -PT_E_malformed);
    for (unsigned i = 0; i < LIM_BULK_FRAMES / 2; i++) {
        sv_bulk_out_t out = s_took (&taker, 1);
        assert_int_equal (out.must_send, i + 1 == LIM_BULK_FRAMES / 2);
        if (out.must_send)
            assert_true (s_heard (&giver, out.head, 0).has_room);
    }
    assert_int_equal (s_give (&giver, 1, false).err, 0);
}

static void a_taker_grants_at_half_a_window_and_not_after_the_last (void **state)
{
    (void)state;
    sv_bulk_stream_t taker = s_taker ();
    for (unsigned i = 0; i < 4; i++)
        assert_true (s_heard (&taker, s_data (i, i * LIM_BULK_CHUNK), LIM_BULK_CHUNK).has_data);
    assert_false (s_took (&taker, LIM_BULK_CHUNK).must_send);
    sv_bulk_out_t out = s_took (&taker, LIM_BULK_CHUNK);
    assert_int_equal (out.head.kind, SV_BULK_CREDIT);
    assert_int_equal (out.head.offset, LIM_BULK_WINDOW + 2 * LIM_BULK_CHUNK);
    sv_bulk_head_t last = s_data (4, LIM_BULK_WINDOW);
    last.flags = SV_BULK_LAST;
    assert_true (s_heard (&taker, last, 5).has_data);
    for (unsigned i = 0; i < 2; i++)
        assert_false (s_took (&taker, LIM_BULK_CHUNK).must_send);
    assert_int_equal (s_took (&taker, 6).err, -PT_E_invalid);
    assert_int_equal (s_took (&taker, 5).err, 0);
    assert_int_equal (s_took (&taker, 0).err, -PT_E_invalid);
}

static void a_peer_that_breaks_a_rule_is_given_up (void **state)
{
    (void)state;
    static const struct {
        const char *what;
        bool to_giver;
        sv_bulk_head_t head;
        uint64_t len;
    } bad[] = {
        {"a gap in seq", false, {SV_BULK_DATA, 0, ID, 2, 10}, 1},
        {"a frame again", false, {SV_BULK_DATA, 0, ID, 0, 0}, 10},
        {"a gap in bytes", false, {SV_BULK_DATA, 0, ID, 1, 11}, 1},
        {"bytes again", false, {SV_BULK_DATA, 0, ID, 1, 9}, 1},
        {"nothing, and not the last", false, {SV_BULK_DATA, 0, ID, 1, 10}, 0},
        {"more than granted", false, {SV_BULK_DATA, 0, ID, 1, 10}, LIM_BULK_WINDOW},
        {"a loss that KEEP tells", false, {SV_BULK_KEEP, 0, ID, 2, 20}, 0},
        {"KEEP to a giver", true, {SV_BULK_KEEP, 0, ID, 0, 0}, 0},
        {"credit to a taker", false, {SV_BULK_CREDIT, 0, ID, 1, 1}, 0},
        {"an end to a taker", false, {SV_BULK_END, 0, ID, 0, 0}, 0},
        {"data to a giver", true, {SV_BULK_DATA, 0, ID, 0, 0}, 1},
        {"an end before the last", true, {SV_BULK_END, 0, ID, 0, 0}, 0},
        {"credit without bounds", true, {SV_BULK_CREDIT, 0, ID, 1, LIM_BULK_WINDOW + 11}, 0},
        {"frames without bounds", true, {SV_BULK_CREDIT, 0, ID, LIM_BULK_FRAMES + 2, 1}, 0},
        {"a hello without bounds", true, {SV_BULK_HELLO, 0, ID, UINT64_MAX, UINT64_MAX}, 0},
    };
    for (size_t i = 0; i < COUNT_OF (bad); i++) {
        sv_bulk_stream_t giver = s_giver (), taker = s_taker ();
        assert_int_equal (s_give (&giver, 10, false).err, 0);
        assert_true (s_heard (&taker, s_data (0, 0), 10).has_data);
        sv_bulk_stream_t *stream = bad[i].to_giver ? &giver : &taker;
        sv_bulk_out_t out = s_heard (stream, bad[i].head, bad[i].len);
        if (out.err != -PT_E_malformed || !stream->is_over || out.head.kind != SV_BULK_ABORT || out.has_data)
            fail_msg ("%s was taken", bad[i].what);
        assert_false (s_heard (stream, s_data (1, 10), 1).has_data);
        assert_int_equal (s_give (stream, 1, false).err, -PT_E_gone);
        assert_int_equal (s_took (stream, 10).err, -PT_E_gone);
    }
}

static void an_old_credit_takes_nothing_back (void **state)
{
    (void)state;
    sv_bulk_stream_t giver = s_giver ();
    sv_bulk_out_t out = s_heard (&giver, (sv_bulk_head_t){SV_BULK_CREDIT, 0, ID, 1, 1}, 0);
    assert_int_equal (out.err, 0);
    assert_false (out.has_room);
    assert_int_equal (sv_bulk_stream_room (&giver), LIM_BULK_CHUNK);
}

static void a_giver_that_waits_for_hello_begins_with_it (void **state)
{
    (void)state;
    sv_bulk_stream_t giver, taker = s_taker ();
    sv_bulk_stream_init (&giver, ID, true, 0, BEGIN_MS);
    assert_int_equal (sv_bulk_stream_room (&giver), 0);
    assert_int_equal (s_give (&giver, 0, true).err, -PT_E_invalid);
    assert_true (s_heard (&giver, sv_bulk_hello (&taker), 0).has_room);
    assert_int_equal (sv_bulk_stream_room (&giver), LIM_BULK_CHUNK);
    sv_bulk_stream_t other = s_giver ();
    assert_int_equal (s_heard (&taker, sv_bulk_hello (&other), 0).err, 0);
}

static void what_was_lost_is_made_good_or_noticed (void **state)
{
    (void)state;
    sv_bulk_event_t tick = {.kind = SV_STREAM_TICK};
    sv_bulk_stream_t giver = s_giver (), taker = s_taker ();
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal (s_give (&giver, LIM_BULK_CHUNK, false).err, 0);
        assert_true (s_heard (&taker, s_data (i, i * LIM_BULK_CHUNK), LIM_BULK_CHUNK).has_data);
    }
    assert_false (s_took (&taker, LIM_BULK_CHUNK).must_send);
    assert_true (s_took (&taker, LIM_BULK_CHUNK).must_send); /* and is lost */
    sv_bulk_out_t out = s_step (&taker, tick, BEGIN_MS + LIM_BULK_KEEP_MS);
    assert_true (s_heard (&giver, out.head, 0).has_room);
    assert_int_equal (s_give (&giver, 5, true).err, 0); /* and is lost */
    out = s_step (&giver, tick, BEGIN_MS + LIM_BULK_KEEP_MS);
    assert_int_equal (s_heard (&taker, out.head, 0).err, -PT_E_malformed);
}

static void silence_ends_a_stream_and_keep_prevents_it (void **state)
{
    (void)state;
    sv_bulk_event_t tick = {.kind = SV_STREAM_TICK};
    sv_bulk_stream_t taker = s_taker (), giver = s_giver ();
    assert_int_equal (s_step (&giver, tick, BEGIN_MS + LIM_BULK_KEEP_MS).head.kind, SV_BULK_KEEP);
    assert_false (s_step (&taker, tick, BEGIN_MS + LIM_BULK_KEEP_MS - 1).must_send);
    assert_int_equal (s_step (&taker, tick, BEGIN_MS + LIM_BULK_KEEP_MS).head.kind, SV_BULK_CREDIT);
    assert_false (s_step (&taker, tick, BEGIN_MS + LIM_BULK_KEEP_MS + 1).must_send);
    sv_bulk_head_t keep = {.kind = SV_BULK_KEEP, .stream = ID};
    s_step (&taker, (sv_bulk_event_t){.kind = SV_STREAM_HEARD, .head = &keep}, BEGIN_MS + 20000);
    assert_int_equal (s_step (&taker, tick, BEGIN_MS + 20000 + LIM_BULK_IDLE_MS - 1).err, 0);
    sv_bulk_out_t out = s_step (&taker, tick, BEGIN_MS + 20000 + LIM_BULK_IDLE_MS);
    assert_int_equal (out.err, -PT_E_deadline);
    assert_int_equal (out.head.kind, SV_BULK_ABORT);
    assert_true (taker.is_over);
}

/*  ---- simulation ------------------------------------------------------------ */

enum { WIRE = 256, HELD = 64, STEP_MS = 25 };

typedef struct {
    sv_bulk_head_t head;
    uint64_t len;
    uint64_t due_ms;
} packet_t;

typedef struct {
    packet_t packets[WIRE];
    unsigned first, count;
} wire_t;

typedef struct {
    sv_bulk_stream_t stream;
    uint64_t asleep_until_ms;
    bool is_dead, ended_well;
    int err;
} side_t;

typedef struct {
    uint64_t random, now_ms, total;
    side_t giver, taker;
    wire_t down, up; /* to the taker, to the giver */
    uint64_t held[HELD];
    unsigned held_count;
    unsigned loss, doubling; /* in 1/1000 */
    bool is_cut, was_hurt;
    uint64_t taken;
} world_t;

static uint64_t s_random (world_t *world, uint64_t below)
{
    world->random ^= world->random << 13;
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return world->random % below;
}

/*  In order, as a connection keeps it; some are lost or come twice. */
static void s_wire (world_t *world, wire_t *wire, sv_bulk_head_t head, uint64_t len)
{
    if (world->is_cut || s_random (world, 1000) < world->loss) {
        world->was_hurt = true;
        return;
    }
    unsigned copies = s_random (world, 1000) < world->doubling ? 2 : 1;
    world->was_hurt |= copies > 1;
    for (unsigned i = 0; i < copies; i++) {
        assert_in_range (wire->count, 0, WIRE - 1);
        uint64_t due_ms = world->now_ms + s_random (world, 200);
        wire->packets[(wire->first + wire->count++) % WIRE] = (packet_t){head, len, due_ms};
    }
}

static void s_follow (world_t *world, side_t *side, wire_t *out_wire, const sv_bulk_out_t *out, uint64_t len)
{
    if (out->must_send)
        s_wire (world, out_wire, out->head, out->head.kind == SV_BULK_DATA ? len : 0);
    if (out->err != 0 && side->stream.is_over)
        side->err = out->err;
}

/*  The giver of chunks waits until one fits, as drive does; now and then it sends
    less. */
static void s_run_giver (world_t *world)
{
    side_t *side = &world->giver;
    uint64_t left = world->total - side->stream.offset;
    uint64_t len = s_random (world, 8) ? LIM_BULK_CHUNK : 1 + s_random (world, LIM_BULK_CHUNK);
    len = len < left ? len : left;
    size_t room = sv_bulk_stream_room (&side->stream);
    if (room < len || room == 0)
        return;
    sv_bulk_event_t event = {.kind = SV_STREAM_GIVE, .len = len, .is_last = len == left};
    sv_bulk_out_t out = s_step (&side->stream, event, world->now_ms);
    assert_int_equal (out.err, 0);
    s_follow (world, side, &world->down, &out, len);
}

static void s_run_taker (world_t *world)
{
    side_t *side = &world->taker;
    if (world->held_count > 0 && !side->stream.is_over) {
        sv_bulk_event_t event = {.kind = SV_STREAM_TOOK, .len = world->held[0], .frames = 1};
        sv_bulk_out_t out = s_step (&side->stream, event, world->now_ms);
        assert_int_equal (out.err, 0);
        world->taken += event.len;
        memmove (world->held, world->held + 1, --world->held_count * sizeof *world->held);
        s_follow (world, side, &world->up, &out, 0);
    }
    if (side->stream.is_last && world->held_count == 0 && !side->stream.is_over) {
        sv_bulk_head_t end = {.kind = SV_BULK_END, .stream = ID};
        side->stream.is_over = side->ended_well = true;
        s_wire (world, &world->up, end, 0);
    }
}

static void s_deliver (world_t *world, side_t *side, wire_t *in, wire_t *out_wire)
{
    while (in->count > 0 && in->packets[in->first].due_ms <= world->now_ms) {
        packet_t packet = in->packets[in->first];
        in->first = (in->first + 1) % WIRE;
        in->count--;
        uint64_t before = side->stream.offset;
        sv_bulk_event_t event = {.kind = SV_STREAM_HEARD, .head = &packet.head, .len = packet.len};
        sv_bulk_out_t out = s_step (&side->stream, event, world->now_ms);
        if (out.has_data) {
            assert_int_equal (before, packet.head.offset);
            assert_in_range (world->held_count, 0, LIM_BULK_FRAMES - 1);
            world->held[world->held_count++] = packet.len;
        }
        if (out.has_end)
            side->ended_well = packet.head.kind == SV_BULK_END;
        s_follow (world, side, out_wire, &out, 0);
    }
}

static bool s_is_awake (const world_t *world, const side_t *side)
{
    return !side->is_dead && world->now_ms >= side->asleep_until_ms;
}

static void s_turn (world_t *world)
{
    sv_bulk_event_t tick = {.kind = SV_STREAM_TICK};
    sv_bulk_out_t out;
    world->now_ms += STEP_MS;
    if (s_is_awake (world, &world->giver)) {
        s_deliver (world, &world->giver, &world->up, &world->down);
        s_run_giver (world);
        out = s_step (&world->giver.stream, tick, world->now_ms);
        s_follow (world, &world->giver, &world->down, &out, 0);
    }
    if (s_is_awake (world, &world->taker)) {
        s_deliver (world, &world->taker, &world->down, &world->up);
        s_run_taker (world);
        out = s_step (&world->taker.stream, tick, world->now_ms);
        s_follow (world, &world->taker, &world->up, &out, 0);
    }
    uint64_t held = 0;
    for (unsigned i = 0; i < world->held_count; i++)
        held += world->held[i];
    assert_in_range (held, 0, LIM_BULK_WINDOW);
    assert_in_range (world->giver.stream.offset - world->taken, 0, LIM_BULK_WINDOW);
}

static void s_disturb (world_t *world, unsigned kinds)
{
    side_t *side = s_random (world, 2) ? &world->giver : &world->taker;
    switch (s_random (world, 400)) {
    case 0:
        if ((kinds & 1) && s_is_awake (world, side))
            side->asleep_until_ms = world->now_ms + s_random (world, LIM_BULK_IDLE_MS / 2);
        break;
    case 1:
        if (kinds & 2)
            world->is_cut = world->was_hurt = true;
        break;
    case 2:
        if (kinds & 4)
            side->is_dead = world->was_hurt = true;
        break;
    case 3:
        if (kinds & 8) {
            side->asleep_until_ms = world->now_ms + 2 * LIM_BULK_IDLE_MS;
            world->was_hurt = true;
        }
        break;
    default:
        break;
    }
}

static bool s_is_done (const side_t *side)
{
    return side->is_dead || side->stream.is_over;
}

/*  Bounds, order and endings of one schedule; whether the whole arrived. */
static bool s_schedule (uint64_t seed, unsigned kinds)
{
    world_t *world = calloc (1, sizeof *world);
    assert_non_null (world);
    world->random = seed * 0x9e3779b97f4a7c15u + 1;
    world->now_ms = BEGIN_MS;
    world->total = s_random (world, 5) ? s_random (world, 12 * LIM_BULK_WINDOW) : s_random (world, 3);
    world->loss = kinds & 16 ? 3 : 0;
    world->doubling = kinds & 32 ? 3 : 0;
    sv_bulk_stream_init (&world->giver.stream, ID, true, s_random (world, 2) ? LIM_BULK_WINDOW : 0, BEGIN_MS);
    sv_bulk_stream_init (&world->taker.stream, ID, false, 0, BEGIN_MS);
    s_wire (world, &world->up, sv_bulk_hello (&world->taker.stream), 0);
    unsigned turns = 0;
    while (!s_is_done (&world->giver) || !s_is_done (&world->taker)) {
        if (turns < 2000)
            s_disturb (world, kinds);
        s_turn (world);
        if (++turns > 60000)
            fail_msg ("seed %llu, kinds %u: it never ended", (unsigned long long)seed, kinds);
    }
    bool is_whole = world->giver.ended_well && world->taker.ended_well;
    if (world->taker.ended_well)
        assert_int_equal (world->taken, world->total);
    if (world->giver.ended_well)
        assert_true (world->taker.ended_well);
    if (!world->was_hurt && !is_whole)
        fail_msg ("seed %llu, kinds %u: it failed without a fault", (unsigned long long)seed, kinds);
    free (world);
    return is_whole;
}

static void streams_arrive_whole_over_a_slow_link_with_sides_that_sleep (void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3000; seed++)
        assert_true (s_schedule (seed, 1));
}

static void under_any_fault_both_sides_end_and_neither_lies (void **state)
{
    (void)state;
    unsigned whole = 0, cut = 0;
    for (uint64_t seed = 1; seed <= 15000; seed++) {
        bool is_whole = s_schedule (seed, (unsigned)(seed % 64));
        whole += is_whole;
        cut += !is_whole;
    }
    assert_in_range (whole, 1000, 14000);
    assert_in_range (cut, 1000, 14000);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_head_is_read_as_it_was_written),
        cmocka_unit_test (frames_of_no_kind_flag_or_length_are_refused),
        cmocka_unit_test (a_giver_stops_at_its_credit_and_goes_on_with_more),
        cmocka_unit_test (tiny_frames_are_limited_as_whole_chunks_are),
        cmocka_unit_test (a_taker_grants_at_half_a_window_and_not_after_the_last),
        cmocka_unit_test (a_peer_that_breaks_a_rule_is_given_up),
        cmocka_unit_test (an_old_credit_takes_nothing_back),
        cmocka_unit_test (a_giver_that_waits_for_hello_begins_with_it),
        cmocka_unit_test (what_was_lost_is_made_good_or_noticed),
        cmocka_unit_test (silence_ends_a_stream_and_keep_prevents_it),
        cmocka_unit_test (streams_arrive_whole_over_a_slow_link_with_sides_that_sleep),
        cmocka_unit_test (under_any_fault_both_sides_end_and_neither_lies),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
