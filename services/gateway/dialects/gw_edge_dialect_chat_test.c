/*  gw_edge_dialect_chat_test - the dialect of friends and their chats from outside, where a whole
    installation can't show it: what is asked of auth and chat, and what is said when they fail. */

#include "gw_probe.h"

#define H "Host: h.example:8000\r\n"
#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"
#define KEY "abcdefghijklmnopqrstuvwxyz012345"
#define UUID "01234567-89ab-cdef-0123-456789abcdef"
#define AUTH "/api/rest-auth/"

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

/*  Asks as account 7 when `lines` do not show another credential. */
static int s_ask (const probe_t *self, const char *method, const char *path, const char *lines, const char *body)
{
    char text[8192];
    int fd = probe_connect (self->port);
    snprintf (text, sizeof text, "%s %s HTTP/1.1\r\n" H FORM "%s%s%s%sContent-Length: %zu\r\n\r\n%s", method, path,
              lines ? "" : "Authorization: Bearer ", lines ? "" : self->token, lines ? "" : "\r\n", lines ? lines : "",
              strlen (body), body);
    probe_say (fd, text);
    return fd;
}

/*  The answer has this status, and all of this behind its head, or in it. */
static probe_got_t *s_hear (int fd, int status, const char *text)
{
    probe_got_t *got = probe_answer (fd);
    close (fd);
    if (probe_status (got) != status || !strstr (got->bytes, text))
        fail_msg ("not %d with %s: %s", status, text, got->bytes);
    return got;
}

static const void *s_expect (probe_t *self, uint16_t opcode, const harness_frame_t **out)
{
    *out = harness_expect (self->harness, opcode);
    return (*out)->msg;
}

/* ---- accounts --------------------------------------------------------------------- */

static void test_registering_keeps_the_rules_of_auth_and_hides_the_address (void **state)
{
    probe_t *self = *state;
    const harness_frame_t *call;
    const pt_account_t account = {.id = 7};
    int fd = s_ask (self, "POST", AUTH "registration/", "",
                    "email=Bo%40x.example&password1=+some+words+&password2=some+words");
    const pt_account_create_t *create = s_expect (self, PT_OP_auth_account_create, &call);
    assert_true (pt_str_eq (create->email, PT_LIT ("Bo@x.example")) && !create->has_login);
    assert_true (pt_str_eq (create->password, PT_LIT ("some words")));
    assert_true (create->has_nickname && pt_str_eq (create->nickname, PT_LIT ("Bo")));
    assert_true (create->has_dialect && create->dialect == PT_room_dialect_CHAT);
    assert_false (create->is_lax || create->is_staff);
    harness_answer (self->harness, call, &account);
    const pt_session_create_t *session = s_expect (self, PT_OP_auth_session_create, &call);
    assert_true (session->kind == PT_credential_kind_AUTHTOKEN);
    assert_true (pt_str_eq (session->identifier, PT_LIT ("Bo@x.example")));
    assert_true (session->with_cookie);
    harness_refuse (self->harness, call, PT_E_busy, NULL);
    s_hear (fd, 503, "{\"detail\":\"Service temporarily unavailable.\"}");
}

static void test_what_is_wrong_with_a_registration_is_asked_without_making_one (void **state)
{
    probe_t *self = *state;
    const harness_frame_t *call;
    const pt_empty_t good = {0};
    const pt_field_error_t fields[] = {{.field = PT_LIT ("password"), .code = PT_LIT ("numeric")},
                                       {.field = PT_LIT ("email"), .code = PT_LIT ("taken")},
                                       {.field = PT_LIT ("odd"), .code = PT_LIT ("wrong")}};
    const pt_error_t error = {.errors = {fields, 3}, .has_errors = true};
    static const char same[] = "email=a%40x.example&password1=12345678&password2=12345678";
    static const char differ[] = "email=a%40x.example&password1=12345678&password2=other";
    int fd = s_ask (self, "POST", AUTH "registration/", "", differ);
    const pt_account_judge_t *judge = s_expect (self, PT_OP_auth_account_judge, &call);
    assert_true (pt_str_eq (judge->email, PT_LIT ("a@x.example")) && pt_str_eq (judge->password, PT_LIT ("12345678")));
    harness_refuse_with (self->harness, call, PT_E_invalid, &error);
    s_hear (fd, 400,
            "\r\n\r\n{\"password1\":[\"This password is entirely numeric.\"],\"email\":[\"A user is already registered "
            "with this e-mail address.\"],\"odd\":[\"This value is not valid.\"]}");
    fd = s_ask (self, "POST", AUTH "registration/", "", differ);
    harness_answer (self->harness, harness_expect (self->harness, PT_OP_auth_account_judge), &good);
    s_hear (fd, 400, "\r\n\r\n{\"non_field_errors\":[\"The two password fields didn't match.\"]}");
    fd = s_ask (self, "POST", AUTH "registration/", "", differ);
    harness_refuse (self->harness, harness_expect (self->harness, PT_OP_auth_account_judge), PT_E_unavailable, NULL);
    s_hear (fd, 503, "{\"detail\":\"Service temporarily unavailable.\"}");
    fd = s_ask (self, "POST", AUTH "registration/", "", "password2=other");
    s_hear (fd, 400, "{\"email\":[\"This field is required.\"],\"password1\":[\"This field is required.\"]}");

    /*  What auth refused stays so, though the address was freed meanwhile. */
    const pt_error_t numeric = {.errors = {fields, 1}, .has_errors = true};
    fd = s_ask (self, "POST", AUTH "registration/", "", same);
    harness_refuse_with (self->harness, harness_expect (self->harness, PT_OP_auth_account_create), PT_E_invalid,
                         &numeric);
    judge = s_expect (self, PT_OP_auth_account_judge, &call);
    assert_true (judge->has_email && !judge->has_password);
    harness_answer (self->harness, call, &good);
    s_hear (fd, 400, "\r\n\r\n{\"password1\":[\"This password is entirely numeric.\"]}");
}

static void test_a_link_tells_a_bad_key_from_a_service_that_is_away (void **state)
{
    probe_t *self = *state;
    static const struct {
        int err, status;
        const char *text;
    } rows[] = {{PT_E_token_invalid, 200, "\r\n\r\n{\"confirmed\":false}"},
                {PT_E_token_expired, 200, "\r\n\r\n{\"confirmed\":false}"},
                {PT_E_taken, 200, "\r\n\r\n{\"confirmed\":false}"},
                {PT_E_unavailable, 503, "{\"detail\":\"Service temporarily unavailable.\"}"},
                {PT_E_too_many, 429, "{\"detail\":\"Request was throttled."}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const harness_frame_t *call;
        int fd = s_ask (self, "GET", AUTH "registration/account-confirm-email/1-a%20b/", "", "");
        const pt_email_confirm_t *confirm = s_expect (self, PT_OP_auth_email_confirm, &call);
        assert_true (pt_str_eq (confirm->token, PT_LIT ("1-a b")));
        harness_refuse (self->harness, call, rows[i].err, NULL);
        s_hear (fd, rows[i].status, rows[i].text);
    }
}

/* ---- signing out --------------------------------------------------------------------- */

/*  What is to end: the keys of the account (`id` 0), or that one session. */
static const harness_frame_t *s_expect_end (probe_t *self, uint64_t id)
{
    const harness_frame_t *call;
    const pt_session_ref_t *ref = s_expect (self, PT_OP_auth_session_delete, &call);
    assert_int_equal (ref->account, 7);
    assert_true (ref->has_id == (id != 0) && ref->has_kind == (id == 0));
    assert_true (id != 0 ? ref->id == id : ref->kind == PT_credential_kind_AUTHTOKEN);
    return call;
}

static int s_sign_out (const probe_t *self)
{
    char lines[4096];
    snprintf (lines, sizeof lines, "Authorization: Bearer %s\r\nCookie: sessionid=" KEY "\r\nIdempotency-Key: k-1\r\n",
              self->token);
    return s_ask (self, "POST", AUTH "logout/", lines, "");
}

static void test_signing_out_ends_the_key_and_what_was_shown (void **state)
{
    probe_t *self = *state;
    const harness_frame_t *call;
    const pt_empty_t done = {0};
    const pt_identity_t owner = {.account = 7, .session = 99, .kind = PT_credential_kind_COOKIE, .generation = 1};
    int fd = s_sign_out (self);
    const pt_credential_check_t *check = s_expect (self, PT_OP_auth_check, &call);
    assert_true (check->scheme == PT_scheme_COOKIE && pt_str_eq (check->secret, PT_LIT (KEY)));
    harness_answer (self->harness, call, &owner);
    call = s_expect_end (self, 0);
    assert_true (pt_str_eq (((const pt_session_ref_t *)call->msg)->key, PT_LIT ("k-1")));
    harness_answer (self->harness, call, &done);
    call = s_expect_end (self, 99);
    assert_int_equal (((const pt_session_ref_t *)call->msg)->key.len, 32); /* another request */
    harness_refuse (self->harness, call, PT_E_not_found, NULL);            /* over already */
    harness_answer (self->harness, s_expect_end (self, 42), &done);
    s_hear (fd, 200, "\r\nSet-Cookie: sessionid=; Path=/; Max-Age=0;");
}

static void test_signing_out_ends_no_session_of_another_account (void **state)
{
    probe_t *self = *state;
    const pt_empty_t done = {0};
    const pt_identity_t other = {.account = 8, .session = 99, .kind = PT_credential_kind_COOKIE, .generation = 1};
    for (int is_known = 0; is_known < 2; is_known++) {
        int fd = s_sign_out (self);
        const harness_frame_t *call = harness_expect (self->harness, PT_OP_auth_check);
        if (is_known)
            harness_answer (self->harness, call, &other);
        else
            harness_refuse (self->harness, call, PT_E_token_invalid, NULL);
        harness_answer (self->harness, s_expect_end (self, 0), &done);
        harness_answer (self->harness, s_expect_end (self, 42), &done);
        s_hear (fd, 200, "\r\n\r\n{\"detail\":\"Successfully logged out.\"}");
    }
}

static void test_who_could_not_be_signed_out_is_told (void **state)
{
    probe_t *self = *state;
    int fd = s_ask (self, "POST", AUTH "logout/", NULL, "");
    harness_refuse (self->harness, s_expect_end (self, 0), PT_E_unavailable, NULL);
    const probe_got_t *got = s_hear (fd, 503, "{\"detail\":\"Service temporarily unavailable.\"}");
    assert_null (strstr (got->bytes, "Set-Cookie"));
}

/* ---- people ---------------------------------------------------------------------------- */

static void test_a_person_has_the_best_name_there_is (void **state)
{
    probe_t *self = *state;
    const pt_str_t login = PT_LIT ("login"), name = PT_LIT ("N \"N\""), nickname = PT_LIT ("nick"), none = PT_LIT ("");
    const struct {
        pt_person_t person;
        const char *username;
    } rows[] = {{{.login = login, .has_login = true, .nickname = nickname, .has_nickname = true}, "\"nick\""},
                {{.login = login, .has_login = true, .nickname = none, .has_nickname = true}, "\"login\""},
                {{.name = name, .has_name = true}, "\"N \\\"N\\\"\""},
                {{.id = 0}, "\"\""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const harness_frame_t *call;
        char text[512];
        pt_person_t person = rows[i].person;
        person.id = 9;
        person.uuid = PT_LIT (UUID);
        person.avatar = PT_LIT ("/v1/avatars/x");
        person.has_avatar = person.has_active = person.active = true;
        int fd = s_ask (self, "GET", "/api/user/" UUID "/", NULL, "");
        const pt_person_ref_t *ref = s_expect (self, PT_OP_chat_person, &call);
        assert_true (ref->account == 7 && pt_str_eq (ref->uuid, PT_LIT (UUID)) && ref->shows_email);
        harness_answer (self->harness, call, &person);
        snprintf (text, sizeof text,
                  "\r\n\r\n{\"email\":null,\"id\":9,\"uuid\":\"" UUID "\",\"username\":%s,"
                  "\"photo\":\"http://h.example:8000/v1/avatars/x\",\"is_active\":true}",
                  rows[i].username);
        s_hear (fd, 200, text);
    }
}

/* ---- chats ----------------------------------------------------------------------------- */

static void test_a_chat_is_written_as_its_clients_know_it (void **state)
{
    probe_t *self = *state;
    const harness_frame_t *call;
    const pt_room_t room = {.id = 5,
                            .kind = PT_room_kind_GROUP,
                            .name = PT_LIT ("G \"1\""),
                            .has_name = true,
                            .uuid = PT_LIT (UUID),
                            .has_uuid = true,
                            .created_by = 7,
                            .created_at = INT64_C (1795302000000000)};
    const pt_person_t people[] = {{.id = 7, .uuid = PT_LIT (UUID)}, {.id = 9, .uuid = PT_LIT (UUID)}};
    const pt_room_detail_t detail = {.room = &room, .has_room = true, .people = {people, 2}, .has_people = true};
    int fd = s_ask (self, "GET", "/api/chat/" UUID "/", NULL, "");
    const pt_room_find_t *find = s_expect (self, PT_OP_chat_room_find, &call);
    assert_true (find->account == 7 && find->dialect == PT_room_dialect_CHAT && pt_str_eq (find->uuid, PT_LIT (UUID)));
    harness_answer (self->harness, call, &detail);
    s_hear (fd, 200,
            "\r\n\r\n{\"id\":5,\"uuid\":\"" UUID "\",\"name\":\"G \\\"1\\\"\",\"is_group_chat\":true,\"participants\":["
            "\"http://h.example:8000/api/user/" UUID "/\",\"http://h.example:8000/api/user/" UUID "/\"],"
            "\"last_activity_date\":\"2026-11-21T23:00:00Z\",\"lastmessage\":\"None\"}");
}

static void test_a_page_of_chats_is_no_larger_than_a_reply (void **state)
{
    probe_t *self = *state;
    const harness_frame_t *call;
    const pt_room_t room = {.id = 5, .kind = PT_room_kind_DIRECT, .created_by = 7};
    const pt_room_detail_t item = {.room = &room, .has_room = true, .has_people = true};
    const pt_room_details_t page = {.items = {&item, 1}, .has_items = true, .total = 100, .has_total = true};
    int fd = s_ask (self, "GET", "/api/chat/mychats/private/?limit=150&offset=20", NULL, "");
    const pt_room_index_t *index = s_expect (self, PT_OP_chat_room_index, &call);
    assert_true (index->account == 7 && index->dialect == PT_room_dialect_CHAT && index->kind == PT_room_kind_DIRECT);
    assert_int_equal (index->limit, LIM_ROOM_DETAILS);
    assert_int_equal (index->offset, 20);
    harness_answer (self->harness, call, &page);
    s_hear (fd, 200,
            "{\"count\":100,\"next\":\"http://h.example:8000/api/chat/mychats/private/?limit=32&offset=52\","
            "\"previous\":\"http://h.example:8000/api/chat/mychats/private/?limit=32\",\"results\":[");
}

static void test_what_is_refused_of_a_group_is_refused_without_a_word (void **state)
{
    probe_t *self = *state;
    static const struct {
        int err, status;
        const char *text;
    } rows[] = {{PT_E_invalid, 400, "\r\nContent-Length: 0\r\n"}, {PT_E_busy, 503, "Service temporarily unavailable."}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int fd = s_ask (self, "POST", "/api/chat/mychats/groups/", NULL, "name=den");
        harness_refuse (self->harness, harness_expect (self->harness, PT_OP_chat_room_create), rows[i].err, NULL);
        s_hear (fd, rows[i].status, rows[i].text);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_registering_keeps_the_rules_of_auth_and_hides_the_address),
        cmocka_unit_test (test_what_is_wrong_with_a_registration_is_asked_without_making_one),
        cmocka_unit_test (test_a_link_tells_a_bad_key_from_a_service_that_is_away),
        cmocka_unit_test (test_signing_out_ends_the_key_and_what_was_shown),
        cmocka_unit_test (test_signing_out_ends_no_session_of_another_account),
        cmocka_unit_test (test_who_could_not_be_signed_out_is_told),
        cmocka_unit_test (test_a_person_has_the_best_name_there_is),
        cmocka_unit_test (test_a_chat_is_written_as_its_clients_know_it),
        cmocka_unit_test (test_a_page_of_chats_is_no_larger_than_a_reply),
        cmocka_unit_test (test_what_is_refused_of_a_group_is_refused_without_a_word),
    };
    return cmocka_run_group_tests (tests, s_setup, s_teardown);
}
