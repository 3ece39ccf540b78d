/*  chat_fixture.h - what the tests of chat share: one daemon for a group of
    tests, against a store played by the test.

    Every test uses rooms of its own: a call that the bus sent again late is told
    from the one at hand by its room. */

#ifndef CHAT_FIXTURE_H
#define CHAT_FIXTURE_H

#include "harness.h"
#include "sv_daemon.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the headers above first */
#include <cmocka.h>

#define COUNT(list) (sizeof (list) / sizeof (list)[0])

/*  Nothing else happens in this room: its event ends a wait for nothing. */
#define FIXTURE_SENTINEL 999999u

static inline harness_t *fixture_new (void)
{
    harness_t *harness = harness_new ("parley-chat", PT_PEER_chat, NULL);
    assert_non_null (harness);
    harness_fake (harness, PT_OP_store_status, harness_fake_ready, NULL);
    return harness;
}

static inline int fixture_set_up (void **state)
{
    *state = fixture_new ();
    return 0;
}

/*  The daemon's metrics, as text. */
static inline const char *fixture_metrics (harness_t *harness)
{
    pt_empty_t empty = {0};
    uint64_t id = harness_request (harness, PT_OP_chat_status, &empty);
    const pt_status_t *status = harness_reply (harness, id)->msg;
    assert_true (status && status->has_metrics);
    const char *text = pt_arena_copy (harness_arena (harness), status->metrics.at, status->metrics.len);
    assert_non_null (text);
    return text;
}

static inline int fixture_tear_down (void **state)
{
    harness_t *harness = *state;
    harness_destroy (&harness);
    return 0;
}

/*  Chat's question to append to `room`, which has to carry the room as key. */
static inline const harness_frame_t *fixture_append (harness_t *harness, uint64_t room)
{
    for (;;) {
        const harness_frame_t *call = harness_expect (harness, PT_OP_store_append);
        const pt_append_t *append = call->msg;
        if (append->room != room)
            continue;
        assert_int_equal (call->envelope.affinity, room);
        return call;
    }
}

/*  The next items published, to `room` and to no other. */
static inline const pt_room_items_t *fixture_items (harness_t *harness, uint64_t room)
{
    const pt_room_items_t *event = harness_event (harness, PT_EV_room_items)->msg;
    assert_int_equal (event->room, room);
    return event;
}

static inline const harness_frame_t *fixture_ok (harness_t *harness, uint64_t correlation)
{
    const harness_frame_t *reply = harness_reply (harness, correlation);
    assert_int_equal (reply->envelope.status, 0);
    return reply;
}

static inline const pt_error_t *fixture_refused (harness_t *harness, uint64_t correlation, int err)
{
    const harness_frame_t *reply = harness_reply (harness, correlation);
    assert_string_equal (pt_error_name (reply->envelope.status), pt_error_name (err));
    return reply->msg;
}

static inline void fixture_assert_str (pt_str_t found, const char *expected)
{
    if (!pt_str_eq (found, pt_str (expected)))
        fail_msg ("`%.*s` is not `%s`", (int)found.len, found.at, expected);
}

static inline void fixture_assert_fault (const pt_error_t *error, uint32_t i, const char *field, const char *code)
{
    assert_in_range (error->errors.count, i + 1, LIM_FIELD_ERRORS);
    fixture_assert_str (error->errors.at[i].field, field);
    fixture_assert_str (error->errors.at[i].code, code);
}

/*  The last test of a group: none made an event that breaks the schema. */
static inline void every_event_was_encoded (void **state)
{
    harness_t *harness = *state;
    assert_non_null (strstr (fixture_metrics (harness), "\nparley_chat_events_unsent_total 0\n"));
}

/*  Fails when items were published that no test has taken: events keep their
    order, so the next ones have to be the sentinel's. */
static inline void fixture_assert_silence (harness_t *harness)
{
    static unsigned turn;
    char key[LIM_KEY];
    snprintf (key, sizeof key, "sentinel-%u", ++turn);
    pt_room_change_t join = {.account = 1, .room = FIXTURE_SENTINEL, .key = pt_str (key)};
    uint64_t id = harness_request (harness, PT_OP_chat_room_join, &join);
    const harness_frame_t *call = fixture_append (harness, FIXTURE_SENTINEL);
    pt_append_result_t result = {.seq = turn, .has_seq = true, .id = turn, .has_id = true, .has_at = true};
    pt_append_results_t answer = {.results = {&result, 1}, .epoch = 1, .head = turn};
    harness_answer (harness, call, &answer);
    fixture_ok (harness, id);
    fixture_items (harness, FIXTURE_SENTINEL);
}

#endif
