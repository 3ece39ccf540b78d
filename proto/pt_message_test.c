/*  pt_message_test - the tables say what the lists say, and keep the rules
    that no compiler checks. */

#include "pt_message.h"
#include "pt_test.h"

static void names_are_unique_and_found (void **state)
{
    (void)state;
    for (unsigned type = 0; type < PT_MSG_COUNT; type++) {
        const pt_desc_t *desc = pt_desc (type);
        for (unsigned other = 0; other < type; other++)
            assert_string_not_equal (desc->name, pt_desc (other)->name);
        for (uint16_t i = 0; i < desc->field_count; i++)
            assert_ptr_equal (pt_desc_field (desc, desc->fields[i].name, desc->fields[i].name_len), &desc->fields[i]);
        assert_null (desc->fields[desc->field_count].name);
        assert_null (pt_desc_field (desc, "", 0));
        assert_null (pt_desc_field (desc, "no such field", 13));
    }
    assert_null (pt_desc (PT_MSG_COUNT));
}

static void descriptors_point_at_the_members (void **state)
{
    (void)state;
    const pt_desc_t *desc = pt_desc (PT_MSG_send);
    assert_string_equal (desc->name, "send");
    assert_int_equal (desc->size, sizeof (pt_send_t));
    assert_int_equal (desc->field_count, 4);
    const pt_field_t *room = pt_desc_field (desc, "room", 4);
    assert_int_equal (room->type, PT_T_ID);
    assert_int_equal (room->offset, offsetof (pt_send_t, room));
    assert_int_equal (room->has_offset, offsetof (pt_send_t, has_room));
    assert_int_equal (room->flags, PT_REQUIRED);
    const pt_field_t *sends = pt_desc_field (desc, "sends", 5);
    assert_int_equal (sends->type, PT_T_LIST);
    assert_int_equal (sends->elem, PT_MSG_send_entry);
    assert_int_equal (sends->max, LIM_SENDS);
    const pt_field_t *kind = pt_desc_field (pt_desc (PT_MSG_room), "kind", 4);
    assert_int_equal (kind->type, PT_T_NAMED);
    assert_int_equal (kind->elem, PT_ENUM_room_kind);
    assert_null (pt_desc_field (desc, "roo", 3));
    assert_null (pt_desc_field (desc, "rooms", 5));
}

static bool s_is_snake_case (const char *name)
{
    return name[0] >= 'a' && name[0] <= 'z' && strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen (name);
}

/*  Where a list is to go on: 0 is before the first.  No other id is ever 0. */
static bool s_is_position (const char *name)
{
    return strncmp (name, "after", 5) == 0 || strncmp (name, "last", 4) == 0;
}

static void bounds_and_names_keep_the_rules (void **state)
{
    (void)state;
    for (unsigned type = 0; type < PT_MSG_COUNT; type++)
        for (const pt_field_t *field = pt_desc (type)->fields; field->name; field++) {
            bool is_number = field->type == PT_T_ID || field->type == PT_T_U64 || field->type == PT_T_TIME;
            assert_true (s_is_snake_case (field->name));
            assert_in_range (field->name_len, 1, 31); /* one byte of header in msgpack */
            assert_true (field->min <= field->max);
            assert_true (field->max <= (field->type == PT_T_U64 ? LIM_SEQ : LIM_ID));
            assert_true (is_number || field->max < LIM_FRAME);
            assert_true (field->type != PT_T_ID || field->min == !s_is_position (field->name));
            assert_true (strlen (field->doc) > 0);
        }
}

/*  Objects and containers of the largest value of a message, as pt_scan
    counts them. */
static uint64_t s_most_objects (pt_msg_t type, unsigned *depth)
{
    uint64_t objects = 1;
    unsigned deepest = 0;
    for (const pt_field_t *field = pt_desc (type)->fields; field->name; field++) {
        unsigned below = 0;
        objects += 2;
        if (field->type == PT_T_OBJ)
            objects += s_most_objects (field->elem, &below) - 1;
        if (field->type == PT_T_LIST) {
            objects += field->max * s_most_objects (field->elem, &below);
            below++;
        }
        if (field->type == PT_T_IDS) {
            objects += field->max;
            below = 1;
        }
        deepest = below > deepest ? below : deepest;
    }
    *depth = deepest + 1;
    return objects;
}

static void every_message_at_its_largest_passes_the_scan (void **state)
{
    (void)state;
    for (unsigned type = 0; type < PT_MSG_COUNT; type++) {
        unsigned depth = 0;
        assert_true (s_most_objects (type, &depth) <= LIM_SCAN_OBJECTS);
        assert_true (depth <= LIM_SCAN_DEPTH);
    }
}

static void every_opcode_is_found_and_no_other (void **state)
{
    (void)state;
    size_t count = 0, found = 0;
    while (pt_call_at (count))
        count++;
    for (unsigned opcode = 0; opcode <= UINT16_MAX; opcode++) {
        const pt_call_t *call = pt_call_find ((uint16_t)opcode);
        if (call) {
            assert_int_equal (call->opcode, opcode);
            found++;
        }
    }
    assert_int_equal (found, count);
    const pt_call_t *send = pt_call_find (PT_OP_chat_send);
    assert_string_equal (send->name, "chat_send");
    assert_int_equal (send->service, PT_SERVICE_chat);
    assert_int_equal (send->request, PT_MSG_send);
    assert_int_equal (send->reply, PT_MSG_send_results);
    assert_int_equal (send->flags, PT_WRITE);
    const pt_call_t *items = pt_call_find (PT_EV_room_items);
    assert_int_equal (items->service, PT_SERVICE_none);
    assert_int_equal (items->request, PT_MSG_room_items);
}

static void every_operation_reads_or_writes_and_is_named_after_its_service (void **state)
{
    (void)state;
    for (size_t i = 0; pt_call_at (i); i++) {
        const pt_call_t *call = pt_call_at (i);
        if (call->service == PT_SERVICE_none)
            continue;
        assert_true (!(call->flags & PT_READ) != !(call->flags & PT_WRITE));
        const char *service = pt_service_name (call->service);
        assert_memory_equal (call->name, service, strlen (service));
    }
}

static void every_message_is_used (void **state)
{
    (void)state;
    for (unsigned type = 0; type < PT_MSG_COUNT; type++) {
        /*  Those of other frames, and what store keeps. */
        bool is_used =
            type == PT_MSG_error || type == PT_MSG_presence || type == PT_MSG_bulk_end || type == PT_MSG_attachments;
        for (size_t i = 0; pt_call_at (i); i++)
            is_used = is_used || pt_call_at (i)->request == type || pt_call_at (i)->reply == type;
        for (unsigned other = 0; other < PT_MSG_COUNT; other++)
            for (const pt_field_t *field = pt_desc (other)->fields; field->name; field++)
                is_used = is_used || ((field->type == PT_T_OBJ || field->type == PT_T_LIST) && field->elem == type);
        if (!is_used)
            fail_msg ("%s is in no operation, event or message", pt_desc (type)->name);
    }
}

static void enum_values_and_texts_are_each_others_inverse (void **state)
{
    (void)state;
    for (unsigned type = 0; type < PT_ENUM_COUNT; type++) {
        for (size_t i = 0; pt_enum_at (type, i); i++) {
            const char *text = pt_enum_at (type, i);
            unsigned value = pt_enum_value (type, text, strlen (text));
            assert_int_not_equal (value, 0);
            assert_string_equal (pt_enum_text (type, value), text);
            assert_int_equal (pt_enum_value (type, text, strlen (text) - 1), 0);
        }
        assert_non_null (pt_enum_at (type, 0));
        assert_null (pt_enum_text (type, 0));
        assert_null (pt_enum_text (type, 99));
        assert_int_equal (pt_enum_value (type, "", 0), 0);
    }
    assert_int_equal (pt_enum_value (PT_ENUM_role, "owner", 5), PT_role_OWNER);
}

static void roles_call_only_what_they_may (void **state)
{
    (void)state;
    const pt_peer_rule_t *gateway = pt_peer_rule (PT_PEER_gateway);
    assert_string_equal (gateway->name, "gateway");
    assert_int_equal (gateway->serves, PT_SERVICE_gateway);
    assert_true (gateway->calls & PT_CALLS (chat));
    assert_false (gateway->calls & PT_CALLS (store));
    assert_string_equal (gateway->publishes, "");
    const pt_peer_rule_t *store = pt_peer_rule (PT_PEER_store);
    assert_int_equal (store->serves, PT_SERVICE_store);
    assert_int_equal (store->calls, 0);
    for (int role = 1; role < PT_PEER_COUNT; role++)
        assert_int_equal (pt_peer_rule (role)->calls >> PT_SERVICE_gateway & 1, role == PT_PEER_operator);
    assert_null (pt_peer_rule (PT_PEER_none));
    assert_null (pt_peer_rule (PT_PEER_COUNT));
    assert_string_equal (pt_service_name (PT_SERVICE_auth), "auth");
    assert_string_equal (pt_service_name (0), "none");
    assert_string_equal (pt_service_name (255), "none");
}

static void what_is_within_a_service_is_asked_by_its_own_role_and_by_operators (void **state)
{
    (void)state;
    static const struct {
        pt_peer_t role;
        uint16_t opcode;
        bool may;
    } cases[] = {
        {PT_PEER_chat, PT_OP_chat_channel_send, true},
        {PT_PEER_operator, PT_OP_chat_channel_send, true},
        {PT_PEER_gateway, PT_OP_chat_channel_send, false},
        {PT_PEER_store, PT_OP_chat_channel_send, false},
        {PT_PEER_chat, PT_OP_chat_channel_receive, false},
        {PT_PEER_chat, PT_OP_chat_send, false},
        {PT_PEER_chat, 0x02ee, false},
        {PT_PEER_gateway, PT_OP_chat_channel_group_send, false},
        {PT_PEER_operator, PT_OP_chat_channel_receive, true},
    };
    for (size_t i = 0; i < COUNT_OF (cases); i++)
        assert_int_equal (pt_peer_may_call (pt_peer_rule (cases[i].role), PT_SERVICE_chat, cases[i].opcode),
                          cases[i].may);
    assert_false (pt_peer_may_call (pt_peer_rule (PT_PEER_store), PT_SERVICE_store, PT_OP_chat_channel_send));
}

static void an_affinity_is_of_the_name_alone_and_never_none (void **state)
{
    (void)state;
    assert_int_equal (pt_affinity (PT_LIT ("")), UINT64_C (0xcbf29ce484222325));
    assert_int_equal (pt_affinity (PT_LIT ("a")), UINT64_C (0xaf63dc4c8601ec8c));
    assert_int_not_equal (pt_affinity (PT_LIT ("ab")), pt_affinity (PT_LIT ("ba")));
}

static void errors_have_a_name_a_status_and_a_title (void **state)
{
    (void)state;
    assert_string_equal (pt_error_name (PT_E_busy), "busy");
    assert_string_equal (pt_error_name (-PT_E_busy), "busy");
    assert_int_equal (pt_error_http (-PT_E_busy), 503);
    assert_string_equal (pt_error_title (PT_E_not_member), "Not a member of this room");
    static const int s_unknown[] = {9999, -9999, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < COUNT_OF (s_unknown); i++) {
        assert_string_equal (pt_error_name (s_unknown[i]), "internal");
        assert_false (pt_error_is_transient (s_unknown[i]));
    }
    assert_true (pt_error_is_transient (-PT_E_worker_lost));
    assert_true (pt_error_is_transient (PT_E_deadline));
    assert_false (pt_error_is_transient (-PT_E_conflict));
}

static void a_room_topic_is_its_letter_and_its_id (void **state)
{
    (void)state;
    uint8_t topic[PT_TOPIC_ROOM_LEN];
    pt_topic_room (topic, UINT64_C (0x0102030405060708));
    assert_memory_equal (topic, "r\x01\x02\x03\x04\x05\x06\x07\x08", sizeof topic);
}

static void a_signal_topic_is_its_letter_and_the_address (void **state)
{
    (void)state;
    uint8_t topic[PT_TOPIC_SIGNAL_MAX];
    assert_int_equal (pt_topic_signal (topic, PT_LIT ("lobby")), 6);
    assert_memory_equal (topic, "slobby", 6);
    char longer[LIM_ROOM_ADDRESS + 1];
    memset (longer, 'x', sizeof longer);
    assert_int_equal (pt_topic_signal (topic, (pt_str_t){longer, sizeof longer}), PT_TOPIC_SIGNAL_MAX);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (names_are_unique_and_found),
        cmocka_unit_test (descriptors_point_at_the_members),
        cmocka_unit_test (bounds_and_names_keep_the_rules),
        cmocka_unit_test (every_message_at_its_largest_passes_the_scan),
        cmocka_unit_test (every_opcode_is_found_and_no_other),
        cmocka_unit_test (every_operation_reads_or_writes_and_is_named_after_its_service),
        cmocka_unit_test (every_message_is_used),
        cmocka_unit_test (enum_values_and_texts_are_each_others_inverse),
        cmocka_unit_test (roles_call_only_what_they_may),
        cmocka_unit_test (what_is_within_a_service_is_asked_by_its_own_role_and_by_operators),
        cmocka_unit_test (an_affinity_is_of_the_name_alone_and_never_none),
        cmocka_unit_test (errors_have_a_name_a_status_and_a_title),
        cmocka_unit_test (a_room_topic_is_its_letter_and_its_id),
        cmocka_unit_test (a_signal_topic_is_its_letter_and_the_address),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
