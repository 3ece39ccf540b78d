/*  gw_limit_test - who counts as one, and how often it may ask. */

#include "gw_limit.h"
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static gw_limit_t *s_limit (bool spares_loopback)
{
    static const uint64_t seed[2] = {1, 2};
    gw_limit_t *limit = gw_limit_new (seed, spares_loopback);
    assert_non_null (limit);
    return limit;
}

static gw_network_t s_network (const char *text)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_in *ipv4 = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&address;
    gw_network_t out;
    if (inet_pton (AF_INET, text, &ipv4->sin_addr) == 1)
        address.ss_family = AF_INET;
    else if (inet_pton (AF_INET6, text, &ipv6->sin6_addr) == 1)
        address.ss_family = AF_INET6;
    gw_limit_network (&address, &out);
    return out;
}

static void test_a_network_is_an_ipv4_address_or_half_an_ipv6_one (void **state)
{
    (void)state;
    static const struct {
        const char *one, *other;
        bool is_same;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"192.0.2.1", "::ffff:192.0.2.1", true},
        {"192.0.2.1", "::192.0.2.1", false},
        {"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true},
        {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
        {"0.0.0.0", "::", false},
        {"a socket of another kind", "0.0.0.0", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gw_network_t one = s_network (rows[i].one), other = s_network (rows[i].other);
        if ((memcmp (&one, &other, sizeof one) == 0) != rows[i].is_same)
            fail_msg ("%s and %s", rows[i].one, rows[i].other);
    }
}

static void test_loopback_is_known_in_every_spelling (void **state)
{
    (void)state;
    assert_true (s_network ("127.0.0.1").is_loopback && s_network ("127.9.9.9").is_loopback);
    assert_true (s_network ("::1").is_loopback && s_network ("::ffff:127.0.0.1").is_loopback);
    assert_false (s_network ("128.0.0.1").is_loopback || s_network ("::2").is_loopback);
    assert_false (s_network ("nowhere").is_loopback);
}

/*  How many are let through at once, and when the next one is. */
static void test_each_class_has_its_pace (void **state)
{
    (void)state;
    static const struct {
        gw_limit_class_t class;
        unsigned burst;
        uint64_t token_ms;
    } rows[] = {
        {GW_LIMIT_SIGN_IN, 10, 3000},
        {GW_LIMIT_CHECK, 200, 10},
        {GW_LIMIT_REQUEST, 200, 10},
        {GW_LIMIT_SOCKET, 200, 20},
    };
    gw_network_t from = s_network ("192.0.2.1"), other = s_network ("192.0.2.2");
    gw_limit_t *limit = s_limit (false);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t now_ms = 5000;
        for (unsigned n = 0; n < rows[i].burst; n++) {
            assert_true (gw_limit_wait (limit, rows[i].class, &from, now_ms) == 0);
            assert_true (gw_limit_take (limit, rows[i].class, &from, now_ms) == 0);
        }
        assert_true (gw_limit_wait (limit, rows[i].class, &from, now_ms) == rows[i].token_ms);
        assert_true (gw_limit_take (limit, rows[i].class, &from, now_ms) == rows[i].token_ms);
        assert_true (gw_limit_take (limit, rows[i].class, &other, now_ms) == 0);
        now_ms += rows[i].token_ms;
        assert_true (gw_limit_take (limit, rows[i].class, &from, now_ms) == 0);
        assert_true (gw_limit_take (limit, rows[i].class, &from, now_ms) == rows[i].token_ms);
    }
    gw_limit_destroy (&limit);
}

static void test_an_account_is_limited_wherever_it_asks_from (void **state)
{
    (void)state;
    gw_network_t from[2] = {s_network ("192.0.2.1"), s_network ("2001:db8::1")};
    gw_limit_t *limit = s_limit (false);
    for (unsigned n = 0; n < 200; n++)
        assert_true (gw_limit_take_account (limit, 7, &from[n % 2], 5000) == 0);
    assert_true (gw_limit_take_account (limit, 7, &from[0], 5000) == 10);
    assert_true (gw_limit_take_account (limit, 7, &from[1], 5000) == 10);
    assert_true (gw_limit_take_account (limit, 8, &from[1], 5000) == 0);
    gw_limit_destroy (&limit);
}

static void test_wrong_credentials_use_up_what_signing_in_needs (void **state)
{
    (void)state;
    gw_network_t from = s_network ("192.0.2.1");
    gw_limit_t *limit = s_limit (false);
    assert_true (gw_limit_wait (limit, GW_LIMIT_SIGN_IN, &from, 5000) == 0);
    for (unsigned n = 0; n < 10; n++)
        gw_limit_charge (limit, &from, 5000);
    assert_true (gw_limit_wait (limit, GW_LIMIT_SIGN_IN, &from, 5000) == 3000);
    assert_true (gw_limit_take (limit, GW_LIMIT_SIGN_IN, &from, 5000) == 3000);
    for (unsigned n = 0; n < 1000; n++)
        gw_limit_charge (limit, &from, 5000);
    uint64_t wait_ms = gw_limit_wait (limit, GW_LIMIT_SIGN_IN, &from, 5000);
    assert_true (wait_ms > 3000 && wait_ms <= GW_LIMIT_DEBT_MS);
    assert_true (gw_limit_wait (limit, GW_LIMIT_SIGN_IN, &from, 5000 + wait_ms) == 0);
    gw_limit_destroy (&limit);
}

static void test_loopback_can_be_spared_and_nobody_else (void **state)
{
    (void)state;
    gw_network_t here = s_network ("::1"), there = s_network ("192.0.2.1");
    gw_limit_t *limit = s_limit (true);
    for (unsigned n = 0; n < 1000; n++) {
        gw_limit_charge (limit, &here, 5000);
        assert_true (gw_limit_take (limit, GW_LIMIT_SIGN_IN, &here, 5000) == 0);
        assert_true (gw_limit_take_account (limit, 7, &here, 5000) == 0);
        assert_true (gw_limit_wait (limit, GW_LIMIT_SIGN_IN, &here, 5000) == 0);
        (void)gw_limit_take (limit, GW_LIMIT_SIGN_IN, &there, 5000);
    }
    assert_true (gw_limit_take (limit, GW_LIMIT_SIGN_IN, &there, 5000) > 0);
    gw_limit_destroy (&limit);
    limit = s_limit (false);
    for (unsigned n = 0; n < 11; n++)
        (void)gw_limit_take (limit, GW_LIMIT_SIGN_IN, &here, 5000);
    assert_true (gw_limit_take (limit, GW_LIMIT_SIGN_IN, &here, 5000) > 0);
    gw_limit_destroy (&limit);
}

static void test_a_refusal_says_what_the_limit_is (void **state)
{
    (void)state;
    char out[GW_LIMIT_HEADERS];
    assert_string_equal (gw_limit_headers (GW_LIMIT_SIGN_IN, 2001, out),
                         "RateLimit-Policy: \"sign-in\";q=10;w=30\r\nRateLimit: \"sign-in\";r=0;t=3\r\n");
    assert_string_equal (gw_limit_headers (GW_LIMIT_REQUEST, 10, out),
                         "RateLimit-Policy: \"request\";q=200;w=2\r\nRateLimit: \"request\";r=0;t=1\r\n");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_network_is_an_ipv4_address_or_half_an_ipv6_one),
        cmocka_unit_test (test_loopback_is_known_in_every_spelling),
        cmocka_unit_test (test_each_class_has_its_pace),
        cmocka_unit_test (test_an_account_is_limited_wherever_it_asks_from),
        cmocka_unit_test (test_wrong_credentials_use_up_what_signing_in_needs),
        cmocka_unit_test (test_loopback_can_be_spared_and_nobody_else),
        cmocka_unit_test (test_a_refusal_says_what_the_limit_is),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
