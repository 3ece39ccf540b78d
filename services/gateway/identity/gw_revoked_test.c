/*  gw_revoked_test - the table of revocations against a list that forgets nothing,
    and sweeps that fail, come late, come twice, and change their database. */

#include "gw_revoked.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND ((int64_t)1000000)

typedef struct {
    gw_revoked_t *revoked;
    uint64_t now_ms;
    unsigned fresh; /* told by the step at hand */
    pt_revocation_t last;
    gw_revoked_out_t out;
    uint64_t question; /* the last one asked */
} fixture_t;

static int s_setup (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    self->revoked = gw_revoked_new ();
    assert_non_null (self->revoked);
    self->now_ms = 1000;
    *state = self;
    return 0;
}

static int s_teardown (void **state)
{
    fixture_t *self = *state;
    gw_revoked_destroy (&self->revoked);
    gw_revoked_destroy (&self->revoked);
    free (self);
    return 0;
}

/*  ---- steps ---------------------------------------------------------------------- */

static void s_on_fresh (void *arg, const pt_revocation_t *what)
{
    fixture_t *self = arg;
    self->fresh++;
    self->last = *what;
}

static uint64_t s_step (fixture_t *self, gw_revoked_event_t event)
{
    self->fresh = 0;
    gw_revoked_step (self->revoked, &event, self->now_ms, s_on_fresh, self, &self->out);
    if (self->out.question)
        self->question = self->out.question;
    return self->out.question;
}

static uint64_t s_tick (fixture_t *self)
{
    return s_step (self, (gw_revoked_event_t){.kind = GW_REVOKED_TICK});
}

static uint64_t s_fail (fixture_t *self, uint64_t question, int err)
{
    return s_step (self, (gw_revoked_event_t){.kind = GW_REVOKED_FAILED, .question = question, .err = err});
}

static uint64_t s_tell (fixture_t *self, pt_revocation_t what)
{
    const pt_revocations_t told = {.items = {&what, 1}, .has_items = true};
    return s_step (self, (gw_revoked_event_t){.kind = GW_REVOKED_TOLD, .told = &told});
}

static uint64_t s_answer (fixture_t *self, uint64_t question, pt_revoked_page_t page)
{
    return s_step (self, (gw_revoked_event_t){.kind = GW_REVOKED_PAGE, .question = question, .page = &page});
}

/*  A whole sweep that finds nothing, behind the one that was under way. */
static void s_sweep (fixture_t *self)
{
    s_tick (self);
    if (s_answer (self, self->question, (pt_revoked_page_t){.cursor = PT_LIT ("c")}))
        s_answer (self, self->question, (pt_revoked_page_t){.cursor = PT_LIT ("c")});
    assert_false (gw_revoked_is_blind (self->revoked, self->now_ms));
}

static pt_revocation_t s_one (uint64_t account, uint64_t session)
{
    return (pt_revocation_t){.account = account, .session = session, .has_session = true, .at = 100 * SECOND};
}

static pt_revocation_t s_all (uint64_t account, uint64_t generation, uint64_t spared)
{
    return (pt_revocation_t){.account = account,
                             .generation = generation,
                             .has_generation = true,
                             .spared = spared,
                             .has_spared = spared != 0,
                             .at = 100 * SECOND};
}

static int s_judge (fixture_t *self, uint64_t account, uint64_t session, uint64_t generation)
{
    const gw_identity_t identity = {
        .account = account, .session = session, .generation = generation, .issued_us = 50 * SECOND};
    return gw_revoked_judge (self->revoked, &identity, self->now_ms);
}

/*  ---- what is revoked ------------------------------------------------------------- */

static void test_a_credential_that_was_revoked_is_refused_and_no_other (void **state)
{
    fixture_t *self = *state;
    s_sweep (self);
    assert_int_equal (s_judge (self, 7, 42, 1), 0);
    s_tell (self, s_one (7, 42));
    assert_int_equal (self->fresh, 1);
    assert_int_equal (s_judge (self, 7, 42, 1), -PT_E_token_revoked);
    assert_int_equal (s_judge (self, 7, 42, 99), -PT_E_token_revoked);
    assert_int_equal (s_judge (self, 7, 43, 1), 0);
    assert_int_equal (s_judge (self, 8, 42, 1), 0);
}

static void test_a_generation_ends_all_before_it_but_the_one_that_is_spared (void **state)
{
    fixture_t *self = *state;
    s_sweep (self);
    s_tell (self, s_all (7, 5, 42));
    assert_int_equal (s_judge (self, 7, 41, 4), -PT_E_token_revoked);
    assert_int_equal (s_judge (self, 7, 41, 0), -PT_E_token_revoked);
    assert_int_equal (s_judge (self, 7, 41, 5), 0);
    assert_int_equal (s_judge (self, 7, 42, 4), 0);
    assert_int_equal (s_judge (self, 7, LIM_ID, 4), -PT_E_token_revoked);
    s_tell (self, s_all (7, 6, 0));
    assert_int_equal (self->fresh, 1);
    assert_int_equal (s_judge (self, 7, 42, 5), -PT_E_token_revoked);
    s_tell (self, s_all (7, 5, 42)); /* late */
    assert_int_equal (self->fresh, 0);
    assert_int_equal (s_judge (self, 7, 42, 5), -PT_E_token_revoked);
    s_tell (self, s_one (7, 77));
    assert_int_equal (s_judge (self, 7, 77, 6), -PT_E_token_revoked);
    assert_int_equal (gw_revoked_count (self->revoked), 2);
}

static void test_what_is_known_is_not_told_again (void **state)
{
    fixture_t *self = *state;
    s_sweep (self);
    s_tell (self, s_one (7, 42));
    assert_int_equal (self->fresh, 1);
    assert_true (self->last.account == 7 && self->last.session == 42);
    self->now_ms += LIM_REVOKED_POLL_MS;
    pt_revocation_t items[] = {s_one (7, 42), s_one (7, 43), s_one (7, 43)};
    s_answer (self, s_tick (self), (pt_revoked_page_t){.items = {items, 3}, .cursor = PT_LIT ("d")});
    assert_int_equal (self->fresh, 1);
    assert_true (self->last.session == 43);
}

static void test_what_says_nothing_is_left_alone (void **state)
{
    fixture_t *self = *state;
    s_sweep (self);
    s_tell (self, (pt_revocation_t){.account = 7, .at = SECOND});
    s_tell (self, (pt_revocation_t){.session = 7, .has_session = true});
    assert_int_equal (gw_revoked_count (self->revoked), 0);
    assert_int_equal (s_judge (self, 7, 7, 0), 0);
}

static void test_whom_a_revocation_hits_is_whom_the_table_refuses (void **state)
{
    fixture_t *self = *state;
    s_sweep (self);
    const pt_revocation_t whats[] = {s_one (7, 42), s_all (7, 5, 42), s_all (7, 5, 0), s_one (8, 42)};
    for (size_t i = 0; i < sizeof whats / sizeof *whats; i++) {
        gw_revoked_t *fresh = gw_revoked_new ();
        assert_non_null (fresh);
        const pt_revocations_t told = {.items = {&whats[i], 1}};
        gw_revoked_step (fresh, &(gw_revoked_event_t){.kind = GW_REVOKED_TOLD, .told = &told}, 1, NULL, NULL,
                         &self->out);
        for (uint64_t session = 41; session <= 43; session++)
            for (uint64_t generation = 3; generation <= 6; generation++) {
                const gw_identity_t identity = {.account = 7, .session = session, .generation = generation};
                assert_int_equal (gw_revoked_hits (&whats[i], &identity), gw_revoked_find (fresh, &identity) != 0);
            }
        gw_revoked_destroy (&fresh);
    }
}

/*  ---- bounds ------------------------------------------------------------------------- */

static void test_what_is_old_enough_is_forgotten (void **state)
{
    fixture_t *self = *state;
    s_sweep (self);
    s_tell (self, s_one (7, 42));
    self->now_ms += 1000;
    s_tell (self, s_one (7, 43));
    self->now_ms += LIM_REVOKED_KEPT_MS - 1000;
    s_sweep (self);
    assert_int_equal (gw_revoked_count (self->revoked), 1);
    assert_int_equal (s_judge (self, 7, 42, 1), 0); /* no token lives so long */
    assert_int_equal (s_judge (self, 7, 43, 1), -PT_E_token_revoked);
    self->now_ms += 1000;
    s_tick (self);
    assert_int_equal (gw_revoked_count (self->revoked), 0);
}

static void test_a_generation_that_is_raised_is_kept_from_then_on (void **state)
{
    fixture_t *self = *state;
    s_sweep (self);
    s_tell (self, s_all (7, 5, 0));
    s_tell (self, s_one (7, 42));
    self->now_ms += LIM_REVOKED_KEPT_MS - 1;
    s_tell (self, s_all (7, 6, 0));
    self->now_ms += 1;
    s_sweep (self);
    assert_int_equal (gw_revoked_count (self->revoked), 1);
    assert_int_equal (s_judge (self, 7, 1, 5), -PT_E_token_revoked);
}

static void test_a_full_table_refuses_old_tokens_rather_than_let_one_through (void **state)
{
    fixture_t *self = *state;
    s_sweep (self);
    pt_revocation_t what = s_one (1, 1);
    s_tell (self, what);
    for (uint64_t i = 2; i <= GW_REVOKED; i++) {
        what = s_one (i, i);
        what.at = (100 + (int64_t)i) * SECOND;
        s_tell (self, what);
    }
    assert_int_equal (gw_revoked_count (self->revoked), GW_REVOKED);
    assert_int_equal (s_judge (self, 1, 1, 1), -PT_E_token_revoked);
    assert_int_equal (s_judge (self, 9999999, 1, 1), 0);
    s_tell (self, s_one (GW_REVOKED + 1, 1));
    assert_int_equal (gw_revoked_count (self->revoked), GW_REVOKED);
    assert_int_equal (s_judge (self, 1, 1, 1), -PT_E_token_expired);
    assert_int_equal (s_judge (self, 9999999, 1, 1), -PT_E_token_expired);
    assert_int_equal (s_judge (self, 2, 2, 1), -PT_E_token_revoked);
    gw_identity_t identity = {.account = 1, .session = 2, .issued_us = 100 * SECOND + GW_REVOKED_SKEW_US};
    assert_int_equal (gw_revoked_find (self->revoked, &identity), 0);
    identity.issued_us--;
    assert_int_equal (gw_revoked_find (self->revoked, &identity), -PT_E_token_expired);
}

/*  ---- sweeps ---------------------------------------------------------------------------- */

static void test_nobody_is_let_in_before_the_first_sweep_is_complete (void **state)
{
    fixture_t *self = *state;
    assert_false (gw_revoked_is_ready (self->revoked));
    assert_int_equal (s_judge (self, 7, 42, 1), -PT_E_unavailable);
    uint64_t question = s_tick (self);
    assert_true (question != 0 && self->out.cursor.len == 0);
    pt_revocation_t one = s_one (7, 42);
    uint64_t next =
        s_answer (self, question,
                  (pt_revoked_page_t){.items = {&one, 1}, .cursor = PT_LIT ("first"), .more = true, .anew = true});
    assert_true (next != 0 && next != question);
    assert_true (pt_str_eq (self->out.cursor, PT_LIT ("first")));
    assert_int_equal (s_judge (self, 8, 42, 1), -PT_E_unavailable);
    assert_true (s_answer (self, next, (pt_revoked_page_t){.cursor = PT_LIT ("second")}) == 0);
    assert_true (gw_revoked_is_ready (self->revoked));
    assert_int_equal (s_judge (self, 8, 42, 1), 0);
    assert_int_equal (s_judge (self, 7, 42, 1), -PT_E_token_revoked);
}

static void test_sweeps_are_asked_for_at_their_pace (void **state)
{
    fixture_t *self = *state;
    s_sweep (self);
    assert_true (s_tick (self) == 0);
    assert_true (self->out.due_ms == self->now_ms + LIM_REVOKED_POLL_MS);
    self->now_ms += LIM_REVOKED_POLL_MS - 1;
    assert_true (s_tick (self) == 0);
    self->now_ms += 1;
    uint64_t question = s_tick (self);
    assert_true (question != 0 && self->out.due_ms == 0 && pt_str_eq (self->out.cursor, PT_LIT ("c")));
    assert_true (s_tick (self) == 0); /* one at a time */
    self->now_ms += 3 * LIM_REVOKED_POLL_MS;
    assert_true (s_answer (self, question, (pt_revoked_page_t){.cursor = PT_LIT ("d")}) != 0); /* late: at once */
}

static void test_a_page_that_promises_more_and_brings_nothing_is_not_believed_at_once (void **state)
{
    fixture_t *self = *state;
    uint64_t question = s_tick (self);
    assert_true (s_answer (self, question, (pt_revoked_page_t){.cursor = PT_LIT ("c"), .more = true}) == 0);
    self->now_ms += LIM_REVOKED_POLL_MS;
    assert_true (s_tick (self) != 0);
    assert_false (gw_revoked_is_ready (self->revoked));
}

static void test_a_failed_question_is_asked_again_and_soon (void **state)
{
    fixture_t *self = *state;
    s_sweep (self);
    self->now_ms += LIM_REVOKED_POLL_MS;
    uint64_t question = s_tick (self);
    assert_true (s_fail (self, question, -PT_E_deadline) == 0);
    assert_true (s_tick (self) == 0);
    self->now_ms += GW_REVOKED_RETRY_MS;
    assert_true (s_tick (self) != 0);
    assert_true (pt_str_eq (self->out.cursor, PT_LIT ("c")));
}

static void test_a_cursor_that_is_refused_is_dropped (void **state)
{
    fixture_t *self = *state;
    s_sweep (self);
    self->now_ms += LIM_REVOKED_POLL_MS;
    s_fail (self, s_tick (self), -PT_E_invalid);
    self->now_ms += GW_REVOKED_RETRY_MS;
    assert_true (s_tick (self) != 0 && self->out.cursor.len == 0);
}

/*  What was committed while the question was on its way may not be in its answer. */
static void test_a_sweep_proves_what_was_committed_before_it_began (void **state)
{
    fixture_t *self = *state;
    uint64_t question = s_tick (self), began_ms = self->now_ms;
    self->now_ms += 1500;
    s_answer (self, question, (pt_revoked_page_t){.cursor = PT_LIT ("c")});
    assert_int_equal (gw_revoked_age_ms (self->revoked, self->now_ms), 1500);
    self->now_ms = began_ms + LIM_REVOKED_BLIND_MS - 1;
    assert_false (gw_revoked_is_blind (self->revoked, self->now_ms));
    assert_true (gw_revoked_is_blind (self->revoked, self->now_ms + 1));
    assert_int_equal (s_judge (self, 7, 42, 1), 0);
    self->now_ms++;
    assert_int_equal (s_judge (self, 7, 42, 1), -PT_E_unavailable);
    assert_true (gw_revoked_is_ready (self->revoked));
}

static void test_who_was_blind_sees_again (void **state)
{
    fixture_t *self = *state;
    s_sweep (self);
    s_tell (self, s_one (7, 42));
    self->now_ms += 3 * LIM_REVOKED_BLIND_MS; /* stopped for so long */
    assert_int_equal (s_judge (self, 7, 42, 1), -PT_E_unavailable);
    s_sweep (self);
    assert_int_equal (s_judge (self, 7, 42, 1), -PT_E_token_revoked);
    assert_int_equal (s_judge (self, 7, 43, 1), 0);
}

static void test_answers_to_older_questions_don_t_move_the_cursor (void **state)
{
    fixture_t *self = *state;
    s_sweep (self);
    self->now_ms += LIM_REVOKED_POLL_MS;
    uint64_t old = s_tick (self);
    s_fail (self, old, -PT_E_deadline);
    self->now_ms += GW_REVOKED_RETRY_MS;
    uint64_t question = s_tick (self);
    pt_revocation_t one = s_one (7, 42);
    s_answer (self, old, (pt_revoked_page_t){.items = {&one, 1}, .cursor = PT_LIT ("stale"), .anew = true});
    assert_int_equal (s_judge (self, 7, 42, 1), -PT_E_token_revoked); /* it is true all the same */
    assert_true (s_fail (self, old, -PT_E_invalid) == 0);
    assert_true (s_answer (self, question, (pt_revoked_page_t){.cursor = PT_LIT ("d")}) == 0);
    self->now_ms += LIM_REVOKED_POLL_MS;
    assert_true (s_tick (self) != 0 && pt_str_eq (self->out.cursor, PT_LIT ("d")));
}

static void test_another_database_adds_to_what_is_known (void **state)
{
    fixture_t *self = *state;
    s_sweep (self);
    s_tell (self, s_one (7, 42));
    self->now_ms += LIM_REVOKED_POLL_MS;
    uint64_t began_ms = self->now_ms, question = s_tick (self);
    pt_revocation_t one = s_one (7, 43);
    question = s_answer (self, question, (pt_revoked_page_t){.items = {&one, 1}, .cursor = PT_LIT ("x"), .more = true});
    self->now_ms += 400;
    pt_revocation_t other = s_one (7, 44);
    question = s_answer (self, question,
                         (pt_revoked_page_t){.items = {&other, 1}, .cursor = PT_LIT ("y"), .more = true, .anew = true});
    self->now_ms += 400;
    s_answer (self, question, (pt_revoked_page_t){.cursor = PT_LIT ("z")});
    for (uint64_t session = 42; session <= 44; session++)
        assert_int_equal (s_judge (self, 7, session, 1), -PT_E_token_revoked);
    assert_int_equal (gw_revoked_age_ms (self->revoked, self->now_ms), 800);
    assert_true (began_ms + 800 == self->now_ms);
}

/*  ---- a walk --------------------------------------------------------------------------------- */

enum { ACCOUNTS = 12, SESSIONS = 8, ROWS = 4000 };

typedef struct {
    uint64_t random;
    pt_revocation_t rows[ROWS]; /* in the order of their commits */
    unsigned count;
    unsigned known; /* rows of complete sweeps */
    uint64_t generations[ACCOUNTS + 1];
} walk_t;

static uint64_t s_random (walk_t *walk, uint64_t below)
{
    walk->random = walk->random * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
    return (walk->random >> 33) % below;
}

static void s_commit (walk_t *walk)
{
    uint64_t account = 1 + s_random (walk, ACCOUNTS), session = 1 + s_random (walk, SESSIONS);
    if (walk->count == ROWS)
        return;
    walk->rows[walk->count++] =
        s_random (walk, 3) ? s_one (account, 100 + session) : s_all (account, ++walk->generations[account], 0);
}

/*  The number in a cursor: the row to go on from. */
static unsigned s_position (pt_str_t cursor)
{
    char text[16] = "";
    snprintf (text, sizeof text, "%.*s", (int)cursor.len, cursor.len ? cursor.at : "");
    return (unsigned)strtoul (text, NULL, 10);
}

/*  Rows from the cursor on, some of them again. */
static uint64_t s_serve (fixture_t *self, walk_t *walk, uint64_t question, unsigned from)
{
    char cursor[16];
    unsigned back = (unsigned)s_random (walk, 4), count = 1 + (unsigned)s_random (walk, 20);
    from -= back < from ? back : from;
    if (count > walk->count - from)
        count = walk->count - from;
    snprintf (cursor, sizeof cursor, "%u", from + count);
    bool is_last = from + count == walk->count;
    const pt_revoked_page_t page = {
        .items = {walk->rows + from, count}, .cursor = pt_str (cursor), .more = !is_last, .anew = from == 0};
    uint64_t next = s_answer (self, question, page);
    if (is_last)
        walk->known = walk->count;
    return next;
}

static bool s_is_revoked (const walk_t *walk, unsigned count, const gw_identity_t *identity)
{
    for (unsigned i = 0; i < count; i++)
        if (gw_revoked_hits (&walk->rows[i], identity))
            return true;
    return false;
}

/*  What was committed before the last complete sweep is refused; what was never
    committed is not. */
static void s_check (fixture_t *self, walk_t *walk)
{
    const gw_identity_t identity = {.account = 1 + s_random (walk, ACCOUNTS),
                                    .session = 101 + s_random (walk, SESSIONS),
                                    .generation = s_random (walk, 40),
                                    .issued_us = SECOND};
    int found = gw_revoked_find (self->revoked, &identity);
    if (s_is_revoked (walk, walk->known, &identity))
        assert_int_equal (found, -PT_E_token_revoked);
    else if (!s_is_revoked (walk, walk->count, &identity))
        assert_int_equal (found, 0);
}

static void s_walk (fixture_t *self, uint64_t seed)
{
    walk_t *walk = calloc (1, sizeof *walk);
    assert_non_null (walk);
    walk->random = seed;
    uint64_t question = 0;
    unsigned from = 0;
    for (unsigned i = 0; i < 6000; i++) {
        self->now_ms += s_random (walk, 100) ? s_random (walk, 50) : s_random (walk, 100000);
        uint64_t what = s_random (walk, 10), asked = 0;
        if (what < 3)
            s_commit (walk);
        else if (what == 3 && walk->count > 0)
            asked = s_tell (self, walk->rows[s_random (walk, walk->count)]);
        else if (what == 4 && question) {
            asked = s_fail (self, question, s_random (walk, 5) ? -PT_E_deadline : -PT_E_invalid);
            question = 0;
        } else if (what < 8 && question) {
            asked = s_serve (self, walk, question, from);
            question = 0;
        } else
            asked = s_tick (self);
        if (asked) {
            assert_true (question == 0 || what == 3);
            question = asked;
            from = s_position (self->out.cursor);
        }
        s_check (self, walk);
    }
    assert_true (walk->known > 0);
    free (walk);
}

static void test_a_seeded_walk_never_misses_what_was_swept (void **state)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        s_walk (*state, seed);
        s_teardown (state);
        s_setup (state);
    }
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (test_a_credential_that_was_revoked_is_refused_and_no_other),
        TEST (test_a_generation_ends_all_before_it_but_the_one_that_is_spared),
        TEST (test_what_is_known_is_not_told_again),
        TEST (test_what_says_nothing_is_left_alone),
        TEST (test_whom_a_revocation_hits_is_whom_the_table_refuses),
        TEST (test_what_is_old_enough_is_forgotten),
        TEST (test_a_generation_that_is_raised_is_kept_from_then_on),
        TEST (test_a_full_table_refuses_old_tokens_rather_than_let_one_through),
        TEST (test_nobody_is_let_in_before_the_first_sweep_is_complete),
        TEST (test_sweeps_are_asked_for_at_their_pace),
        TEST (test_a_page_that_promises_more_and_brings_nothing_is_not_believed_at_once),
        TEST (test_a_failed_question_is_asked_again_and_soon),
        TEST (test_a_cursor_that_is_refused_is_dropped),
        TEST (test_a_sweep_proves_what_was_committed_before_it_began),
        TEST (test_who_was_blind_sees_again),
        TEST (test_answers_to_older_questions_don_t_move_the_cursor),
        TEST (test_another_database_adds_to_what_is_known),
        TEST (test_a_seeded_walk_never_misses_what_was_swept),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
