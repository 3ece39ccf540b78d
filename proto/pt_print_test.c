/*  pt_print_test - what a line shows, and what it never shows. */

#include "pt_codec.h"
#include "pt_sample.h"
#include "pt_test.h"
#include <stdio.h>

static void s_assert_prints (pt_msg_t type, const void *msg, const char *expected)
{
    pt_buf_t out;
    pt_buf_init (&out, 4096);
    pt_print (type, msg, &out);
    pt_buf_put (&out, "", 1);
    assert_int_equal (pt_buf_error (&out), 0);
    assert_string_equal (out.at, expected);
    pt_buf_fini (&out);
}

static void a_message_is_one_readable_line (void **state)
{
    (void)state;
    const pt_send_entry_t entry = {.send_id = PT_LIT ("a"), .body = PT_LIT ("twelve bytes")};
    const pt_send_t send = {.account = 1, .room = 7, .sends = {&entry, 1}};
    s_assert_prints (PT_MSG_send, &send, "send{account:1 room:7 sends:[{send_id:\"a\" body:(12 bytes)}]}");
    const pt_empty_t empty = {0};
    s_assert_prints (PT_MSG_empty, &empty, "empty{}");
    const uint64_t ids[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    const pt_head_query_t heads = {.rooms = {ids, 10}};
    s_assert_prints (PT_MSG_head_query, &heads, "head_query{rooms:[1 2 3 4 5 6 7 8 and 2 more]}");
    const pt_account_t account = {.id = 5, .created_at = -3};
    const pt_account_secret_t secret = {.account = &account, .active = true};
    s_assert_prints (PT_MSG_account_secret, &secret, "account_secret{account:{id:5 created_at:-3} active:true}");
}

static void a_half_built_message_prints_too (void **state)
{
    (void)state;
    const pt_account_secret_t secret = {.active = false};
    s_assert_prints (PT_MSG_account_secret, &secret, "account_secret{account:{} active:false}");
    const pt_item_t item = {.kind = 77, .body = {NULL, 3}, .has_body = true};
    s_assert_prints (PT_MSG_item, &item, "item{room:0 seq:0 id:0 kind:? body:(3 bytes) at:0}");
    const pt_send_t send = {.sends = {NULL, 3}};
    s_assert_prints (PT_MSG_send, &send, "send{account:0 room:0 sends:[]}");
}

static void what_could_break_a_line_is_escaped (void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } s_texts[] = {
        {"plain", "plain"},
        {"two\nlines", "two\\nlines"},
        {"\r\t\x1b[31m", "\\x0d\\x09\\x1b[31m"},
        {"\x7f", "\\x7f"},
        {"say \"hi\" \\", "say \\\"hi\\\" \\\\"},
        {"caf\xc3\xa9 \xf0\x9f\x98\x80", "caf\xc3\xa9 \xf0\x9f\x98\x80"},
        {"\xc2\x85", "\\xc2\\x85"},          /* next line, C1 */
        {"\xc2\xa0", "\xc2\xa0"},            /* first behind C1 */
        {"\xe2\x80\xa8", "\\xe2\\x80\\xa8"}, /* line separator */
        {"\xe2\x80\xae", "\\xe2\\x80\\xae"}, /* right to left override */
        {"\xe2\x81\xa6", "\\xe2\\x81\\xa6"}, /* isolate */
        {"\xe2\x80\xaf", "\xe2\x80\xaf"},    /* narrow space: harmless */
        {"bad\xff\xc3", "bad\\xff\\xc3"},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
    };
    for (size_t i = 0; i < COUNT_OF (s_texts); i++) {
        const pt_account_find_t find = {.identifier = pt_str (s_texts[i].in)};
        char expected[200];
        snprintf (expected, sizeof expected, "account_find{identifier:\"%s\"}", s_texts[i].out);
        s_assert_prints (PT_MSG_account_find, &find, expected);
    }
    const pt_account_find_t nul = {.identifier = PT_LIT ("a\0b")};
    s_assert_prints (PT_MSG_account_find, &nul, "account_find{identifier:\"a\\x00b\"}");
}

/*  Fills every string and blob of the message, nested ones too, with one
    letter, where `is_secret` is what its flag says. */
static void s_paint (pt_msg_t type, void *msg, bool is_secret, char letter)
{
    for (const pt_field_t *field = pt_desc (type)->fields; field->name; field++) {
        if ((field->type == PT_T_STR || field->type == PT_T_BIN) && !(field->flags & PT_SECRET) == !is_secret) {
            pt_str_t bytes = pt_field_str (field, msg);
            char *at;
            memcpy (&at, &bytes.at, sizeof at);
            if (bytes.len)
                memset (at, letter, bytes.len);
        }
        if (field->type == PT_T_OBJ && pt_field_has (field, msg)) {
            void *nested;
            pt_field_load (field, msg, &nested, sizeof nested);
            s_paint (field->elem, nested, is_secret, letter);
        }
        struct {
            char *at;
            uint32_t count;
        } list;
        if (field->type != PT_T_LIST || !pt_field_has (field, msg))
            continue;
        pt_field_load (field, msg, &list, sizeof list);
        for (uint32_t i = 0; i < list.count; i++)
            s_paint (field->elem, list.at + (size_t)i * pt_desc (field->elem)->size, is_secret, letter);
    }
}

/*  Every secret is made of one letter that no name of a field has. */
static void no_secret_of_any_message_is_ever_shown (void **state)
{
    (void)state;
    pt_arena_t *arena = pt_arena_new (64 << 20);
    unsigned stars = 0;
    for (unsigned type = 0; type < PT_MSG_COUNT; type++) {
        pt_sample_t sample = {.kind = PT_SAMPLE_LARGEST, .state = type, .budget = 64 << 10, .arena = arena};
        void *msg = pt_sample_message (&sample, type);
        s_paint (type, msg, false, 'x');
        s_paint (type, msg, true, 'Q');
        pt_buf_t out;
        pt_buf_init (&out, 16 << 20);
        pt_print (type, msg, &out);
        assert_int_equal (pt_buf_error (&out), 0);
        if (memchr (out.at, 'Q', out.len))
            fail_msg ("%s shows a secret", pt_desc (type)->name);
        pt_buf_put (&out, "", 1);
        stars += strstr (out.at, "***") != NULL;
        pt_buf_fini (&out);
        pt_arena_reset (arena);
    }
    assert_true (stars >= 7);
    pt_arena_destroy (&arena);
}

static void a_line_is_cut_at_every_length_without_breaking (void **state)
{
    (void)state;
    const pt_account_t account = {.id = 7, .name = PT_LIT ("\xf0\x9f\x98\x80\n\xc3\xa9\"\xff"), .has_name = true};
    pt_buf_t whole;
    pt_buf_init (&whole, 4096);
    pt_print (PT_MSG_account, &account, &whole);
    for (size_t max = 0; max <= whole.len; max++) {
        pt_buf_t out;
        pt_buf_init (&out, max);
        pt_print (PT_MSG_account, &account, &out);
        assert_int_equal (pt_buf_error (&out), 0);
        assert_true (out.len <= max);
        assert_true (pt_utf8_valid (out.at, out.len));
        if (out.len)
            assert_memory_equal (out.at, whole.at, out.len);
        assert_int_equal (out.len == whole.len, max == whole.len);
        pt_buf_fini (&out);
    }
    pt_buf_fini (&whole);
}

static void random_messages_print_as_one_valid_line (void **state)
{
    (void)state;
    pt_arena_t *arena = pt_arena_new (64 << 20);
    pt_buf_t out;
    pt_buf_init (&out, 1 << 20);
    for (unsigned type = 0; type < PT_MSG_COUNT; type++)
        for (uint64_t seed = 0; seed < 20; seed++) {
            pt_sample_t sample = {.kind = PT_SAMPLE_RANDOM, .state = seed, .budget = 4096, .arena = arena};
            pt_buf_clear (&out);
            pt_print (type, pt_sample_message (&sample, type), &out);
            assert_true (pt_utf8_valid (out.at, out.len));
            for (size_t i = 0; i < out.len; i++)
                assert_true ((unsigned char)out.at[i] >= 0x20 && out.at[i] != 0x7f);
            pt_arena_reset (arena);
        }
    pt_buf_fini (&out);
    pt_arena_destroy (&arena);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_message_is_one_readable_line),
        cmocka_unit_test (a_half_built_message_prints_too),
        cmocka_unit_test (what_could_break_a_line_is_escaped),
        cmocka_unit_test (no_secret_of_any_message_is_ever_shown),
        cmocka_unit_test (a_line_is_cut_at_every_length_without_breaking),
        cmocka_unit_test (random_messages_print_as_one_valid_line),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
