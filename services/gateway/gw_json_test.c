/*  gw_json_test - client JSON into messages, with every fault named, and messages
    into JSON. */

#include "gw_json.h"
#include "pt_codec.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int s_setup (void **state)
{
    *state = pt_arena_new (16 * 1024 * 1024);
    return *state ? 0 : -1;
}

static int s_teardown (void **state)
{
    pt_arena_t *arena = *state;
    pt_arena_destroy (&arena);
    return 0;
}

static int s_read (pt_arena_t *arena, pt_msg_t type, const char *text, void *msg, pt_error_t *error)
{
    return gw_json_read (type, text, strlen (text), arena, msg, error);
}

static void test_an_object_fills_the_fields_it_names (void **state)
{
    pt_arena_t *arena = *state;
    pt_room_create_t room = {0};
    pt_error_t error;
    assert_int_equal (s_read (arena, PT_MSG_room_create,
                              " {\"name\":\"caf\\u00e9\",\"kind\":\"direct\",\"members\":[\"7\",8],\"topic\":null} ",
                              &room, &error),
                      0);
    assert_true (room.has_name && pt_str_eq (room.name, PT_LIT ("caf\xc3\xa9")));
    assert_true (room.has_kind && room.kind == pt_enum_value (PT_ENUM_room_kind, "direct", 6));
    assert_true (room.has_members && room.members.count == 2 && room.members.at[0] == 7 && room.members.at[1] == 8);
    assert_false (room.has_topic);
    assert_false (room.has_account);
}

static void test_numbers_come_as_numbers_or_digits (void **state)
{
    pt_arena_t *arena = *state;
    static const struct {
        const char *text;
        bool is_ok;
        uint64_t value;
    } rows[] = {
        {"{\"seq\":7}", true, 7},
        {"{\"seq\":\"7\"}", true, 7},
        {"{\"seq\":0}", true, 0},
        {"{\"seq\":\"9007199254740991\"}", true, 9007199254740991},
        {"{\"seq\":-1}", false, 0},
        {"{\"seq\":1.5}", false, 0},
        {"{\"seq\":1e3}", false, 0},
        {"{\"seq\":\"\"}", false, 0},
        {"{\"seq\":\" 7\"}", false, 0},
        {"{\"seq\":\"+7\"}", false, 0},
        {"{\"seq\":\"7a\"}", false, 0},
        {"{\"seq\":true}", false, 0},
        {"{\"seq\":[7]}", false, 0},
        {"{\"seq\":{}}", false, 0},
        {"{\"seq\":\"99999999999999999999\"}", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pt_read_set_t set = {0};
        pt_error_t error;
        int err = s_read (arena, PT_MSG_read_set, rows[i].text, &set, &error);
        if ((err == 0) != rows[i].is_ok)
            fail_msg ("%s", rows[i].text);
        if (rows[i].is_ok) {
            assert_true (set.has_seq && set.seq == rows[i].value);
            continue;
        }
        assert_int_equal (err, -PT_E_invalid);
        assert_true (pt_str_eq (error.errors.at[0].field, PT_LIT ("seq")));
        assert_true (pt_str_eq (error.errors.at[0].code, PT_LIT ("type")));
    }
}

static void test_every_fault_is_named (void **state)
{
    pt_arena_t *arena = *state;
    pt_room_create_t room = {0};
    pt_error_t error;
    assert_int_equal (
        s_read (arena, PT_MSG_room_create,
                "{\"name\":5,\"nope\":1,\"kind\":\"odd\",\"members\":[1,\"x\"],\"account\":\"3\",\"key\":\"k\"}", &room,
                &error),
        -PT_E_invalid);
    static const struct {
        const char *field, *code;
    } expected[] = {{"name", "type"},      {"nope", "unknown"},    {"kind", "not_one_of"},
                    {"members.1", "type"}, {"account", "unknown"}, {"key", "unknown"}};
    assert_int_equal (error.errors.count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_true (pt_str_eq (error.errors.at[i].field, pt_str (expected[i].field)));
        assert_true (pt_str_eq (error.errors.at[i].code, pt_str (expected[i].code)));
    }
    assert_false (room.has_account || room.has_key);
}

static void test_faults_inside_lists_have_their_path (void **state)
{
    pt_arena_t *arena = *state;
    pt_send_t send = {0};
    pt_error_t error;
    assert_int_equal (s_read (arena, PT_MSG_send,
                              "{\"room\":\"1\",\"sends\":[{\"send_id\":\"a\",\"body\":\"b\"},{\"body\":7},3]}", &send,
                              &error),
                      -PT_E_invalid);
    assert_int_equal (error.errors.count, 2);
    assert_true (pt_str_eq (error.errors.at[0].field, PT_LIT ("sends.1.body")));
    assert_true (pt_str_eq (error.errors.at[1].field, PT_LIT ("sends.2")));
    assert_int_equal (send.sends.count, 3);
}

static void test_a_hostile_name_is_not_repeated (void **state)
{
    pt_arena_t *arena = *state;
    pt_read_set_t set = {0};
    pt_error_t error;
    assert_int_equal (s_read (arena, PT_MSG_read_set, "{\"a\\nb\\u0007\":1}", &set, &error), -PT_E_invalid);
    assert_true (pt_str_eq (error.errors.at[0].field, PT_LIT ("a?b?")));
}

static void test_what_is_not_one_json_object_is_malformed (void **state)
{
    pt_arena_t *arena = *state;
    char deep[64];
    memset (deep, '[', 20);
    memset (deep + 20, ']', 20);
    deep[40] = '\0';
    const char *const bad[] = {"",
                               "{",
                               "[]",
                               "7",
                               "\"x\"",
                               "null",
                               "{} {}",
                               "{\"seq\":1,\"seq\":2}",
                               "{\"seq\":1,}",
                               "{'seq':1}",
                               "{\"seq\":NaN}",
                               "{\"seq\":1e999}",
                               "{\"seq\":99999999999999999999}",
                               "{\"x\":\"\\u0000\"}",
                               "{\"x\":\"\\ud800\"}",
                               "{\"x\":\"\xff\"}",
                               "{\"x\":\"\xed\xa0\x80\"}",
                               "\xef\xbb\xbf{}",
                               deep};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        pt_read_set_t set = {0};
        pt_error_t error;
        if (s_read (arena, PT_MSG_read_set, bad[i], &set, &error) != -PT_E_malformed)
            fail_msg ("not refused: %s", bad[i]);
        assert_true (error.has_detail);
        assert_false (set.has_seq);
    }
    pt_read_set_t set = {0};
    pt_error_t error;
    assert_int_equal (gw_json_read (PT_MSG_read_set, "{\"seq\":1}\0", 10, arena, &set, &error), -PT_E_malformed);
}

static void test_brackets_in_strings_are_not_depth (void **state)
{
    pt_arena_t *arena = *state;
    pt_room_update_t update = {0};
    pt_error_t error;
    assert_int_equal (
        s_read (arena, PT_MSG_room_update, "{\"topic\":\"[[[[[[[[[[[[[[[[[[[[[\\\"{{{{{{{\"}", &update, &error), 0);
}

static void test_lists_longer_than_the_schema_are_not_read (void **state)
{
    pt_arena_t *arena = *state;
    pt_room_create_t room = {0};
    pt_error_t error;
    pt_buf_t text;
    pt_buf_init (&text, 65536);
    pt_buf_puts (&text, "{\"members\":[1");
    for (int i = 0; i < LIM_ROOM_INVITES; i++)
        pt_buf_puts (&text, ",1");
    pt_buf_puts (&text, "]}");
    assert_int_equal (gw_json_read (PT_MSG_room_create, text.at, text.len, arena, &room, &error), -PT_E_invalid);
    assert_true (pt_str_eq (error.errors.at[0].code, PT_LIT ("too_long")));
    pt_buf_fini (&text);
}

static void test_text_of_queries_becomes_values (void **state)
{
    pt_arena_t *arena = *state;
    static const struct {
        pt_msg_t type;
        const char *field, *text;
        bool is_ok;
    } rows[] = {
        {PT_MSG_sync_query, "rooms", "1,2,3", true},
        {PT_MSG_sync_query, "rooms", "1,,3", false},
        {PT_MSG_sync_query, "rooms", "", false},
        {PT_MSG_sync_query, "rooms", "1,x", false},
        {PT_MSG_sync_query, "limit", "20", true},
        {PT_MSG_sync_query, "limit", "-1", false},
        {PT_MSG_room_query, "public", "1", true},
        {PT_MSG_room_query, "public", "true", true},
        {PT_MSG_room_query, "public", "yes", false},
        {PT_MSG_room_query, "q", "caf\xc3\xa9", true},
        {PT_MSG_member_set, "role", "admin", true},
        {PT_MSG_member_set, "role", "king", false},
        {PT_MSG_room_ref, "room", "9223372036854775807", true},
        {PT_MSG_room_ref, "room", "abc", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const pt_desc_t *desc = pt_desc (rows[i].type);
        const pt_field_t *field = pt_desc_field (desc, rows[i].field, strlen (rows[i].field));
        char *msg = pt_arena_alloc (arena, desc->size);
        pt_error_t error = {0};
        int err = gw_json_set_text (field, rows[i].text, strlen (rows[i].text), arena, msg, &error);
        if ((err == 0) != rows[i].is_ok)
            fail_msg ("%s=%s", rows[i].field, rows[i].text);
        assert_int_equal (msg[field->has_offset], rows[i].is_ok);
        assert_int_equal (error.errors.count, rows[i].is_ok ? 0 : 1);
    }
}

static void s_assert_written (pt_msg_t type, const void *msg, const char *expected)
{
    pt_buf_t out;
    pt_buf_init (&out, 65536);
    gw_json_write (&out, type, msg);
    pt_buf_put (&out, "", 1);
    assert_int_equal (pt_buf_error (&out), 0);
    assert_string_equal (out.at, expected);
    pt_buf_fini (&out);
}

static void test_messages_are_written_by_their_schema (void **state)
{
    (void)state;
    const pt_room_t rooms[] = {
        {.id = 1,
         .kind = (pt_room_kind_t)1,
         .created_by = 9223372036854775807u,
         .created_at = 1,
         .head = 5,
         .epoch = 2,
         .name = PT_LIT ("a\"\n\x01\xc3\xa9"),
         .has_name = true},
    };
    const pt_room_page_t page = {.items = {rooms, 1}};
    s_assert_written (PT_MSG_room_page, &page,
                      "{\"items\":[{\"id\":\"1\",\"kind\":\"public\",\"name\":\"a\\\"\\n\\u0001\xc3\xa9\","
                      "\"created_by\":\"9223372036854775807\",\"created_at\":\"1970-01-01T00:00:00.000001Z\","
                      "\"head\":5,\"epoch\":2,\"floor\":0}],\"next\":null}");
    const pt_empty_t nothing = {0};
    s_assert_written (PT_MSG_empty, &nothing, "{}");
    const pt_send_result_t result = {.status = 7, .seq = 3, .has_seq = true, .duplicate = true, .has_duplicate = true};
    s_assert_written (PT_MSG_send_result, &result, "{\"seq\":3,\"duplicate\":true}");
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (test_an_object_fills_the_fields_it_names),
        TEST (test_numbers_come_as_numbers_or_digits),
        TEST (test_every_fault_is_named),
        TEST (test_faults_inside_lists_have_their_path),
        TEST (test_a_hostile_name_is_not_repeated),
        TEST (test_what_is_not_one_json_object_is_malformed),
        TEST (test_brackets_in_strings_are_not_depth),
        TEST (test_lists_longer_than_the_schema_are_not_read),
        TEST (test_text_of_queries_becomes_values),
        TEST (test_messages_are_written_by_their_schema),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
