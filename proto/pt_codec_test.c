/*  pt_codec_test - round trips of every message, and every violation of every
    field, generated from the descriptors. */

#include "pt_codec.h"
#include "pt_sample.h"
#include "pt_test.h"
#include <msgpack.h>
#include <stdio.h>

enum { ARENA = 64 << 20, BUFFER = 16 << 20, STRINGS = 512 << 10 };

typedef struct {
    pt_codec_t *codec;
    pt_arena_t *arena;
    pt_buf_t buf;
} s_fixture_t;

static int s_set_up (void **state)
{
    s_fixture_t *self = calloc (1, sizeof *self);
    self->codec = pt_codec_new ();
    self->arena = pt_arena_new (ARENA);
    pt_buf_init (&self->buf, BUFFER);
    *state = self;
    return self->codec && self->arena ? 0 : -1;
}

static int s_tear_down (void **state)
{
    s_fixture_t *self = *state;
    pt_codec_destroy (&self->codec);
    pt_arena_destroy (&self->arena);
    pt_buf_fini (&self->buf);
    free (self);
    return 0;
}

/*  ---- round trips -------------------------------------------------------- */

static void s_check_round_trip (s_fixture_t *self, pt_msg_t type, pt_sample_kind_t kind, uint64_t seed)
{
    pt_arena_reset (self->arena);
    pt_buf_clear (&self->buf);
    pt_sample_t sample = {.kind = kind, .state = seed, .budget = STRINGS, .arena = self->arena};
    const void *in = pt_sample_message (&sample, type), *out = NULL;
    int rc = pt_encode (&self->buf, type, in);
    if (rc)
        fail_msg ("%s, kind %d, seed %lu: encode %d", pt_desc (type)->name, (int)kind, (unsigned long)seed, rc);
    void *bytes = test_copy (self->buf.at, self->buf.len);
    pt_error_t error;
    rc = pt_decode (self->codec, type, bytes, self->buf.len, self->arena, &out, &error);
    if (rc)
        fail_msg ("%s, kind %d, seed %lu: decode %d", pt_desc (type)->name, (int)kind, (unsigned long)seed, rc);
    const pt_field_t *field = pt_sample_difference (type, in, out);
    if (field)
        fail_msg ("%s, kind %d, seed %lu: %s differs", pt_desc (type)->name, (int)kind, (unsigned long)seed,
                  field->name);
    assert_int_equal (pt_validate (type, out, self->arena, &error), 0);
    free (bytes);
}

static void every_message_at_its_minimum_survives_a_round_trip (void **state)
{
    for (unsigned type = 0; type < PT_MSG_COUNT; type++)
        s_check_round_trip (*state, type, PT_SAMPLE_SMALLEST, type);
}

static void every_message_at_its_maximum_survives_a_round_trip (void **state)
{
    for (unsigned type = 0; type < PT_MSG_COUNT; type++)
        s_check_round_trip (*state, type, PT_SAMPLE_LARGEST, type);
}

static void every_message_at_random_survives_a_round_trip (void **state)
{
    for (unsigned type = 0; type < PT_MSG_COUNT; type++)
        for (uint64_t seed = 0; seed < 100; seed++)
            s_check_round_trip (*state, type, PT_SAMPLE_RANDOM, seed);
}

static void decoded_strings_point_into_the_input (void **state)
{
    s_fixture_t *self = *state;
    const char bytes[] = "\x81\xaa"
                         "identifier\xa3"
                         "abc";
    const void *out;
    assert_int_equal (pt_decode (self->codec, PT_MSG_account_find, bytes, sizeof bytes - 1, self->arena, &out, NULL),
                      0);
    const pt_account_find_t *msg = out;
    assert_ptr_equal (msg->identifier.at, bytes + 13);
    assert_int_equal (msg->identifier.len, 3);
}

/*  ---- violations of one field -------------------------------------------- */

static void s_write_smallest (msgpack_packer *packer, const pt_field_t *field);

static void s_write_bytes (msgpack_packer *packer, const pt_field_t *field, uint64_t len, char fill)
{
    char *bytes = malloc (len + 1);
    memset (bytes, fill, len);
    if (field->type == PT_T_STR)
        msgpack_pack_str_with_body (packer, bytes, len);
    else
        msgpack_pack_bin_with_body (packer, bytes, len);
    free (bytes);
}

/*  All required fields at their minimum, without any of the library's code. */
static void s_write_required (msgpack_packer *packer, pt_msg_t type)
{
    const pt_desc_t *desc = pt_desc (type);
    size_t count = 0;
    for (uint16_t i = 0; i < desc->field_count; i++)
        count += desc->fields[i].flags & PT_REQUIRED;
    msgpack_pack_map (packer, count);
    for (uint16_t i = 0; i < desc->field_count; i++)
        if (desc->fields[i].flags & PT_REQUIRED) {
            msgpack_pack_str_with_body (packer, desc->fields[i].name, strlen (desc->fields[i].name));
            s_write_smallest (packer, &desc->fields[i]);
        }
}

static void s_write_elements (msgpack_packer *packer, const pt_field_t *field, uint64_t count)
{
    msgpack_pack_array (packer, count);
    for (uint64_t i = 0; i < count; i++)
        if (field->type == PT_T_LIST)
            s_write_required (packer, field->elem);
        else
            msgpack_pack_uint64 (packer, 1);
}

static void s_write_smallest (msgpack_packer *packer, const pt_field_t *field)
{
    const char *text;
    switch ((pt_type_t)field->type) {
    case PT_T_ID:
    case PT_T_U64:
    case PT_T_TIME:
        msgpack_pack_uint64 (packer, field->min);
        break;
    case PT_T_BOOL:
        msgpack_pack_false (packer);
        break;
    case PT_T_STR:
    case PT_T_BIN:
        s_write_bytes (packer, field, field->min, 'a');
        break;
    case PT_T_NAMED:
        text = pt_enum_at (field->elem, 0);
        msgpack_pack_str_with_body (packer, text, strlen (text));
        break;
    case PT_T_OBJ:
        s_write_required (packer, field->elem);
        break;
    case PT_T_IDS:
    case PT_T_LIST:
        s_write_elements (packer, field, field->min);
        break;
    }
}

#define TYPES(type) (1u << PT_T_##type)
#define NUMBERS (TYPES (ID) | TYPES (U64) | TYPES (TIME))
#define ANY UINT32_MAX

typedef struct {
    const char *what;
    unsigned types;   /* set of TYPES () it applies to */
    const char *code; /* expected */
    const char *tail; /* behind the field's name in the path */
    void (*write) (msgpack_packer *packer, const pt_field_t *field);
} s_violation_t;

static void s_write_nil (msgpack_packer *packer, const pt_field_t *field)
{
    (void)field;
    msgpack_pack_nil (packer);
}

static void s_write_number (msgpack_packer *packer, const pt_field_t *field)
{
    (void)field;
    msgpack_pack_uint64 (packer, 1);
}

static void s_write_text (msgpack_packer *packer, const pt_field_t *field)
{
    (void)field;
    msgpack_pack_str_with_body (packer, "1", 1);
}

static void s_write_negative (msgpack_packer *packer, const pt_field_t *field)
{
    (void)field;
    msgpack_pack_int64 (packer, -1);
}

static void s_write_below (msgpack_packer *packer, const pt_field_t *field)
{
    msgpack_pack_uint64 (packer, field->min - 1);
}

static void s_write_above (msgpack_packer *packer, const pt_field_t *field)
{
    msgpack_pack_uint64 (packer, field->max + 1);
}

static void s_write_largest_number (msgpack_packer *packer, const pt_field_t *field)
{
    (void)field;
    msgpack_pack_uint64 (packer, UINT64_MAX);
}

static void s_write_short (msgpack_packer *packer, const pt_field_t *field)
{
    s_write_bytes (packer, field, field->min - 1, 'a');
}

static void s_write_long (msgpack_packer *packer, const pt_field_t *field)
{
    s_write_bytes (packer, field, field->max + 1, 'a');
}

static void s_write_nuls (msgpack_packer *packer, const pt_field_t *field)
{
    s_write_bytes (packer, field, field->max, 0);
}

static void s_write_bad_utf8 (msgpack_packer *packer, const pt_field_t *field)
{
    s_write_bytes (packer, field, field->max, '\xff');
}

static void s_write_bin (msgpack_packer *packer, const pt_field_t *field)
{
    (void)field;
    msgpack_pack_bin_with_body (packer, "abc", 3);
}

static void s_write_few (msgpack_packer *packer, const pt_field_t *field)
{
    s_write_elements (packer, field, field->min - 1);
}

static void s_write_many (msgpack_packer *packer, const pt_field_t *field)
{
    s_write_elements (packer, field, field->max + 1);
}

static void s_write_second_zero (msgpack_packer *packer, const pt_field_t *field)
{
    (void)field;
    msgpack_pack_array (packer, 2);
    msgpack_pack_uint64 (packer, 1);
    msgpack_pack_uint64 (packer, 0);
}

static void s_write_list_of_texts (msgpack_packer *packer, const pt_field_t *field)
{
    (void)field;
    msgpack_pack_array (packer, 1);
    msgpack_pack_str_with_body (packer, "1", 1);
}

static const s_violation_t s_violations[] = {
    {"nil", ANY, "type", "", s_write_nil},
    {"a number", ANY & ~NUMBERS, "type", "", s_write_number},
    {"a text", ANY & ~(TYPES (STR) | TYPES (NAMED)), "type", "", s_write_text},
    {"bytes", ANY & ~TYPES (BIN), "type", "", s_write_bin},
    {"a negative number", NUMBERS, "too_small", "", s_write_negative},
    {"one below the minimum", NUMBERS, "too_small", "", s_write_below},
    {"one above the maximum", NUMBERS, "too_large", "", s_write_above},
    {"2^64 - 1", NUMBERS, "too_large", "", s_write_largest_number},
    {"one byte too few", TYPES (STR) | TYPES (BIN), "too_short", "", s_write_short},
    {"one byte too many", TYPES (STR) | TYPES (BIN), "too_long", "", s_write_long},
    {"NULs", TYPES (STR), "encoding", "", s_write_nuls},
    {"invalid UTF-8", TYPES (STR), "encoding", "", s_write_bad_utf8},
    {"no known value", TYPES (NAMED), "not_one_of", "", s_write_text},
    {"one element too few", TYPES (LIST) | TYPES (IDS), "too_short", "", s_write_few},
    {"one element too many", TYPES (LIST) | TYPES (IDS), "too_long", "", s_write_many},
    {"an id of 0", TYPES (IDS), "too_small", ".1", s_write_second_zero},
    {"a text in a list", TYPES (LIST) | TYPES (IDS), "type", ".0", s_write_list_of_texts},
};

/*  Whether the field leaves room for a violation: nothing is below zero. */
static bool s_applies (const s_violation_t *violation, const pt_field_t *field)
{
    bool is_below =
        violation->write == s_write_below || violation->write == s_write_short || violation->write == s_write_few;
    if (!(violation->types & 1u << field->type))
        return false;
    if (violation->write == s_write_second_zero && (field->min > 2 || field->max < 2))
        return false;
    return !is_below || field->min > 0;
}

static int s_write_to_buf (void *data, const char *bytes, size_t len)
{
    pt_buf_put (data, bytes, len);
    return 0;
}

/*  A message with all required fields, `target` written by `write`, or left
    out when that is NULL. */
static void s_write_violated (pt_buf_t *buf, const pt_desc_t *desc, const pt_field_t *target,
                              void (*write) (msgpack_packer *packer, const pt_field_t *field))
{
    msgpack_packer packer;
    msgpack_packer_init (&packer, buf, s_write_to_buf);
    pt_buf_clear (buf);
    size_t count = 0;
    for (const pt_field_t *field = desc->fields; field->name; field++)
        count += field == target ? write != NULL : field->flags & PT_REQUIRED;
    msgpack_pack_map (&packer, count);
    for (const pt_field_t *field = desc->fields; field->name; field++) {
        if (field == target ? !write : !(field->flags & PT_REQUIRED))
            continue;
        msgpack_pack_str_with_body (&packer, field->name, strlen (field->name));
        if (field == target)
            write (&packer, field);
        else
            s_write_smallest (&packer, field);
    }
}

static void s_assert_one_error (s_fixture_t *self, pt_msg_t type, const char *what, const char *path, const char *code)
{
    pt_error_t error;
    const void *out = NULL;
    pt_arena_reset (self->arena);
    void *bytes = test_copy (self->buf.at, self->buf.len);
    int rc = pt_decode (self->codec, type, bytes, self->buf.len, self->arena, &out, &error);
    if (rc != -PT_E_invalid)
        fail_msg ("%s.%s: %s gives %d", pt_desc (type)->name, path, what, rc);
    assert_null (out);
    assert_int_equal (error.errors.count, 1);
    const pt_field_error_t *first = &error.errors.at[0];
    if (!pt_str_eq (first->field, pt_str (path)) || !pt_str_eq (first->code, pt_str (code)))
        fail_msg ("%s.%s: %s gives %.*s at %.*s", pt_desc (type)->name, path, what, (int)first->code.len,
                  first->code.at, (int)first->field.len, first->field.at);
    assert_int_equal (pt_decode (self->codec, type, bytes, self->buf.len, self->arena, &out, NULL), -PT_E_invalid);
    free (bytes);
}

static void every_violation_of_every_field_is_named (void **state)
{
    s_fixture_t *self = *state;
    unsigned tried = 0;
    for (unsigned type = 0; type < PT_MSG_COUNT; type++)
        for (const pt_field_t *field = pt_desc (type)->fields; field->name; field++)
            for (size_t i = 0; i < COUNT_OF (s_violations); i++) {
                const s_violation_t *violation = &s_violations[i];
                if (!s_applies (violation, field))
                    continue;
                char path[80];
                snprintf (path, sizeof path, "%s%s", field->name, violation->tail);
                s_write_violated (&self->buf, pt_desc (type), field, violation->write);
                s_assert_one_error (self, type, violation->what, path, violation->code);
                tried++;
            }
    assert_true (tried > 1000);
}

static void every_missing_field_is_named (void **state)
{
    s_fixture_t *self = *state;
    for (unsigned type = 0; type < PT_MSG_COUNT; type++)
        for (const pt_field_t *field = pt_desc (type)->fields; field->name; field++)
            if (field->flags & PT_REQUIRED) {
                s_write_violated (&self->buf, pt_desc (type), field, NULL);
                s_assert_one_error (self, type, "nothing", field->name, "missing");
            }
}

static void nested_faults_have_their_full_path (void **state)
{
    s_fixture_t *self = *state;
    const char bytes[] = "\x83\xa7"
                         "account\x01\xa4"
                         "room\x02\xa5"
                         "sends\x92\x82\xa7"
                         "send_id\xa1"
                         "a\xa4"
                         "body\xa1"
                         "b\x82\xa7"
                         "send_id\xa1"
                         "c\xa4"
                         "body\xa1\xff";
    pt_buf_clear (&self->buf);
    pt_buf_put (&self->buf, bytes, sizeof bytes - 1);
    s_assert_one_error (self, PT_MSG_send, "invalid UTF-8", "sends.1.body", "encoding");

    const char deep[] = "\x82\xa5"
                        "rooms\x91\x83\xa4"
                        "room\x88\xa2"
                        "id\x00\xa4"
                        "kind\xa5"
                        "group\xaa"
                        "created_by\x01\xaa"
                        "created_at\x01\xa4"
                        "head\x01\xa5"
                        "epoch\x01\xa5"
                        "floor\x00\xa5"
                        "other\x00\xa7"
                        "members\x90\xa5"
                        "items\x90\xa4"
                        "more\xc2";
    pt_buf_clear (&self->buf);
    pt_buf_put (&self->buf, deep, sizeof deep - 1);
    s_assert_one_error (self, PT_MSG_sync_page, "an id of 0", "rooms.0.room.id", "too_small");
}

static void all_faults_are_listed_up_to_the_limit (void **state)
{
    s_fixture_t *self = *state;
    pt_buf_clear (&self->buf);
    msgpack_packer packer;
    msgpack_packer_init (&packer, &self->buf, s_write_to_buf);
    msgpack_pack_map (&packer, 1);
    msgpack_pack_str_with_body (&packer, "heads", 5);
    msgpack_pack_array (&packer, 20);
    for (int i = 0; i < 20; i++)
        msgpack_pack_map (&packer, 0);
    pt_error_t error;
    const void *out;
    assert_int_equal (pt_decode (self->codec, PT_MSG_heads, self->buf.at, self->buf.len, self->arena, &out, &error),
                      -PT_E_invalid);
    assert_int_equal (error.errors.count, LIM_FIELD_ERRORS);
    assert_true (pt_str_eq (error.errors.at[0].field, PT_LIT ("heads.0.room")));
    assert_true (pt_str_eq (error.errors.at[4].field, PT_LIT ("heads.1.seq")));
    /*  The list itself can be sent. */
    pt_buf_clear (&self->buf);
    assert_int_equal (pt_encode (&self->buf, PT_MSG_error, &error), 0);
}

/*  ---- malformed ---------------------------------------------------------- */

typedef struct {
    const char *what;
    const char *bytes;
    size_t len;
    int rc;
} s_vector_t;

#define PASS 0
#define FAIL -PT_E_malformed
#define HEAD                                                                                                           \
    "\xa4room\x01\xa3seq\x02\xa5"                                                                                      \
    "epoch\x03"

/*  All are tried as `head`. */
static const s_vector_t s_vectors[] = {
    {"a head", BYTES ("\x83" HEAD), PASS},
    {"fields in another order",
     BYTES ("\x83\xa5"
            "epoch\x03\xa4room\x01\xa3seq\x02"),
     PASS},
    {"wide forms of everything",
     BYTES ("\xdf\x00\x00\x00\x03\xda\x00\x04room\xd3\x00\x00\x00\x00\x00\x00\x00\x01\xd9\x03seq\xcd\x00\x02\xdb\x00"
            "\x00\x00\x05"
            "epoch\xd0\x03"),
     PASS},
    {"an unknown field", BYTES ("\x84" HEAD "\xa3new\xa1x"), PASS},
    {"an unknown field in front", BYTES ("\x84\xa3new\xc0" HEAD), PASS},
    {"an unknown field that is a tree", BYTES ("\x84" HEAD "\xa3new\x92\x81\x01\x02\x80"), PASS},
    {"an unknown field with an empty name", BYTES ("\x84" HEAD "\xa0\xc0"), PASS},
    {"a name that begins like a field's", BYTES ("\x84" HEAD "\xa3roo\xc0"), PASS},
    {"a field twice", BYTES ("\x84" HEAD "\xa4room\x01"), FAIL},
    {"a field twice at once", BYTES ("\x84\xa4room\x01" HEAD), FAIL},
    {"a number as key", BYTES ("\x84" HEAD "\x01\x01"), FAIL},
    {"nil as key", BYTES ("\x84" HEAD "\xc0\x01"), FAIL},
    {"bytes as key",
     BYTES ("\x83\xc4\x04room\x01\xa3seq\x02\xa5"
            "epoch\x03"),
     FAIL},
    {"a trailing byte", BYTES ("\x83" HEAD "\xc0"), FAIL},
    {"two messages", BYTES ("\x83" HEAD "\x83" HEAD), FAIL},
    {"an array", BYTES ("\x93\x01\x02\x03"), FAIL},
    {"nil", BYTES ("\xc0"), FAIL},
    {"nothing", BYTES (""), FAIL},
    {"one pair less than announced", BYTES ("\x84" HEAD), FAIL},
    {"one pair more than announced", BYTES ("\x82" HEAD), FAIL},
    {"a float in an unknown field", BYTES ("\x84" HEAD "\xa1x\xca\x00\x00\x00\x00"), FAIL},
    {"ext in an unknown field", BYTES ("\x84" HEAD "\xa1x\xd4\x01\x00"), FAIL},
    {"a bomb in an unknown field", BYTES ("\x84" HEAD "\xa1x\xdd\xff\xff\xff\xff"), FAIL},
    {"an unknown field nested to the depth", BYTES ("\x84" HEAD "\xa1x\x91\x91\x91\x91\x91\x91\x91\x01"), PASS},
    {"an unknown field nested too deep", BYTES ("\x84" HEAD "\xa1x\x91\x91\x91\x91\x91\x91\x91\x91\x01"), FAIL},
};

static void vectors_are_judged_as_listed (void **state)
{
    s_fixture_t *self = *state;
    for (size_t i = 0; i < COUNT_OF (s_vectors); i++) {
        const s_vector_t *vector = &s_vectors[i];
        void *bytes = test_copy (vector->bytes, vector->len);
        const void *out = NULL;
        int rc = pt_decode (self->codec, PT_MSG_head, bytes, vector->len, self->arena, &out, NULL);
        if (rc != vector->rc)
            fail_msg ("%s: got %d", vector->what, rc);
        const pt_head_t *head = out;
        assert_int_equal (head != NULL, rc == 0);
        assert_true (rc || (head->room == 1 && head->seq == 2 && head->epoch == 3));
        free (bytes);
    }
}

static void a_field_twice_in_a_nested_message_is_malformed (void **state)
{
    s_fixture_t *self = *state;
    const char bytes[] = "\x81\xa5heads\x91\x84" HEAD "\xa3seq\x02";
    const void *out = NULL;
    pt_error_t error;
    assert_int_equal (pt_decode (self->codec, PT_MSG_heads, bytes, sizeof bytes - 1, self->arena, &out, &error),
                      -PT_E_malformed);
    assert_null (out);
}

static void every_truncation_of_every_message_is_malformed (void **state)
{
    s_fixture_t *self = *state;
    for (unsigned type = 0; type < PT_MSG_COUNT; type++) {
        pt_sample_t sample = {.kind = PT_SAMPLE_RANDOM, .state = type, .budget = 256, .arena = self->arena};
        pt_arena_reset (self->arena);
        pt_buf_clear (&self->buf);
        assert_int_equal (pt_encode (&self->buf, type, pt_sample_message (&sample, type)), 0);
        for (size_t len = 0; len < self->buf.len && len < 400; len++) {
            const void *out;
            void *bytes = test_copy (self->buf.at, len);
            assert_int_equal (pt_decode (self->codec, type, bytes, len, self->arena, &out, NULL), -PT_E_malformed);
            free (bytes);
        }
    }
}

/*  ---- memory and encoder ------------------------------------------------- */

static void a_full_arena_is_an_error_and_nothing_else (void **state)
{
    s_fixture_t *self = *state;
    pt_sample_t sample = {.kind = PT_SAMPLE_LARGEST, .state = 1, .budget = 100, .arena = self->arena};
    assert_int_equal (pt_encode (&self->buf, PT_MSG_heads, pt_sample_message (&sample, PT_MSG_heads)), 0);
    unsigned failed = 0;
    for (size_t max = 0; max < 64 << 10; max += 1024) {
        pt_arena_t *small = pt_arena_new (max);
        const void *out = NULL;
        int rc = pt_decode (self->codec, PT_MSG_heads, self->buf.at, self->buf.len, small, &out, NULL);
        assert_true (rc == 0 || rc == -PT_E_memory);
        assert_int_equal (out == NULL, rc != 0);
        failed += rc != 0;
        pt_arena_destroy (&small);
    }
    assert_in_range (failed, 1, 63);
}

static void the_encoder_refuses_what_the_decoder_would (void **state)
{
    s_fixture_t *self = *state;
    const pt_send_entry_t good = {.send_id = PT_LIT ("a"), .body = PT_LIT ("b")};
    const pt_send_entry_t entries[] = {
        {.send_id = PT_LIT (""), .body = PT_LIT ("b")},
        {.send_id = PT_LIT ("a"), .body = PT_LIT ("\xc0\x80")},
        {.send_id = PT_LIT ("a"), .body = PT_LIT ("x\0y")},
        {.send_id = PT_LIT ("a"), .body = {NULL, 3}},
        {.send_id = PT_LIT ("a"), .body = PT_LIT ("b"), .reply_to = 0, .has_reply_to = true},
    };
    pt_buf_puts (&self->buf, "before");
    for (size_t i = 0; i < COUNT_OF (entries); i++) {
        pt_send_t msg = {.account = 1, .room = 2, .sends = {&entries[i], 1}};
        assert_int_equal (pt_encode (&self->buf, PT_MSG_send, &msg), -PT_E_invalid);
        assert_int_equal (self->buf.len, 6);
    }
    pt_send_t msg = {.account = 1, .room = 0, .sends = {&good, 1}};
    assert_int_equal (pt_encode (&self->buf, PT_MSG_send, &msg), -PT_E_invalid);
    msg.room = 2;
    msg.sends.count = 0;
    assert_int_equal (pt_encode (&self->buf, PT_MSG_send, &msg), -PT_E_invalid);
    msg.sends.count = LIM_SENDS + 1;
    assert_int_equal (pt_encode (&self->buf, PT_MSG_send, &msg), -PT_E_invalid);
    msg.sends.count = 1;
    assert_int_equal (pt_encode (&self->buf, PT_MSG_send, &msg), 0);
    pt_account_secret_t secret = {.active = true};
    assert_int_equal (pt_encode (&self->buf, PT_MSG_account_secret, &secret), -PT_E_invalid);
    pt_item_t item = {.room = 1, .seq = 1, .id = 1, .kind = 99, .at = 1};
    assert_int_equal (pt_encode (&self->buf, PT_MSG_item, &item), -PT_E_invalid);
    item.kind = PT_item_kind_MESSAGE;
    item.at = -1;
    assert_int_equal (pt_encode (&self->buf, PT_MSG_item, &item), -PT_E_invalid);
}

static void a_full_buffer_gives_too_large_and_its_content_back (void **state)
{
    (void)state;
    const pt_head_t head = {.room = 1, .seq = 2, .epoch = 3};
    pt_buf_t buf;
    pt_buf_init (&buf, LIM_FRAME);
    assert_int_equal (pt_encode (&buf, PT_MSG_head, &head), 0);
    size_t need = buf.len;
    pt_buf_fini (&buf);
    for (size_t max = 0; max <= need + 1; max++) {
        pt_buf_init (&buf, max);
        assert_int_equal (pt_encode (&buf, PT_MSG_head, &head), max < need ? -PT_E_too_large : 0);
        assert_int_equal (buf.len, max < need ? 0 : need);
        pt_buf_fini (&buf);
    }
}

static void an_absent_optional_is_not_sent_and_a_required_needs_no_flag (void **state)
{
    s_fixture_t *self = *state;
    const pt_head_t head = {.room = 1, .seq = 2, .epoch = 3};
    assert_int_equal (pt_encode (&self->buf, PT_MSG_head, &head), 0);
    assert_int_equal (self->buf.len, sizeof ("\x83" HEAD) - 1);
    assert_memory_equal (self->buf.at, "\x83" HEAD, self->buf.len);
    pt_buf_clear (&self->buf);
    const pt_error_t error = {.detail = PT_LIT ("x"), .retry_ms = 7};
    assert_int_equal (pt_encode (&self->buf, PT_MSG_error, &error), 0);
    assert_int_equal (self->buf.len, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (every_message_at_its_minimum_survives_a_round_trip),
        TEST (every_message_at_its_maximum_survives_a_round_trip),
        TEST (every_message_at_random_survives_a_round_trip),
        TEST (decoded_strings_point_into_the_input),
        TEST (every_violation_of_every_field_is_named),
        TEST (every_missing_field_is_named),
        TEST (nested_faults_have_their_full_path),
        TEST (all_faults_are_listed_up_to_the_limit),
        TEST (vectors_are_judged_as_listed),
        TEST (a_field_twice_in_a_nested_message_is_malformed),
        TEST (every_truncation_of_every_message_is_malformed),
        TEST (a_full_arena_is_an_error_and_nothing_else),
        TEST (the_encoder_refuses_what_the_decoder_would),
        TEST (a_full_buffer_gives_too_large_and_its_content_back),
        TEST (an_absent_optional_is_not_sent_and_a_required_needs_no_flag),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
