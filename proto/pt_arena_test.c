/*  pt_arena_test - limits, alignment and reuse of pt_arena. */

#include "pt_arena.h"
#include "pt_test.h"

static void memory_is_zeroed_and_aligned_for_any_type (void **state)
{
    (void)state;
    pt_arena_t *arena = pt_arena_new (1 << 20);
    for (size_t size = 0; size < 300; size++) {
        unsigned char *at = pt_arena_alloc (arena, size);
        assert_non_null (at);
        assert_int_equal ((uintptr_t)at % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal (at[i], 0);
        memset (at, 0xff, size);
    }
    pt_arena_destroy (&arena);
    assert_null (arena);
}

static void the_maximum_holds_and_what_fits_is_still_given (void **state)
{
    (void)state;
    pt_arena_t *arena = pt_arena_new (64);
    assert_null (pt_arena_alloc (arena, 65));
    assert_non_null (pt_arena_alloc (arena, 48));
    assert_null (pt_arena_alloc (arena, 17));
    assert_non_null (pt_arena_alloc (arena, 16));
    assert_null (pt_arena_alloc (arena, 0));
    pt_arena_destroy (&arena);
}

static void sizes_near_the_largest_do_not_overflow (void **state)
{
    (void)state;
    pt_arena_t *arena = pt_arena_new (1 << 20);
    for (size_t i = 0; i < 64; i++) {
        assert_null (pt_arena_alloc (arena, SIZE_MAX - i));
        assert_null (pt_arena_copy (arena, "", SIZE_MAX - i));
    }
    pt_arena_destroy (&arena);
}

static void many_chunks_stay_apart (void **state)
{
    (void)state;
    enum { BLOCKS = 400, SIZE = 1000 };
    pt_arena_t *arena = pt_arena_new (BLOCKS * 1024);
    unsigned char *block[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        block[i] = pt_arena_alloc (arena, SIZE);
        assert_non_null (block[i]);
        memset (block[i], i & 0xff, SIZE);
    }
    for (int i = 0; i < BLOCKS; i++)
        for (int j = 0; j < SIZE; j++)
            assert_int_equal (block[i][j], i & 0xff);
    pt_arena_destroy (&arena);
}

static void a_reset_gives_everything_back_zeroed (void **state)
{
    (void)state;
    pt_arena_t *arena = pt_arena_new (100000);
    void *first = NULL;
    for (int round = 0; round < 5; round++) {
        unsigned char *small = pt_arena_alloc (arena, 100);
        unsigned char *large = pt_arena_alloc (arena, 99000);
        assert_non_null (small);
        assert_non_null (large);
        assert_null (pt_arena_alloc (arena, 1000));
        assert_true (!first || first == small);
        first = small;
        for (int i = 0; i < 100; i++)
            assert_int_equal (small[i], 0);
        memset (small, 0xaa, 100);
        memset (large, 0xaa, 99000);
        pt_arena_reset (arena);
    }
    pt_arena_destroy (&arena);
}

static void copies_and_texts_are_terminated (void **state)
{
    (void)state;
    pt_arena_t *arena = pt_arena_new (4096);
    char *copy = pt_arena_copy (arena, "ab\0cd", 5);
    assert_memory_equal (copy, "ab\0cd\0", 6);
    assert_string_equal (pt_arena_copy (arena, NULL, 0), "");
    assert_string_equal (pt_arena_printf (arena, "%s.%d", "sends", 7), "sends.7");
    assert_null (pt_arena_printf (arena, "%5000d", 1));
    pt_arena_destroy (&arena);
}

static void destroying_nothing_is_allowed (void **state)
{
    (void)state;
    pt_arena_t *none = NULL;
    pt_arena_destroy (&none);
    pt_arena_destroy (NULL);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (memory_is_zeroed_and_aligned_for_any_type),
        cmocka_unit_test (the_maximum_holds_and_what_fits_is_still_given),
        cmocka_unit_test (sizes_near_the_largest_do_not_overflow),
        cmocka_unit_test (many_chunks_stay_apart),
        cmocka_unit_test (a_reset_gives_everything_back_zeroed),
        cmocka_unit_test (copies_and_texts_are_terminated),
        cmocka_unit_test (destroying_nothing_is_allowed),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
