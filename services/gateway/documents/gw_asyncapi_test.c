/*  gw_asyncapi_test - the document has the operations that the WebSocket has, and their answers. */

#include "gw_asyncapi.h"
#include "gw_ws_priv.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static json_t *s_document (void)
{
    pt_buf_t out;
    gw_doc_t doc;
    pt_buf_init (&out, 1024 * 1024);
    gw_doc_init (&doc, &out, false);
    gw_asyncapi_write (&doc);
    assert_int_equal (pt_buf_error (&out), 0);
    json_t *json = json_loadb (out.at, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null (json);
    pt_buf_fini (&out);
    return json;
}

static void test_the_operations_are_those_of_the_table (void **state)
{
    (void)state;
    json_t *document = s_document ();
    const json_t *operations = json_object_get (document, "operations");
    const json_t *messages = json_object_get (json_object_get (document, "components"), "messages");
    size_t count = 0;
    for (const gw_op_entry_t *op; (op = gw_ws_op_at (count)); count++) {
        char answer[64];
        snprintf (answer, sizeof answer, "%s_ok", op->name);
        if (!json_object_get (operations, op->name) || !json_object_get (messages, answer))
            fail_msg ("%s is not in the document", op->name);
    }
    /*  One more stands for all events. */
    assert_int_equal (json_object_size (operations), count + 1);
    assert_non_null (json_object_get (operations, "events"));
    json_decref (document);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_the_operations_are_those_of_the_table)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
