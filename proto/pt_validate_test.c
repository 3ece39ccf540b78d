/*  pt_validate_test - structs that did not come from msgpack, and the list of
    what is wrong with them. */

#include "pt_codec.h"
#include "pt_sample.h"
#include "pt_test.h"

static int s_set_up (void **state)
{
    *state = pt_arena_new (4 << 20);
    return *state ? 0 : -1;
}

static int s_tear_down (void **state)
{
    pt_arena_t *arena = *state;
    pt_arena_destroy (&arena);
    return 0;
}

static void s_assert_error (const pt_error_t *error, uint32_t i, const char *field, const char *code)
{
    assert_true (i < error->errors.count);
    const pt_field_error_t *at = &error->errors.at[i];
    if (!pt_str_eq (at->field, pt_str (field)) || !pt_str_eq (at->code, pt_str (code)))
        fail_msg ("expected %s at %s, got %.*s at %.*s", code, field, (int)at->code.len, at->code.at,
                  (int)at->field.len, at->field.at);
}

static void a_good_message_passes_and_the_list_is_untouched (void **state)
{
    const pt_room_ref_t ref = {.account = 1, .has_account = true, .room = 2, .has_room = true};
    pt_error_t error = {.retry_ms = 4711};
    assert_int_equal (pt_validate (PT_MSG_room_ref, &ref, *state, &error), 0);
    assert_int_equal (error.retry_ms, 4711);
    assert_int_equal (pt_validate (PT_MSG_room_ref, &ref, *state, NULL), 0);
}

static void all_faults_are_listed_with_their_paths (void **state)
{
    const pt_send_entry_t entries[] = {
        {.send_id = PT_LIT ("a"), .has_send_id = true, .body = PT_LIT ("b"), .has_body = true},
        {.send_id = PT_LIT (""), .has_send_id = true, .body = PT_LIT ("\xff"), .has_body = true},
        {.send_id = PT_LIT ("c"), .has_send_id = true},
    };
    const pt_send_t send = {.sends = {entries, 3}, .has_sends = true};
    pt_error_t error;
    memset (&error, 0xaa, sizeof error);
    assert_int_equal (pt_validate (PT_MSG_send, &send, *state, &error), -PT_E_invalid);
    assert_int_equal (error.errors.count, 4);
    s_assert_error (&error, 0, "room", "missing");
    s_assert_error (&error, 1, "sends.1.send_id", "too_short");
    s_assert_error (&error, 2, "sends.1.body", "encoding");
    s_assert_error (&error, 3, "sends.2.body", "missing");
    assert_int_equal (pt_validate (PT_MSG_send, &send, *state, NULL), -PT_E_invalid);
}

static void inner_members_are_not_missed_but_judged_when_set (void **state)
{
    pt_read_set_t set = {.room = 1, .has_room = true, .has_seq = true};
    pt_error_t error;
    assert_int_equal (pt_validate (PT_MSG_read_set, &set, *state, &error), 0);
    set.has_account = true;
    assert_int_equal (pt_validate (PT_MSG_read_set, &set, *state, &error), -PT_E_invalid);
    s_assert_error (&error, 0, "account", "too_small");
}

static void an_id_in_a_list_is_named_by_its_index (void **state)
{
    const uint64_t ids[] = {5, 0, 7};
    const pt_head_query_t query = {.rooms = {ids, 3}, .has_rooms = true};
    pt_error_t error;
    assert_int_equal (pt_validate (PT_MSG_head_query, &query, *state, &error), -PT_E_invalid);
    s_assert_error (&error, 0, "rooms.1", "too_small");
}

static void bytes_without_a_place_are_refused (void **state)
{
    const pt_head_query_t query = {.rooms = {NULL, 3}, .has_rooms = true};
    const pt_heads_t heads = {.heads = {NULL, 3}, .has_heads = true};
    const pt_account_find_t find = {.identifier = {NULL, 3}, .has_identifier = true};
    const pt_account_secret_t secret = {.has_account = true, .has_active = true};
    assert_int_equal (pt_validate (PT_MSG_head_query, &query, *state, NULL), -PT_E_invalid);
    assert_int_equal (pt_validate (PT_MSG_heads, &heads, *state, NULL), -PT_E_invalid);
    assert_int_equal (pt_validate (PT_MSG_account_find, &find, *state, NULL), -PT_E_invalid);
    assert_int_equal (pt_validate (PT_MSG_account_secret, &secret, *state, NULL), -PT_E_invalid);
}

static void the_list_is_full_at_its_limit (void **state)
{
    pt_error_t error = {0};
    for (int i = 0; i < LIM_FIELD_ERRORS + 5; i++)
        pt_error_add (&error, *state, "field", "unknown", i % 2 ? "No such field" : NULL);
    assert_int_equal (error.errors.count, LIM_FIELD_ERRORS);
    assert_true (error.has_errors);
    assert_false (error.errors.at[0].has_detail);
    assert_true (pt_str_eq (error.errors.at[1].detail, PT_LIT ("No such field")));
}

static void long_names_and_details_are_cut_to_what_may_be_sent (void **state)
{
    char field[400], detail[LIM_DETAIL + 100];
    memset (field, 'f', sizeof field - 1);
    field[sizeof field - 1] = 0;
    memset (detail, 'd', sizeof detail - 1);
    detail[sizeof detail - 1] = 0;
    memcpy (detail + LIM_DETAIL - 1, "\xc3\xa9", 2); /* lies across the bound */
    pt_error_t error = {0};
    pt_error_add (&error, *state, field, "unknown", detail);
    assert_int_equal (error.errors.at[0].field.len, 128);
    assert_int_equal (error.errors.at[0].detail.len, LIM_DETAIL - 1);
    pt_buf_t buf;
    pt_buf_init (&buf, LIM_FRAME);
    assert_int_equal (pt_encode (&buf, PT_MSG_error, &error), 0);
    pt_buf_fini (&buf);
}

static void without_memory_the_verdict_stands (void **state)
{
    (void)state;
    pt_arena_t *full = pt_arena_new (0);
    const pt_room_ref_t ref = {0};
    pt_error_t error;
    assert_int_equal (pt_validate (PT_MSG_room_ref, &ref, full, &error), -PT_E_invalid);
    assert_int_equal (error.errors.count, 0);
    pt_arena_destroy (&full);
}

static void encoder_and_validator_agree_on_random_damage (void **state)
{
    pt_sample_t random = {.state = 5};
    unsigned refused = 0;
    pt_buf_t buf;
    pt_buf_init (&buf, 4 << 20);
    for (int round = 0; round < 20000; round++) {
        pt_arena_reset (*state);
        unsigned type = (unsigned)(pt_sample_next (&random) % PT_MSG_COUNT);
        pt_sample_t sample = {.kind = PT_SAMPLE_SMALLEST, .state = (uint64_t)round, .arena = *state};
        void *msg = pt_sample_message (&sample, type);
        const pt_desc_t *desc = pt_desc (type);
        if (desc->field_count == 0)
            continue;
        const pt_field_t *field = &desc->fields[pt_sample_next (&random) % desc->field_count];
        uint64_t number = pt_sample_next (&random) >> pt_sample_next (&random) % 64;
        if (field->type == PT_T_ID || field->type == PT_T_U64 || field->type == PT_T_TIME) {
            pt_field_store (field, msg, &number, sizeof number);
            pt_field_set_has (field, msg);
        } else if (field->type == PT_T_NAMED) {
            pt_field_store (field, msg, &(unsigned){(unsigned)number}, sizeof (unsigned));
            pt_field_set_has (field, msg);
        }
        pt_buf_clear (&buf);
        int verdict = pt_validate (type, msg, *state, NULL);
        assert_int_equal (pt_encode (&buf, type, msg), verdict);
        refused += verdict != 0;
    }
    assert_in_range (refused, 500, 15000);
    pt_buf_fini (&buf);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (a_good_message_passes_and_the_list_is_untouched),
        TEST (all_faults_are_listed_with_their_paths),
        TEST (inner_members_are_not_missed_but_judged_when_set),
        TEST (an_id_in_a_list_is_named_by_its_index),
        TEST (bytes_without_a_place_are_refused),
        TEST (the_list_is_full_at_its_limit),
        TEST (long_names_and_details_are_cut_to_what_may_be_sent),
        TEST (without_memory_the_verdict_stands),
        TEST (encoder_and_validator_agree_on_random_damage),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
