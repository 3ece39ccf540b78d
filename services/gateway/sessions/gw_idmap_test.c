/*  gw_idmap_test - the map against a plain array, and the token bucket. */

#include "gw_idmap.h"
#include "sv_rate.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define S_IDS 500

static void test_a_walk_agrees_with_an_array (void **state)
{
    (void)state;
    static char values[S_IDS];
    bool is_in[S_IDS] = {false};
    gw_idmap_t map = {0};
    uint32_t count = 0;
    srand (5);
    for (unsigned step = 0; step < 100000; step++) {
        unsigned i = (unsigned)rand () % S_IDS;
        uint64_t id = (uint64_t)(i + 1) << (i % 2 ? 20 : 0);
        assert_ptr_equal (gw_idmap_get (&map, id), is_in[i] ? &values[i] : NULL);
        if (is_in[i] || rand () % 3 == 0) {
            count -= is_in[i];
            gw_idmap_remove (&map, id);
            is_in[i] = false;
        } else {
            assert_int_equal (gw_idmap_put (&map, id, &values[i]), 0);
            is_in[i] = true;
            count++;
        }
        assert_int_equal (map.count, count);
    }
    uint32_t seen = 0;
    for (uint32_t i = 0; i < map.cap; i++)
        seen += gw_idmap_at (&map, i) != NULL;
    assert_int_equal (seen, count);
    gw_idmap_fini (&map);
    assert_null (gw_idmap_get (&map, 1));
}

static void test_a_bucket_gives_its_burst_and_then_its_rate (void **state)
{
    (void)state;
    sv_rate_t rate = {0};
    unsigned taken = 0;
    for (unsigned i = 0; i < 500; i++)
        taken += sv_rate_take (&rate, 100, 200, 1000);
    assert_int_equal (taken, 200);
    for (uint64_t ms = 1001; ms <= 2000; ms++)
        taken += sv_rate_take (&rate, 100, 200, ms);
    assert_int_equal (taken, 300);
    for (unsigned i = 0; i < 500; i++)
        taken += sv_rate_take (&rate, 100, 200, 100000);
    assert_int_equal (taken, 500);
    assert_false (sv_rate_take (&rate, 100, 200, 500)); /* a clock that jumps back gives nothing away */
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_walk_agrees_with_an_array),
        cmocka_unit_test (test_a_bucket_gives_its_burst_and_then_its_rate),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
