/*  gw_dialect_person_test - which of its names an account is called by. */

#include "gw_dialect_person.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_the_first_name_that_there_is_counts (void **state)
{
    (void)state;
    pt_person_t person = {.login = PT_LIT ("login"),
                          .has_login = true,
                          .nickname = PT_LIT ("nick"),
                          .has_nickname = true,
                          .name = PT_LIT ("Name"),
                          .has_name = true,
                          .email = PT_LIT ("a.b@x.io"),
                          .has_email = true};
    assert_true (pt_str_eq (gw_dialect_person_name (&person), PT_LIT ("login")));
    person.has_login = false;
    assert_true (pt_str_eq (gw_dialect_person_name (&person), PT_LIT ("nick")));
    person.nickname = PT_LIT ("");
    assert_true (pt_str_eq (gw_dialect_person_name (&person), PT_LIT ("Name")));
    person.has_name = false;
    assert_true (pt_str_eq (gw_dialect_person_name (&person), PT_LIT ("a.b")));
    person.has_email = false;
    assert_int_equal (gw_dialect_person_name (&person).len, 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_the_first_name_that_there_is_counts),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
