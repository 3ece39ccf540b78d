/*  gw_edge_form_test - forms with a picture and fields beside it, from outside: when drive gets to see the
    picture, when it counts, and when it is given up. */

#include "gw_drive_fake.h"

#define H "Host: x\r\n"
#define PATH "/api/v1/accounts/user/update/"
#define PART(name) "--b\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n"
#define PICTURE(file) "--b\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"" file "\"\r\n\r\n"
#define END "\r\n--b--\r\n"

static int s_setup (void **state)
{
    static const char *const extra[] = {"--upload-patience", "60s", NULL};
    return test_open (state, extra);
}

/*  The last answer may have been the last act of a gateway that touched what was gone with it. */
static int s_teardown (void **state)
{
    const test_t *self = *state;
    assert_int_equal (probe_status (probe_get (self->probe->port, "GET /livez HTTP/1.1\r\n" H "\r\n")), 200);
    return test_close (state);
}

/*  Begins a form of `len` bytes, of which `text` comes at once. */
static int s_send (const test_t *self, size_t len, const char *text)
{
    char head[4096];
    int fd = probe_connect (self->probe->port);
    snprintf (head, sizeof head,
              "PATCH " PATH " HTTP/1.1\r\n" H "Authorization: Bearer %s\r\nContent-Type: multipart/form-data; "
              "boundary=b\r\nContent-Length: %zu\r\n\r\n%s",
              self->probe->token, len, text);
    probe_say (fd, head);
    return fd;
}

/*  Drive enters the picture and takes its bytes. */
static void s_open (test_t *self, const char *name)
{
    const harness_frame_t *call = harness_expect (self->probe->harness, PT_OP_drive_upload_create);
    const pt_upload_create_t *create = call->msg;
    const pt_upload_t upload = {.id = 9, .name = pt_str (name), .purpose = PT_upload_purpose_AVATAR, .expires_at = 1};
    assert_true (create->purpose == PT_upload_purpose_AVATAR && pt_str_eq (create->name, pt_str (name)));
    harness_answer (self->probe->harness, call, &upload);
    call = harness_expect (self->probe->harness, PT_OP_drive_write);
    const pt_bulk_grant_t grant = fake_drive_grant (self->drive, 0, LIM_BULK_WINDOW);
    harness_answer (self->probe->harness, call, &grant);
    fake_drive_hear (self->drive, SV_BULK_HELLO);
}

static void s_take (test_t *self, const char *expected)
{
    char bytes[LIM_BULK_CHUNK];
    bool is_last;
    assert_int_equal (fake_drive_take (self->drive, bytes, &is_last), strlen (expected));
    assert_memory_equal (bytes, expected, strlen (expected));
    assert_false (is_last);
}

static void s_answer_account (test_t *self, uint16_t opcode, const char *name)
{
    const pt_account_t account = {
        .id = 7, .name = pt_str (name), .has_name = true, .avatar = PT_LIT ("/v1/avatars/u"), .has_avatar = true};
    harness_answer (self->probe->harness, harness_expect (self->probe->harness, opcode), &account);
}

static void s_expect (int fd, int status, const char *text)
{
    probe_got_t *got = probe_answer (fd);
    if (probe_status (got) != status || !strstr (got->bytes, text))
        fail_msg ("not %d with %s: %s", status, text, got->bytes);
    close (fd);
}

/* ---- good forms ------------------------------------------------------------------------ */

static void test_fields_around_a_picture_are_kept_until_it_is_set (void **state)
{
    test_t *self = *state;
    static const char first[] = PART ("other") "x\r\n" PICTURE ("me.png") "hel", second[] = "lo\r\n" PART ("name") "A",
                      third[] = "nn" END;
    char bytes[LIM_BULK_CHUNK];
    bool is_last = false;
    int fd = s_send (self, strlen (first) + strlen (second) + strlen (third), first);
    s_open (self, "me.png");
    s_take (self, "hel");
    probe_say (fd, second);
    s_take (self, "lo");
    probe_say (fd, third);
    while (!is_last)
        assert_int_equal (fake_drive_take (self->drive, bytes, &is_last), 0);
    const pt_file_t file = {.id = 5,
                            .owner = 7,
                            .name = PT_LIT ("x"),
                            .type = PT_LIT ("image/png"),
                            .size = 5,
                            .sha256 = PT_LIT ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
                            .created_at = 1};
    const pt_upload_t upload = {.id = 9,
                                .name = PT_LIT ("x"),
                                .offset = 5,
                                .purpose = PT_upload_purpose_AVATAR,
                                .file = &file,
                                .has_file = true};
    fake_drive_end (self->drive, SV_BULK_END,
                    &(pt_bulk_end_t){.offset = 5, .has_offset = true, .upload = &upload, .has_upload = true});
    s_answer_account (self, PT_OP_auth_account_update, "Ann");
    s_expect (fd, 200, "\"data\":{\"avatar\":\"http://x/v1/avatars/u\",\"name\":\"Ann\"}");
}

static void test_a_form_without_a_picture_asks_nothing_of_drive (void **state)
{
    test_t *self = *state;
    static const char *const forms[] = {PART ("name") "Ann" END, PART ("name") "Ann\r\n" PART ("avatar") END};
    for (size_t i = 0; i < 2; i++) {
        int fd = s_send (self, strlen (forms[i]), forms[i]);
        if (i == 1)
            harness_answer (self->probe->harness, harness_expect (self->probe->harness, PT_OP_drive_avatar_delete),
                            &(pt_empty_t){0});
        s_answer_account (self, PT_OP_auth_account_update, "Ann");
        s_expect (fd, 200, "\"name\":\"Ann\"");
    }
}

/* ---- forms at fault --------------------------------------------------------------------- */

static void test_a_picture_is_given_up_when_a_field_behind_it_is_at_fault (void **state)
{
    test_t *self = *state;
    static const char first[] = PICTURE ("me.png") "hello", second[] = "\r\n" PART ("name") " " END;
    int fd = s_send (self, strlen (first) + strlen (second), first);
    s_open (self, "me.png");
    s_take (self, "hello");
    probe_say (fd, second);
    s_expect (fd, 400, "{\"name\":[\"This field may not be blank.\"]}");
    fake_drive_hear (self->drive, SV_BULK_ABORT);
    const harness_frame_t *call = harness_expect (self->probe->harness, PT_OP_drive_upload_delete);
    assert_true (((const pt_upload_ref_t *)call->msg)->id == 9);
    harness_answer (self->probe->harness, call, &(pt_empty_t){0});
}

static void test_what_is_no_whole_form_is_refused (void **state)
{
    test_t *self = *state;
    static const char cut[] = PART ("name") "Ann";
    static char many[65 * 64 + 16], long_text[LIM_HTTP_BODY + 128];
    for (int i = 0; i < 65; i++)
        strcat (many, PART ("x") "\r\n");
    strcat (many, "--b--\r\n");
    strcat (long_text, PART ("name"));
    memset (long_text + strlen (long_text), 'x', LIM_HTTP_BODY + 1);
    const char *const rows[] = {cut, many};
    for (size_t i = 0; i < 2; i++)
        s_expect (s_send (self, strlen (rows[i]), rows[i]), 400, "{\"detail\":");
    int fd = s_send (self, strlen (long_text), "");
    probe_say (fd, long_text);
    s_expect (fd, 400, "{\"detail\":");
}

static void test_what_drive_refuses_is_told_of_the_picture (void **state)
{
    test_t *self = *state;
    static const struct {
        int err;
        const char *sentence;
    } rows[] = {{PT_E_media_refused, "Upload a valid image. "}, {PT_E_too_large, "Image Size must be under 5MB."}};
    static const char form[] = PICTURE ("me.png") "hello" END;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char expected[128];
        int fd = s_send (self, strlen (form), form);
        harness_refuse (self->probe->harness, harness_expect (self->probe->harness, PT_OP_drive_upload_create),
                        rows[i].err, NULL);
        snprintf (expected, sizeof expected, "{\"avatar\":[\"%s", rows[i].sentence);
        s_expect (fd, 400, expected);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown (f, s_setup, s_teardown)

int main (void)
{
    signal (SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        TEST (test_fields_around_a_picture_are_kept_until_it_is_set),
        TEST (test_a_form_without_a_picture_asks_nothing_of_drive),
        TEST (test_a_picture_is_given_up_when_a_field_behind_it_is_at_fault),
        TEST (test_what_is_no_whole_form_is_refused),
        TEST (test_what_drive_refuses_is_told_of_the_picture),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
