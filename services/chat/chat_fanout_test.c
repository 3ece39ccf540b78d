/*  chat_fanout_test - order and size of events, without a bus. */

#include "chat_fanout.h"
#include "pt_codec.h"
#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the headers above first */
#include <cmocka.h>

static void items_are_put_in_order_without_repeats (void **state)
{
    (void)state;
    static const struct {
        uint64_t in[6];
        uint64_t out[6];
    } rows[] = {
        {{0}, {0}},
        {{7}, {7}},
        {{1, 2, 3}, {1, 2, 3}},
        {{3, 2, 1}, {1, 2, 3}},
        {{8, 9, 2, 10}, {2, 8, 9, 10}},
        {{4, 4}, {4}},
        {{5, 3, 5, 3, 4}, {3, 4, 5}},
        {{1, 2, 1, 2, 3, 1}, {1, 2, 3}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pt_item_t items[6] = {0};
        size_t count = 0, expected = 0;
        for (; count < 6 && rows[i].in[count]; count++)
            items[count] = (pt_item_t){.seq = rows[i].in[count], .id = rows[i].in[count] * 10};
        while (expected < 6 && rows[i].out[expected])
            expected++;
        assert_int_equal (chat_fanout_order (items, count), expected);
        for (size_t k = 0; k < expected; k++) {
            assert_int_equal (items[k].seq, rows[i].out[k]);
            assert_int_equal (items[k].id, rows[i].out[k] * 10);
        }
    }
}

/*  The largest item the schema allows, all fields present. */
static pt_item_t s_make_largest (pt_str_t body)
{
    static char send_id[LIM_SEND_ID];
    memset (send_id, 'x', sizeof send_id);
    return (pt_item_t){.room = LIM_ID,
                       .seq = LIM_SEQ,
                       .id = LIM_ID,
                       .kind = PT_item_kind_MESSAGE,
                       .sender = LIM_ID,
                       .has_sender = true,
                       .send_id = {send_id, sizeof send_id},
                       .has_send_id = true,
                       .body = body,
                       .has_body = true,
                       .reply_to = LIM_SEQ,
                       .has_reply_to = true,
                       .account = LIM_ID,
                       .has_account = true,
                       .what = PT_change_JOINED,
                       .has_what = true,
                       .role = PT_role_READER,
                       .has_role = true,
                       .by = LIM_ID,
                       .has_by = true,
                       .at = INT64_MAX};
}

static void every_cut_fits_a_frame_and_nothing_is_lost (void **state)
{
    (void)state;
    static char text[LIM_BODY];
    static pt_item_t items[200];
    memset (text, 'b', sizeof text);
    static const uint32_t lens[] = {0, 1, 128, 1000, 8192, 15000, LIM_BODY - 1, LIM_BODY};
    static pt_attachment_t files[LIM_ATTACHMENTS];
    for (size_t i = 0; i < LIM_ATTACHMENTS; i++)
        files[i] = (pt_attachment_t){
            .file = LIM_ID, .name = {text, LIM_FILE_NAME}, .type = {text, LIM_MEDIA_TYPE}, .size = LIM_SEQ};
    for (size_t i = 0; i < 2 * sizeof lens / sizeof lens[0]; i++) {
        uint32_t file_count = i % 2 ? LIM_ATTACHMENTS : 0;
        for (size_t k = 0; k < 200; k++) {
            items[k] = s_make_largest ((pt_str_t){text, lens[i / 2]});
            items[k].attachments.at = files;
            items[k].attachments.count = file_count;
            items[k].has_attachments = file_count > 0;
        }
        size_t sent = 0, events = 0;
        while (sent < 200) {
            size_t n = chat_fanout_cut (items + sent, 200 - sent);
            assert_in_range (n, 1, LIM_EVENT_ITEMS);
            pt_room_items_t event = {.room = LIM_ID, .epoch = LIM_SEQ, .items = {items + sent, (uint32_t)n}};
            pt_buf_t out;
            pt_buf_init (&out, LIM_FRAME - LIM_ENVELOPE - PT_TOPIC_ROOM_LEN);
            assert_int_equal (pt_encode (&out, PT_MSG_room_items, &event), 0);
            pt_buf_fini (&out);
            sent += n;
            events++;
        }
        assert_int_equal (sent, 200);
        assert_true (events <= 4 || lens[i / 2] >= 8192);
    }
}

static void nothing_cuts_to_nothing (void **state)
{
    (void)state;
    assert_int_equal (chat_fanout_cut (NULL, 0), 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (items_are_put_in_order_without_repeats),
        cmocka_unit_test (every_cut_fits_a_frame_and_nothing_is_lost),
        cmocka_unit_test (nothing_cuts_to_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
