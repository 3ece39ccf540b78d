/*  gw_route_test - matching paths, methods and ports on a small table, and what
    the real table promises. */

#include "gw_identity.h"
#include "gw_route.h"
#include "pt_message.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const gw_route_t s_table[] = {
    {GW_GET, "/", 0, 200, 0, 0, NULL, ""},
    {GW_GET, "/a", 0, 200, 0, 0, NULL, ""},
    {GW_POST, "/a", 0, 201, 0, 0, NULL, ""},
    {GW_GET, "/a/me", 0, 200, 0, 0, NULL, ""},
    {GW_GET, "/a/{id}", 0, 200, 0, 0, NULL, ""},
    {GW_DELETE, "/a/{id}", 0, 204, 0, 0, NULL, ""},
    {GW_PUT, "/a/{id}/b/{other}", 0, 200, 0, 0, NULL, ""},
    {GW_GET, "/inside", 0, 200, GW_INTERNAL, 0, NULL, ""},
    {GW_GET, "/both", 0, 200, GW_ANYWHERE, 0, NULL, ""},
};
#define COUNT (sizeof s_table / sizeof s_table[0])

static gw_route_match_t s_find (gw_method_t method, const char *path)
{
    gw_route_match_t match;
    gw_route_find (s_table, COUNT, method, path, false, &match);
    return match;
}

static void test_paths_match_whole_segments (void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int row; /* -1: none */
    } rows[] = {
        {"/", 0},    {"/a", 1},    {"/a/me", 3},    {"/a/7", 4},        {"/a/men", 4},  {"", -1},
        {"a", -1},   {"/a/", -1},  {"/b", -1},      {"/aa", -1},        {"/a/me/", -1}, {"/a/7/b", -1},
        {"//a", -1}, {"/a//", -1}, {"/a/7/b/", -1}, {"/a/7/b/8/c", -1}, {"/A", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        gw_route_match_t match = s_find (GW_GET, rows[i].path);
        if (match.route != (rows[i].row < 0 ? NULL : &s_table[rows[i].row]))
            fail_msg ("%s", rows[i].path);
        if (rows[i].row < 0)
            assert_int_equal (match.methods, 0);
    }
}

static void test_variables_are_cut_out (void **state)
{
    (void)state;
    gw_route_match_t match = s_find (GW_PUT, "/a/seven/b/eight");
    assert_ptr_equal (match.route, &s_table[6]);
    assert_int_equal (match.var_count, 2);
    assert_int_equal (match.vars[0].name_len, 2);
    assert_memory_equal (match.vars[0].name, "id", 2);
    assert_int_equal (match.vars[0].value_len, 5);
    assert_memory_equal (match.vars[0].value, "seven", 5);
    assert_memory_equal (match.vars[1].name, "other", 5);
    assert_int_equal (match.vars[1].value_len, 5);
    assert_memory_equal (match.vars[1].value, "eight", 5);
}

static void test_another_method_tells_which_there_are (void **state)
{
    (void)state;
    char allow[96];
    gw_route_match_t match = s_find (GW_PATCH, "/a");
    assert_null (match.route);
    assert_int_equal (match.methods, 1u << GW_GET | 1u << GW_POST);
    gw_route_allow (match.methods, allow, sizeof allow);
    assert_string_equal (allow, "GET, HEAD, POST, OPTIONS");
    gw_route_allow (s_find (GW_GET, "/a/7").methods, allow, sizeof allow);
    assert_string_equal (allow, "GET, HEAD, DELETE, OPTIONS");
    /*  /a/me is its own path: it does not take what /a/{id} takes. */
    assert_int_equal (s_find (GW_DELETE, "/a/me").methods, 1u << GW_GET);
}

static void test_internal_routes_are_on_their_port_alone (void **state)
{
    (void)state;
    gw_route_match_t match;
    assert_int_equal (s_find (GW_GET, "/inside").methods, 0);
    assert_non_null (s_find (GW_GET, "/both").route);
    gw_route_find (s_table, COUNT, GW_GET, "/inside", true, &match);
    assert_ptr_equal (match.route, &s_table[7]);
    gw_route_find (s_table, COUNT, GW_GET, "/both", true, &match);
    assert_ptr_equal (match.route, &s_table[8]);
    gw_route_find (s_table, COUNT, GW_GET, "/a", true, &match);
    assert_int_equal (match.methods, 0);
}

/*  Every variable fills a field that clients may set, every operation exists, and
    no two rows are the same. */
static void test_the_table_of_the_gateway_holds_together (void **state)
{
    (void)state;
    for (size_t i = 0; i < gw_route_count; i++) {
        const gw_route_t *route = &gw_routes[i];
        assert_non_null (route->fn);
        assert_true (route->path[0] == '/');
        for (size_t j = 0; j < i; j++)
            assert_false (route->method == gw_routes[j].method && strcmp (route->path, gw_routes[j].path) == 0);
        if (route->opcode == 0)
            continue;
        const pt_call_t *call = pt_call_find (route->opcode);
        assert_non_null (call);
        assert_true ((call->reply == PT_MSG_empty) == (route->status == 204 || route->status == 202));
        /*  Only who asks to be forgotten needs no scope. */
        bool needs_none = (route->flags & GW_OPEN) != 0 || strcmp (route->path, "/v1/sessions/current") == 0;
        bool is_staffs = strncmp (route->path, "/v1/admin/", 10) == 0;
        assert_true (needs_none == (route->scope == 0));
        assert_true (is_staffs == (route->scope == GW_SCOPE_ADMIN));
        gw_route_match_t match;
        gw_route_find (gw_routes, gw_route_count, route->method, route->path, false, &match);
        assert_ptr_equal (match.route, route);
        for (unsigned v = 0; v < match.var_count; v++) {
            const pt_field_t *field =
                pt_desc_field (pt_desc (call->request), match.vars[v].name, match.vars[v].name_len);
            assert_non_null (field);
            assert_int_equal (field->flags & PT_INNER, 0);
        }
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_paths_match_whole_segments),
        cmocka_unit_test (test_variables_are_cut_out),
        cmocka_unit_test (test_another_method_tells_which_there_are),
        cmocka_unit_test (test_internal_routes_are_on_their_port_alone),
        cmocka_unit_test (test_the_table_of_the_gateway_holds_together),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
