/*  store_wire_test - cells of a result: what they hold, and shapes that are none. */

#include "pt_test.h"
#include "store_wire.h"

/*  One row with one cell of these bytes; NULL without. */
static PGresult *s_cell (const char *bytes, int len)
{
    char name[] = "c", none[] = "";
    char *copy = bytes ? test_copy (bytes, (size_t)len) : none;
    PGresAttDesc column = {.name = name, .format = 1};
    PGresult *result = PQmakeEmptyPGresult (NULL, PGRES_TUPLES_OK);
    assert_true (result && PQsetResultAttrs (result, 1, &column));
    assert_true (PQsetvalue (result, 0, 0, copy, bytes ? len : -1));
    if (bytes)
        free (copy);
    return result;
}

static void a_time_is_read_and_infinity_is_none (void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        int len;
        int64_t at;
        bool is_bad;
    } rows[] = {
        {"\0\0\0\0\0\0\0\1", 8, INT64_C (946684800000001), false},
        {"\xff\xff\xff\xff\xff\xff\xff\xff", 8, INT64_C (946684799999999), false},
        {"\x7f\xff\xff\xff\xff\xff\xff\xff", 8, 0, true},
        {"\0\0\0", 3, 0, true},
        {NULL, 0, 0, false},
    };
    for (size_t i = 0; i < COUNT_OF (rows); i++) {
        PGresult *result = s_cell (rows[i].bytes, rows[i].len);
        store_row_t row = store_row (result, 0);
        assert_true (store_row_time (&row) == rows[i].at);
        assert_int_equal (row.is_bad, rows[i].is_bad);
        PQclear (result);
    }
}

static void a_number_below_zero_or_of_another_width_is_bad (void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        int len;
        uint64_t value;
        bool is_bad;
    } rows[] = {
        {"\0\7", 2, 7, false}, {"\0\0\1\0", 4, 256, false}, {"\xff\xff", 2, 0, true}, {"\7", 1, 0, true},
        {"", 0, 0, true},      {NULL, 0, 0, false},
    };
    for (size_t i = 0; i < COUNT_OF (rows); i++) {
        PGresult *result = s_cell (rows[i].bytes, rows[i].len);
        store_row_t row = store_row (result, 0);
        assert_int_equal (store_row_u64 (&row), rows[i].value);
        assert_int_equal (row.is_bad, rows[i].is_bad);
        PQclear (result);
    }
}

static void an_optional_argument_is_its_value_or_null (void **state)
{
    (void)state;
    static const char value[] = {1, 0, 7, 'x'};
    static const int lengths[] = {1, -1, 2, -1, -1, 1, -1};
    store_args_t args;
    store_args_init (&args);
    store_args_opt_bool (&args, true, true);
    store_args_opt_bool (&args, false, true);
    store_args_opt_i16 (&args, true, 7);
    store_args_opt_i16 (&args, false, 7);
    store_args_opt_time (&args, false, 1);
    store_args_opt_str (&args, true, PT_LIT ("x"));
    store_args_opt_str (&args, false, PT_LIT ("x"));
    assert_int_equal (store_args_error (&args), 0);
    assert_int_equal (args.count, COUNT_OF (lengths));
    assert_memory_equal (args.length, lengths, sizeof (lengths));
    assert_int_equal (args.bytes.len, sizeof (value));
    assert_memory_equal (args.bytes.at, value, sizeof (value));
    store_args_fini (&args);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_time_is_read_and_infinity_is_none),
        cmocka_unit_test (an_optional_argument_is_its_value_or_null),
        cmocka_unit_test (a_number_below_zero_or_of_another_width_is_bad),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
