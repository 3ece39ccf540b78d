/*  drive_policy - which bytes of a file, and where bytes of an upload may come. */

#include "drive_policy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the headers above first */
#include <cmocka.h>

#define COUNT(list) (sizeof (list) / sizeof (list)[0])

static void a_range_is_cut_to_the_file (void **state)
{
    static const struct {
        uint64_t size, first, count, expected;
        bool has_count;
        int err;
    } rows[] = {
        {10, 0, 0, 10, false, 0},
        {10, 3, 4, 4, true, 0},
        {10, 3, 100, 7, true, 0},
        {10, 9, LIM_SEQ, 1, true, 0},
        {10, 3, 0, 0, true, 0},
        {0, 0, 0, 0, false, 0},
        {0, 0, 5, 0, true, 0},
        {10, 10, 1, 0, true, PT_E_range_not_satisfiable},
        {0, 1, 0, 0, false, PT_E_range_not_satisfiable},
        {10, LIM_SEQ, LIM_SEQ, 0, true, PT_E_range_not_satisfiable},
    };
    (void)state;
    for (size_t i = 0; i < COUNT (rows); i++) {
        const pt_read_open_t ask = {.first = rows[i].first, .count = rows[i].count, .has_count = rows[i].has_count};
        uint64_t count = 0;
        assert_int_equal (drive_policy_range (&ask, rows[i].size, &count), -rows[i].err);
        assert_true (count == rows[i].expected);
    }
}

static void bytes_may_come_where_the_upload_stands_and_as_many_as_fit (void **state)
{
    enum { MAX = 100 };
    static const struct {
        uint64_t offset, safe, length, tells, count, limit;
        bool has_length, has_tells, has_count;
        int err;
    } rows[] = {
        {5, 5, 10, 0, 5, 5, true, false, true, 0},
        {5, 5, 10, 0, 0, 5, true, false, false, 0},
        {10, 10, 10, 0, 0, 0, true, false, false, 0},
        {5, 5, 0, 0, 0, 95, false, false, false, 0},
        {5, 5, 0, 20, 15, 15, false, true, true, 0},
        {5, 5, 0, 5, 0, 0, false, true, false, 0},
        {5, 5, 0, 4, 0, 0, false, true, false, PT_E_too_large},
        {5, 5, 10, 0, 6, 0, true, false, true, PT_E_too_large},
        {5, 5, 10, 0, LIM_SEQ, 0, true, false, true, PT_E_too_large},
        {5, 5, 0, 0, 96, 0, false, false, true, PT_E_too_large},
        {4, 5, 10, 0, 0, 0, true, false, false, PT_E_offset_conflict},
        {6, 5, 10, 0, 0, 0, true, false, false, PT_E_offset_conflict},
    };
    (void)state;
    for (size_t i = 0; i < COUNT (rows); i++) {
        const pt_upload_t upload = {.length = rows[i].length, .has_length = rows[i].has_length};
        const pt_write_open_t ask = {.offset = rows[i].offset,
                                     .length = rows[i].tells,
                                     .has_length = rows[i].has_tells,
                                     .count = rows[i].count,
                                     .has_count = rows[i].has_count};
        uint64_t limit = 0;
        assert_int_equal (drive_policy_write (&ask, &upload, rows[i].safe, MAX, &limit), -rows[i].err);
        if (rows[i].err == 0)
            assert_true (limit == rows[i].limit);
    }
}

static void a_digest_has_a_kind_and_its_length (void **state)
{
    static const struct {
        pt_digest_t kind;
        uint32_t len;
        int err;
    } rows[] = {{PT_digest_SHA1, 20, 0},
                {PT_digest_SHA256, 32, 0},
                {PT_digest_MD5, 16, 0},
                {PT_digest_SHA1, 32, PT_E_invalid},
                {PT_digest_MD5, 0, PT_E_invalid},
                {PT_digest_none, 16, PT_E_invalid},
                {(pt_digest_t)99, 0, PT_E_invalid}};
    static const pt_upload_t upload = {.length = 5, .has_length = true};
    uint64_t limit;
    (void)state;
    for (size_t i = 0; i < COUNT (rows); i++) {
        pt_write_open_t ask = {.digest_kind = rows[i].kind, .has_digest_kind = rows[i].kind != PT_digest_none};
        ask.digest_value = (pt_str_t){"0123456789abcdef0123456789abcdef", rows[i].len};
        ask.has_digest_value = rows[i].len > 0;
        assert_int_equal (drive_policy_write (&ask, &upload, 0, 100, &limit), -rows[i].err);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_range_is_cut_to_the_file),
        cmocka_unit_test (bytes_may_come_where_the_upload_stands_and_as_many_as_fit),
        cmocka_unit_test (a_digest_has_a_kind_and_its_length),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
