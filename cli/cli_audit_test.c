/*  cli_audit_test - a paper store of rooms is asked to its end, and what its
    answers say is counted. */

#include "cli_audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROOMS = LIM_VERIFY_ROOMS * 2 + 5, SLICE = 10, QUESTIONS_MAX = 1000 };

/*  Rooms 1 .. ROOMS; a room has `items` items, and `hole` is a number that is missing. */
typedef struct {
    struct {
        uint64_t items, members, hole;
        bool is_gone, is_lost;
    } rooms[ROOMS + 1];
    bool is_unguarded;
    unsigned questions;
    cli_audit_t *audit;
} paper_t;

static int s_open (void **state)
{
    paper_t *paper = calloc (1, sizeof (*paper));
    assert_non_null (paper);
    for (int i = 1; i <= ROOMS; i++) {
        paper->rooms[i].items = 3;
        paper->rooms[i].members = 2;
    }
    paper->audit = cli_audit_new (NULL, 0, NULL);
    assert_non_null (paper->audit);
    *state = paper;
    return 0;
}

static int s_close (void **state)
{
    paper_t *paper = *state;
    cli_audit_destroy (&paper->audit);
    free (paper);
    return 0;
}

static void s_check (const paper_t *paper, uint64_t room, const pt_verify_query_t *query, pt_room_check_t *out)
{
    uint64_t items = paper->rooms[room].items, members = paper->rooms[room].members;
    uint64_t last = query->after_seq + SLICE < items ? query->after_seq + SLICE : items;
    uint64_t member = query->after_member + SLICE < members ? query->after_member + SLICE : members;
    bool is_holed = paper->rooms[room].hole > query->after_seq && paper->rooms[room].hole <= last;
    *out = (pt_room_check_t){.room = room,
                             .exists = !paper->rooms[room].is_lost,
                             .head = items,
                             .items = last - query->after_seq - is_holed,
                             .last_seq = last,
                             .missing = is_holed,
                             .hole = is_holed ? paper->rooms[room].hole : 0,
                             .has_hole = is_holed,
                             .members = member - query->after_member,
                             .last_member = member,
                             .more_items = last < items,
                             .more_members = member < members};
}

static void s_answer (paper_t *paper, const pt_verify_query_t *query)
{
    pt_room_check_t checks[LIM_VERIFY_ROOMS];
    pt_verify_page_t page = {.rooms = {checks, 0}, .last = query->after, .guarded = !paper->is_unguarded};
    uint64_t seen = 0;
    for (uint64_t room = query->after + 1; room <= ROOMS && seen < query->limit; room++, seen++) {
        page.last = room;
        if (!paper->rooms[room].is_gone)
            s_check (paper, room, query, &checks[page.rooms.count++]);
    }
    page.more = seen == query->limit;
    cli_audit_take (paper->audit, &page);
}

static void s_run (paper_t *paper)
{
    cli_audit_question_t question;
    while (cli_audit_next (paper->audit, &question)) {
        assert_int_equal (question.opcode, PT_OP_store_verify);
        assert_in_range (question.msg.verify.limit, 1, LIM_VERIFY_ROOMS);
        assert_in_range (++paper->questions, 1, QUESTIONS_MAX);
        s_answer (paper, &question.msg.verify);
    }
}

static void every_room_is_looked_at_once (void **state)
{
    paper_t *paper = *state;
    s_run (paper);
    assert_int_equal (paper->questions, 3);
    assert_int_equal (cli_audit_rooms (paper->audit), ROOMS);
    assert_int_equal (cli_audit_items (paper->audit), ROOMS * 3);
    assert_true (cli_audit_is_good (paper->audit));
}

static void large_rooms_are_followed_to_their_end (void **state)
{
    paper_t *paper = *state;
    for (int i = 1; i <= LIM_VERIFY_ROOMS; i++) /* as many as one page has */
        paper->rooms[i].items = 35;
    paper->rooms[LIM_VERIFY_ROOMS + 1].members = 25;
    paper->rooms[3].hole = 34;
    s_run (paper);
    assert_int_equal (cli_audit_rooms (paper->audit), ROOMS);
    assert_int_equal (cli_audit_items (paper->audit), LIM_VERIFY_ROOMS * 35 + (ROOMS - LIM_VERIFY_ROOMS) * 3 - 1);
    assert_int_equal (cli_audit_found (paper->audit, CLI_AUDIT_MISSING), 1);
    assert_false (cli_audit_is_good (paper->audit));
}

static void rooms_that_were_named_are_all_that_is_asked_for (void **state)
{
    paper_t *paper = *state;
    const uint64_t rooms[] = {7, 60, ROOMS};
    cli_audit_destroy (&paper->audit);
    paper->audit = cli_audit_new (rooms, 3, NULL);
    assert_non_null (paper->audit);
    paper->rooms[60].is_gone = true;
    paper->rooms[7].items = 15;
    s_run (paper);
    assert_int_equal (paper->questions, 4);
    assert_int_equal (cli_audit_rooms (paper->audit), 2);
    assert_int_equal (cli_audit_found (paper->audit, CLI_AUDIT_ABSENT), 1);
}

static void a_room_deleted_between_two_slices_is_no_fault (void **state)
{
    paper_t *paper = *state;
    paper->rooms[5].items = 50;
    cli_audit_question_t question;
    assert_true (cli_audit_next (paper->audit, &question));
    s_answer (paper, &question.msg.verify);
    paper->rooms[5].is_gone = true;
    s_run (paper);
    assert_true (cli_audit_is_good (paper->audit));
}

static void a_lost_room_and_missing_keys_are_findings (void **state)
{
    paper_t *paper = *state;
    paper->rooms[9].is_lost = true;
    paper->rooms[9].hole = 2;
    paper->is_unguarded = true;
    s_run (paper);
    assert_int_equal (cli_audit_found (paper->audit, CLI_AUDIT_ORPHANED), 2);
    assert_int_equal (cli_audit_found (paper->audit, CLI_AUDIT_MISSING), 0);
    assert_int_equal (cli_audit_found (paper->audit, CLI_AUDIT_UNGUARDED), 1);
}

/*  A store that says "more" and never moves must not hold the audit for ever. */
static void a_store_that_gets_nowhere_is_not_asked_for_ever (void **state)
{
    paper_t *paper = *state;
    pt_room_check_t check = {.room = 1, .exists = true, .more_items = true, .more_members = true};
    pt_verify_page_t page = {.rooms = {&check, 1}, .last = 0, .more = true, .guarded = true};
    cli_audit_question_t question;
    while (cli_audit_next (paper->audit, &question)) {
        assert_in_range (++paper->questions, 1, 10);
        cli_audit_take (paper->audit, &page);
    }
}

static void acknowledgements_are_compared_after_the_rooms (void **state)
{
    paper_t *paper = *state;
    vf_acks_t *acks = vf_acks_new ();
    assert_non_null (acks);
    vf_event_t event = {
        .client = PT_LIT ("c"), .kind = VF_SEND, .op = VF_OK, .room = 4, .seq = 2, .cmid = PT_LIT ("m")};
    assert_int_equal (vf_acks_add (acks, &event), 0);
    event.room = 5;
    assert_int_equal (vf_acks_add (acks, &event), 0);
    cli_audit_destroy (&paper->audit);
    paper->audit = cli_audit_new (NULL, 0, acks);
    assert_non_null (paper->audit);
    pt_item_t item = {.room = 4,
                      .seq = 2,
                      .kind = PT_item_kind_MESSAGE,
                      .send_id = PT_LIT ("another"),
                      .body = PT_LIT (""),
                      .has_body = true};
    pt_history_page_t page = {.items = {&item, 1}, .head = 2};
    cli_audit_question_t question;
    unsigned ranges = 0;
    while (cli_audit_next (paper->audit, &question)) {
        if (question.opcode == PT_OP_store_verify)
            s_answer (paper, &question.msg.verify);
        else
            cli_audit_take (paper->audit, ranges++ == 0 ? &page : NULL);
    }
    assert_int_equal (ranges, 2);
    assert_int_equal (cli_audit_rooms (paper->audit), ROOMS);
    assert_int_equal (cli_audit_found (paper->audit, CLI_AUDIT_CHANGED), 1);
    assert_int_equal (cli_audit_found (paper->audit, CLI_AUDIT_LOST), 1);
    vf_acks_destroy (&acks);
}

static void findings_are_printed_for_people_and_for_machines (void **state)
{
    paper_t *paper = *state;
    paper->rooms[6].hole = 2;
    s_run (paper);
    pt_buf_t buf;
    pt_buf_init (&buf, 65536);
    cli_audit_print (paper->audit, &buf);
    pt_buf_put (&buf, "", 1);
    assert_non_null (strstr ((const char *)buf.at, "missing: room 6, seq 2: no item has this number\n"));
    assert_non_null (strstr ((const char *)buf.at, "What is stored is not whole.\n"));
    assert_null (strstr ((const char *)buf.at, "acknowledged"));
    pt_buf_fini (&buf);
    pt_buf_init (&buf, 65536);
    cli_audit_print_json (paper->audit, &buf);
    pt_buf_put (&buf, "", 1);
    assert_non_null (strstr ((const char *)buf.at, "\"good\":false"));
    assert_non_null (strstr ((const char *)buf.at, "\"missing\":1"));
    assert_non_null (strstr ((const char *)buf.at, "\"room\":\"6\",\"seq\":2"));
    pt_buf_fini (&buf);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_open, s_close)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (every_room_is_looked_at_once),
        TEST (large_rooms_are_followed_to_their_end),
        TEST (rooms_that_were_named_are_all_that_is_asked_for),
        TEST (a_room_deleted_between_two_slices_is_no_fault),
        TEST (a_lost_room_and_missing_keys_are_findings),
        TEST (a_store_that_gets_nowhere_is_not_asked_for_ever),
        TEST (acknowledgements_are_compared_after_the_rooms),
        TEST (findings_are_printed_for_people_and_for_machines),
    };
    return cmocka_run_group_tests_name ("cli_audit", tests, NULL, NULL);
}
