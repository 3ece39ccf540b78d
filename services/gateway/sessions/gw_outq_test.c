/*  gw_outq_test - rings, feeds and the queue of a socket together: own frames
    first, fair turns, lag, pages, ends, and a walk against a model reader. */

#include "gw_outq.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
    gw_outq_t queue;
    gw_ring_pool_t *pool;
    char scratch[GW_OUTQ_SCRATCH];
    bool is_blocked;
    unsigned writes;
    pt_buf_t wire;
    gw_feed_t *paged; /* the feed that asked for a page, or has ended */
    gw_feed_t *ended;
} s_socket_t;

static bool s_send (void *arg, const char *bytes, size_t len)
{
    s_socket_t *self = arg;
    assert_in_range (len, 1, GW_OUTQ_SCRATCH);
    if (self->is_blocked)
        return false;
    pt_buf_put (&self->wire, bytes, len);
    self->writes++;
    return true;
}

static void s_on_page (void *arg, gw_feed_t *feed)
{
    ((s_socket_t *)arg)->paged = feed;
    gw_feed_wait (feed);
}

static void s_on_end (void *arg, gw_feed_t *feed)
{
    ((s_socket_t *)arg)->ended = feed;
}

static const gw_outq_ops_t s_ops = {s_send, s_on_page, s_on_end};

static gw_outq_result_t s_flush (s_socket_t *self, size_t budget)
{
    size_t written = 0;
    size_t before = self->wire.len;
    gw_outq_result_t result = gw_outq_flush (&self->queue, &s_ops, self, self->scratch, budget, &written);
    assert_int_equal (self->wire.len - before, written);
    return result;
}

static int s_setup (void **state)
{
    s_socket_t *self = calloc (1, sizeof *self);
    gw_outq_init (&self->queue);
    self->pool = gw_ring_pool_new (GW_RING_POOL);
    pt_buf_init (&self->wire, 256 * 1024 * 1024);
    *state = self;
    return 0;
}

static int s_teardown (void **state)
{
    s_socket_t *self = *state;
    gw_outq_fini (&self->queue);
    assert_int_equal (gw_ring_pool_bytes (self->pool), 0);
    gw_ring_pool_destroy (&self->pool);
    pt_buf_fini (&self->wire);
    free (self);
    return 0;
}

static char s_body[LIM_BODY];

static void s_append (gw_ring_t *ring, uint64_t seq, uint32_t body_len)
{
    memset (s_body, 'x', sizeof s_body);
    pt_item_t item = {.room = gw_ring_room (ring),
                      .seq = seq,
                      .id = seq,
                      .kind = PT_item_kind_MESSAGE,
                      .sender = 1,
                      .send_id = {"s", 1},
                      .body = {s_body, body_len}};
    gw_ring_append (ring, &item, 0);
}

/*  Takes the next message off the wire into `out` (NUL-terminated); false when there is none. */
static bool s_read (s_socket_t *self, char *out, size_t size)
{
    const unsigned char *wire = (const unsigned char *)self->wire.at;
    size_t at = 0, len = 0;
    bool is_last = false;
    while (!is_last && at < self->wire.len) {
        is_last = wire[at] & 0x80;
        assert_int_equal (wire[at] & 0x0f, len ? 0 : 1);
        size_t payload = wire[at + 1] == 126 ? (size_t)wire[at + 2] << 8 | wire[at + 3] : wire[at + 1];
        at += wire[at + 1] == 126 ? 4 : 2;
        assert_true (len + payload < size);
        memcpy (out + len, wire + at, payload);
        len += payload;
        at += payload;
    }
    if (!at)
        return false;
    memmove (self->wire.at, self->wire.at + at, self->wire.len - at);
    self->wire.len -= at;
    out[len] = 0;
    return true;
}

/*  The next message; in short when it is an event: "7:12" room and seq. */
static const char *s_next (s_socket_t *self)
{
    static char text[128 * 1024], brief[64];
    unsigned room, seq;
    if (!s_read (self, text, sizeof text))
        return "";
    if (sscanf (text, "{\"ev\":\"message\",\"room\":\"%u\",\"seq\":%u,", &room, &seq) != 2)
        return text;
    snprintf (brief, sizeof brief, "%u:%u", room, seq);
    return brief;
}

static void s_put (s_socket_t *self, const char *text)
{
    gw_frame_t *frame = gw_frame_new (text, strlen (text));
    assert_int_equal (gw_outq_put (&self->queue, &frame), 0);
    assert_null (frame);
}

static void test_own_frames_go_before_feeds_in_one_write (void **state)
{
    s_socket_t *self = *state;
    gw_ring_t *ring = gw_ring_new (self->pool, 7, 10);
    gw_feed_t feed;
    gw_feed_init (&feed, ring, false);
    gw_feed_start (&feed, 11, false);
    s_append (ring, 11, 100);
    s_append (ring, 12, 100);
    gw_outq_ready (&self->queue, &feed);
    gw_outq_ready (&self->queue, &feed);
    s_put (self, "one");
    s_put (self, "two");
    assert_int_equal (s_flush (self, GW_OUTQ_SCRATCH), GW_OUTQ_DONE);
    assert_int_equal (self->writes, 1);
    assert_string_equal (s_next (self), "one");
    assert_string_equal (s_next (self), "two");
    assert_string_equal (s_next (self), "7:11");
    assert_string_equal (s_next (self), "7:12");
    assert_string_equal (s_next (self), "");
    assert_true (gw_outq_is_empty (&self->queue));
    gw_feed_fini (&feed);
    gw_ring_unref (&ring);
}

static void test_nothing_is_consumed_by_a_write_not_taken (void **state)
{
    s_socket_t *self = *state;
    gw_ring_t *ring = gw_ring_new (self->pool, 7, 10);
    gw_feed_t feed;
    gw_feed_init (&feed, ring, false);
    gw_feed_start (&feed, 11, false);
    s_append (ring, 11, 100);
    gw_outq_ready (&self->queue, &feed);
    s_put (self, "one");
    self->is_blocked = true;
    assert_int_equal (s_flush (self, GW_OUTQ_SCRATCH), GW_OUTQ_BLOCKED);
    s_append (ring, 12, 100);
    self->is_blocked = false;
    assert_int_equal (s_flush (self, GW_OUTQ_SCRATCH), GW_OUTQ_DONE);
    assert_string_equal (s_next (self), "one");
    assert_string_equal (s_next (self), "7:11");
    assert_string_equal (s_next (self), "7:12");
    gw_feed_fini (&feed);
    gw_ring_unref (&ring);
}

static void test_rooms_take_turns_and_a_budget_ends_a_flush (void **state)
{
    s_socket_t *self = *state;
    gw_ring_t *rings[2] = {gw_ring_new (self->pool, 1, 0), gw_ring_new (self->pool, 2, 0)};
    gw_feed_t feeds[2];
    for (unsigned i = 0; i < 2; i++) {
        gw_feed_init (&feeds[i], rings[i], false);
        gw_feed_start (&feeds[i], 1, false);
        for (uint64_t seq = 1; seq <= 4; seq++)
            s_append (rings[i], seq, LIM_BODY - 1000);
        gw_outq_ready (&self->queue, &feeds[i]);
    }
    unsigned flushes = 0;
    gw_outq_result_t result;
    do {
        size_t before = self->wire.len;
        result = s_flush (self, 20000);
        assert_in_range (self->wire.len - before, 1, 20000);
        flushes++;
    } while (result == GW_OUTQ_MORE);
    assert_int_equal (flushes, 8);
    static const char *const order[] = {"1:1", "2:1", "1:2", "2:2", "1:3", "2:3", "1:4", "2:4", ""};
    for (unsigned i = 0; i < 9; i++)
        assert_string_equal (s_next (self), order[i]);
    for (unsigned i = 0; i < 2; i++) {
        gw_feed_fini (&feeds[i]);
        gw_ring_unref (&rings[i]);
    }
}

static void test_a_message_longer_than_a_write_goes_whole_in_fragments (void **state)
{
    s_socket_t *self = *state;
    gw_ring_t *ring = gw_ring_new (self->pool, 7, 0);
    gw_feed_t feed;
    gw_feed_init (&feed, ring, false);
    gw_feed_start (&feed, 1, false);
    memset (s_body, 1, sizeof s_body);
    pt_item_t item = {.room = 7, .seq = 1, .id = 1, .kind = PT_item_kind_MESSAGE, .body = {s_body, sizeof s_body}};
    gw_ring_append (ring, &item, 0);
    s_append (ring, 2, 10);
    gw_outq_ready (&self->queue, &feed);
    assert_int_equal (s_flush (self, 16384), GW_OUTQ_MORE);
    s_put (self, "between");
    while (s_flush (self, 16384) == GW_OUTQ_MORE)
        continue;
    assert_string_equal (s_next (self), "7:1");
    assert_string_equal (s_next (self), "between");
    assert_string_equal (s_next (self), "7:2");
    gw_feed_fini (&feed);
    gw_ring_unref (&ring);
}

static void test_a_full_queue_refuses_own_frames (void **state)
{
    s_socket_t *self = *state;
    char *text = calloc (1, 10001);
    memset (text, 'x', 10000);
    int err = 0;
    while (!err) {
        gw_frame_t *frame = gw_frame_new (text, 10000);
        err = gw_outq_put (&self->queue, &frame);
        assert_null (frame);
    }
    assert_int_equal (err, -PT_E_busy);
    assert_in_range (gw_outq_bytes (&self->queue), LIM_WS_QUEUE, LIM_WS_QUEUE + GW_OUTQ_RESERVE);
    assert_int_equal (s_flush (self, SIZE_MAX), GW_OUTQ_DONE);
    assert_int_equal (gw_outq_bytes (&self->queue), 0);
    gw_frame_t *none = NULL;
    assert_int_equal (gw_outq_put (&self->queue, &none), -PT_E_memory);
    free (text);
}

static void test_lag_is_told_once_with_the_newest_head (void **state)
{
    s_socket_t *self = *state;
    gw_ring_t *ring = gw_ring_new (self->pool, 7, 10);
    gw_feed_t feed;
    gw_feed_init (&feed, ring, false);
    gw_feed_start (&feed, 11, false);
    self->is_blocked = true;
    uint64_t seq = 11;
    for (; seq < 200; seq++) {
        s_append (ring, seq, 8000);
        gw_outq_ready (&self->queue, &feed);
        assert_int_equal (s_flush (self, GW_OUTQ_SCRATCH), GW_OUTQ_BLOCKED);
    }
    assert_true (gw_ring_pool_bytes (self->pool) <= GW_RING_BYTES + 64 * 1024);
    self->is_blocked = false;
    assert_int_equal (s_flush (self, GW_OUTQ_SCRATCH), GW_OUTQ_DONE);
    assert_string_equal (s_next (self), "{\"ev\":\"lag\",\"room\":\"7\",\"head\":199}");
    assert_string_equal (s_next (self), "");
    assert_false (gw_feed_is_hungry (&feed));

    /*  Pulling ends it only from the told head on. */
    assert_false (gw_feed_pulled (&feed, 10, 198));
    s_append (ring, seq, 10);
    assert_true (gw_feed_pulled (&feed, 198, 199));
    gw_outq_ready (&self->queue, &feed);
    assert_int_equal (s_flush (self, GW_OUTQ_SCRATCH), GW_OUTQ_DONE);
    assert_string_equal (s_next (self), "7:200");
    assert_string_equal (s_next (self), "");
    gw_feed_fini (&feed);
    gw_ring_unref (&ring);
}

static void test_a_replay_asks_for_pages_until_it_meets_the_ring (void **state)
{
    s_socket_t *self = *state;
    gw_ring_t *ring = gw_ring_new (self->pool, 7, 10);
    gw_ring_t *page = gw_ring_new (self->pool, 7, 5);
    gw_feed_t feed;
    gw_feed_init (&feed, ring, false);
    gw_feed_start (&feed, 6, true);
    s_append (ring, 11, 10);
    gw_outq_ready (&self->queue, &feed);
    assert_int_equal (s_flush (self, GW_OUTQ_SCRATCH), GW_OUTQ_DONE);
    assert_ptr_equal (self->paged, &feed);
    assert_false (gw_feed_is_hungry (&feed));
    for (uint64_t seq = 6; seq <= 10; seq++)
        s_append (page, seq, 10);
    gw_feed_page (&feed, page, feed.next);
    gw_ring_unref (&page);
    gw_outq_ready (&self->queue, &feed);
    s_flush (self, GW_OUTQ_SCRATCH);
    static const char *const order[] = {"7:6", "7:7", "7:8", "7:9", "7:10", "7:11", ""};
    for (unsigned i = 0; i < 7; i++)
        assert_string_equal (s_next (self), order[i]);
    gw_feed_fini (&feed);
    gw_ring_unref (&ring);
}

static void test_an_end_is_exact_even_when_the_ring_has_moved_on (void **state)
{
    s_socket_t *self = *state;
    gw_ring_t *ring = gw_ring_new (self->pool, 7, 0);
    gw_feed_t feed;
    gw_feed_init (&feed, ring, false);
    gw_feed_start (&feed, 1, false);
    s_append (ring, 1, 10);
    s_append (ring, 2, 10);
    gw_feed_end (&feed, 2);
    gw_feed_end (&feed, 5);
    for (uint64_t seq = 3; seq < 100; seq++)
        s_append (ring, seq, 8000);
    gw_outq_ready (&self->queue, &feed);
    s_flush (self, GW_OUTQ_SCRATCH);
    assert_ptr_equal (self->paged, &feed); /* it can't pull, so it is not told to */
    assert_string_equal (s_next (self), "");
    gw_ring_t *page = gw_ring_new (self->pool, 7, 0);
    for (uint64_t seq = 1; seq <= 4; seq++)
        s_append (page, seq, 10);
    gw_feed_page (&feed, page, feed.next);
    gw_ring_unref (&page);
    gw_outq_ready (&self->queue, &feed);
    s_flush (self, GW_OUTQ_SCRATCH);
    assert_ptr_equal (self->ended, &feed);
    assert_string_equal (s_next (self), "7:1");
    assert_string_equal (s_next (self), "7:2");
    assert_string_equal (s_next (self), "");
    gw_feed_fini (&feed);
    gw_ring_unref (&ring);
}

static void test_the_pool_bounds_all_rings_and_age_empties_them (void **state)
{
    s_socket_t *self = *state;
    gw_ring_pool_t *pool = gw_ring_pool_new (1024 * 1024);
    gw_ring_t *rings[64];
    for (unsigned i = 0; i < 64; i++)
        rings[i] = gw_ring_new (pool, i + 1, 0);
    for (uint64_t seq = 1; seq <= 50; seq++)
        for (unsigned i = 0; i < 64; i++) {
            s_append (rings[i], seq, 4000);
            assert_true (gw_ring_pool_bytes (pool) <= 1024 * 1024);
        }
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal (gw_ring_last (rings[i]), 50);
    gw_ring_pool_tick (pool, GW_RING_AGE_MS);
    assert_int_equal (gw_ring_pool_bytes (pool), 0);
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal (gw_ring_first (rings[i]), 51);
        gw_ring_unref (&rings[i]);
    }
    gw_ring_pool_destroy (&pool);
    (void)self;
}

/*  A reader that is blocked, lags, pulls and resumes at random gets every seq
    once and in order. */
static void test_a_walk_reads_every_seq_once_in_order (void **state)
{
    s_socket_t *self = *state;
    gw_ring_t *ring = gw_ring_new (self->pool, 7, 0);
    gw_feed_t feed;
    gw_feed_init (&feed, ring, false);
    gw_feed_start (&feed, 1, false);
    uint64_t head = 0, read = 0, lagged = 0, paged = 0, told = 0;
    srand (7);
    for (unsigned step = 0; step < 60000; step++) {
        int luck = rand () % 100;
        if (luck < 60) {
            s_append (ring, ++head, (uint32_t)(rand () % 3000));
            if (gw_feed_is_hungry (&feed))
                gw_outq_ready (&self->queue, &feed);
        } else if (luck < 63)
            self->is_blocked = !self->is_blocked || rand () % 8;
        else
            s_flush (self, (size_t)(rand () % 40000));
        if (rand () % 200 == 0)
            self->is_blocked = false;
        for (const char *text = s_next (self); *text; text = s_next (self)) {
            unsigned room, seq;
            if (sscanf (text, "{\"ev\":\"lag\",\"room\":\"%u\",\"head\":%u}", &room, &seq) == 2) {
                told = seq;
                lagged++;
                continue;
            }
            assert_int_equal (sscanf (text, "%u:%u", &room, &seq), 2);
            assert_int_equal (seq, read + 1);
            read = seq;
        }
        if (told && rand () % 20 == 0) { /* the client pulls */
            uint64_t to = read + (uint64_t)(rand () % 100);
            if (to > head)
                to = head;
            bool is_over = gw_feed_pulled (&feed, read, to);
            assert_int_equal (is_over, to >= told);
            read = to;
            if (is_over) {
                told = 0;
                gw_outq_ready (&self->queue, &feed);
            }
        }
        if (self->paged && rand () % 10 == 0) { /* chat answers */
            gw_ring_t *page = gw_ring_new (self->pool, 7, feed.next - 1);
            for (uint64_t seq = feed.next; seq <= head && seq < feed.next + 50; seq++)
                s_append (page, seq, 100);
            gw_feed_page (&feed, page, feed.next);
            gw_ring_unref (&page);
            self->paged = NULL;
            paged++;
            gw_outq_ready (&self->queue, &feed);
        }
    }
    assert_true (lagged > 5);
    assert_true (paged > 5);
    assert_true (read > 20000);
    gw_outq_unready (&self->queue, &feed);
    gw_feed_fini (&feed);
    gw_ring_unref (&ring);
}

#define S_TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        S_TEST (test_own_frames_go_before_feeds_in_one_write),
        S_TEST (test_nothing_is_consumed_by_a_write_not_taken),
        S_TEST (test_rooms_take_turns_and_a_budget_ends_a_flush),
        S_TEST (test_a_message_longer_than_a_write_goes_whole_in_fragments),
        S_TEST (test_a_full_queue_refuses_own_frames),
        S_TEST (test_lag_is_told_once_with_the_newest_head),
        S_TEST (test_a_replay_asks_for_pages_until_it_meets_the_ring),
        S_TEST (test_an_end_is_exact_even_when_the_ring_has_moved_on),
        S_TEST (test_the_pool_bounds_all_rings_and_age_empties_them),
        S_TEST (test_a_walk_reads_every_seq_once_in_order),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
