/*  gw_asyncapi_test - the document has the operations that the native WebSocket has, and their answers, and all
    that dialects' voices hear and tell. */

#include "gw_asyncapi.h"
#include "gw_voices.h"
#include "gw_ws_priv.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

/*  What a reference of the document leads to; NULL: nothing. */
static const json_t *s_follow (const json_t *document, const json_t *ref)
{
    char path[256];
    const char *to = json_string_value (json_object_get (ref, "$ref"));
    assert_non_null (to);
    assert_memory_equal (to, "#/", 2);
    snprintf (path, sizeof path, "%s", to + 2);
    const json_t *at = document;
    for (char *rest, *key = strtok_r (path, "/", &rest); key; key = strtok_r (NULL, "/", &rest))
        at = json_object_get (at, key);
    return at;
}

/* ---- the native one ------------------------------------------------------------------------ */

static bool s_is_native (const json_t *operation)
{
    const json_t *channel = json_object_get (operation, "channel");
    return strcmp (json_string_value (json_object_get (channel, "$ref")), "#/channels/socket") == 0;
}

static size_t s_count_native (json_t *operations)
{
    const char *name;
    json_t *operation;
    size_t count = 0;
    json_object_foreach (operations, name, operation) count += s_is_native (operation);
    return count;
}

static void test_the_operations_are_those_of_the_table (void **state)
{
    (void)state;
    json_t *document = s_document ();
    json_t *operations = json_object_get (document, "operations");
    const json_t *messages = json_object_get (json_object_get (document, "components"), "messages");
    size_t count = 0;
    for (const gw_op_entry_t *op; (op = gw_ws_op_at (count)); count++) {
        char answer[64];
        snprintf (answer, sizeof answer, "%s_ok", op->name);
        if (!json_object_get (operations, op->name) || !json_object_get (messages, answer))
            fail_msg ("%s is not in the document", op->name);
    }
    /*  One more stands for all events. */
    assert_int_equal (s_count_native (operations), count + 1);
    assert_non_null (json_object_get (operations, "events"));
    json_decref (document);
}

/* ---- those of dialects ---------------------------------------------------------------------- */

/*  An operation of a dialect: on its channel, with a security or without, and each message leads through the
    channel to a payload.  The number of its messages. */
static size_t s_check_operation (const json_t *document, const char *dialect, const char *action, bool is_secure)
{
    char name[64];
    snprintf (name, sizeof name, "%s_%s", dialect, action);
    const json_t *operation = json_object_get (json_object_get (document, "operations"), name);
    const json_t *channel = json_object_get (json_object_get (document, "channels"), dialect);
    const json_t *messages = json_object_get (operation, "messages");
    if (!operation || !channel)
        fail_msg ("%s is not in the document", name);
    assert_string_equal (json_string_value (json_object_get (operation, "action")), action);
    assert_ptr_equal (s_follow (document, json_object_get (operation, "channel")), channel);
    assert_int_equal (json_object_get (operation, "security") != NULL, is_secure);
    for (size_t i = 0; i < json_array_size (messages); i++) {
        const json_t *carried = s_follow (document, json_array_get (messages, i));
        if (!json_is_object (json_object_get (s_follow (document, carried), "payload")))
            fail_msg ("a message of %s has no payload", name);
    }
    return json_array_size (messages);
}

static size_t s_count_frames (const gw_voice_frame_t *frame)
{
    size_t count = 0;
    while (frame[count].name)
        count++;
    return count;
}

static void test_every_voice_has_a_channel_whose_messages_have_payloads (void **state)
{
    (void)state;
    json_t *document = s_document ();
    const json_t *channels = json_object_get (document, "channels");
    const char *dialect;
    size_t count = 0;
    for (; (dialect = pt_enum_at (PT_ENUM_room_dialect, count)); count++) {
        const gw_voice_t *voice = gw_voices_of (pt_enum_value (PT_ENUM_room_dialect, dialect, strlen (dialect)));
        const json_t *channel = json_object_get (channels, dialect);
        assert_non_null (voice);
        size_t heard = s_check_operation (document, dialect, "receive", voice->needs_account);
        size_t told = s_check_operation (document, dialect, "send", voice->needs_account);
        assert_int_equal (heard, s_count_frames (voice->spec->takes));
        assert_int_equal (told, s_count_frames (voice->spec->tells) + 1); /* errors */
        assert_int_equal (json_object_size (json_object_get (channel, "messages")), heard + told);
        assert_string_equal (json_string_value (json_object_get (channel, "address")), "/ws/chat/{name}/");
    }
    /*  The native one is one more. */
    assert_int_equal (json_object_size (channels), count + 1);
    json_decref (document);
}

static void test_only_rooms_for_everybody_ask_for_no_credential (void **state)
{
    (void)state;
    json_t *document = s_document ();
    const struct {
        const char *dialect;
        bool is_secure;
    } all[] = {{"public", false}, {"chat", true}, {"clock", true}, {"member", true}, {"open", false}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        s_check_operation (document, all[i].dialect, "receive", all[i].is_secure);
    json_decref (document);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_the_operations_are_those_of_the_table),
        cmocka_unit_test (test_every_voice_has_a_channel_whose_messages_have_payloads),
        cmocka_unit_test (test_only_rooms_for_everybody_ask_for_no_credential),
    };
    return cmocka_run_group_tests_name ("gw_asyncapi", tests, NULL, NULL);
}
