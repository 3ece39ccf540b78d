/*  gw_doc_test - one tree as JSON and as YAML. */

#include "gw_doc.h"
#include "pt_error.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void s_tree (gw_doc_t *doc)
{
    gw_doc_object (doc, NULL);
    gw_doc_text (doc, "name", "two \"words\"\n");
    gw_doc_number (doc, "404", 9007199254740991);
    gw_doc_list (doc, "rows");
    gw_doc_object (doc, NULL);
    gw_doc_bool (doc, "on", true);
    gw_doc_printf (doc, "at", "%d", 5);
    gw_doc_end (doc);
    gw_doc_list (doc, NULL);
    gw_doc_text (doc, NULL, "yes");
    gw_doc_text (doc, NULL, "");
    gw_doc_end (doc);
    gw_doc_object (doc, NULL);
    gw_doc_end (doc);
    gw_doc_end (doc);
    gw_doc_object (doc, "deep");
    gw_doc_list (doc, "none");
    gw_doc_end (doc);
    gw_doc_end (doc);
    gw_doc_end (doc);
}

static void s_check (bool is_yaml, const char *expected)
{
    pt_buf_t out;
    gw_doc_t doc;
    pt_buf_init (&out, 65536);
    gw_doc_init (&doc, &out, is_yaml);
    s_tree (&doc);
    pt_buf_put (&out, "", 1);
    assert_int_equal (pt_buf_error (&out), 0);
    assert_string_equal (out.at, expected);
    pt_buf_fini (&out);
}

static void test_a_tree_is_written_as_json (void **state)
{
    (void)state;
    s_check (false, "{\"name\":\"two \\\"words\\\"\\n\",\"404\":9007199254740991,\"rows\":[{\"on\":true,\"at\":\"5\"},"
                    "[\"yes\",\"\"],{}],\"deep\":{\"none\":[]}}\n");
}

static void test_the_same_tree_is_written_as_yaml (void **state)
{
    (void)state;
    s_check (true, "name: \"two \\\"words\\\"\\n\"\n"
                   "\"404\": 9007199254740991\n"
                   "rows:\n"
                   "  - \"on\": true\n"
                   "    at: \"5\"\n"
                   "  - - \"yes\"\n"
                   "    - \"\"\n"
                   "  - {}\n"
                   "deep:\n"
                   "  none: []\n");
}

static void test_what_is_too_deep_is_an_error_and_not_a_crash (void **state)
{
    (void)state;
    pt_buf_t out;
    gw_doc_t doc;
    pt_buf_init (&out, 65536);
    gw_doc_init (&doc, &out, false);
    for (unsigned i = 0; i <= GW_DOC_DEPTH; i++)
        gw_doc_list (&doc, NULL);
    for (unsigned i = 0; i <= GW_DOC_DEPTH; i++)
        gw_doc_end (&doc);
    assert_int_equal (pt_buf_error (&out), -PT_E_too_large);
    pt_buf_fini (&out);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_tree_is_written_as_json),
        cmocka_unit_test (test_the_same_tree_is_written_as_yaml),
        cmocka_unit_test (test_what_is_too_deep_is_an_error_and_not_a_crash),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
