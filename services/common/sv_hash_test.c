/*  sv_hash_test - the hash against the vectors of its authors. */

#include "sv_hash.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void the_hash_is_that_of_its_authors (void **state)
{
    (void)state;
    /*  Key 00..0f, message 00 01 02 ..; from the reference implementation. */
    static const struct {
        size_t len;
        uint64_t hash;
    } vectors[] = {
        {0, 0x726fdb47dd0e0e31}, {1, 0x74f839c593dc67fd}, {7, 0xab0200f58b01d137},
        {8, 0x93f5f5799a932462}, {9, 0x9e0082df0ba9e4b0}, {15, 0xa129ca6149be45e5},
    };
    const uint64_t seed[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    uint8_t bytes[16];
    for (uint8_t i = 0; i < sizeof bytes; i++)
        bytes[i] = i;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        assert_int_equal (sv_hash (seed, bytes, vectors[i].len), vectors[i].hash);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (the_hash_is_that_of_its_authors)};
    return cmocka_run_group_tests_name ("sv_hash", tests, NULL, NULL);
}
