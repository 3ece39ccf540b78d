/*  Bodies: the same at every try, and every change is seen. */

#include "ld_body.h"
#include "pt_test.h"
#include <string.h>

static size_t s_make (char out[LD_BODY_MAX], uint64_t number, uint64_t seed)
{
    return ld_body_put (out, &(ld_body_t){.sender = PT_LIT ("c12"), .number = number, .mark = 3}, seed);
}

static void a_body_is_read_as_it_was_made (void **state)
{
    (void)state;
    for (uint64_t number = 1; number < 2000; number++) {
        char text[LD_BODY_MAX];
        ld_body_t body;
        size_t len = s_make (text, number, 7);
        assert_in_range (len, LD_BODY_MIN, LD_BODY_MAX);
        assert_true (ld_body_read ((pt_str_t){text, (uint32_t)len}, &body));
        assert_true (pt_str_eq (body.sender, PT_LIT ("c12")));
        assert_int_equal (body.number, number);
        assert_int_equal (body.mark, 3);
    }
}

static void a_body_is_the_same_at_every_try (void **state)
{
    (void)state;
    char one[LD_BODY_MAX], other[LD_BODY_MAX];
    size_t len = s_make (one, 5, 7);
    assert_int_equal (s_make (other, 5, 7), len);
    assert_memory_equal (one, other, len);
}

static void a_changed_bit_is_seen (void **state)
{
    (void)state;
    char text[LD_BODY_MAX];
    ld_body_t body;
    size_t len = s_make (text, 9, 1);
    for (size_t bit = 0; bit < len * 8; bit++) {
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        assert_false (ld_body_read ((pt_str_t){text, (uint32_t)len}, &body));
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
    }
    assert_true (ld_body_read ((pt_str_t){text, (uint32_t)len}, &body));
}

static void a_shortened_body_is_seen (void **state)
{
    (void)state;
    char text[LD_BODY_MAX];
    ld_body_t body;
    size_t len = s_make (text, 9, 1);
    for (size_t cut = 0; cut < len; cut++)
        assert_false (ld_body_read ((pt_str_t){text, (uint32_t)cut}, &body));
}

static void the_checksum_is_crc32 (void **state)
{
    (void)state;
    ld_body_t body;
    /*  zlib's crc32 of the text behind the first space. */
    assert_true (ld_body_read (PT_LIT ("8fb39941 w0 1 0 a third party"), &body));
    assert_int_equal (body.number, 1);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_body_is_read_as_it_was_made), cmocka_unit_test (a_body_is_the_same_at_every_try),
        cmocka_unit_test (a_changed_bit_is_seen),         cmocka_unit_test (a_shortened_body_is_seen),
        cmocka_unit_test (the_checksum_is_crc32),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
