/*  gw_sendq_test - order of sends: batches, open outcomes, repeats, and a walk
    against a store that loses, delays and doubles arrays. */

#include "gw_sendq.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define S_MAX 4096

typedef struct {
    gw_sendq_t *queue;
    unsigned count;
    struct {
        uint64_t re;
        int err;
        uint64_t seq;
    } answers[S_MAX];
} s_client_t;

static void s_on_answer (void *arg, uint64_t re, const pt_send_result_t *result, int err)
{
    s_client_t *self = arg;
    assert_true (self->count < S_MAX);
    assert_true (result != NULL || err != 0);
    self->answers[self->count].re = re;
    self->answers[self->count].err = err;
    self->answers[self->count++].seq = err == 0 ? result->seq : 0;
}

static void s_push (s_client_t *self, uint64_t re, const char *send_id, uint64_t due_ms)
{
    pt_send_entry_t entry = {.send_id = pt_str (send_id), .body = PT_LIT ("body")};
    assert_int_equal (gw_sendq_push (self->queue, re, &entry, due_ms), 0);
}

/*  Begins an array and checks the send_ids in it, "a b c". */
static void s_begin (s_client_t *self, uint64_t now_ms, const char *expected)
{
    pt_send_entry_t entries[LIM_SENDS];
    char text[1024] = "";
    uint32_t count = gw_sendq_begin (self->queue, entries, LIM_SENDS, now_ms);
    for (uint32_t i = 0; i < count; i++)
        snprintf (text + strlen (text), sizeof text - strlen (text), "%s%.*s", i ? " " : "",
                  (int)entries[i].send_id.len, entries[i].send_id.at);
    assert_string_equal (text, expected);
}

static void s_expect (s_client_t *self, unsigned i, uint64_t re, int err, uint64_t seq)
{
    assert_true (i < self->count);
    assert_int_equal (self->answers[i].re, re);
    assert_int_equal (self->answers[i].err, err);
    assert_int_equal (self->answers[i].seq, seq);
}

static int s_setup (void **state)
{
    s_client_t *self = calloc (1, sizeof *self);
    self->queue = gw_sendq_new (false);
    *state = self;
    return self->queue ? 0 : -1;
}

static int s_teardown (void **state)
{
    s_client_t *self = *state;
    gw_sendq_destroy (&self->queue);
    free (self);
    return 0;
}

static void test_what_arrives_meanwhile_goes_together_in_order (void **state)
{
    s_client_t *self = *state;
    s_push (self, 1, "a", 100);
    s_begin (self, 0, "a");
    s_push (self, 2, "b", 100);
    s_push (self, 3, "c", 100);
    s_begin (self, 0, "");
    gw_sendq_done (self->queue, &(pt_send_result_t){.seq = 10}, 1, 0, s_on_answer, self);
    s_begin (self, 0, "b c");
    pt_send_result_t results[2] = {{.status = PT_E_forbidden}, {.seq = 11}};
    gw_sendq_done (self->queue, results, 2, 0, s_on_answer, self);
    s_begin (self, 0, "");
    s_expect (self, 0, 1, 0, 10);
    s_expect (self, 1, 2, -PT_E_forbidden, 0);
    s_expect (self, 2, 3, 0, 11);
    assert_int_equal (gw_sendq_count (self->queue), 0);
    assert_int_equal (gw_sendq_bytes (self->queue), 0);
}

static void test_an_open_outcome_is_told_and_keeps_its_place (void **state)
{
    s_client_t *self = *state;
    s_push (self, 1, "a", 5000);
    s_begin (self, 0, "a");
    s_push (self, 2, "b", 5000);
    gw_sendq_fail (self->queue, -PT_E_deadline, 1000, s_on_answer, self);
    s_expect (self, 0, 1, -PT_E_deadline, 0);
    assert_int_equal (self->count, 1);
    s_begin (self, 1000, "");
    s_begin (self, 1000 + GW_SENDQ_RETRY_MS, "a b");
    pt_send_result_t results[2] = {{.seq = 10, .duplicate = true}, {.seq = 11}};
    gw_sendq_done (self->queue, results, 2, 1300, s_on_answer, self);
    assert_int_equal (self->count, 2); /* who was told already is not told again */
    s_expect (self, 1, 2, 0, 11);
}

static void test_one_open_outcome_of_an_array_holds_back_what_follows (void **state)
{
    s_client_t *self = *state;
    s_push (self, 1, "a", 5000);
    s_push (self, 2, "b", 5000);
    s_push (self, 3, "c", 5000);
    s_begin (self, 0, "a b c");
    pt_send_result_t results[3] = {{.seq = 10}, {.status = PT_E_busy}, {.status = PT_E_busy}};
    gw_sendq_done (self->queue, results, 3, 1000, s_on_answer, self);
    s_expect (self, 0, 1, 0, 10);
    s_expect (self, 1, 2, -PT_E_busy, 0);
    s_expect (self, 2, 3, -PT_E_busy, 0);
    s_push (self, 4, "d", 5000);
    s_begin (self, 1000, "");
    s_begin (self, 1000 + GW_SENDQ_RETRY_MS, "b c d");
}

static void test_a_repeated_send_is_attached_to_the_one_that_waits (void **state)
{
    s_client_t *self = *state;
    s_push (self, 1, "a", 5000);
    s_push (self, 2, "b", 5000);
    s_begin (self, 0, "a b");
    gw_sendq_fail (self->queue, -PT_E_worker_lost, 0, s_on_answer, self);
    size_t bytes = gw_sendq_bytes (self->queue);
    s_push (self, 3, "a", 5000);
    assert_int_equal (gw_sendq_bytes (self->queue), bytes);
    pt_send_entry_t other = {.send_id = PT_LIT ("b"), .body = PT_LIT ("another body")};
    assert_false (gw_sendq_is_known (self->queue, &other));
    const uint64_t file = 5;
    const pt_send_entry_t more = {.send_id = PT_LIT ("b"), .body = PT_LIT ("body"), .attachments = {&file, 1}};
    assert_false (gw_sendq_is_known (self->queue, &more));
    assert_int_equal (gw_sendq_push (self->queue, 4, &other, 5000), 0);
    s_begin (self, 10000, "a b b");
    pt_send_result_t results[3] = {{.seq = 10}, {.seq = 11}, {.status = PT_E_conflict}};
    gw_sendq_done (self->queue, results, 3, 10000, s_on_answer, self);
    assert_int_equal (self->count, 4);
    s_expect (self, 2, 3, 0, 10);
    s_expect (self, 3, 4, -PT_E_conflict, 0);
}

static void test_a_final_refusal_empties_the_array_alone (void **state)
{
    s_client_t *self = *state;
    s_push (self, 1, "a", 5000);
    s_begin (self, 0, "a");
    s_push (self, 2, "b", 5000);
    gw_sendq_fail (self->queue, -PT_E_gone, 0, s_on_answer, self);
    s_expect (self, 0, 1, -PT_E_gone, 0);
    s_begin (self, 0, "b");
}

static void test_an_answer_that_does_not_fit_leaves_the_outcome_open (void **state)
{
    s_client_t *self = *state;
    s_push (self, 1, "a", 5000);
    s_begin (self, 0, "a");
    gw_sendq_done (self->queue, NULL, 0, 0, s_on_answer, self); /* not as many results as sends */
    s_expect (self, 0, 1, -PT_E_worker_lost, 0);
    s_begin (self, GW_SENDQ_RETRY_MAX_MS, "a");
}

static void test_who_waits_too_long_is_told_that_the_outcome_is_open (void **state)
{
    s_client_t *self = *state;
    s_push (self, 1, "a", 1000);
    s_begin (self, 0, "a");
    s_push (self, 2, "b", 1500);
    gw_sendq_expire (self->queue, 1200, s_on_answer, self);
    gw_sendq_expire (self->queue, 1300, s_on_answer, self);
    assert_int_equal (self->count, 1);
    s_expect (self, 0, 1, -PT_E_deadline, 0);
    gw_sendq_done (self->queue, &(pt_send_result_t){.seq = 10}, 1, 1400, s_on_answer, self);
    assert_int_equal (self->count, 1);
    s_begin (self, 1400, "b");
}

static void test_an_array_is_bounded_in_number_and_bytes (void **state)
{
    s_client_t *self = *state;
    static char body[LIM_BODY];
    memset (body, 'x', sizeof body);
    pt_send_entry_t entry = {.send_id = PT_LIT ("a"), .body = {body, sizeof body}};
    pt_send_entry_t entries[LIM_SENDS];
    for (unsigned i = 0; i < 200; i++)
        assert_int_equal (gw_sendq_push (self->queue, i, &entry, 1), 0);
    uint32_t count = gw_sendq_begin (self->queue, entries, LIM_SENDS, 0);
    assert_in_range (count, 2, GW_SENDQ_BYTES / LIM_BODY);
}

/*  The store: keys it has seen, in the order it numbered them; copies of arrays
    may reach it late. */
typedef struct {
    unsigned keys[S_MAX];
    unsigned count;
    unsigned late[LIM_SENDS];
    uint32_t late_count;
} s_store_t;

static uint64_t s_store_append (s_store_t *self, unsigned key)
{
    for (unsigned i = 0; i < self->count; i++)
        if (self->keys[i] == key)
            return i + 1;
    self->keys[self->count++] = key;
    return self->count;
}

static void s_deliver_late (s_store_t *store)
{
    for (uint32_t i = 0; i < store->late_count; i++)
        s_store_append (store, store->late[i]);
    store->late_count = 0;
}

static void test_a_walk_keeps_acknowledged_sends_in_order (void **state)
{
    s_client_t *self = *state;
    s_store_t *store = calloc (1, sizeof *store);
    uint64_t now_ms = 0;
    unsigned pushed = 0;
    srand (3);
    while (pushed < 2000 || gw_sendq_count (self->queue)) {
        now_ms += (uint64_t)(rand () % 300);
        if (rand () % 50 == 0 || pushed >= 2000)
            s_deliver_late (store);
        for (int i = rand () % 4; i > 0 && pushed < 2000; i--) {
            char key[16];
            snprintf (key, sizeof key, "%u", ++pushed);
            s_push (self, pushed, key, now_ms + 5000);
        }
        gw_sendq_expire (self->queue, now_ms, s_on_answer, self);
        pt_send_entry_t entries[LIM_SENDS];
        pt_send_result_t results[LIM_SENDS] = {{0}};
        uint32_t count = gw_sendq_begin (self->queue, entries, LIM_SENDS, now_ms);
        int luck = count ? rand () % 10 : 9;
        if (!count)
            continue;
        for (uint32_t i = 0; i < count; i++) {
            unsigned key = (unsigned)strtoul (entries[i].send_id.at, NULL, 10);
            if (luck == 0)
                store->late[store->late_count < LIM_SENDS ? i : 0] = key; /* arrives later */
            else if (luck > 1)
                results[i].seq = s_store_append (store, key);
        }
        if (luck == 0)
            store->late_count = count;
        if (luck < 4 && pushed < 2000) /* lost, late, or committed with the answer lost */
            gw_sendq_fail (self->queue, -PT_E_deadline, now_ms, s_on_answer, self);
        else if (luck < 2)
            gw_sendq_fail (self->queue, -PT_E_unavailable, now_ms, s_on_answer, self);
        else
            gw_sendq_done (self->queue, results, count, now_ms, s_on_answer, self);
    }
    assert_int_equal (store->count, 2000);
    for (unsigned i = 0; i < store->count; i++)
        assert_int_equal (store->keys[i], i + 1);
    assert_int_equal (self->count, 2000); /* each answered once */
    free (store);
}

#define S_TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        S_TEST (test_what_arrives_meanwhile_goes_together_in_order),
        S_TEST (test_an_open_outcome_is_told_and_keeps_its_place),
        S_TEST (test_one_open_outcome_of_an_array_holds_back_what_follows),
        S_TEST (test_a_repeated_send_is_attached_to_the_one_that_waits),
        S_TEST (test_a_final_refusal_empties_the_array_alone),
        S_TEST (test_an_answer_that_does_not_fit_leaves_the_outcome_open),
        S_TEST (test_who_waits_too_long_is_told_that_the_outcome_is_open),
        S_TEST (test_an_array_is_bounded_in_number_and_bytes),
        S_TEST (test_a_walk_keeps_acknowledged_sends_in_order),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
