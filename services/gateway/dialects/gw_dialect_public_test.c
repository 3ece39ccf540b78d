/*  gw_dialect_public_test - lists of rooms and histories that are too long: how they are asked for, piece
    by piece, where they end, and what says so. */

#include "gw_probe.h"

#define PAGE 8 /* rooms of a fake page; fewer than were asked for */

static int s_setup (void **state)
{
    *state = probe_new (NULL);
    return 0;
}

static int s_teardown (void **state)
{
    probe_t *self = *state;
    probe_destroy (&self);
    return 0;
}

static int s_ask (const probe_t *self, const char *path)
{
    char text[4096];
    int fd = probe_connect (self->port);
    snprintf (text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", path, self->token);
    probe_say (fd, text);
    return fd;
}

/* ---- rooms -------------------------------------------------------------------------- */

/*  Answers a question for rooms with so many of them, ids rising from `*id` on, with `people` in each. */
static void s_answer_rooms (probe_t *self, const harness_frame_t *call, uint64_t *id, unsigned count, unsigned people)
{
    static pt_person_t persons[LIM_ROOM_PEOPLE];
    pt_room_t rooms[LIM_ROOM_DETAILS];
    pt_room_detail_t details[LIM_ROOM_DETAILS];
    for (unsigned i = 0; i < people; i++)
        persons[i] = (pt_person_t){.id = LIM_ID - i, .uuid = PT_LIT ("0b2c4d6e-0000-4000-8000-000000000000")};
    for (unsigned i = 0; i < count; i++) {
        rooms[i] = (pt_room_t){
            .id = (*id)++, .kind = PT_room_kind_PUBLIC, .name = PT_LIT ("r"), .has_name = true, .created_by = 7};
        details[i] = (pt_room_detail_t){.room = &rooms[i], .people = {persons, people}};
    }
    const pt_room_details_t page = {.items = {details, count}, .total = 5000, .has_total = true};
    harness_answer (self->harness, call, &page);
}

static void test_a_list_ends_at_1000_rooms_and_tells_where_the_rest_is (void **state)
{
    probe_t *self = *state;
    uint64_t id = 1;
    int fd = s_ask (self, "/rooms/?offset=3");
    for (unsigned at = 0; at < 1000;) {
        const harness_frame_t *call = harness_expect (self->harness, PT_OP_chat_room_index);
        const pt_room_index_t *index = call->msg;
        assert_int_equal (index->dialect, PT_room_dialect_PUBLIC);
        assert_int_equal (index->account, 7);
        assert_int_equal (index->offset, 3 + at);
        assert_int_equal (index->limit, 1000 - at < LIM_ROOM_DETAILS ? 1000 - at : LIM_ROOM_DETAILS);
        at += (unsigned)index->limit;
        s_answer_rooms (self, call, &id, (unsigned)index->limit, 0);
    }
    const probe_got_t *got = probe_answer (fd);
    close (fd);
    assert_int_equal (probe_status (got), 200);
    assert_non_null (strstr (got->bytes, "\r\nLink: </rooms/?offset=1003>; rel=\"next\"\r\n"));
    assert_int_equal (probe_count (got, "{\"id\":"), 1000);
    assert_non_null (strstr (got->bytes,
                             "\r\n\r\n[{\"id\":1,\"name\":\"r\",\"topic\":\"\",\"created_by\":7,\"users\":[],"
                             "\"created_at\":\"1970-01-01T00:00:00Z\","));
    assert_non_null (strstr (got->bytes, "},{\"id\":1000,"));
}

static void test_a_list_of_crowded_rooms_ends_at_2_mib (void **state)
{
    probe_t *self = *state;
    const size_t room = LIM_ROOM_PEOPLE * (size_t)20; /* an id of 19 digits and a comma, each */
    const uint64_t pages = (2 * 1024 * 1024 + PAGE * room - 1) / (PAGE * room);
    uint64_t id = 1;
    char link[64];
    int fd = s_ask (self, "/rooms.json");
    for (uint64_t i = 0; i < pages; i++)
        s_answer_rooms (self, harness_expect (self->harness, PT_OP_chat_room_index), &id, PAGE, LIM_ROOM_PEOPLE);
    snprintf (link, sizeof link, "\r\nLink: </rooms.json?offset=%u>; rel=\"next\"\r\n", (unsigned)(pages * PAGE));
    const probe_got_t *got = probe_read (fd, PROBE_WAIT_MS);
    close (fd);
    assert_int_equal (probe_status (got), 200);
    assert_non_null (strstr (got->bytes, link));
    assert_non_null (strstr (got->bytes, "\"users\":[9223372036854775807,9223372036854775806,"));
}

static void test_a_list_ends_where_the_rooms_do_whatever_their_number_was (void **state)
{
    probe_t *self = *state;
    uint64_t id = 1;
    int fd = s_ask (self, "/rooms/");
    s_answer_rooms (self, harness_expect (self->harness, PT_OP_chat_room_index), &id, PAGE, 1);
    s_answer_rooms (self, harness_expect (self->harness, PT_OP_chat_room_index), &id, 0, 0);
    const probe_got_t *got = probe_answer (fd);
    close (fd);
    assert_int_equal (probe_count (got, "{\"id\":"), PAGE);
    fd = s_ask (self, "/rooms/");
    s_answer_rooms (self, harness_expect (self->harness, PT_OP_chat_room_index), &id, PAGE, 1);
    harness_refuse (self->harness, harness_expect (self->harness, PT_OP_chat_room_index), PT_E_unavailable, NULL);
    got = probe_answer (fd);
    close (fd);
    assert_int_equal (probe_status (got), 503);
    assert_non_null (strstr (got->bytes, "{\"detail\":\"Service temporarily unavailable.\"}"));
}

/* ---- histories ------------------------------------------------------------------------ */

static void s_answer_room (probe_t *self, uint64_t head, uint64_t floor)
{
    const harness_frame_t *call = harness_expect (self->harness, PT_OP_chat_room_find);
    const pt_room_find_t *find = call->msg;
    assert_true (find->room == 12 && find->dialect == PT_room_dialect_PUBLIC);
    const pt_room_t room = {.id = 12,
                            .kind = PT_room_kind_PUBLIC,
                            .name = PT_LIT ("n"),
                            .has_name = true,
                            .created_by = 7,
                            .head = head,
                            .floor = floor};
    const pt_room_detail_t detail = {.room = &room};
    harness_answer (self->harness, call, &detail);
}

/*  The question is for `limit` items behind `after`; the answer has those of the seqs from `first` to `last`, each the
    author's that has its number, or changes of members where `sender` is false. */
static void s_answer_items (probe_t *self, uint64_t after, uint64_t limit, uint64_t first, uint64_t last, bool sender)
{
    static pt_item_t items[LIM_RANGE];
    const harness_frame_t *call = harness_expect (self->harness, PT_OP_chat_range);
    const pt_range_query_t *query = call->msg;
    assert_int_equal (query->room, 12);
    assert_int_equal (query->after, after);
    assert_int_equal (query->limit, limit);
    unsigned count = 0;
    for (uint64_t seq = first; seq <= last; seq++)
        items[count++] = (pt_item_t){.room = 12,
                                     .seq = seq,
                                     .id = 1000 + seq,
                                     .kind = sender ? PT_item_kind_MESSAGE : PT_item_kind_MEMBER,
                                     .sender = seq,
                                     .has_sender = sender,
                                     .body = PT_LIT ("b"),
                                     .has_body = sender,
                                     .at = 1000000};
    const pt_history_page_t page = {.items = {items, count}, .head = 300, .floor = 40};
    harness_answer (self->harness, call, &page);
}

/*  The question is for `count` names from the account `first` on; the answer has that of the first. */
static void s_answer_names (probe_t *self, uint64_t first, uint32_t count)
{
    const harness_frame_t *call = harness_expect (self->harness, PT_OP_chat_people);
    const pt_people_query_t *query = call->msg;
    assert_int_equal (query->ids.count, count);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal (query->ids.at[i], first + i);
    assert_false (query->is_living);
    const pt_person_t person = {.id = first,
                                .uuid = PT_LIT ("0b2c4d6e-0000-4000-8000-000000000000"),
                                .login = PT_LIT ("bob"),
                                .has_login = true};
    const pt_people_t people = {.items = {&person, 1}};
    harness_answer (self->harness, call, &people);
}

static void test_a_history_is_read_backwards_in_windows_that_narrow_where_they_are_cut (void **state)
{
    probe_t *self = *state;
    int fd = probe_connect (self->port);
    probe_say (fd, "GET /messages/12/ HTTP/1.1\r\nHost: x\r\n\r\n");
    s_answer_room (self, 300, 30);
    s_answer_items (self, 44, 256, 45, 100, true);
    s_answer_items (self, 172, 128, 173, 300, true);
    s_answer_items (self, 44, 128, 45, 172, true);
    s_answer_items (self, 40, 4, 1, 0, true); /* removed meanwhile */
    s_answer_names (self, 45, LIM_PAGE);
    s_answer_names (self, 45 + LIM_PAGE, 256 - LIM_PAGE);
    const probe_got_t *got = probe_answer (fd);
    close (fd);
    assert_int_equal (probe_status (got), 200);
    assert_null (strstr (got->bytes, "\r\nLink:"));
    assert_int_equal (probe_count (got, "{\"id\":"), 256);
    assert_non_null (strstr (got->bytes, "{\"name\":\"n\",\"messages\":[{\"id\":1045,\"room\":12,\"content\":\"b\","
                                         "\"user\":\"bob\",\"created_at\":\"1970-01-01T00:00:01Z\"},{\"id\":1046,"));
    assert_non_null (strstr (got->bytes, "{\"id\":1300,\"room\":12,\"content\":\"b\",\"user\":null,"));
}

static void test_who_looks_for_messages_among_changes_of_members_gives_up (void **state)
{
    probe_t *self = *state;
    int fd = probe_connect (self->port);
    uint64_t top = 100000;
    probe_say (fd, "GET /messages/12/ HTTP/1.1\r\nHost: x\r\n\r\n");
    s_answer_room (self, top, 0);
    for (unsigned i = 0; i < 16; i++, top -= LIM_RANGE)
        s_answer_items (self, top - LIM_RANGE, LIM_RANGE, top - LIM_RANGE + 1, top, false);
    const probe_got_t *got = probe_answer (fd);
    close (fd);
    assert_non_null (strstr (got->bytes, "\r\nLink: </v1/rooms/12/messages?before=95905>; rel=\"prev\"\r\n"));
    assert_non_null (strstr (got->bytes, "\r\n\r\n{\"name\":\"n\",\"messages\":[]}"));
}

static void test_a_room_that_goes_meanwhile_is_not_found (void **state)
{
    probe_t *self = *state;
    int fd = probe_connect (self->port);
    probe_say (fd, "GET /messages/12/ HTTP/1.1\r\nHost: x\r\n\r\n");
    s_answer_room (self, 5, 0);
    harness_refuse (self->harness, harness_expect (self->harness, PT_OP_chat_range), PT_E_not_found, NULL);
    const probe_got_t *got = probe_answer (fd);
    close (fd);
    assert_int_equal (probe_status (got), 404);
    assert_non_null (strstr (got->bytes, "\r\n\r\n{\"detail\":\"Not found.\"}"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_list_ends_at_1000_rooms_and_tells_where_the_rest_is),
        cmocka_unit_test (test_a_list_of_crowded_rooms_ends_at_2_mib),
        cmocka_unit_test (test_a_list_ends_where_the_rooms_do_whatever_their_number_was),
        cmocka_unit_test (test_a_history_is_read_backwards_in_windows_that_narrow_where_they_are_cut),
        cmocka_unit_test (test_who_looks_for_messages_among_changes_of_members_gives_up),
        cmocka_unit_test (test_a_room_that_goes_meanwhile_is_not_found),
    };
    return cmocka_run_group_tests (tests, s_setup, s_teardown);
}
