/*  chat_signal_test - what is kept nowhere, through the daemon, store being played by the
    test. */

#include "chat_fixture.h"

#define GROUP "chat_a1b2c3d4"

enum { MAKER = 7, OTHER = 8 };

static const pt_room_signal_t s_tell = {
    .address = {GROUP, sizeof GROUP - 1}, .kind = PT_signal_TELL, .account = MAKER, .has_account = true};

static pt_room_signal_t s_said (const char *address, const char *text)
{
    return (pt_room_signal_t){
        .address = pt_str (address), .kind = PT_signal_SAID, .text = pt_str (text), .has_text = true};
}

static const pt_room_signal_t *s_event (harness_t *harness)
{
    return harness_event (harness, PT_EV_room_signal)->msg;
}

/*  Fails when a signal was published that no test has taken: events keep their order, so
    the next one has to be this. */
static void s_assert_silence (harness_t *harness)
{
    static unsigned turn;
    char text[32];
    snprintf (text, sizeof text, "silence %u", ++turn);
    pt_room_signal_t said = s_said ("silence", text);
    fixture_ok (harness, harness_request (harness, PT_OP_chat_signal, &said));
    fixture_assert_str (s_event (harness)->text, text);
}

/*  Store's question whose group it is. */
static const harness_frame_t *s_expect_find (harness_t *harness)
{
    const harness_frame_t *call = harness_expect (harness, PT_OP_store_room_find);
    const pt_room_find_t *find = call->msg;
    assert_int_equal (call->envelope.affinity, MAKER);
    assert_true (find->has_account && find->account == MAKER);
    assert_true (find->has_address && !find->has_room && !find->has_uuid);
    fixture_assert_str (find->address, GROUP);
    assert_int_equal (find->dialect, PT_room_dialect_CLOCK);
    return call;
}

static void s_answer_made_by (harness_t *harness, const harness_frame_t *call, uint64_t maker)
{
    pt_room_t room = {.id = 300, .kind = PT_room_kind_PUBLIC, .created_by = maker, .epoch = 1};
    pt_room_detail_t detail = {.room = &room};
    harness_answer (harness, call, &detail);
}

static void the_maker_of_a_group_has_it_told_the_time (void **state)
{
    harness_t *harness = *state;
    uint64_t id = harness_request (harness, PT_OP_chat_signal, &s_tell);
    s_answer_made_by (harness, s_expect_find (harness), MAKER);
    fixture_ok (harness, id);
    const pt_room_signal_t *told = s_event (harness);
    fixture_assert_str (told->address, GROUP);
    assert_int_equal (told->kind, PT_signal_TELL);
    assert_true (told->has_account && told->account == MAKER);
}

static void nobody_else_does (void **state)
{
    harness_t *harness = *state;
    uint64_t id = harness_request (harness, PT_OP_chat_signal, &s_tell);
    s_answer_made_by (harness, s_expect_find (harness), OTHER);
    fixture_refused (harness, id, PT_E_forbidden);
    s_assert_silence (harness);
}

static void a_refusal_of_store_reaches_the_asker_and_nothing_is_told (void **state)
{
    harness_t *harness = *state;
    static const int errors[] = {PT_E_not_found, PT_E_invalid, PT_E_internal};
    for (size_t i = 0; i < COUNT (errors); i++) {
        uint64_t id = harness_request (harness, PT_OP_chat_signal, &s_tell);
        harness_refuse (harness, s_expect_find (harness), errors[i], "so");
        fixture_refused (harness, id, errors[i]);
    }
    s_assert_silence (harness);
}

static void what_is_said_in_an_open_room_is_told_byte_for_byte (void **state)
{
    harness_t *harness = *state;
    static const char bytes[] = "\0\xff\"x";
    const pt_room_signal_t said = {.address = PT_LIT ("lobby"),
                                   .kind = PT_signal_SAID,
                                   .text = {bytes, sizeof bytes - 1},
                                   .has_text = true,
                                   .binary = true,
                                   .has_binary = true,
                                   .origin = 5,
                                   .has_origin = true,
                                   .teller = 77,
                                   .has_teller = true,
                                   .number = 9,
                                   .has_number = true};
    fixture_ok (harness, harness_request (harness, PT_OP_chat_signal, &said));
    const pt_room_signal_t *told = s_event (harness);
    assert_true (pt_str_eq (told->text, said.text));
    assert_true (told->has_binary && told->binary);
    assert_true (told->has_origin && told->origin == 5);
    assert_true (told->has_teller && told->teller == 77 && told->has_number && told->number == 9);
    assert_false (told->has_account || told->has_name);
}

static void who_joins_and_leaves_is_told_by_name (void **state)
{
    harness_t *harness = *state;
    static const pt_signal_t kinds[] = {PT_signal_JOINED, PT_signal_LEFT};
    for (size_t i = 0; i < COUNT (kinds); i++) {
        const pt_room_signal_t signal = {.address = PT_LIT ("lobby"),
                                         .kind = kinds[i],
                                         .account = OTHER,
                                         .has_account = true,
                                         .name = PT_LIT ("bob"),
                                         .has_name = true};
        fixture_ok (harness, harness_request (harness, PT_OP_chat_signal, &signal));
        const pt_room_signal_t *told = s_event (harness);
        assert_int_equal (told->kind, kinds[i]);
        assert_int_equal (told->account, OTHER);
        fixture_assert_str (told->name, "bob");
    }
}

static void the_largest_text_at_the_longest_address_is_told (void **state)
{
    harness_t *harness = *state;
    static char address[100], text[LIM_BODY];
    memset (address, 'a', sizeof address);
    memset (text, 'x', sizeof text);
    const pt_room_signal_t said = {
        .address = {address, sizeof address}, .kind = PT_signal_SAID, .text = {text, sizeof text}, .has_text = true};
    fixture_ok (harness, harness_request (harness, PT_OP_chat_signal, &said));
    assert_int_equal (s_event (harness)->text.len, LIM_BODY);
}

static void rooms_that_are_not_open_hear_nothing_that_is_kept_nowhere (void **state)
{
    harness_t *harness = *state;
    static const char *const addresses[] = {"12", GROUP, "team_451b7", "0d8a2f6e-1f0b-4a52-9d3c-7b1f2a3c4d5e", "a b"};
    for (size_t i = 0; i < COUNT (addresses); i++) {
        pt_room_signal_t said = s_said (addresses[i], "x");
        uint64_t id = harness_request (harness, PT_OP_chat_signal, &said);
        fixture_assert_fault (fixture_refused (harness, id, PT_E_invalid), 0, "address", "not_one_of");
    }
    s_assert_silence (harness);
}

static void a_probe_is_published_at_any_address_and_needs_nothing (void **state)
{
    harness_t *harness = *state;
    static const char *const addresses[] = {GROUP, "lobby"};
    for (size_t i = 0; i < COUNT (addresses); i++) {
        const pt_room_signal_t probe = {.address = pt_str (addresses[i]), .kind = PT_signal_PROBE};
        fixture_ok (harness, harness_request (harness, PT_OP_chat_signal, &probe));
        const pt_room_signal_t *told = s_event (harness);
        assert_int_equal (told->kind, PT_signal_PROBE);
        fixture_assert_str (told->address, addresses[i]);
    }
}

static void what_a_kind_needs_is_missed (void **state)
{
    harness_t *harness = *state;
    pt_room_signal_t nobody = s_tell, joined = {.address = PT_LIT ("lobby"), .kind = PT_signal_JOINED};
    nobody.has_account = false;
    uint64_t id = harness_request (harness, PT_OP_chat_signal, &nobody);
    fixture_assert_fault (fixture_refused (harness, id, PT_E_invalid), 0, "account", "missing");
    id = harness_request (harness, PT_OP_chat_signal, &joined);
    fixture_assert_fault (fixture_refused (harness, id, PT_E_invalid), 1, "name", "missing");
    s_assert_silence (harness);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_maker_of_a_group_has_it_told_the_time),
        cmocka_unit_test (nobody_else_does),
        cmocka_unit_test (a_refusal_of_store_reaches_the_asker_and_nothing_is_told),
        cmocka_unit_test (what_is_said_in_an_open_room_is_told_byte_for_byte),
        cmocka_unit_test (who_joins_and_leaves_is_told_by_name),
        cmocka_unit_test (the_largest_text_at_the_longest_address_is_told),
        cmocka_unit_test (rooms_that_are_not_open_hear_nothing_that_is_kept_nowhere),
        cmocka_unit_test (a_probe_is_published_at_any_address_and_needs_nothing),
        cmocka_unit_test (what_a_kind_needs_is_missed),
        cmocka_unit_test (every_event_was_encoded),
    };
    return cmocka_run_group_tests_name ("chat_signal", tests, fixture_set_up, fixture_tear_down);
}
