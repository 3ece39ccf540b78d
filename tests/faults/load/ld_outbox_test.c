/*  The outbox: order, windows, repeats; and seeded walks against a server that
    keeps the gateway's promise and one that loses connections. */

#include "ld_outbox.h"
#include "ld_random.h"
#include "pt_test.h"
#include <string.h>

static ld_outbox_t s_with (uint32_t window, unsigned count)
{
    ld_outbox_t self;
    ld_outbox_init (&self, window);
    for (unsigned i = 1; i <= count; i++)
        assert_int_equal (ld_outbox_add (&self, i, 0), 0);
    return self;
}

/*  The number that goes as `re`; 0 for none. */
static uint64_t s_next (ld_outbox_t *self, uint32_t re, uint64_t now_us)
{
    const ld_send_t *send = ld_outbox_next (self, re, now_us);
    return send ? send->number : 0;
}

static void as_many_as_the_window_go_in_order (void **state)
{
    (void)state;
    ld_outbox_t self = s_with (3, 5);
    ld_send_t out;
    assert_int_equal (s_next (&self, 11, 1), 1);
    assert_int_equal (s_next (&self, 12, 1), 2);
    assert_int_equal (s_next (&self, 13, 1), 3);
    assert_int_equal (s_next (&self, 14, 1), 0);
    assert_true (ld_outbox_settle (&self, 11, LD_STORED, 2, &out));
    assert_int_equal (out.number, 1);
    assert_int_equal (s_next (&self, 14, 2), 4);
    ld_outbox_fini (&self);
}

static void an_unknown_send_goes_again_before_anything_behind_it (void **state)
{
    (void)state;
    ld_outbox_t self = s_with (2, 4);
    ld_send_t out;
    assert_int_equal (s_next (&self, 1, 10), 1);
    assert_int_equal (s_next (&self, 2, 10), 2);
    assert_true (ld_outbox_settle (&self, 1, LD_OPEN, 20, &out));
    assert_true (ld_outbox_settle (&self, 2, LD_STORED, 20, &out));
    assert_int_equal (s_next (&self, 3, 20), 0); /* too early, and 3 must wait */
    assert_int_equal (ld_outbox_due (&self), 20 + LD_RETRY_US);
    assert_int_equal (s_next (&self, 3, 20 + LD_RETRY_US), 1);
    assert_int_equal (s_next (&self, 4, 20 + LD_RETRY_US), 0); /* the window begins at 1 */
    assert_true (ld_outbox_settle (&self, 3, LD_STORED, 30, &out));
    assert_int_equal (out.tries, 2);
    assert_int_equal (out.first_us, 10);
    assert_int_equal (s_next (&self, 5, 30), 3);
    ld_outbox_fini (&self);
}

static void two_unknown_sends_go_again_in_their_order (void **state)
{
    (void)state;
    ld_outbox_t self = s_with (2, 2);
    ld_send_t out;
    s_next (&self, 1, 10);
    s_next (&self, 2, 10);
    assert_true (ld_outbox_settle (&self, 2, LD_OPEN, 11, &out));
    assert_true (ld_outbox_settle (&self, 1, LD_OPEN, 500000, &out));
    assert_int_equal (s_next (&self, 3, 500001), 0); /* 2 is due, but 1 is before it */
    assert_int_equal (s_next (&self, 3, 600000), 1);
    assert_int_equal (s_next (&self, 4, 600000), 2);
    ld_outbox_fini (&self);
}

static void a_refused_send_is_done_with (void **state)
{
    (void)state;
    ld_outbox_t self = s_with (1, 2);
    ld_send_t out;
    s_next (&self, 1, 10);
    assert_true (ld_outbox_settle (&self, 1, LD_REFUSED, 11, &out));
    assert_int_equal (s_next (&self, 2, 11), 2);
    ld_outbox_fini (&self);
}

static void an_answer_to_an_old_request_is_none (void **state)
{
    (void)state;
    ld_outbox_t self = s_with (1, 1);
    ld_send_t out;
    s_next (&self, 1, 10);
    assert_false (ld_outbox_settle (&self, 2, LD_STORED, 11, &out));
    assert_true (ld_outbox_settle (&self, 1, LD_STORED, 11, &out));
    assert_false (ld_outbox_settle (&self, 1, LD_STORED, 11, &out));
    ld_outbox_fini (&self);
}

static void s_on_lost (void *arg, const ld_send_t *send)
{
    uint64_t *sum = arg;
    *sum = *sum * 10 + send->number;
}

static void a_lost_socket_starts_again_at_the_oldest (void **state)
{
    (void)state;
    ld_outbox_t self = s_with (3, 4);
    ld_send_t out;
    uint64_t lost = 0;
    for (uint32_t re = 1; re <= 3; re++)
        s_next (&self, re, 10);
    assert_true (ld_outbox_settle (&self, 1, LD_OPEN, 11, &out));
    assert_true (ld_outbox_settle (&self, 2, LD_STORED, 11, &out));
    ld_outbox_lose (&self, s_on_lost, &lost);
    assert_int_equal (lost, 3);
    assert_int_equal (s_next (&self, 4, 12), 1); /* at once */
    assert_int_equal (s_next (&self, 5, 12), 3);
    assert_int_equal (s_next (&self, 6, 12), 0);
    ld_outbox_fini (&self);
}

static void s_count (void *arg, const ld_send_t *send)
{
    *(uint64_t *)arg = *(uint64_t *)arg * 10 + send->number;
}

static void what_may_not_be_sent_twice_leaves_with_the_socket (void **state)
{
    (void)state;
    ld_outbox_t self = s_with (2, 4);
    ld_send_t out;
    uint64_t dropped = 0;
    assert_int_equal (ld_outbox_oldest (&self), 0);
    assert_int_equal (s_next (&self, 1, 10), 1);
    assert_int_equal (s_next (&self, 2, 20), 2);
    assert_int_equal (ld_outbox_oldest (&self), 10);
    ld_outbox_drop (&self, s_count, &dropped);
    assert_int_equal (dropped, 12);
    assert_int_equal (self.count, 2);
    assert_int_equal (ld_outbox_oldest (&self), 0);
    assert_false (ld_outbox_settle (&self, 2, LD_STORED, 30, &out));
    assert_int_equal (s_next (&self, 3, 30), 3);
    ld_outbox_fini (&self);
}

static void a_full_outbox_refuses (void **state)
{
    (void)state;
    ld_outbox_t self = s_with (1, LD_OUTBOX_MAX);
    assert_int_equal (ld_outbox_add (&self, 1000, 0), -PT_E_busy);
    ld_outbox_fini (&self);
}

/*  ---- walks ------------------------------------------------------------------- */

#define S_SENDS 400
#define S_LANE 64

/*  The gateway's lane of one connection, and the store behind it: the lane takes
    copies in the order they come, attaches repeats, and stores strictly in order. */
typedef struct {
    uint64_t lane[S_LANE];
    unsigned waiting;
    struct {
        uint32_t re;
        uint64_t number;
    } asked[S_LANE];
    unsigned asks;
    bool is_stored[S_SENDS + 1];
    uint64_t order[S_SENDS];
    unsigned stored;
} s_server_t;

static void s_arrive (s_server_t *self, uint32_t re, uint64_t number)
{
    bool is_known = self->is_stored[number];
    for (unsigned i = 0; i < self->waiting; i++)
        is_known |= self->lane[i] == number;
    assert_true (self->asks < S_LANE);
    self->asked[self->asks].re = re;
    self->asked[self->asks++].number = number;
    if (!is_known)
        self->lane[self->waiting++] = number;
}

static void s_store_one (s_server_t *self)
{
    if (!self->waiting)
        return;
    uint64_t number = self->lane[0];
    memmove (self->lane, self->lane + 1, --self->waiting * sizeof *self->lane);
    self->is_stored[number] = true;
    self->order[self->stored++] = number;
}

/*  Answers one request: stored, or unknown though it may be stored. */
static void s_answer_one (s_server_t *self, ld_outbox_t *outbox, uint64_t *random, uint64_t now_us)
{
    ld_send_t out;
    if (!self->asks)
        return;
    unsigned i = (unsigned)ld_random_below (random, self->asks);
    bool is_unsure = ld_random_below (random, 4) == 0;
    if (!is_unsure && !self->is_stored[self->asked[i].number])
        return;
    assert_true (ld_outbox_settle (outbox, self->asked[i].re, is_unsure ? LD_OPEN : LD_STORED, now_us, &out));
    self->asked[i] = self->asked[--self->asks];
}

static void s_on_nothing (void *arg, const ld_send_t *send)
{
    (void)arg;
    (void)send;
}

/*  The connection is lost; what was in the lane may be stored still, in order, up
    to some point. */
static void s_lose (s_server_t *self, ld_outbox_t *outbox, uint64_t *random)
{
    for (uint64_t late = ld_random_below (random, self->waiting + 1); late > 0; late--)
        s_store_one (self);
    self->waiting = self->asks = 0;
    ld_outbox_lose (outbox, s_on_nothing, NULL);
}

static void s_walk (uint64_t seed)
{
    uint64_t random = seed, now_us = 1, added = 0;
    s_server_t server = {0};
    ld_outbox_t outbox;
    uint32_t re = 1;
    ld_outbox_init (&outbox, 1 + (uint32_t)ld_random_below (&random, 8));
    for (unsigned step = 0; step < 200000 && (added < S_SENDS || outbox.count); step++) {
        now_us += ld_random_below (&random, 60000);
        if (added < S_SENDS && ld_random_below (&random, 3) == 0 && !ld_outbox_add (&outbox, added + 1, 0))
            added++;
        const ld_send_t *send = server.asks < S_LANE ? ld_outbox_next (&outbox, re, now_us) : NULL;
        if (send)
            s_arrive (&server, re++, send->number);
        if (ld_random_below (&random, 2))
            s_store_one (&server);
        s_answer_one (&server, &outbox, &random, now_us);
        if (ld_random_below (&random, 100) == 0)
            s_lose (&server, &outbox, &random);
        assert_in_range (outbox.flying, 0, outbox.window);
    }
    assert_int_equal (server.stored, S_SENDS);
    for (unsigned i = 0; i < S_SENDS; i++)
        assert_int_equal (server.order[i], i + 1);
    ld_outbox_fini (&outbox);
}

static void whatever_happens_messages_are_stored_once_in_order (void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++)
        s_walk (seed);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (as_many_as_the_window_go_in_order),
        cmocka_unit_test (an_unknown_send_goes_again_before_anything_behind_it),
        cmocka_unit_test (two_unknown_sends_go_again_in_their_order),
        cmocka_unit_test (a_refused_send_is_done_with),
        cmocka_unit_test (an_answer_to_an_old_request_is_none),
        cmocka_unit_test (a_lost_socket_starts_again_at_the_oldest),
        cmocka_unit_test (what_may_not_be_sent_twice_leaves_with_the_socket),
        cmocka_unit_test (a_full_outbox_refuses),
        cmocka_unit_test (whatever_happens_messages_are_stored_once_in_order),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
