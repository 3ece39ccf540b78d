/*  auth_mail_test - what auth does about mails and deleted accounts, as a whole
    program against a fake store: who waits is written to, keys prove their reader,
    memberships end. */

#include "auth_chore.h"
#include "auth_fake.h"
#include <dirent.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmocka.h>

#define FAR_US INT64_C (4000000000000000)
#define MAIL 17
#define STRONG "another horse battery"

typedef struct {
    char key[LIM_MAIL_KEY + 1];
    char text[8192];
    mode_t mode;
} s_letter_t;

static void s_make_path (const fake_t *fake, const char *name, char out[400])
{
    snprintf (out, 400, "%s/mail/%s", fake->dir, name);
}

static int s_open (void **state)
{
    fake_t *fake = fake_new ();
    *state = fake;
    if (fake)
        fake_start (fake, NULL);
    return fake ? 0 : -1;
}

static int s_close (void **state)
{
    fake_t *fake = *state;
    char path[400];
    s_make_path (fake, "", path);
    DIR *dir = opendir (path);
    for (const struct dirent *entry; dir && (entry = readdir (dir));) {
        s_make_path (fake, entry->d_name, path);
        unlink (path);
    }
    if (dir)
        closedir (dir);
    s_make_path (fake, "", path);
    rmdir (path);
    fake_destroy ((fake_t **)state);
    return 0;
}

/*  ---- parts of a round --------------------------------------------------------------- */

static pt_mail_t s_make_mail (pt_mail_kind_t kind, uint64_t id)
{
    return (pt_mail_t){.id = id,
                       .kind = kind,
                       .account = 7,
                       .email = PT_LIT ("ann@example.org"),
                       .name = PT_LIT ("Ann"),
                       .has_name = true,
                       .expires_at = FAR_US};
}

static void s_answer_take (fake_t *fake, const pt_mail_t *mails, uint32_t count)
{
    const harness_frame_t *call = harness_expect (fake->harness, PT_OP_store_mail_take);
    const pt_mail_take_t *take = call->msg;
    const pt_mail_batch_t batch = {.items = {mails, count}};
    assert_int_equal (take->limit, LIM_MAILS);
    assert_true (take->lease_ms > 30000);
    harness_answer (fake->harness, call, &batch);
}

static void s_expect_done (fake_t *fake, uint64_t id, bool is_sent)
{
    const pt_empty_t nothing = {0};
    const harness_frame_t *call = harness_expect (fake->harness, PT_OP_store_mail_done);
    const pt_mail_done_t *done = call->msg;
    assert_int_equal (done->id, id);
    assert_int_equal (done->sent, is_sent);
    harness_answer (fake->harness, call, &nothing);
}

static void s_answer_farewells (fake_t *fake, const pt_farewell_t *items, uint32_t count)
{
    const harness_frame_t *call = harness_expect (fake->harness, PT_OP_store_farewell_list);
    const pt_farewell_page_t page = {.items = {items, count}};
    harness_answer (fake->harness, call, &page);
}

static void s_read_letter (const fake_t *fake, const char *name, s_letter_t *out)
{
    char path[400];
    struct stat status;
    s_make_path (fake, name, path);
    FILE *file = fopen (path, "r");
    if (!file)
        fail_msg ("no %s", path);
    out->text[fread (out->text, 1, sizeof out->text - 1, file)] = '\0';
    assert_int_equal (fstat (fileno (file), &status), 0);
    out->mode = status.st_mode & 0777;
    fclose (file);
    const char *key = strstr (out->text, "?token=");
    assert_non_null (key);
    snprintf (out->key, sizeof out->key, "%.*s", (int)strcspn (key + 7, "\n"), key + 7);
}

/*  Has a mail of that kind sent, and reads it. */
static void s_fetch_letter (fake_t *fake, pt_mail_kind_t kind, s_letter_t *out)
{
    const pt_mail_t mail = s_make_mail (kind, MAIL);
    char name[64];
    s_answer_take (fake, &mail, 1);
    s_expect_done (fake, MAIL, true);
    s_answer_farewells (fake, NULL, 0);
    snprintf (name, sizeof name, "%d-%s.txt", MAIL, kind == PT_mail_kind_RESET ? "reset" : "confirm");
    s_read_letter (fake, name, out);
}

/*  ---- mails --------------------------------------------------------------------------- */

static void s_who_asks_for_a_mail_has_it_at_once (void **state)
{
    fake_t *fake = *state;
    s_letter_t letter;
    s_answer_take (fake, NULL, 0);
    s_answer_farewells (fake, NULL, 0);
    uint64_t asked_ms = sv_now_ms ();
    const pt_mail_ask_t ask = {.kind = PT_mail_kind_RESET, .email = PT_LIT ("Ann@Example.ORG")};
    assert_int_equal (fake_ask (fake, PT_OP_auth_mail_ask, &ask)->envelope.status, 0);
    assert_string_equal (fake->email, "ann@example.org");
    assert_false (fake->mail.has_account);
    assert_in_range (fake->mail.expires_at, sv_wall_us () + INT64_C (3590000000), sv_wall_us () + INT64_C (3600000000));
    s_fetch_letter (fake, PT_mail_kind_RESET, &letter);
    assert_true (sv_now_ms () - asked_ms < AUTH_CHORE_MS / 2);
    assert_int_equal (letter.mode, 0600);
    assert_non_null (strstr (letter.text, "\nTo: ann@example.org\n"));
}

static void s_a_mail_links_to_the_page_of_its_dialect (void **state)
{
    fake_t *fake = *state;
    static const char page[] = "\n    http://localhost:8000/api/rest-auth/registration/account-confirm-email/17-";
    pt_mail_t mail = s_make_mail (PT_mail_kind_CONFIRM, MAIL);
    mail.dialect = PT_room_dialect_CHAT;
    mail.has_dialect = true;
    char path[400], text[8192];
    s_answer_take (fake, &mail, 1);
    s_expect_done (fake, MAIL, true);
    s_answer_farewells (fake, NULL, 0);
    s_make_path (fake, "17-confirm.txt", path);
    FILE *file = fopen (path, "r");
    assert_non_null (file);
    text[fread (text, 1, sizeof text - 1, file)] = '\0';
    fclose (file);
    assert_non_null (strstr (text, page));
}

static void s_nothing_is_asked_for_what_is_no_address (void **state)
{
    fake_t *fake = *state;
    const pt_mail_ask_t ask = {.kind = PT_mail_kind_RESET, .email = PT_LIT ("ann\r\nBcc: eve@example.org")};
    assert_int_equal (fake_ask (fake, PT_OP_auth_mail_ask, &ask)->envelope.status, PT_E_invalid);
    assert_string_equal (fake->email, "");
}

static void s_what_can_not_be_sent_is_given_up (void **state)
{
    fake_t *fake = *state;
    pt_mail_t mails[3];
    for (int i = 0; i < 3; i++)
        mails[i] = s_make_mail (PT_mail_kind_CONFIRM, MAIL + (uint64_t)i);
    mails[0].expires_at = 1;
    mails[1].email = PT_LIT ("ann\r\nBcc: eve@example.org");
    s_answer_take (fake, mails, 3);
    s_expect_done (fake, MAIL, false);
    s_expect_done (fake, MAIL + 1, false);
    s_expect_done (fake, MAIL + 2, true);
}

static void s_a_folder_that_is_none_is_tried_again_and_then_not (void **state)
{
    fake_t *fake = *state;
    char path[400];
    snprintf (path, sizeof path, "%s/mail", fake->dir);
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    fclose (file);
    pt_mail_t mails[2] = {s_make_mail (PT_mail_kind_CONFIRM, MAIL), s_make_mail (PT_mail_kind_CONFIRM, MAIL + 1)};
    mails[0].tries = 6;
    mails[1].tries = 7;
    s_answer_take (fake, mails, 2);
    s_expect_done (fake, MAIL + 1, false); /* of the first nothing is told: its lease runs out */
    s_answer_farewells (fake, NULL, 0);
    unlink (path);
}

static void s_a_full_batch_is_followed_by_another (void **state)
{
    fake_t *fake = *state;
    pt_mail_t mails[LIM_MAILS];
    for (uint64_t i = 0; i < LIM_MAILS; i++)
        mails[i] = s_make_mail (PT_mail_kind_CONFIRM, MAIL + i);
    s_answer_take (fake, mails, LIM_MAILS);
    for (uint64_t i = 0; i < LIM_MAILS; i++)
        s_expect_done (fake, MAIL + i, true);
    s_answer_take (fake, mails, 1);
    s_expect_done (fake, MAIL, true);
    s_answer_farewells (fake, NULL, 0);
}

/*  Mails without end keep no deleted account in its rooms. */
static void s_other_work_has_its_turn_after_so_many_batches (void **state)
{
    fake_t *fake = *state;
    pt_mail_t mails[LIM_MAILS];
    for (uint64_t i = 0; i < LIM_MAILS; i++) {
        mails[i] = s_make_mail (PT_mail_kind_CONFIRM, MAIL + i);
        mails[i].expires_at = 1;
    }
    for (unsigned batch = 0; batch < AUTH_MAIL_BATCHES; batch++) {
        s_answer_take (fake, mails, LIM_MAILS);
        for (uint64_t i = 0; i < LIM_MAILS; i++)
            s_expect_done (fake, MAIL + i, false);
    }
    s_answer_farewells (fake, NULL, 0);
}

static void s_work_goes_on_after_store_was_away (void **state)
{
    fake_t *fake = *state;
    s_letter_t letter;
    harness_refuse (fake->harness, harness_expect (fake->harness, PT_OP_store_mail_take), PT_E_internal, "away");
    const pt_mail_ask_t ask = {.kind = PT_mail_kind_CONFIRM, .email = PT_LIT ("ann@example.org")};
    assert_int_equal (fake_ask (fake, PT_OP_auth_mail_ask, &ask)->envelope.status, 0);
    s_fetch_letter (fake, PT_mail_kind_CONFIRM, &letter);
}

/*  ---- keys ----------------------------------------------------------------------------- */

static void s_a_key_confirms_its_address (void **state)
{
    fake_t *fake = *state;
    s_letter_t letter;
    s_fetch_letter (fake, PT_mail_kind_CONFIRM, &letter);
    const pt_email_confirm_t ask = {.token = pt_str (letter.key)};
    uint64_t id = harness_request (fake->harness, PT_OP_auth_email_confirm, &ask);
    const harness_frame_t *call = harness_expect (fake->harness, PT_OP_store_email_confirm);
    assert_int_equal (((const pt_email_store_t *)call->msg)->mail, MAIL);
    const pt_account_t account = {.id = 7};
    harness_answer (fake->harness, call, &account);
    assert_int_equal (harness_reply (fake->harness, id)->envelope.status, 0);
}

static void s_other_keys_reach_no_store (void **state)
{
    fake_t *fake = *state;
    s_letter_t letter;
    s_fetch_letter (fake, PT_mail_kind_CONFIRM, &letter);
    const pt_password_reset_t reset = {.token = pt_str (letter.key), .password = PT_LIT (STRONG), .key = PT_LIT ("k")};
    assert_int_equal (fake_ask (fake, PT_OP_auth_password_reset, &reset)->envelope.status, PT_E_token_invalid);
    letter.key[strlen (letter.key) - 3] ^= 1;
    const pt_email_confirm_t ask = {.token = pt_str (letter.key)};
    assert_int_equal (fake_ask (fake, PT_OP_auth_email_confirm, &ask)->envelope.status, PT_E_token_invalid);
    assert_int_equal (fake->stores, 0);
}

static void s_a_key_sets_a_good_password (void **state)
{
    fake_t *fake = *state;
    s_letter_t letter;
    bool is_match = false;
    s_fetch_letter (fake, PT_mail_kind_RESET, &letter);
    pt_password_reset_t ask = {.token = pt_str (letter.key), .password = PT_LIT ("password1"), .key = PT_LIT ("k")};
    assert_int_equal (fake_ask (fake, PT_OP_auth_password_reset, &ask)->envelope.status, PT_E_invalid);
    assert_int_equal (fake->stores, 0);
    ask.password = PT_LIT (STRONG);
    assert_int_equal (fake_ask (fake, PT_OP_auth_password_reset, &ask)->envelope.status, 0);
    assert_int_equal (fake->password.mail, MAIL);
    assert_false (fake->password.has_account);
    assert_int_equal (auth_argon_verify (fake->new_hash, STRONG, strlen (STRONG), &is_match), 0);
    assert_true (is_match);
    assert_int_equal (harness_event (fake->harness, PT_EV_revoked)->envelope.opcode, PT_EV_revoked);
}

static void s_a_key_that_store_refuses_is_refused (void **state)
{
    static const int errors[] = {PT_E_token_invalid, PT_E_token_expired};
    fake_t *fake = *state;
    s_letter_t letter;
    s_fetch_letter (fake, PT_mail_kind_RESET, &letter);
    const pt_password_reset_t ask = {.token = pt_str (letter.key), .password = PT_LIT (STRONG), .key = PT_LIT ("k")};
    for (size_t i = 0; i < 2; i++) {
        fake->refuse = errors[i];
        fake->refuse_count = 1;
        assert_int_equal (fake_ask (fake, PT_OP_auth_password_reset, &ask)->envelope.status, errors[i]);
    }
}

/*  ---- the end ---------------------------------------------------------------------------- */

static int s_listen (char *url, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal (bind (fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal (listen (fd, 1), 0);
    assert_int_equal (getsockname (fd, (struct sockaddr *)&address, &len), 0);
    snprintf (url, size, "smtp://127.0.0.1:%u", ntohs (address.sin_port));
    return fd;
}

static void s_say (int fd, const char *line)
{
    assert_int_equal (send (fd, line, strlen (line), MSG_NOSIGNAL), strlen (line));
}

/*  Takes one mail as a server does; fails when the other side leaves before its end. */
static void s_take_mail (int fd)
{
    static char text[16384];
    size_t len = 0;
    s_say (fd, "220 here\r\n");
    for (bool is_mail = false; !is_mail || !memmem (text, len, "\r\n.\r\n", 5);) {
        ssize_t count = recv (fd, text + len, sizeof text - len, 0);
        assert_true (count > 0);
        len = is_mail ? len + (size_t)count : 0;
        if (!is_mail) {
            is_mail = memcmp (text, "DATA", 4) == 0;
            s_say (fd, is_mail ? "354 go on\r\n" : "250 well\r\n");
        }
    }
    s_say (fd, "250 taken\r\n");
    assert_true (recv (fd, text, sizeof text, 0) > 0); /* QUIT */
    s_say (fd, "221 bye\r\n");
}

static void s_a_mail_under_way_is_sent_before_the_end (void **state)
{
    fake_t *fake = *state;
    char url[64];
    int listener = s_listen (url, sizeof url);
    const char *const args[] = {"--smtp-url", url, NULL};
    const pt_mail_t mail = s_make_mail (PT_mail_kind_CONFIRM, MAIL);
    harness_destroy (&fake->harness);
    fake_start (fake, args);
    s_answer_take (fake, &mail, 1);
    int fd = accept (listener, NULL, NULL);
    assert_true (fd >= 0);
    assert_int_equal (kill (harness_pid (fake->harness), SIGTERM), 0);
    s_take_mail (fd);
    s_expect_done (fake, MAIL, true);
    close (fd);
    close (listener);
}

/*  ---- farewells -------------------------------------------------------------------------- */

typedef struct {
    char heir_id[LIM_SEND_ID + 1], left_id[LIM_SEND_ID + 1];
} s_sent_t;

/*  Takes the append that ends a membership, looks at it, and answers it. */
static void s_expect_leave (fake_t *fake, const pt_farewell_t *farewell, int status, s_sent_t *out)
{
    const harness_frame_t *call = harness_expect (fake->harness, PT_OP_store_append);
    const pt_append_t *append = call->msg;
    uint32_t count = farewell->has_heir ? 2 : 1;
    assert_int_equal (append->room, farewell->room);
    assert_int_equal (append->entries.count, count);
    const pt_append_entry_t *left = &append->entries.at[count - 1], *heir = &append->entries.at[0];
    assert_int_equal (left->sender, farewell->account);
    assert_int_equal (left->account, farewell->account);
    assert_int_equal (left->what, PT_change_LEFT);
    fake_copy (out->left_id, sizeof out->left_id, left->send_id);
    if (farewell->has_heir) {
        assert_int_equal (heir->sender, farewell->account);
        assert_int_equal (heir->account, farewell->heir);
        assert_int_equal (heir->what, PT_change_ROLE);
        assert_int_equal (heir->role, PT_role_OWNER);
        fake_copy (out->heir_id, sizeof out->heir_id, heir->send_id);
    }
    const pt_append_result_t results[2] = {{.status = (uint64_t)status}, {.status = (uint64_t)status}};
    const pt_append_results_t reply = {.results = {results, count}};
    harness_answer (fake->harness, call, &reply);
}

static void s_delete_account (fake_t *fake)
{
    const pt_account_delete_t ask = {.account = 7, .password = PT_LIT (FAKE_GOOD), .has_password = true};
    assert_int_equal (fake_ask (fake, PT_OP_auth_account_delete, &ask)->envelope.status, 0);
}

static void s_a_deleted_account_leaves_its_rooms_at_once (void **state)
{
    fake_t *fake = *state;
    s_sent_t first, second, third;
    const pt_farewell_t rooms[] = {{.account = 7, .room = 100, .heir = 9, .has_heir = true},
                                   {.account = 7, .room = 101}};
    const pt_farewell_t other = {.account = 7, .room = 100, .heir = 10, .has_heir = true};
    s_answer_take (fake, NULL, 0);
    s_answer_farewells (fake, NULL, 0);
    uint64_t deleted_ms = sv_now_ms ();
    s_delete_account (fake);
    s_answer_take (fake, NULL, 0);
    s_answer_farewells (fake, rooms, 2);
    assert_true (sv_now_ms () - deleted_ms < AUTH_CHORE_MS / 2);
    s_expect_leave (fake, &rooms[0], 0, &first);
    s_expect_leave (fake, &rooms[1], 0, &second);
    assert_string_not_equal (first.left_id, second.left_id);
    /*  The same again says the same; another heir is another change. */
    s_delete_account (fake);
    s_answer_take (fake, NULL, 0);
    s_answer_farewells (fake, rooms, 1);
    s_expect_leave (fake, &rooms[0], 0, &second);
    assert_string_equal (first.left_id, second.left_id);
    assert_string_equal (first.heir_id, second.heir_id);
    s_delete_account (fake);
    s_answer_take (fake, NULL, 0);
    s_answer_farewells (fake, &other, 1);
    s_expect_leave (fake, &other, 0, &third);
    assert_string_equal (first.left_id, third.left_id);
    assert_string_not_equal (first.heir_id, third.heir_id);
}

static void s_one_membership_that_stays_keeps_no_other (void **state)
{
    fake_t *fake = *state;
    s_sent_t sent;
    const pt_farewell_t rooms[] = {
        {.account = 7, .room = 100}, {.account = 7, .room = 101}, {.account = 7, .room = 102}};
    s_answer_take (fake, NULL, 0);
    s_answer_farewells (fake, rooms, 3);
    s_expect_leave (fake, &rooms[0], PT_E_forbidden, &sent);
    const harness_frame_t *gone = harness_expect (fake->harness, PT_OP_store_append);
    harness_refuse (fake->harness, gone, PT_E_not_found, "no such room");
    s_expect_leave (fake, &rooms[2], 0, &sent);
}

#define TEST(fn) cmocka_unit_test_setup_teardown (fn, s_open, s_close)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (s_who_asks_for_a_mail_has_it_at_once),
        TEST (s_a_mail_links_to_the_page_of_its_dialect),
        TEST (s_nothing_is_asked_for_what_is_no_address),
        TEST (s_what_can_not_be_sent_is_given_up),
        TEST (s_a_folder_that_is_none_is_tried_again_and_then_not),
        TEST (s_a_full_batch_is_followed_by_another),
        TEST (s_other_work_has_its_turn_after_so_many_batches),
        TEST (s_work_goes_on_after_store_was_away),
        TEST (s_a_key_confirms_its_address),
        TEST (s_other_keys_reach_no_store),
        TEST (s_a_key_sets_a_good_password),
        TEST (s_a_key_that_store_refuses_is_refused),
        TEST (s_a_mail_under_way_is_sent_before_the_end),
        TEST (s_a_deleted_account_leaves_its_rooms_at_once),
        TEST (s_one_membership_that_stays_keeps_no_other),
    };
    if (sodium_init () < 0)
        return 1;
    return cmocka_run_group_tests (tests, NULL, NULL);
}
