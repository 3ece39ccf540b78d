/*  pt_buf_test - growth, maximum and sticky error of pt_buf. */

#include "pt_buf.h"
#include "pt_error.h"
#include "pt_test.h"

static void what_is_appended_is_there_in_order (void **state)
{
    (void)state;
    pt_buf_t buf;
    pt_buf_init (&buf, 1 << 20);
    for (int i = 0; i < 10000; i++)
        pt_buf_put (&buf, &i, sizeof i);
    assert_int_equal (pt_buf_error (&buf), 0);
    assert_int_equal (buf.len, 10000 * sizeof (int));
    for (int i = 0; i < 10000; i++)
        assert_memory_equal (buf.at + (size_t)i * sizeof i, &i, sizeof i);
    pt_buf_fini (&buf);
    pt_buf_fini (&buf);
}

static void the_maximum_may_be_filled_to_the_last_byte (void **state)
{
    (void)state;
    for (size_t max = 0; max < 1200; max += 37) {
        pt_buf_t buf;
        pt_buf_init (&buf, max);
        for (size_t i = 0; i < max; i++)
            pt_buf_put (&buf, "x", 1);
        assert_int_equal (pt_buf_error (&buf), 0);
        assert_true (buf.cap <= max);
        pt_buf_put (&buf, "x", 1);
        assert_int_equal (pt_buf_error (&buf), -PT_E_too_large);
        assert_int_equal (buf.len, max);
        pt_buf_fini (&buf);
    }
}

static void after_an_error_appending_does_nothing_until_cleared (void **state)
{
    (void)state;
    pt_buf_t buf;
    pt_buf_init (&buf, 8);
    pt_buf_puts (&buf, "1234");
    pt_buf_puts (&buf, "too much");
    pt_buf_puts (&buf, "5");
    pt_buf_printf (&buf, "%d", 6);
    assert_null (pt_buf_reserve (&buf, 1));
    assert_int_equal (pt_buf_error (&buf), -PT_E_too_large);
    assert_int_equal (buf.len, 4);
    pt_buf_clear (&buf);
    pt_buf_puts (&buf, "12345678");
    assert_int_equal (pt_buf_error (&buf), 0);
    assert_memory_equal (buf.at, "12345678", 8);
    pt_buf_fini (&buf);
}

static void a_length_near_the_largest_does_not_overflow (void **state)
{
    (void)state;
    pt_buf_t buf;
    pt_buf_init (&buf, 100);
    pt_buf_puts (&buf, "abc");
    assert_null (pt_buf_reserve (&buf, SIZE_MAX));
    assert_int_equal (pt_buf_error (&buf), -PT_E_too_large);
    pt_buf_fini (&buf);
}

static void printf_fits_exactly_and_not_one_byte_more (void **state)
{
    (void)state;
    pt_buf_t buf;
    pt_buf_init (&buf, 10);
    pt_buf_printf (&buf, "%s", "12345");
    pt_buf_printf (&buf, "%05d", 67890);
    assert_int_equal (pt_buf_error (&buf), 0);
    assert_int_equal (buf.len, 10);
    assert_memory_equal (buf.at, "1234567890", 10);
    pt_buf_printf (&buf, "%s", "");
    assert_int_equal (pt_buf_error (&buf), 0);
    pt_buf_printf (&buf, "%d", 1);
    assert_int_equal (pt_buf_error (&buf), -PT_E_too_large);
    pt_buf_fini (&buf);
}

static void taken_bytes_belong_to_the_caller (void **state)
{
    (void)state;
    pt_buf_t buf;
    pt_buf_init (&buf, 100);
    pt_buf_puts (&buf, "abc");
    size_t len = 0;
    char *bytes = pt_buf_take (&buf, &len);
    assert_int_equal (len, 3);
    assert_memory_equal (bytes, "abc", 3);
    assert_int_equal (buf.len, 0);
    pt_buf_puts (&buf, "def");
    assert_memory_equal (bytes, "abc", 3);
    free (bytes);
    pt_buf_fini (&buf);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_is_appended_is_there_in_order),
        cmocka_unit_test (the_maximum_may_be_filled_to_the_last_byte),
        cmocka_unit_test (after_an_error_appending_does_nothing_until_cleared),
        cmocka_unit_test (a_length_near_the_largest_does_not_overflow),
        cmocka_unit_test (printf_fits_exactly_and_not_one_byte_more),
        cmocka_unit_test (taken_bytes_belong_to_the_caller),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
