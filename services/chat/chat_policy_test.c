/*  chat_policy_test - vectors for the rules beyond the schema. */

#include "chat_policy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the headers above first */
#include <cmocka.h>

#define COUNT(list) (sizeof (list) / sizeof (list)[0])

/*  Checks that exactly these faults ("field code", in order) were found. */
static void s_assert_faults (const char *row, int rc, const pt_error_t *error, const char *const *faults)
{
    uint32_t count = 0;
    for (; faults[count]; count++) {
        if (count >= error->errors.count)
            fail_msg ("%s: fault %s was not found", row, faults[count]);
        const pt_field_error_t *found = error->errors.at + count;
        char text[256];
        snprintf (text, sizeof text, "%.*s %.*s", (int)found->field.len, found->field.at, (int)found->code.len,
                  found->code.at);
        if (strcmp (text, faults[count]) != 0)
            fail_msg ("%s: found `%s`, not `%s`", row, text, faults[count]);
    }
    if (error->errors.count != count)
        fail_msg ("%s: %u faults, not %u", row, error->errors.count, count);
    assert_int_equal (rc, count ? -PT_E_invalid : 0);
}

static void a_send_names_its_field_and_place (void **state)
{
    (void)state;
    static const struct {
        const char *send_id, *body;
        const char *faults[3];
    } rows[] = {
        {"a", "hello", {NULL}},
        {"a", " x ", {NULL}},
        {"a", "line\x01", {NULL}}, /* a body may hold anything, once it shows something */
        {"a", " \n", {"sends.3.body too_short"}},
        {"a\n", "hello", {"sends.3.send_id encoding"}},
        {"\x7f", "\t", {"sends.3.send_id encoding", "sends.3.body too_short"}},
    };
    for (size_t i = 0; i < COUNT (rows); i++) {
        pt_arena_t *arena = pt_arena_new (65536);
        pt_error_t error = {0};
        pt_send_entry_t entry = {.send_id = pt_str (rows[i].send_id), .body = pt_str (rows[i].body)};
        int rc = chat_policy_send (&entry, 3, false, arena, &error);
        char row[16];
        snprintf (row, sizeof row, "row %zu", i);
        s_assert_faults (row, rc, &error, rows[i].faults);
        pt_arena_destroy (&arena);
    }
}

static void a_body_may_be_empty_beside_files_alone (void **state)
{
    (void)state;
    static const uint64_t file = 7;
    static const struct {
        const char *what, *body;
        bool has_list;
        uint32_t files;
        const char *faults[2];
    } rows[] = {
        {"a file", "", true, 1, {NULL}},
        {"both", "see", true, 1, {NULL}},
        {"white space and a file", " ", true, 1, {"sends.0.body too_short"}},
        {"an empty list", "", true, 0, {"sends.0.body too_short"}},
        {"nothing", "", false, 0, {"sends.0.body too_short"}},
    };
    for (size_t i = 0; i < COUNT (rows); i++) {
        pt_arena_t *arena = pt_arena_new (65536);
        pt_error_t error = {0};
        pt_send_entry_t entry = {.send_id = PT_LIT ("a"),
                                 .body = pt_str (rows[i].body),
                                 .attachments = {&file, rows[i].files},
                                 .has_attachments = rows[i].has_list};
        s_assert_faults (rows[i].what, chat_policy_send (&entry, 0, false, arena, &error), &error, rows[i].faults);
        pt_arena_destroy (&arena);
    }
}

static void a_new_room_obeys_its_kind (void **state)
{
    (void)state;
    static const uint64_t other[] = {2, 3}, self[] = {1};
    static const struct {
        const char *what;
        pt_room_kind_t kind;
        const char *name, *topic;
        const uint64_t *members;
        uint32_t member_count;
        const char *faults[4];
    } rows[] = {
        {"group by default", PT_room_kind_none, "n", NULL, NULL, 0, {NULL}},
        {"group with members", PT_room_kind_GROUP, "n", "t", other, 2, {NULL}},
        {"public", PT_room_kind_PUBLIC, "n", "two\nlines", NULL, 0, {NULL}},
        {"no name", PT_room_kind_GROUP, NULL, NULL, NULL, 0, {"name missing"}},
        {"no name, no kind", PT_room_kind_none, NULL, NULL, NULL, 0, {"name missing"}},
        {"no name, public", PT_room_kind_PUBLIC, NULL, NULL, NULL, 0, {"name missing"}},
        {"blank name", PT_room_kind_GROUP, " \t", NULL, NULL, 0, {"name encoding"}},
        {"spaces", PT_room_kind_GROUP, "  ", NULL, NULL, 0, {"name too_short"}},
        {"bad name and topic", PT_room_kind_GROUP, "a\n", "b\x01", NULL, 0, {"name encoding", "topic encoding"}},
        {"direct", PT_room_kind_DIRECT, NULL, NULL, other, 1, {NULL}},
        {"direct with a name", PT_room_kind_DIRECT, "n", NULL, other, 1, {NULL}},
        {"direct with nobody", PT_room_kind_DIRECT, NULL, NULL, NULL, 0, {"members missing"}},
        {"direct with an empty list", PT_room_kind_DIRECT, NULL, NULL, other, 0, {"members too_short"}},
        {"direct with two", PT_room_kind_DIRECT, NULL, NULL, other, 2, {"members too_long"}},
        {"direct with oneself", PT_room_kind_DIRECT, NULL, NULL, self, 1, {"members.0 not_one_of"}},
    };
    for (size_t i = 0; i < COUNT (rows); i++) {
        pt_arena_t *arena = pt_arena_new (65536);
        pt_error_t error = {0};
        pt_room_create_t room = {.account = 1, .key = PT_LIT ("k")};
        room.kind = rows[i].kind;
        room.has_kind = rows[i].kind != PT_room_kind_none;
        room.has_name = rows[i].name != NULL;
        room.name = pt_str (rows[i].name ? rows[i].name : "");
        room.has_topic = rows[i].topic != NULL;
        room.topic = pt_str (rows[i].topic ? rows[i].topic : "");
        room.has_members = rows[i].members != NULL;
        room.members = (pt_ids_t){rows[i].members, rows[i].member_count};
        s_assert_faults (rows[i].what, chat_policy_room_create (&room, arena, &error), &error, rows[i].faults);
        pt_arena_destroy (&arena);
    }
}

static void a_room_without_kind_is_a_group (void **state)
{
    (void)state;
    pt_room_create_t room = {.account = 1};
    assert_int_equal (chat_policy_room_kind (&room), PT_room_kind_GROUP);
    room.has_kind = true;
    room.kind = PT_room_kind_PUBLIC;
    assert_int_equal (chat_policy_room_kind (&room), PT_room_kind_PUBLIC);
}

static void an_update_obeys_the_rules_of_a_new_room (void **state)
{
    (void)state;
    static const struct {
        const char *name, *topic;
        const char *faults[3];
    } rows[] = {
        {NULL, NULL, {NULL}},
        {"new", "", {NULL}},
        {" ", NULL, {"name too_short"}},
        {"a\x02", "b\x02", {"name encoding", "topic encoding"}},
    };
    for (size_t i = 0; i < COUNT (rows); i++) {
        pt_arena_t *arena = pt_arena_new (65536);
        pt_error_t error = {0};
        pt_room_update_t update = {.account = 1, .room = 2, .key = PT_LIT ("k")};
        update.has_name = rows[i].name != NULL;
        update.name = pt_str (rows[i].name ? rows[i].name : "");
        update.has_topic = rows[i].topic != NULL;
        update.topic = pt_str (rows[i].topic ? rows[i].topic : "");
        s_assert_faults ("update", chat_policy_room_update (&update, arena, &error), &error, rows[i].faults);
        pt_arena_destroy (&arena);
    }
}

static void history_goes_one_way (void **state)
{
    (void)state;
    static const struct {
        bool after, before, around, before_at;
        const char *faults[2];
    } rows[] = {
        {false, false, false, false, {NULL}},
        {true, false, false, false, {NULL}},
        {false, true, false, false, {NULL}},
        {false, false, true, false, {NULL}},
        {false, false, false, true, {NULL}},
        {true, true, false, false, {"before not_one_of"}},
        {true, false, true, false, {"around not_one_of"}},
        {false, true, true, false, {"around not_one_of"}},
        {true, true, true, false, {"around not_one_of"}},
        {true, false, false, true, {"before not_one_of"}},
        {false, false, true, true, {"around not_one_of"}},
    };
    for (size_t i = 0; i < COUNT (rows); i++) {
        pt_arena_t *arena = pt_arena_new (65536);
        pt_error_t error = {0};
        pt_history_query_t query = {.account = 1, .room = 2, .after = 1, .before = 1, .around = 1};
        query.has_after = rows[i].after;
        query.has_before = rows[i].before;
        query.has_around = rows[i].around;
        query.has_before_at = rows[i].before_at;
        s_assert_faults ("history", chat_policy_history (&query, arena, &error), &error, rows[i].faults);
        pt_arena_destroy (&arena);
    }
}

static void to_remove_oneself_is_to_leave (void **state)
{
    (void)state;
    assert_int_equal (chat_policy_removal (1, 1), PT_change_LEFT);
    assert_int_equal (chat_policy_removal (1, 2), PT_change_KICKED);
}

static void a_room_of_a_dialect_has_the_dialects_kind (void **state)
{
    (void)state;
    static const struct {
        pt_room_dialect_t dialect;
        const char *faults[3];
    } rows[] = {
        {PT_room_dialect_PUBLIC, {"name missing"}},       {PT_room_dialect_CHAT, {"name missing"}},
        {PT_room_dialect_MEMBER, {"name missing"}},       {PT_room_dialect_CLOCK, {NULL}},
        {PT_room_dialect_OPEN, {"room_address missing"}},
    };
    for (size_t i = 0; i < COUNT (rows); i++) {
        pt_arena_t *arena = pt_arena_new (65536);
        pt_error_t error = {0};
        pt_room_create_t create = {.account = 1, .dialect = rows[i].dialect, .has_dialect = true};
        create.kind = PT_room_kind_DIRECT; /* is not asked */
        create.has_kind = true;
        s_assert_faults ("dialect", chat_policy_room_create (&create, arena, &error), &error, rows[i].faults);
        pt_arena_destroy (&arena);
    }
}

static void open_rooms_alone_are_given_an_address (void **state)
{
    (void)state;
    static const struct {
        pt_room_dialect_t dialect; /* none: native */
        const char *address;
        const char *faults[2];
    } rows[] = {
        {PT_room_dialect_OPEN, "lobby", {NULL}},
        {PT_room_dialect_OPEN, "chat_a1b2c", {"room_address not_one_of"}},
        {PT_room_dialect_OPEN, "chat_a1b2c3d4", {"room_address not_one_of"}},
        {PT_room_dialect_OPEN, "12", {"room_address not_one_of"}},
        {PT_room_dialect_OPEN, "two words", {"room_address not_one_of"}},
        {PT_room_dialect_MEMBER, "lobby", {"room_address not_one_of"}},
        {PT_room_dialect_none, "lobby", {"room_address not_one_of"}},
    };
    for (size_t i = 0; i < COUNT (rows); i++) {
        pt_arena_t *arena = pt_arena_new (65536);
        pt_error_t error = {0};
        pt_room_create_t create = {.account = 1,
                                   .name = PT_LIT ("n"),
                                   .has_name = true,
                                   .dialect = rows[i].dialect,
                                   .has_dialect = rows[i].dialect != PT_room_dialect_none,
                                   .room_address = pt_str (rows[i].address),
                                   .has_room_address = true};
        s_assert_faults (rows[i].address, chat_policy_room_create (&create, arena, &error), &error, rows[i].faults);
        pt_arena_destroy (&arena);
    }
}

static void a_signal_has_what_its_kind_needs (void **state)
{
    (void)state;
    const struct {
        pt_room_signal_t signal;
        const char *faults[4];
    } rows[] = {
        {{.kind = PT_signal_TELL, .address = PT_LIT ("chat_a1b2c3d4"), .account = 7, .has_account = true}, {NULL}},
        {{.kind = PT_signal_TELL, .address = PT_LIT ("no such group"), .account = 7, .has_account = true}, {NULL}},
        {{.kind = PT_signal_TELL, .address = PT_LIT ("chat_a1b2c3d4")}, {"account missing"}},
        {{.kind = PT_signal_JOINED,
          .address = PT_LIT ("lobby"),
          .account = 7,
          .has_account = true,
          .name = PT_LIT ("al"),
          .has_name = true},
         {NULL}},
        {{.kind = PT_signal_LEFT,
          .address = PT_LIT ("lobby"),
          .account = 7,
          .has_account = true,
          .name = PT_LIT (""),
          .has_name = true},
         {NULL}},
        {{.kind = PT_signal_JOINED, .address = PT_LIT ("lobby")}, {"account missing", "name missing"}},
        {{.kind = PT_signal_LEFT, .address = PT_LIT ("12")}, {"address not_one_of", "account missing", "name missing"}},
        {{.kind = PT_signal_SAID, .address = PT_LIT ("lobby"), .text = PT_LIT (""), .has_text = true}, {NULL}},
        {{.kind = PT_signal_SAID, .address = PT_LIT ("lobby")}, {"text missing"}},
        {{.kind = PT_signal_SAID, .address = PT_LIT ("team_451b7"), .text = PT_LIT ("x"), .has_text = true},
         {"address not_one_of"}},
        {{.kind = PT_signal_SAID, .address = PT_LIT ("chat_a1b2c3d4"), .text = PT_LIT ("x"), .has_text = true},
         {"address not_one_of"}},
        {{.kind = PT_signal_SAID, .address = PT_LIT ("a b"), .text = PT_LIT ("x"), .has_text = true},
         {"address not_one_of"}},
    };
    for (size_t i = 0; i < COUNT (rows); i++) {
        pt_arena_t *arena = pt_arena_new (65536);
        pt_error_t error = {0};
        s_assert_faults ("signal", chat_policy_signal (&rows[i].signal, arena, &error), &error, rows[i].faults);
        pt_arena_destroy (&arena);
    }
}

static void rows_of_one_request_have_keys_of_their_own (void **state)
{
    (void)state;
    pt_arena_t *arena = pt_arena_new (65536), *full = pt_arena_new (1);
    char longest[LIM_KEY];
    memset (longest, 'k', sizeof longest);
    pt_str_t one = chat_policy_key ((pt_str_t){longest, sizeof longest}, LIM_ID, arena);
    assert_in_range (one.len, 1, LIM_SEND_ID);
    assert_true (pt_str_eq (one, chat_policy_key ((pt_str_t){longest, sizeof longest}, LIM_ID, arena)));
    assert_false (pt_str_eq (one, chat_policy_key ((pt_str_t){longest, sizeof longest}, LIM_ID - 1, arena)));
    assert_false (pt_str_eq (one, chat_policy_key ((pt_str_t){longest, sizeof longest - 1}, LIM_ID, arena)));
    assert_int_equal (chat_policy_key (PT_LIT ("k"), 1, full).len, 0);
    pt_arena_destroy (&arena);
    pt_arena_destroy (&full);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_send_names_its_field_and_place),
        cmocka_unit_test (a_body_may_be_empty_beside_files_alone),
        cmocka_unit_test (a_new_room_obeys_its_kind),
        cmocka_unit_test (a_room_without_kind_is_a_group),
        cmocka_unit_test (an_update_obeys_the_rules_of_a_new_room),
        cmocka_unit_test (history_goes_one_way),
        cmocka_unit_test (to_remove_oneself_is_to_leave),
        cmocka_unit_test (a_room_of_a_dialect_has_the_dialects_kind),
        cmocka_unit_test (open_rooms_alone_are_given_an_address),
        cmocka_unit_test (a_signal_has_what_its_kind_needs),
        cmocka_unit_test (rows_of_one_request_have_keys_of_their_own),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
