/*  chat_group_test - groups as a pure structure: who is a member, for how long, repeats, and every maximum. */

#include "chat_group.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the headers above first */
#include <cmocka.h>

typedef struct {
    chat_group_t *core;
    uint64_t now_ms, call;
    unsigned told;
    char names[1024]; /* of whom the last send went to */
} rig_t;

static int s_set_up (void **state)
{
    rig_t *rig = calloc (1, sizeof *rig);
    assert_non_null (rig);
    rig->core = chat_group_new ();
    assert_non_null (rig->core);
    *state = rig;
    return 0;
}

static int s_tear_down (void **state)
{
    rig_t *rig = *state;
    chat_group_destroy (&rig->core);
    free (rig);
    return 0;
}

static int s_add (rig_t *rig, const char *group, const char *channel)
{
    return chat_group_add (rig->core, pt_str (group), pt_str (channel), ++rig->call, rig->now_ms);
}

static int s_discard (rig_t *rig, const char *group, const char *channel)
{
    return chat_group_discard (rig->core, pt_str (group), pt_str (channel), ++rig->call, rig->now_ms);
}

static void s_note (void *ctx, pt_str_t channel)
{
    rig_t *rig = ctx;
    rig->told++;
    size_t len = strlen (rig->names);
    snprintf (rig->names + len, sizeof rig->names - len, "%.*s ", (int)channel.len, channel.at);
}

/*  How many the send of `call` goes to. */
static unsigned s_send_as (rig_t *rig, const char *group, uint64_t call)
{
    rig->told = 0;
    *rig->names = '\0';
    assert_int_equal (chat_group_send (rig->core, pt_str (group), call, rig->now_ms, s_note, rig), 0);
    return rig->told;
}

static unsigned s_send (rig_t *rig, const char *group)
{
    return s_send_as (rig, group, ++rig->call);
}

static void each_member_is_told_once_and_nobody_else (void **state)
{
    rig_t *rig = *state;
    assert_int_equal (s_send (rig, "g"), 0);
    assert_int_equal (s_add (rig, "g", "a"), 0);
    assert_int_equal (s_add (rig, "g", "b"), 0);
    assert_int_equal (s_add (rig, "g", "a"), 0);
    assert_int_equal (s_add (rig, "h", "c"), 0);
    assert_int_equal (s_send (rig, "g"), 2);
    assert_non_null (strstr (rig->names, "a "));
    assert_non_null (strstr (rig->names, "b "));
    assert_int_equal (s_send (rig, "h"), 1);
    assert_string_equal (rig->names, "c ");
}

static void who_is_discarded_is_told_nothing_more (void **state)
{
    rig_t *rig = *state;
    assert_int_equal (s_add (rig, "g", "a"), 0);
    assert_int_equal (s_add (rig, "g", "b"), 0);
    assert_int_equal (s_discard (rig, "g", "a"), 0);
    assert_int_equal (s_discard (rig, "g", "a"), 0);
    assert_int_equal (s_discard (rig, "no such group", "a"), 0);
    assert_int_equal (s_send (rig, "g"), 1);
    assert_string_equal (rig->names, "b ");
    assert_int_equal (s_discard (rig, "g", "b"), 0);
    assert_int_equal (s_send (rig, "g"), 0);
}

static void a_membership_ends_a_day_after_the_last_addition (void **state)
{
    rig_t *rig = *state;
    assert_int_equal (s_add (rig, "g", "a"), 0);
    assert_int_equal (s_add (rig, "g", "b"), 0);
    rig->now_ms += CHAT_GROUP_KEPT_MS - 1;
    assert_int_equal (s_add (rig, "g", "a"), 0);
    assert_int_equal (s_send (rig, "g"), 2);
    rig->now_ms += 1;
    assert_int_equal (s_send (rig, "g"), 1);
    assert_string_equal (rig->names, "a ");
    rig->now_ms += CHAT_GROUP_KEPT_MS;
    assert_int_equal (s_send (rig, "g"), 0);
}

static void a_repeat_changes_nothing (void **state)
{
    rig_t *rig = *state;
    assert_int_equal (s_add (rig, "g", "a"), 0);
    uint64_t added = rig->call;
    assert_int_equal (s_discard (rig, "g", "a"), 0);
    assert_int_equal (chat_group_add (rig->core, PT_LIT ("g"), PT_LIT ("a"), added, rig->now_ms), 0);
    assert_int_equal (s_send (rig, "g"), 0);
    uint64_t sent = rig->call;
    assert_int_equal (s_add (rig, "g", "b"), 0);
    assert_int_equal (s_send_as (rig, "g", sent), 0);
    assert_int_equal (s_send (rig, "g"), 1);
}

static void beyond_its_maximum_a_group_takes_nobody (void **state)
{
    rig_t *rig = *state;
    char name[16];
    for (unsigned i = 0; i < CHAT_GROUP_MEMBERS; i++) {
        snprintf (name, sizeof name, "c%u", i);
        assert_int_equal (s_add (rig, "g", name), 0);
    }
    assert_int_equal (s_add (rig, "g", "one more"), -PT_E_too_many);
    assert_int_equal (s_add (rig, "g", "c3"), 0);
    assert_int_equal (s_send (rig, "g"), CHAT_GROUP_MEMBERS);
    assert_int_equal (s_discard (rig, "g", "c3"), 0);
    assert_int_equal (s_add (rig, "g", "one more"), 0);
}

static void beyond_their_maximum_no_group_begins (void **state)
{
    rig_t *rig = *state;
    char name[16];
    for (unsigned i = 0; i < CHAT_GROUPS; i++) {
        snprintf (name, sizeof name, "g%u", i);
        assert_int_equal (s_add (rig, name, "a"), 0);
    }
    assert_int_equal (s_add (rig, "one more", "a"), -PT_E_too_many);
    assert_int_equal (s_discard (rig, "g5", "a"), 0);
    assert_int_equal (s_add (rig, "one more", "a"), 0);
}

static void beyond_the_maximum_of_all_groups_nobody_is_taken (void **state)
{
    rig_t *rig = *state;
    char group[16], name[16];
    for (unsigned i = 0; i < CHAT_GROUP_ALL; i++) {
        if (i == CHAT_GROUP_ALL / 2)
            rig->now_ms += LIM_DEADLINE_MS; /* what is remembered of the first half makes room */
        snprintf (group, sizeof group, "g%u", i / CHAT_GROUP_MEMBERS);
        snprintf (name, sizeof name, "c%u", i);
        assert_int_equal (s_add (rig, group, name), 0);
    }
    assert_int_equal (s_add (rig, "other", "c"), -PT_E_too_many);
    assert_int_equal (s_send (rig, "other"), 0);
}

static void too_many_calls_to_remember_are_busy (void **state)
{
    rig_t *rig = *state;
    unsigned i = 0;
    while (s_discard (rig, "g", "a") == 0)
        i++;
    assert_int_equal (i, 16384);
    assert_int_equal (s_add (rig, "g", "a"), -PT_E_busy);
    assert_int_equal (chat_group_send (rig->core, PT_LIT ("g"), ++rig->call, rig->now_ms, s_note, rig), -PT_E_busy);
    rig->now_ms += LIM_DEADLINE_MS;
    assert_int_equal (s_add (rig, "g", "a"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (each_member_is_told_once_and_nobody_else),         TEST (who_is_discarded_is_told_nothing_more),
        TEST (a_membership_ends_a_day_after_the_last_addition),  TEST (a_repeat_changes_nothing),
        TEST (beyond_its_maximum_a_group_takes_nobody),          TEST (beyond_their_maximum_no_group_begins),
        TEST (beyond_the_maximum_of_all_groups_nobody_is_taken), TEST (too_many_calls_to_remember_are_busy),
    };
    return cmocka_run_group_tests_name ("chat_group", tests, NULL, NULL);
}
