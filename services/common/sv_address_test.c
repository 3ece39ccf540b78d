/*  sv_address_test - one dialect for each name. */

#include "sv_address.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define UUID "0d8a2f6e-1f0b-4a52-9d3c-7b1f2a3c4d5e"

static void each_name_has_the_dialect_of_its_shape (void **state)
{
    (void)state;
    static const struct {
        const char *name;
        pt_room_dialect_t dialect;
    } rows[] = {
        {"12", PT_room_dialect_PUBLIC},
        {"0", PT_room_dialect_PUBLIC},
        {"99999999999999999999999999", PT_room_dialect_PUBLIC},
        {UUID, PT_room_dialect_CHAT},
        {"0D8A2F6E-1F0B-4A52-9D3C-7B1F2A3C4D5E", PT_room_dialect_CHAT},
        {"chat_a1b2c3d4", PT_room_dialect_CLOCK},
        {"chat_00000000", PT_room_dialect_CLOCK},
        {"chat_a1b2c", PT_room_dialect_MEMBER},
        {"team_451b7", PT_room_dialect_MEMBER},
        {"my-room_821c8", PT_room_dialect_MEMBER},
        {"_821c8", PT_room_dialect_MEMBER},
        {"1_12345", PT_room_dialect_MEMBER},
        {"lobby", PT_room_dialect_OPEN},
        {"-", PT_room_dialect_OPEN},
        {"12a", PT_room_dialect_OPEN},
        {"chat_A1B2C3D4", PT_room_dialect_OPEN},
        {"chat_a1b2c3d", PT_room_dialect_OPEN},
        {"chat_a1b2c3d45", PT_room_dialect_OPEN},
        {"team_451B7", PT_room_dialect_OPEN},
        {"team-451b7", PT_room_dialect_OPEN},
        {"team_451b7_", PT_room_dialect_OPEN},
        {UUID "0", PT_room_dialect_OPEN},
        {"0d8a2f6e-1f0b-4a52-9d3c-7b1f2a3c4d5g", PT_room_dialect_OPEN},
        {"", PT_room_dialect_none},
        {"a b", PT_room_dialect_none},
        {"a/b", PT_room_dialect_none},
        {"a.b", PT_room_dialect_none},
        {"caf\xc3\xa9", PT_room_dialect_none},
        {"caf\xc3\xa9_451b7", PT_room_dialect_none},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (sv_address_dialect (pt_str (rows[i].name)) != rows[i].dialect)
            fail_msg ("%s", rows[i].name);
}

static void a_name_of_an_open_room_has_100_bytes_at_most_and_a_members_one_what_an_address_may_have (void **state)
{
    (void)state;
    char name[LIM_ROOM_ADDRESS + 1];
    memset (name, 'x', sizeof name);
    assert_int_equal (sv_address_dialect ((pt_str_t){name, 100}), PT_room_dialect_OPEN);
    assert_int_equal (sv_address_dialect ((pt_str_t){name, 101}), PT_room_dialect_none);
    memcpy (name + LIM_ROOM_ADDRESS - 6, "_451b7", 6);
    assert_int_equal (sv_address_dialect ((pt_str_t){name, LIM_ROOM_ADDRESS}), PT_room_dialect_MEMBER);
    memcpy (name + LIM_ROOM_ADDRESS - 5, "_451b7", 6);
    assert_int_equal (sv_address_dialect ((pt_str_t){name, LIM_ROOM_ADDRESS + 1}), PT_room_dialect_none);
}

static void nothing_behind_the_name_counts (void **state)
{
    (void)state;
    assert_int_equal (sv_address_dialect ((pt_str_t){"chat_a1b2c3d4", 10}), PT_room_dialect_MEMBER);
    assert_int_equal (sv_address_dialect ((pt_str_t){"12\0x", 3}), PT_room_dialect_none);
    assert_int_equal (sv_address_dialect ((pt_str_t){0}), PT_room_dialect_none);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (each_name_has_the_dialect_of_its_shape),
        cmocka_unit_test (a_name_of_an_open_room_has_100_bytes_at_most_and_a_members_one_what_an_address_may_have),
        cmocka_unit_test (nothing_behind_the_name_counts),
    };
    return cmocka_run_group_tests_name ("sv_address", tests, NULL, NULL);
}
