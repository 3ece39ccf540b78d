/*  Tests of what `parley verify --logs` says. */

#include "cli_verify.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT_MAX 65536

/*  The verdict on one acknowledged send, which the rooms' final items hold or not. */
static void s_print (bool has_final, uint64_t stored_hash, pt_buf_t *out)
{
    static const vf_limits_t limits = {0};
    const vf_event_t events[] = {
        {.client = PT_LIT ("c"), .op = VF_OK, .kind = VF_CLIENT, .account = 7},
        {.client = PT_LIT ("c"), .op = VF_INVOKE, .kind = VF_SEND, .room = 1, .cmid = PT_LIT ("a"), .bodyhash = 9},
        {.client = PT_LIT ("c"), .op = VF_OK, .kind = VF_SEND, .room = 1, .cmid = PT_LIT ("a"), .seq = 1},
        {.client = PT_LIT ("final"),
         .op = VF_OK,
         .kind = VF_ITEM,
         .account = 7,
         .room = 1,
         .cmid = PT_LIT ("a"),
         .bodyhash = stored_hash,
         .seq = 1},
    };
    vf_judge_t *judge = vf_judge_new (&limits);
    assert_non_null (judge);
    for (size_t i = 0; i < (has_final ? 4u : 3u); i++)
        assert_int_equal (vf_judge_add (judge, &events[i]), 0);
    vf_counts_t counts;
    assert_int_equal (vf_judge_finish (judge, &counts), !has_final || stored_hash == 9);
    pt_buf_init (out, TEXT_MAX);
    cli_verify_print (judge, &counts, NULL, out);
    vf_judge_destroy (&judge);
}

static bool s_says (const pt_buf_t *buf, const char *text)
{
    return memmem (buf->at, buf->len, text, strlen (text)) != NULL;
}

static void what_is_acknowledged_and_stored_held (void **state)
{
    (void)state;
    pt_buf_t buf;
    s_print (true, 9, &buf);
    assert_true (s_says (&buf, "Everything acknowledged held."));
    pt_buf_fini (&buf);
}

static void what_is_stored_otherwise_did_not_hold (void **state)
{
    (void)state;
    pt_buf_t buf;
    s_print (true, 8, &buf);
    assert_true (s_says (&buf, "Something acknowledged did not hold."));
    pt_buf_fini (&buf);
}

static void without_final_items_nothing_is_said_about_the_store (void **state)
{
    (void)state;
    pt_buf_t buf;
    s_print (false, 0, &buf);
    assert_true (s_says (&buf, "was not judged"));
    assert_false (s_says (&buf, "Everything acknowledged held."));
    pt_buf_fini (&buf);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_is_acknowledged_and_stored_held),
        cmocka_unit_test (what_is_stored_otherwise_did_not_hold),
        cmocka_unit_test (without_final_items_nothing_is_said_about_the_store),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
