/*  gw_pages_test - the documents are written, whole and each time the same; what is not there
    is told and does no harm. */

#include "gw_asyncapi.h"
#include "gw_openapi.h"
#include "gw_pages.h"
#include "gw_postman.h"
#include "harness.h"
#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

typedef void (write_fn) (gw_doc_t *doc);

static char *s_text (write_fn *fn, bool is_yaml)
{
    pt_buf_t out;
    gw_doc_t doc;
    size_t len;
    pt_buf_init (&out, GW_PAGES_DOCUMENT);
    gw_doc_init (&doc, &out, is_yaml);
    fn (&doc);
    assert_int_equal (doc.depth, 0);
    pt_buf_put (&out, "", 1);
    assert_int_equal (pt_buf_error (&out), 0);
    return pt_buf_take (&out, &len);
}

static json_t *s_document (write_fn *fn)
{
    json_error_t error;
    char *text = s_text (fn, false);
    json_t *json = json_loads (text, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        print_error ("%s at %d\n", error.text, error.position);
    assert_non_null (json);
    free (text);
    return json;
}

/*  Duplicate members would make json_loads fail. */
static void test_the_documents_are_json_and_each_time_the_same (void **state)
{
    (void)state;
    write_fn *const all[] = {gw_openapi_write, gw_asyncapi_write, gw_postman_write};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        json_decref (s_document (all[i]));
        for (int yaml = 0; yaml < 2; yaml++) {
            char *first = s_text (all[i], yaml), *second = s_text (all[i], yaml);
            assert_string_equal (first, second);
            free (first);
            free (second);
        }
    }
}

static json_t *s_operation (json_t *document, const char *method, const char *path)
{
    json_t *found = json_object_get (json_object_get (json_object_get (document, "paths"), path), method);
    assert_non_null (found);
    return found;
}

static void test_every_route_is_an_operation_with_an_id_of_its_own (void **state)
{
    (void)state;
    json_t *document = s_document (gw_openapi_write), *ids = json_object (), *value;
    const char *path, *method;
    size_t routes = 0, found = 0, heads = 0;
    for (const gw_route_t *route; (route = gw_route_at (routes)); routes++) {
        char told[GW_OPENAPI_NAME], lower[8] = "";
        gw_openapi_path (route->path, told);
        for (size_t i = 0; gw_method_name (route->method)[i]; i++)
            lower[i] = (char)(gw_method_name (route->method)[i] | 0x20);
        s_operation (document, lower, told);
    }
    json_object_foreach (json_object_get (document, "paths"), path, value)
    {
        json_t *operation;
        json_object_foreach (value, method, operation)
        {
            if (strcmp (method, "servers") == 0)
                continue;
            const char *id = json_string_value (json_object_get (operation, "operationId"));
            assert_non_null (id);
            assert_int_equal (json_object_set_new_nocheck (ids, id, json_true ()), 0);
            *(strcmp (method, "head") == 0 ? &heads : &found) += 1;
            assert_true (json_object_size (json_object_get (operation, "responses")) >= 2);
        }
    }
    assert_int_equal (found, routes);
    assert_int_equal (json_object_size (ids), found + heads);
    assert_true (heads >= 3);
    json_decref (ids);
    json_decref (document);
}

/*  A message of proto says it, or shapes do; a dialect's body is never a message. */
static void test_every_route_says_what_it_takes_and_gives (void **state)
{
    (void)state;
    const gw_route_t *route;
    for (size_t i = 0; (route = gw_route_at (i)); i++) {
        pt_msg_t type;
        bool is_native = gw_route_dialect (route) == NULL;
        bool says_body = gw_openapi_request (route, &type) || (route->spec && route->spec->takes);
        bool is_bare = route->status == 101 || route->status == 204 || (is_native && route->opcode != 0);
        if (gw_openapi_has_body (route) && !says_body)
            fail_msg ("%s %s: no shapes of what it takes", gw_method_name (route->method), route->path);
        if (!is_bare && !route->spec)
            fail_msg ("%s %s: no shapes of what it gives", gw_method_name (route->method), route->path);
    }
}

static const char *s_at (json_t *json, const char *const *keys)
{
    for (; *keys && json; keys++)
        json = json_object_get (json, *keys);
    return json_string_value (json);
}

#define AT(json, ...) s_at (json, (const char *const[]){__VA_ARGS__, NULL})

static void test_schemas_have_the_bounds_of_the_tables_and_no_inner_fields (void **state)
{
    (void)state;
    json_t *document = s_document (gw_openapi_write);
    json_t *schemas = json_object_get (json_object_get (document, "components"), "schemas");
    json_t *create = json_object_get (json_object_get (schemas, "account_create"), "properties");
    assert_null (json_object_get (create, "key"));
    assert_null (json_object_get (create, "is_staff"));
    assert_int_equal (json_integer_value (json_object_get (json_object_get (create, "login"), "maxLength")), LIM_LOGIN);
    assert_string_equal (AT (create, "password", "format"), "password");
    assert_string_equal (AT (schemas, "room", "properties", "id", "type"), "string");
    assert_string_equal (AT (schemas, "room", "properties", "created_at", "format"), "date-time");
    assert_string_equal (AT (schemas, "room_page", "properties", "items", "items", "$ref"),
                         "#/components/schemas/room");
    json_decref (document);
}

/*  The path decides which room: the body can't. */
static void test_a_body_lacks_what_the_path_says (void **state)
{
    (void)state;
    json_t *document = s_document (gw_openapi_write);
    json_t *body = json_object_get (s_operation (document, "patch", "/v1/rooms/{room}"), "requestBody");
    json_t *schema = json_object_get (
        json_object_get (json_object_get (json_object_get (body, "content"), "application/json"), "schema"),
        "properties");
    assert_non_null (json_object_get (schema, "name"));
    assert_null (json_object_get (schema, "room"));
    json_decref (document);
}

static void test_ids_and_paths_are_told_without_what_a_variable_takes (void **state)
{
    (void)state;
    char out[GW_OPENAPI_NAME];
    gw_openapi_path ("/rooms/{int:pk}/of/{uuid:who}/", out);
    assert_string_equal (out, "/rooms/{pk}/of/{who}/");
    gw_openapi_id ("GET", "/v1/rooms/{room}", out);
    assert_string_equal (out, "get_v1_rooms_room");
    gw_openapi_id ("GET", "/", out);
    assert_string_equal (out, "get_root");
}

/*  Without a folder, and with one that lacks a file, there is a line, and all else goes on. */
static void test_missing_pages_are_one_line_in_the_log (void **state)
{
    (void)state;
    int pipes[2];
    char text[4096];
    assert_int_equal (pipe (pipes), 0);
    sv_log_t *log = sv_log_new ("test", pipes[1], SV_DEBUG, "json");
    gw_pages_t *pages = gw_pages_new (log, "/nonexistent");
    assert_non_null (pages);
    gw_pages_destroy (&pages);
    sv_log_destroy (&log);
    close (pipes[1]);
    ssize_t len = read (pipes[0], text, sizeof text - 1);
    assert_true (len > 0);
    text[len] = '\0';
    close (pipes[0]);
    assert_non_null (strstr (text, "/nonexistent/node_modules/swagger-ui-dist/swagger-ui.css"));
    assert_non_null (strstr (text, "is not served"));
    assert_ptr_equal (strchr (text, '\n'), text + len - 1);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_the_documents_are_json_and_each_time_the_same),
        cmocka_unit_test (test_every_route_is_an_operation_with_an_id_of_its_own),
        cmocka_unit_test (test_every_route_says_what_it_takes_and_gives),
        cmocka_unit_test (test_schemas_have_the_bounds_of_the_tables_and_no_inner_fields),
        cmocka_unit_test (test_a_body_lacks_what_the_path_says),
        cmocka_unit_test (test_ids_and_paths_are_told_without_what_a_variable_takes),
        cmocka_unit_test (test_missing_pages_are_one_line_in_the_log),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
