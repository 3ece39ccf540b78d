/*  gw_edge_pages_test - documents and pages from outside: there without a sign-in, kept by who
    may keep them, and gone where their folder is. */

#include "gw_probe.h"
#include <fcntl.h>
#include <sys/stat.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n"

/*  Longer than a socket takes at once. */
#define SCRIPT_BYTES 150000

static char s_folder[] = "/tmp/parley-pages-XXXXXX";

static void s_write (const char *name, size_t len)
{
    char path[128];
    snprintf (path, sizeof path, "%s/%s", s_folder, name);
    int fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true (fd >= 0);
    for (size_t i = 0; i < len; i++)
        assert_int_equal (write (fd, i + 1 < len ? "." : "!", 1), 1);
    close (fd);
}

static void s_make (const char *name)
{
    char path[128];
    snprintf (path, sizeof path, "%s/%s", s_folder, name);
    assert_int_equal (mkdir (path, 0700), 0);
}

static void s_remove (const char *name)
{
    char path[128];
    snprintf (path, sizeof path, "%s/%s", s_folder, name);
    assert_int_equal (remove (path), 0);
}

/*  All of Swagger UI, nothing of ReDoc. */
static int s_setup (void **state)
{
    char option[128];
    const char *const extra[] = {option, NULL};
    assert_non_null (mkdtemp (s_folder));
    s_make ("node_modules");
    s_make ("node_modules/swagger-ui-dist");
    s_write ("node_modules/swagger-ui-dist/swagger-ui.css", 10);
    s_write ("node_modules/swagger-ui-dist/swagger-ui-bundle.js", SCRIPT_BYTES);
    s_write ("swagger.js", 10);
    snprintf (option, sizeof option, "--pages=%s", s_folder);
    *state = probe_new (extra);
    return 0;
}

static int s_teardown (void **state)
{
    static const char *const made[] = {"node_modules/swagger-ui-dist/swagger-ui.css",
                                       "node_modules/swagger-ui-dist/swagger-ui-bundle.js",
                                       "node_modules/swagger-ui-dist",
                                       "node_modules",
                                       "swagger.js",
                                       ""};
    probe_t *self = *state;
    probe_destroy (&self);
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        s_remove (made[i]);
    return 0;
}

/*  The whole of an answer, until the gateway closes. */
static probe_got_t *s_ask (const probe_t *self, const char *head)
{
    int fd = probe_connect (self->port);
    probe_say (fd, head);
    probe_say (fd, "Connection: close\r\n\r\n");
    probe_got_t *got = probe_read (fd, PROBE_WAIT_MS);
    close (fd);
    assert_true (got->is_closed);
    return got;
}

static void test_the_documents_are_served_to_anybody (void **state)
{
    static const struct {
        const char *head, *type, *begins;
    } rows[] = {
        {GET ("/openapi.json"), "Content-Type: application/json\r\n", "\r\n\r\n{\"openapi\":\"3.1.0\","},
        {GET ("/swagger.json"), "Content-Type: application/json\r\n", "\r\n\r\n{\"openapi\":\"3.1.0\","},
        {GET ("/swagger.yaml"), "Content-Type: application/yaml\r\n", "\r\n\r\nopenapi: \"3.1.0\"\n"},
        {GET ("/asyncapi.json"), "Content-Type: application/json\r\n", "\r\n\r\n{\"asyncapi\":\"3.0.0\","},
        {GET ("/postman.json"), "Content-Type: application/json\r\n", "\r\n\r\n{\"info\":{\"name\":\"Parley\","},
        {GET ("/swagger/?format=openapi"), "Content-Type: application/json\r\n", "\r\n\r\n{\"openapi\":"},
        {GET ("/redoc/?format=openapi"), "Content-Type: application/json\r\n", "\r\n\r\n{\"openapi\":"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        probe_got_t *got = s_ask (*state, rows[i].head);
        assert_int_equal (probe_status (got), 200);
        assert_non_null (strstr (got->bytes, rows[i].type));
        assert_non_null (strstr (got->bytes, rows[i].begins));
        assert_non_null (strstr (got->bytes, "Cache-Control: no-cache\r\n"));
    }
}

/*  The path by which a page names a file. */
static const char *s_named (probe_got_t *got, const char *file)
{
    static char path[128];
    char *end = strstr (got->bytes, file), *at = end;
    assert_non_null (end);
    while (*at != '"')
        at--;
    snprintf (path, sizeof path, "%.*s", (int)(end + strlen (file) - at - 1), at + 1);
    return path;
}

static void test_a_page_has_no_script_of_its_own_and_names_files_by_their_content (void **state)
{
    char head[256];
    probe_got_t *got = s_ask (*state, GET ("/swagger/") "Accept: text/html\r\n");
    assert_int_equal (probe_status (got), 200);
    assert_non_null (strstr (got->bytes, "Content-Type: text/html; charset=utf-8\r\n"));
    assert_non_null (strstr (got->bytes, "Content-Security-Policy: default-src 'none'; script-src 'self'; "));
    assert_null (strstr (got->bytes, "<script>"));
    snprintf (head, sizeof head, "GET %s HTTP/1.1\r\nHost: x\r\n", s_named (got, "swagger-ui-bundle.js"));
    got = s_ask (*state, head);
    assert_int_equal (probe_status (got), 200);
    assert_non_null (strstr (got->bytes, "Cache-Control: public, max-age=31536000, immutable\r\n"));
    assert_non_null (strstr (got->bytes, "Content-Length: 150000\r\n"));
    const char *body = strstr (got->bytes, "\r\n\r\n") + 4;
    assert_int_equal (strlen (body), SCRIPT_BYTES);
    assert_int_equal (body[SCRIPT_BYTES - 1], '!');
}

static void test_what_a_client_has_is_not_sent_again (void **state)
{
    char head[256];
    probe_got_t *got = s_ask (*state, GET ("/openapi.json"));
    const char *etag = strstr (got->bytes, "ETag: ");
    assert_non_null (etag);
    snprintf (head, sizeof head, GET ("/openapi.json") "If-None-Match: %.18s\r\n", etag + 6);
    got = s_ask (*state, head);
    assert_int_equal (probe_status (got), 304);
    assert_null (strstr (got->bytes, "{"));
    got = s_ask (*state, "HEAD /openapi.json HTTP/1.1\r\nHost: x\r\n");
    assert_int_equal (probe_status (got), 200);
    assert_null (strstr (got->bytes, "{"));
}

static void test_a_page_without_its_files_is_not_there_nor_is_a_file_of_another_name (void **state)
{
    static const char *const rows[] = {
        GET ("/redoc/"),
        GET ("/pages/0123456789abcdef/swagger.js"),
        GET ("/pages/0123456789abcdef/..%2fswagger.js"),
        GET ("/pages/x/package.json"),
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal (probe_status (s_ask (*state, rows[i])), 404);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_the_documents_are_served_to_anybody),
        cmocka_unit_test (test_a_page_has_no_script_of_its_own_and_names_files_by_their_content),
        cmocka_unit_test (test_what_a_client_has_is_not_sent_again),
        cmocka_unit_test (test_a_page_without_its_files_is_not_there_nor_is_a_file_of_another_name),
    };
    return cmocka_run_group_tests (tests, s_setup, s_teardown);
}
