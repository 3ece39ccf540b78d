/*  gw_frame_test - WebSocket framing, fragments, and the JSON of events. */

#include "gw_frame.h"
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/*  Unframes one message; returns its payload, freed by the caller. */
static char *s_unframe (const char *bytes, size_t len, size_t *out_len, unsigned *out_frames)
{
    const unsigned char *wire = (const unsigned char *)bytes;
    char *text = malloc (len + 1);
    size_t at = 0, total = 0;
    *out_frames = 0;
    while (at < len) {
        assert_int_equal (wire[at] & 0x7f, *out_frames ? 0 : 1);
        size_t payload = wire[at + 1], header = 2;
        if (payload == 126) {
            payload = (size_t)wire[at + 2] << 8 | wire[at + 3];
            header = 4;
            assert_true (payload >= 126);
        }
        assert_true (payload < 127 || header == 4);
        assert_true (header + payload <= 16 * 1024);
        assert_int_equal ((wire[at] & 0x80) != 0, at + header + payload == len);
        memcpy (text + total, bytes + at + header, payload);
        total += payload;
        at += header + payload;
        (*out_frames)++;
    }
    assert_int_equal (at, len);
    text[total] = 0;
    *out_len = total;
    return text;
}

static void test_a_message_is_one_frame_or_fragments_of_16_kib (void **state)
{
    (void)state;
    static const struct {
        size_t len;
        unsigned frames;
    } rows[] = {{0, 1},
                {1, 1},
                {125, 1},
                {126, 1},
                {GW_FRAME_PAYLOAD, 1},
                {GW_FRAME_PAYLOAD + 1, 2},
                {GW_FRAME_PAYLOAD + 126, 2},
                {3 * GW_FRAME_PAYLOAD, 3},
                {100000, 7}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *payload = malloc (rows[i].len + 1);
        for (size_t k = 0; k < rows[i].len; k++)
            payload[k] = (char)('a' + k * 7 % 26);
        gw_frame_t *frame = gw_frame_new (payload, rows[i].len);
        assert_int_equal (gw_frame_len (frame), gw_frame_wire_len (rows[i].len));
        size_t len;
        unsigned frames;
        char *text = s_unframe (gw_frame_bytes (frame), gw_frame_len (frame), &len, &frames);
        assert_int_equal (frames, rows[i].frames);
        assert_int_equal (len, rows[i].len);
        assert_memory_equal (text, payload, len);
        free (text);
        free (payload);
        gw_frame_unref (&frame);
        assert_null (frame);
    }
}

static void test_a_binary_message_says_so_in_its_first_frame_alone (void **state)
{
    (void)state;
    static const size_t lens[] = {0, 1, GW_FRAME_PAYLOAD + 1};
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        char *payload = calloc (1, lens[i] + 1);
        gw_frame_t *text = gw_frame_new (payload, lens[i]), *binary = gw_frame_new_binary (payload, lens[i]);
        assert_int_equal (gw_frame_len (binary), gw_frame_len (text));
        assert_int_equal (gw_frame_bytes (text)[0] & 0x7f, 1);
        assert_int_equal (gw_frame_bytes (binary)[0] & 0x7f, 2);
        assert_memory_equal (gw_frame_bytes (binary) + 1, gw_frame_bytes (text) + 1, gw_frame_len (text) - 1);
        gw_frame_unref (&text);
        gw_frame_unref (&binary);
        free (payload);
    }
}

static void test_a_span_holds_whole_frames (void **state)
{
    (void)state;
    char *payload = calloc (1, 40000);
    gw_frame_t *frame = gw_frame_new (payload, 40000);
    const char *bytes = gw_frame_bytes (frame);
    size_t len = gw_frame_len (frame);
    assert_int_equal (gw_frame_span (bytes, len, len), len);
    assert_int_equal (gw_frame_span (bytes, len, len - 1), 2 * 16384);
    assert_int_equal (gw_frame_span (bytes, len, 16384), 16384);
    assert_int_equal (gw_frame_span (bytes, len, 1), 16384);
    gw_frame_unref (&frame);
    free (payload);
}

static char *s_event (const pt_item_t *item)
{
    size_t max = gw_frame_item_max (item);
    char *wire = malloc (max);
    size_t len = gw_frame_put_item (wire, item);
    assert_true (len <= max);
    size_t text_len;
    unsigned frames;
    char *text = s_unframe (wire, len, &text_len, &frames);
    free (wire);
    assert_int_equal (strlen (text), text_len);
    return text;
}

static const pt_item_t s_message = {.room = 7,
                                    .seq = 12,
                                    .id = 99,
                                    .kind = PT_item_kind_MESSAGE,
                                    .sender = 5,
                                    .send_id = {"k\"1", 3},
                                    .body = {"a\nb", 3},
                                    .at = 1795254695123456};

static void test_a_message_event_has_the_fields_of_the_protocol (void **state)
{
    (void)state;
    pt_item_t item = s_message;
    char *text = s_event (&item);
    assert_string_equal (text, "{\"ev\":\"message\",\"room\":\"7\",\"seq\":12,\"id\":\"99\",\"kind\":\"message\","
                               "\"sender\":\"5\",\"send_id\":\"k\\\"1\",\"body\":\"a\\nb\","
                               "\"at\":\"2026-11-21T09:51:35.123456Z\"}");
    free (text);
    item.has_reply_to = true;
    item.reply_to = 3;
    text = s_event (&item);
    assert_non_null (strstr (text, "\"reply_to\":3,"));
    free (text);
}

static void test_a_message_shows_its_files (void **state)
{
    (void)state;
    const pt_attachment_t files[] = {
        {.file = 5, .name = PT_LIT ("a\"b"), .type = PT_LIT ("text/plain"), .size = 7},
        {.file = UINT64_MAX, .name = PT_LIT ("c"), .type = PT_LIT ("image/png"), .size = LIM_SEQ}};
    pt_item_t item = s_message;
    item.attachments.at = files;
    item.attachments.count = 2;
    char *text = s_event (&item);
    assert_non_null (strstr (text, "\"body\":\"a\\nb\",\"attachments\":["
                                   "{\"file\":\"5\",\"name\":\"a\\\"b\",\"type\":\"text/plain\",\"size\":7},"
                                   "{\"file\":\"18446744073709551615\",\"name\":\"c\",\"type\":\"image/png\","
                                   "\"size\":9007199254740991}],\"at\":"));
    assert_true (strlen (text) <= gw_frame_item_max (&item));
    free (text);
}

static void test_a_member_event_has_the_fields_of_the_protocol (void **state)
{
    (void)state;
    pt_item_t item = {.room = 7,
                      .seq = 13,
                      .id = 100,
                      .kind = PT_item_kind_MEMBER,
                      .account = 5,
                      .what = PT_change_ROLE,
                      .role = PT_role_ADMIN,
                      .has_role = true,
                      .by = 1,
                      .has_by = true,
                      .at = 0};
    char *text = s_event (&item);
    assert_string_equal (text, "{\"ev\":\"member\",\"room\":\"7\",\"seq\":13,\"id\":\"100\",\"kind\":\"member\","
                               "\"account\":\"5\",\"what\":\"role\",\"role\":\"admin\",\"by\":\"1\","
                               "\"at\":\"1970-01-01T00:00:00.000000Z\"}");
    free (text);
}

static void test_an_item_is_the_event_without_its_name (void **state)
{
    (void)state;
    pt_buf_t out;
    pt_buf_init (&out, 4096);
    gw_frame_item_json (&out, &s_message);
    json_t *json = json_loadb (out.at, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_int_equal (json_object_size (json), 8);
    assert_string_equal (json_string_value (json_object_get (json, "send_id")), "k\"1");
    json_decref (json);
    pt_buf_fini (&out);
}

/*  The greatest numbers, the longest texts and bodies that escape to six times
    their size stay within what was measured. */
static void test_the_worst_item_stays_within_its_measure (void **state)
{
    (void)state;
    static char body[LIM_BODY], send_id[LIM_SEND_ID];
    memset (body, 1, sizeof body);
    memset (send_id, 1, sizeof send_id);
    pt_item_t item = {.room = UINT64_MAX,
                      .seq = UINT64_MAX,
                      .id = UINT64_MAX,
                      .kind = PT_item_kind_MESSAGE,
                      .sender = UINT64_MAX,
                      .send_id = {send_id, sizeof send_id},
                      .body = {body, sizeof body},
                      .reply_to = UINT64_MAX,
                      .has_reply_to = true,
                      .at = INT64_MAX};
    char *text = s_event (&item);
    assert_true (strlen (text) > 6 * sizeof body);
    free (text);
    item.send_id.len = item.body.len = 0;
    free (s_event (&item));
    item.kind = PT_item_kind_MEMBER;
    item.account = item.by = UINT64_MAX;
    item.has_role = item.has_by = true;
    item.role = PT_role_MEMBER;
    item.what = PT_change_JOINED;
    free (s_event (&item));
}

/*  Bodies of every length, so that all forms of the header and the moves between them occur. */
static void test_bodies_of_every_length_come_out_whole (void **state)
{
    (void)state;
    static char body[LIM_BODY];
    memset (body, 'y', sizeof body);
    for (uint32_t len = 0; len <= LIM_BODY; len += len < 300 || len > LIM_BODY - 300 ? 1 : 97) {
        pt_item_t item = s_message;
        item.body = (pt_str_t){body, len};
        char *text = s_event (&item);
        json_t *json = json_loads (text, 0, NULL);
        assert_int_equal (json_string_length (json_object_get (json, "body")), len);
        json_decref (json);
        free (text);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_message_is_one_frame_or_fragments_of_16_kib),
        cmocka_unit_test (test_a_binary_message_says_so_in_its_first_frame_alone),
        cmocka_unit_test (test_a_span_holds_whole_frames),
        cmocka_unit_test (test_a_message_event_has_the_fields_of_the_protocol),
        cmocka_unit_test (test_a_message_shows_its_files),
        cmocka_unit_test (test_a_member_event_has_the_fields_of_the_protocol),
        cmocka_unit_test (test_an_item_is_the_event_without_its_name),
        cmocka_unit_test (test_the_worst_item_stays_within_its_measure),
        cmocka_unit_test (test_bodies_of_every_length_come_out_whole),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
