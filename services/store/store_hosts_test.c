/*  store_hosts_test - lists of hosts, begun somewhere else. */

#include "store_hosts.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

static void test_a_list_begins_so_many_entries_later (void **state)
{
    (void)state;
    static const struct {
        const char *list;
        unsigned turn;
        const char *turned;
    } rows[] = {
        {"a,b,c", 0, "a,b,c"},   {"a,b,c", 1, "b,c,a"}, {"a,b,c", 2, "c,a,b"}, {"a,b,c", 3, "a,b,c"},
        {"a,b", 4000001, "b,a"}, {"a", 7, "a"},         {"", 1, ""},           {"/run/a,,b", 1, ",b,/run/a"},
    };
    for (size_t i = 0; i < sizeof (rows) / sizeof (rows[0]); i++) {
        char out[16];
        store_hosts_turn (rows[i].list, rows[i].turn, out, sizeof (out));
        assert_string_equal (out, rows[i].turned);
    }
}

static void test_a_list_that_does_not_fit_is_left_out (void **state)
{
    (void)state;
    char out[4];
    store_hosts_turn ("a,b", 1, out, sizeof (out));
    assert_string_equal (out, "b,a");
    store_hosts_turn ("a,bc", 1, out, sizeof (out));
    assert_string_equal (out, "");
}

static void test_hosts_and_their_ports_turn_together (void **state)
{
    (void)state;
    store_hosts_t hosts;
    store_hosts_read (&hosts, "host=a,b port=1,2 dbname=x", 1);
    assert_string_equal (hosts.host, "b,a");
    assert_string_equal (hosts.port, "2,1");
    assert_string_equal (hosts.hostaddr, "");
    store_hosts_read (&hosts, "postgresql://u:p@a:1,b:2,c:3/x", 2);
    assert_string_equal (hosts.host, "c,a,b");
    assert_string_equal (hosts.port, "3,1,2");
}

static void test_one_host_or_a_bad_string_leaves_the_string_alone (void **state)
{
    (void)state;
    static const char *const strings[] = {"host=a port=5432", "", "host='", "nonsense"};
    for (size_t i = 0; i < sizeof (strings) / sizeof (strings[0]); i++) {
        store_hosts_t hosts;
        store_hosts_read (&hosts, strings[i], 3);
        assert_string_equal (hosts.host, "");
        assert_string_equal (hosts.port, "");
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_list_begins_so_many_entries_later),
        cmocka_unit_test (test_a_list_that_does_not_fit_is_left_out),
        cmocka_unit_test (test_hosts_and_their_ports_turn_together),
        cmocka_unit_test (test_one_host_or_a_bad_string_leaves_the_string_alone),
    };
    return cmocka_run_group_tests_name ("store_hosts", tests, NULL, NULL);
}
