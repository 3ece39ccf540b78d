/*  gw_parse_test - bad JSON and a lack of memory are told apart. */

#include "gw_parse.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static void test_bad_text_is_not_a_lack_of_memory (void **state)
{
    (void)state;
    static const char *const texts[] = {"", "{", "{\"a\":}", "{\"a\":1,\"a\":2}", "[1] x", "\"\xff\"", "nonsense"};
    for (size_t i = 0; i < sizeof (texts) / sizeof (texts[0]); i++) {
        json_error_t error;
        bool is_short = true;
        assert_null (gw_parse (texts[i], strlen (texts[i]), &error, &is_short));
        assert_false (is_short);
    }
}

static void test_any_value_is_json (void **state)
{
    (void)state;
    static const char *const texts[] = {"null", "7", "\"x\"", "[1]", " true "};
    for (size_t i = 0; i < sizeof (texts) / sizeof (texts[0]); i++) {
        json_error_t error;
        bool is_short = true;
        json_t *json = gw_parse (texts[i], strlen (texts[i]), &error, &is_short);
        assert_non_null (json);
        assert_false (is_short);
        json_decref (json);
    }
}

/*  Sanitizers have an allocator of their own in this place. */
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#define HAS_SANITIZER (__has_feature (address_sanitizer) || __has_feature (thread_sanitizer))
#if !HAS_SANITIZER && !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
#define OWN_MALLOC

static const char s_send[] =
    "{\"op\":\"send\",\"id\":7,\"room\":\"3\",\"send_id\":\"k\",\"body\":\"text with \\u00e9\"}";

extern void *__libc_malloc (size_t size);

static unsigned s_left; /* allocations until one fails; 0: none does */

void *malloc (size_t size)
{
    return s_left > 0 && --s_left == 0 ? NULL : __libc_malloc (size);
}

static void test_every_allocation_that_fails_is_told (void **state)
{
    (void)state;
    for (unsigned n = 1;; n++) {
        json_error_t error;
        bool is_short;
        s_left = n;
        json_t *json = gw_parse (s_send, sizeof (s_send) - 1, &error, &is_short);
        bool has_failed = s_left == 0;
        s_left = 0;
        assert_int_equal (is_short, !json);
        json_decref (json);
        if (!has_failed) {
            assert_true (n > 10);
            assert_false (is_short);
            return;
        }
    }
}
#endif

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_bad_text_is_not_a_lack_of_memory),
        cmocka_unit_test (test_any_value_is_json),
#ifdef OWN_MALLOC
        cmocka_unit_test (test_every_allocation_that_fails_is_told),
#endif
    };
    return cmocka_run_group_tests_name ("gw_parse", tests, NULL, NULL);
}
