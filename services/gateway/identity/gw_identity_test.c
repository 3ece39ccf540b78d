/*  gw_identity_test - which credential counts, what shape it has, what it may do. */

#include "gw_identity.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define HEX40 "0123456789abcdef0123456789abcdef01234567"
#define HEX64 HEX40 "0123456789abcdef01234567"
#define B64_43 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP-"
#define API "parley_" B64_43
#define ES256 "aa.bb." B64_43 B64_43
#define HS256 "aa.bb." B64_43
#define KEY "abcdefghijklmnopqrstuvwxyz012345"

/*  The places a credential can be in, the first that counts first. */
enum { HEADER, QUERY, SUBPROTOCOL, ACCESS, SESSION, PLACES };

static const char *const s_names[PLACES] = {"header", "query", "subprotocol", "access cookie", "session cookie"};

/*  One that is good in shape, or one that is none of ours, in each of two places. */
static void s_show (gw_shown_t *shown, char cookies[256], int place, bool is_good)
{
    switch (place) {
    case HEADER:
        shown->authorization = is_good ? PT_LIT ("Token " HEX40) : PT_LIT ("Bearer nonsense");
        return;
    case QUERY:
        shown->query = is_good ? PT_LIT (HEX64) : PT_LIT ("nonsense");
        return;
    case SUBPROTOCOL:
        shown->subprotocol = is_good ? PT_LIT (API) : PT_LIT ("nonsense");
        return;
    case ACCESS:
        strcat (cookies, is_good ? "access=" ES256 "; " : "access=nonsense; ");
        break;
    case SESSION:
        strcat (cookies, is_good ? "sessionid=" KEY "; " : "sessionid=nonsense; ");
        break;
    }
    shown->cookies = pt_str (cookies);
}

/*  What must count: the first place of the two that is looked at and, if its
    credential is a cookie of no use, the other. */
static bool s_counts (int place, bool is_socket)
{
    return is_socket || place == HEADER || place == SESSION;
}

static pt_scheme_t s_scheme (int place)
{
    return place == HEADER ? PT_scheme_TOKEN : place == SESSION ? PT_scheme_COOKIE : PT_scheme_BEARER;
}

static void s_check_pair (int first, int second, bool is_socket)
{
    char cookies[256] = "";
    gw_shown_t shown = {.is_socket = is_socket};
    s_show (&shown, cookies, second, true);
    if (first != second)
        s_show (&shown, cookies, first, true);
    gw_credential_t credential;
    unsigned at = 0;
    int winner = s_counts (first, is_socket) ? first : s_counts (second, is_socket) ? second : PLACES;
    bool is_there = gw_identity_next (&shown, &at, &credential);
    if (is_there != (winner != PLACES))
        fail_msg ("%s and %s: %d", s_names[first], s_names[second], is_there);
    if (!is_there)
        return;
    if (credential.scheme != s_scheme (winner) || credential.is_cookie != (winner >= ACCESS) ||
        credential.shape == GW_CREDENTIAL_NEVER)
        fail_msg ("%s and %s: scheme %d, shape %d", s_names[first], s_names[second], (int)credential.scheme,
                  (int)credential.shape);
    /*  Behind a cookie alone may come another: the session behind `access`. */
    bool has_next = gw_identity_next (&shown, &at, &credential);
    assert_int_equal (has_next, winner == ACCESS && second == SESSION);
}

static void test_the_first_that_is_present_counts (void **state)
{
    (void)state;
    for (int first = 0; first < PLACES; first++)
        for (int second = first; second < PLACES; second++) {
            s_check_pair (first, second, true);
            s_check_pair (first, second, false);
        }
}

static void test_one_that_was_meant_hides_all_others_even_when_it_is_no_good (void **state)
{
    (void)state;
    for (int first = HEADER; first <= SUBPROTOCOL; first++)
        for (int second = first + 1; second < PLACES; second++) {
            char cookies[256] = "";
            gw_shown_t shown = {.is_socket = true};
            gw_credential_t credential;
            unsigned at = 0;
            s_show (&shown, cookies, first, false);
            s_show (&shown, cookies, second, true);
            assert_true (gw_identity_next (&shown, &at, &credential));
            assert_int_equal (credential.shape, GW_CREDENTIAL_NEVER);
            assert_false (credential.is_cookie);
            assert_false (gw_identity_next (&shown, &at, &credential));
        }
}

static void test_a_foreign_scheme_counts_as_none (void **state)
{
    (void)state;
    const gw_shown_t shown = {.authorization = PT_LIT ("Digest abc"), .cookies = PT_LIT ("sessionid=" KEY)};
    gw_credential_t credential;
    unsigned at = 0;
    assert_true (gw_identity_next (&shown, &at, &credential));
    assert_int_equal (credential.scheme, PT_scheme_COOKIE);
    assert_false (gw_identity_next (&shown, &at, &credential));
    assert_int_equal (credential.scheme, PT_scheme_none);
}

static void test_shapes_tell_who_can_judge (void **state)
{
    (void)state;
    static const struct {
        const char *header;
        gw_credential_shape_t shape;
    } rows[] = {
        {"Bearer " ES256, GW_CREDENTIAL_LOCAL},
        {"Token " ES256, GW_CREDENTIAL_LOCAL},
        {"Bearer " HS256, GW_CREDENTIAL_ASKED},
        {"Bearer " HEX40, GW_CREDENTIAL_ASKED},
        {"Token " HEX40, GW_CREDENTIAL_ASKED},
        {"Token " HEX64, GW_CREDENTIAL_ASKED},
        {"Bearer " API, GW_CREDENTIAL_ASKED},
        {"Basic YTpi", GW_CREDENTIAL_ASKED},
        {"Basic YTo=", GW_CREDENTIAL_ASKED},
        {"Basic YTo", GW_CREDENTIAL_ASKED},
        {"Basic YWI=", GW_CREDENTIAL_NEVER},  /* no colon */
        {"Basic YTp=", GW_CREDENTIAL_NEVER},  /* bits behind the end */
        {"Basic YTo==", GW_CREDENTIAL_NEVER}, /* padding */
        {"Basic YTpi====", GW_CREDENTIAL_NEVER},
        {"Basic ADo=", GW_CREDENTIAL_NEVER}, /* NUL */
        {"Basic Y-pi", GW_CREDENTIAL_NEVER},
        {"Basic", GW_CREDENTIAL_NEVER},
        {"Token", GW_CREDENTIAL_NEVER},
        {"Token " HEX40 "0", GW_CREDENTIAL_NEVER},
        {"Token 0123456789ABCDEF0123456789abcdef01234567", GW_CREDENTIAL_NEVER},
        {"Token parley_abc", GW_CREDENTIAL_NEVER},
        {"Token Parley_" B64_43, GW_CREDENTIAL_NEVER},
        {"Basic /zo=", GW_CREDENTIAL_NEVER}, /* not UTF-8 */
        {"Bearer a/.bb." B64_43, GW_CREDENTIAL_NEVER},
        {"Bearer aa.bb.cc", GW_CREDENTIAL_NEVER},
        {"Bearer nonsense", GW_CREDENTIAL_NEVER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const gw_shown_t shown = {.authorization = pt_str (rows[i].header)};
        gw_credential_t credential;
        unsigned at = 0;
        assert_true (gw_identity_next (&shown, &at, &credential));
        if (credential.shape != rows[i].shape)
            fail_msg ("%s: shape %d", rows[i].header, (int)credential.shape);
    }
    char huge[2 * LIM_TOKEN] = "Bearer ";
    memset (huge + 7, 'a', LIM_TOKEN + 1);
    memcpy (huge + 7 + LIM_TOKEN + 1 - 87, "." B64_43 B64_43, 87);
    const gw_shown_t shown = {.authorization = pt_str (huge)};
    gw_credential_t credential;
    unsigned at = 0;
    assert_true (gw_identity_next (&shown, &at, &credential));
    assert_int_equal (credential.shape, GW_CREDENTIAL_NEVER);
}

/*  Where no header's grammar has been applied before. */
static void test_a_token_has_a_tokens_characters (void **state)
{
    (void)state;
    static const char *const tokens[] = {"a\xff.bb." B64_43, "a .bb." B64_43, "a\r\n.bb." B64_43};
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        const gw_shown_t shown = {.query = pt_str (tokens[i]), .is_socket = true};
        gw_credential_t credential;
        unsigned at = 0;
        assert_true (gw_identity_next (&shown, &at, &credential));
        assert_int_equal (credential.shape, GW_CREDENTIAL_NEVER);
    }
}

static void test_basic_is_a_name_and_a_password (void **state)
{
    (void)state;
    char out[8];
    assert_int_equal (gw_identity_basic (PT_LIT ("YTpiOmM="), out, sizeof out), 5);
    assert_memory_equal (out, "a:b:c", 5);
    assert_int_equal (gw_identity_basic (PT_LIT ("YTpiOmM="), out, 5), 5);
    assert_int_equal (gw_identity_basic (PT_LIT ("YTpiOmM="), out, 4), 0);
}

static void test_names_meet_in_any_case (void **state)
{
    (void)state;
    assert_true (gw_identity_affinity (PT_LIT ("Alice")) == gw_identity_affinity (PT_LIT ("aLICE")));
    assert_true (gw_identity_affinity (PT_LIT ("alice")) != gw_identity_affinity (PT_LIT ("alicf")));
    assert_true (gw_identity_affinity (PT_LIT ("")) != 0);
}

static void test_scopes_are_words (void **state)
{
    (void)state;
    assert_int_equal (gw_identity_scopes (PT_LIT ("")), 0);
    assert_int_equal (gw_identity_scopes (PT_LIT ("read")), GW_SCOPE_READ);
    assert_int_equal (gw_identity_scopes (PT_LIT (" write  read ")), GW_SCOPE_READ | GW_SCOPE_WRITE);
    assert_int_equal (gw_identity_scopes (PT_LIT ("account admin")), GW_SCOPE_ACCOUNT | GW_SCOPE_ADMIN);
    assert_int_equal (gw_identity_scopes (PT_LIT ("reads Read rea")), 0);
}

static void test_an_identity_may_what_its_scopes_say_and_staff_alone_administers (void **state)
{
    (void)state;
    const gw_identity_t reader = {.scopes = GW_SCOPE_READ}, all = {.scopes = GW_SCOPE_ALL},
                        staff = {.scopes = GW_SCOPE_ALL, .is_staff = true},
                        clerk = {.scopes = GW_SCOPE_READ, .is_staff = true};
    assert_int_equal (gw_identity_may (&reader, 0), 0);
    assert_int_equal (gw_identity_may (&reader, GW_SCOPE_READ), 0);
    assert_int_equal (gw_identity_may (&reader, GW_SCOPE_WRITE), -PT_E_scope_missing);
    assert_int_equal (gw_identity_may (&reader, GW_SCOPE_READ | GW_SCOPE_WRITE), -PT_E_scope_missing);
    assert_int_equal (gw_identity_may (&all, GW_SCOPE_ACCOUNT), 0);
    assert_int_equal (gw_identity_may (&all, GW_SCOPE_ADMIN), -PT_E_forbidden);
    assert_int_equal (gw_identity_may (&staff, GW_SCOPE_ADMIN), 0);
    assert_int_equal (gw_identity_may (&clerk, GW_SCOPE_ADMIN), -PT_E_scope_missing);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_the_first_that_is_present_counts),
        cmocka_unit_test (test_one_that_was_meant_hides_all_others_even_when_it_is_no_good),
        cmocka_unit_test (test_a_foreign_scheme_counts_as_none),
        cmocka_unit_test (test_shapes_tell_who_can_judge),
        cmocka_unit_test (test_a_token_has_a_tokens_characters),
        cmocka_unit_test (test_basic_is_a_name_and_a_password),
        cmocka_unit_test (test_names_meet_in_any_case),
        cmocka_unit_test (test_scopes_are_words),
        cmocka_unit_test (test_an_identity_may_what_its_scopes_say_and_staff_alone_administers),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
