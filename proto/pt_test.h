/*  pt_test - what every test of this library includes, in cmocka's order. */

#ifndef PT_TEST_H
#define PT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof (array) / sizeof (array)[0])

/*  A literal and its length, zeros inside included. */
#define BYTES(literal) (literal), sizeof (literal) - 1

/*  A copy on the heap of exactly `len` bytes, so that the sanitizer sees a
    read past the end.  The caller frees it. */
static inline void *test_copy (const void *bytes, size_t len)
{
    void *copy = malloc (len ? len : 1);
    assert_non_null (copy);
    if (len)
        memcpy (copy, bytes, len);
    return copy;
}

#endif
