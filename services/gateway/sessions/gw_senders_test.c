/*  gw_senders_test - what is remembered of who sends, for how long, and how much of it. */

#include "gw_senders.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void s_put (gw_senders_t *self, uint64_t id, const char *login, uint64_t now_ms)
{
    const pt_person_t person = {
        .id = id, .login = pt_str (login), .has_login = true, .email = PT_LIT ("a@x.io"), .has_email = true};
    gw_senders_put (self, &person, now_ms);
}

static void s_expect (gw_senders_t *self, uint64_t id, const char *login, uint64_t now_ms)
{
    const gw_sender_t *sender = gw_senders_get (self, id, now_ms);
    if (!login) {
        assert_null (sender);
        return;
    }
    assert_non_null (sender);
    assert_true (pt_str_eq (sender->name, pt_str (login)));
    assert_true (pt_str_eq (sender->email, PT_LIT ("a@x.io")));
}

static void test_the_last_that_was_learnt_of_somebody_counts (void **state)
{
    (void)state;
    gw_senders_t *self = gw_senders_new (8);
    s_expect (self, 1, NULL, 0);
    s_put (self, 1, "ann", 0);
    s_put (self, 2, "bob", 0);
    s_put (self, 1, "anna", 1);
    s_expect (self, 1, "anna", 1);
    s_expect (self, 2, "bob", 1);
    const pt_person_t nameless = {.id = 3};
    gw_senders_put (self, &nameless, 1);
    assert_int_equal (gw_senders_get (self, 3, 1)->name.len + gw_senders_get (self, 3, 1)->email.len, 0);
    gw_senders_destroy (&self);
    assert_null (self);
}

static void test_nothing_is_remembered_for_more_than_two_spans (void **state)
{
    (void)state;
    const uint64_t span = GW_SENDERS_MS;
    gw_senders_t *self = gw_senders_new (8);
    s_put (self, 1, "ann", 1000);
    s_expect (self, 1, "ann", 1000 + span);
    s_put (self, 1, "anna", 1000 + span);
    s_expect (self, 1, "anna", 1000 + 2 * span);
    s_expect (self, 1, NULL, 1000 + 3 * span);
    s_put (self, 1, "ann", 1000 + 3 * span);
    s_expect (self, 1, NULL, 1000 + 9 * span);
    gw_senders_destroy (&self);
}

static void test_beyond_the_bound_the_older_half_is_forgotten (void **state)
{
    (void)state;
    gw_senders_t *self = gw_senders_new (100);
    char login[16];
    unsigned known = 0;
    for (uint64_t id = 1; id <= 1000; id++) {
        snprintf (login, sizeof login, "n%u", (unsigned)id);
        s_put (self, id, login, 5);
    }
    for (uint64_t id = 1; id <= 1000; id++)
        known += gw_senders_get (self, id, 5) != NULL;
    assert_in_range (known, 100, 200);
    s_expect (self, 1000, "n1000", 5);
    s_expect (self, 1, NULL, 5);
    gw_senders_destroy (&self);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_the_last_that_was_learnt_of_somebody_counts),
        cmocka_unit_test (test_nothing_is_remembered_for_more_than_two_spans),
        cmocka_unit_test (test_beyond_the_bound_the_older_half_is_forgotten),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
