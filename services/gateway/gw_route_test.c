/*  gw_route_test - matching paths, methods and ports on a small table, and what
    the real table promises. */

#include "gw_dialect_problem.h"
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
static const gw_route_set_t s_set = {"/", s_table, sizeof s_table / sizeof s_table[0], NULL};

/*  What a dialect's rows may look like, and rows that come too late. */
static const gw_dialect_t s_dialect = {.name = "d"};
static const gw_route_t s_more[] = {
    {GW_GET, "/d/", 0, 200, 0, 0, NULL, ""},
    {GW_POST, "/d/", 0, 201, 0, 0, NULL, ""},
    {GW_GET, "/d/{int:number}/", 0, 200, 0, 0, NULL, ""},
    {GW_GET, "/d/{int:number}.json", 0, 200, 0, 0, NULL, ""},
    {GW_GET, "/d/{uuid:it}/", 0, 200, 0, 0, NULL, ""},
    {GW_GET, "/d/x/{any}/", 0, 200, 0, 0, NULL, ""},
    {GW_PATCH, "/a", 0, 200, 0, 0, NULL, ""},
};
static const gw_route_set_t s_more_set = {"/", s_more, sizeof s_more / sizeof s_more[0], &s_dialect};
static const gw_route_set_t s_never = {"/never/", s_table, sizeof s_table / sizeof s_table[0], &s_dialect};

static gw_route_match_t s_find_as (gw_method_t method, const char *path, bool is_internal)
{
    static const gw_route_set_t *const sets[] = {&s_never, &s_set, &s_more_set};
    gw_route_match_t match;
    gw_route_find (sets, sizeof sets / sizeof sets[0], method, path, is_internal, &match);
    return match;
}

static gw_route_match_t s_find (gw_method_t method, const char *path)
{
    return s_find_as (method, path, false);
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
    assert_int_equal (s_find (GW_GET, "/inside").methods, 0);
    assert_non_null (s_find (GW_GET, "/both").route);
    assert_ptr_equal (s_find_as (GW_GET, "/inside", true).route, &s_table[7]);
    assert_ptr_equal (s_find_as (GW_GET, "/both", true).route, &s_table[8]);
    assert_int_equal (s_find_as (GW_GET, "/a", true).methods, 0);
}

static void test_a_path_belongs_to_the_first_set_that_has_it (void **state)
{
    (void)state;
    gw_route_match_t match = s_find (GW_PATCH, "/a");
    assert_null (match.route);
    assert_null (match.dialect);
    assert_ptr_equal (match.first, &s_table[1]);
    match = s_find (GW_DELETE, "/d/");
    assert_null (match.route);
    assert_ptr_equal (match.dialect, &s_dialect);
    assert_ptr_equal (match.first, &s_more[0]);
    assert_int_equal (match.methods, 1u << GW_GET | 1u << GW_POST);
    match = s_find (GW_GET, "/none");
    assert_null (match.first);
    assert_null (match.dialect);
}

static void test_a_final_slash_may_be_left_out_where_there_is_one (void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int row; /* of s_more; -1: none */
        bool lacks;
    } rows[] = {
        {"/d/", 0, false},    {"/d", 0, true},          {"/d//", -1, false},        {"/d/12/", 2, false},
        {"/d/12", 2, true},   {"/d/12.json", 3, false}, {"/d/12.json/", -1, false}, {"/d/x/y", 5, true},
        {"/d/x/", -1, false}, {"/d/x", -1, false},      {"/", -1, false},           {"", -1, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        gw_route_match_t match = s_find (GW_GET, rows[i].path);
        const gw_route_t *want = rows[i].row < 0 ? NULL : &s_more[rows[i].row];
        bool is_ours = match.dialect == &s_dialect;
        if ((is_ours ? match.route : NULL) != want || match.lacks_slash != rows[i].lacks)
            fail_msg ("%s", rows[i].path);
    }
}

static void test_variables_may_have_a_kind (void **state)
{
    (void)state;
    static const char uuid[] = "0f8fad5b-d9cb-469f-A165-70867728950e";
    char path[64];
    gw_route_match_t match = s_find (GW_GET, "/d/0012/");
    assert_int_equal (match.var_count, 1);
    assert_true (match.vars[0].name_len == 6 && memcmp (match.vars[0].name, "number", 6) == 0);
    assert_true (match.vars[0].value_len == 4 && memcmp (match.vars[0].value, "0012", 4) == 0);
    match = s_find (GW_GET, "/d/7.json");
    assert_int_equal (match.vars[0].value_len, 1);
    assert_null (s_find (GW_GET, "/d/1a/").route);
    assert_null (s_find (GW_GET, "/d/-1/").route);
    assert_null (s_find (GW_GET, "/d/.json").route);
    snprintf (path, sizeof path, "/d/%s/", uuid);
    match = s_find (GW_GET, path);
    assert_ptr_equal (match.route, &s_more[4]);
    assert_true (match.vars[0].name_len == 2 && match.vars[0].value_len == sizeof uuid - 1);
    path[4] = 'g';
    assert_null (s_find (GW_GET, path).route);
    snprintf (path, sizeof path, "/d/%.35s/", uuid);
    assert_null (s_find (GW_GET, path).route);
}

static void s_check_operation (const gw_route_t *route, const gw_route_match_t *match, bool is_native)
{
    const pt_call_t *call = pt_call_find (route->opcode);
    assert_non_null (call);
    if (!is_native) /* its handler fills the fields, and says what success is */
        return;
    assert_true ((call->reply == PT_MSG_empty) == (route->status == 204 || route->status == 202));
    for (unsigned v = 0; v < match->var_count; v++) {
        const pt_field_t *field = pt_desc_field (pt_desc (call->request), match->vars[v].name, match->vars[v].name_len);
        assert_non_null (field);
        assert_int_equal (field->flags & PT_INNER, 0);
    }
}

/*  Something that takes the place of the variables of a path. */
static void s_fill (const char *pattern, char *out)
{
    for (const char *at = pattern; *at; at++) {
        if (*at != '{') {
            *out++ = *at;
            continue;
        }
        const char *value = strncmp (at, "{uuid:", 6) == 0 ? "0f8fad5b-d9cb-469f-a165-70867728950e" : "7";
        out += sprintf (out, "%s", value);
        at = strchr (at, '}');
    }
    *out = '\0';
}

static bool s_is_farewell (const char *path)
{
    return strcmp (path, "/v1/sessions/current") == 0 || strcmp (path, "/knox/logout/") == 0;
}

/*  Every operation exists and is found under its path, which begins as its set does; native variables
    fill a field that clients may set; and no two rows are the same. */
static void test_the_table_of_the_gateway_holds_together (void **state)
{
    (void)state;
    for (size_t s = 0; s < gw_route_set_count; s++) {
        const gw_route_set_t *set = gw_route_sets[s];
        for (const gw_route_t *route = set->at; route < set->at + set->count; route++) {
            char path[256];
            gw_route_match_t match;
            s_fill (route->path, path);
            gw_route_find (gw_route_sets, gw_route_set_count, route->method, path, (route->flags & GW_INTERNAL) != 0,
                           &match);
            if (match.route != route)
                fail_msg ("%s", route->path);
            assert_non_null (route->fn);
            assert_true (strncmp (route->path, set->under, strlen (set->under)) == 0);
            assert_true (set->dialect == match.dialect);
            for (const gw_route_t *other = set->at; other < route; other++)
                assert_false (route->method == other->method && strcmp (route->path, other->path) == 0);
            if (route->opcode == 0)
                continue;
            s_check_operation (route, &match, !set->dialect);
            /*  Only who asks to be forgotten needs no scope. */
            bool needs_none = (route->flags & GW_OPEN) != 0 || s_is_farewell (route->path);
            bool is_staffs = strncmp (route->path, "/v1/admin/", 10) == 0;
            assert_true (needs_none == (route->scope == 0) || (route->flags & GW_ANYBODY) != 0);
            assert_true (is_staffs == (route->scope == GW_SCOPE_ADMIN));
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
        cmocka_unit_test (test_a_path_belongs_to_the_first_set_that_has_it),
        cmocka_unit_test (test_a_final_slash_may_be_left_out_where_there_is_one),
        cmocka_unit_test (test_variables_may_have_a_kind),
        cmocka_unit_test (test_the_table_of_the_gateway_holds_together),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
