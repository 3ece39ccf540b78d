/*  auth_test - parley-auth as a whole, against a fake store: what is forwarded, what
    trouble does, and what it never tells. */

#include "auth_fake.h"
#include <signal.h>
#include <sodium.h>
#include <sys/wait.h>

#define DEADLINE_MS 5000

/*  ---- a fake store --------------------------------------------------------- */

/*  What the last call carried. */
typedef struct {
    int refuse; /* a pt_err_t: answer everything with it */
    unsigned calls;
    uint8_t body[4096];
    size_t body_len;
} s_store_t;

typedef struct {
    char dir[64];
    harness_t *harness;
    s_store_t store;
} s_test_t;

/*  Whether the call was refused, as the test wanted. */
static bool s_refused (harness_t *harness, const harness_frame_t *call, s_store_t *store)
{
    store->calls++;
    store->body_len = call->body_len < sizeof store->body ? call->body_len : 0;
    memcpy (store->body, call->body, store->body_len);
    if (store->refuse)
        harness_refuse (harness, call, store->refuse, "as told");
    return store->refuse != 0;
}

/*  Where a test wants nothing but a refusal. */
static void s_on_refusal (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    if (!s_refused (harness, call, ctx))
        harness_refuse (harness, call, PT_E_internal, "nothing is told");
}

static const pt_account_t s_account = {.id = 7, .login = {"ann", 3}, .has_login = true};

static void s_on_account (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    if (!s_refused (harness, call, ctx))
        harness_answer (harness, call, &s_account);
}

static void s_on_account_list (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    const pt_account_page_t page = {.items = {&s_account, 1}};
    if (!s_refused (harness, call, ctx))
        harness_answer (harness, call, &page);
}

static void s_on_session_list (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    const pt_session_t session = {.id = 1001, .current = true};
    const pt_session_page_t page = {.items = {&session, 1}};
    if (!s_refused (harness, call, ctx))
        harness_answer (harness, call, &page);
}

/*  ---- set-up ---------------------------------------------------------------- */

static void s_install (s_test_t *test)
{
    static const struct {
        uint16_t opcode;
        harness_fake_fn *fn;
    } fakes[] = {
        {PT_OP_store_status, harness_fake_ready},      {PT_OP_store_account_find, s_on_refusal},
        {PT_OP_store_account_create, s_on_refusal},    {PT_OP_store_account_get, s_on_account},
        {PT_OP_store_account_update, s_on_account},    {PT_OP_store_account_list, s_on_account_list},
        {PT_OP_store_session_create, s_on_refusal},    {PT_OP_store_session_rotate, s_on_refusal},
        {PT_OP_store_session_list, s_on_session_list}, {PT_OP_store_session_delete, s_on_refusal},
    };
    for (size_t i = 0; i < sizeof fakes / sizeof fakes[0]; i++)
        harness_fake (test->harness, fakes[i].opcode, fakes[i].fn, &test->store);
}

static int s_open (void **state)
{
    s_test_t *test = calloc (1, sizeof *test);
    snprintf (test->dir, sizeof test->dir, "/tmp/parley-auth-XXXXXX");
    if (!mkdtemp (test->dir))
        return -1;
    const char *const args[] = {"--state-dir", test->dir, "--log-level", "debug", NULL};
    test->harness = harness_new ("parley-auth", PT_PEER_auth, args);
    s_install (test);
    *state = test;
    return 0;
}

static int s_close (void **state)
{
    s_test_t *test = *state;
    harness_destroy (&test->harness);
    static const char *const names[] = {"auth-key.jwk", "auth-secret"};
    for (size_t i = 0; i < 2; i++) {
        char path[128];
        snprintf (path, sizeof path, "%s/%s", test->dir, names[i]);
        unlink (path);
    }
    int rc = rmdir (test->dir);
    free (test);
    return rc;
}

static int s_forget (void **state)
{
    s_store_t *store = &((s_test_t *)*state)->store;
    store->refuse = 0;
    store->calls = 0;
    return 0;
}

static const harness_frame_t *s_ask (s_test_t *test, uint16_t opcode, const void *msg)
{
    return harness_reply (test->harness, harness_request (test->harness, opcode, msg));
}

/*  As above with bytes for a body. */
static const harness_frame_t *s_ask_raw (s_test_t *test, uint16_t opcode, const void *body, size_t len)
{
    const pt_envelope_t envelope = {.version = PT_VERSION,
                                    .kind = PT_KIND_REQUEST,
                                    .service = PT_SERVICE_auth,
                                    .opcode = opcode,
                                    .deadline_ms = DEADLINE_MS};
    return harness_reply (test->harness, harness_request_raw (test->harness, &envelope, body, len));
}

static pt_session_create_t s_sign_in (const char *identifier, const char *password, const char *key)
{
    return (pt_session_create_t){.identifier = pt_str (identifier), .password = pt_str (password), .key = pt_str (key)};
}

/*  ---- forwarded operations ----------------------------------------------------------- */

static const pt_account_ref_t s_ref = {.account = 7, .id = 8, .has_id = true};
static const pt_account_update_t s_update = {.account = 7, .name = {"Ann", 3}, .has_name = true, .key = {"k", 1}};
static const pt_account_query_t s_query = {.account = 7, .q = {"a", 1}, .has_q = true};
static const pt_session_query_t s_sessions = {.account = 7, .session = 1001};

static const struct {
    uint16_t opcode;
    const void *msg;
    pt_msg_t type;
} s_forwarded[] = {
    {PT_OP_auth_account_get, &s_ref, PT_MSG_account_ref},
    {PT_OP_auth_account_update, &s_update, PT_MSG_account_update},
    {PT_OP_auth_account_list, &s_query, PT_MSG_account_query},
    {PT_OP_auth_session_list, &s_sessions, PT_MSG_session_query},
};
#define FORWARDED_COUNT (sizeof s_forwarded / sizeof s_forwarded[0])

static void s_forwarded_bodies_arrive_unchanged (void **state)
{
    s_test_t *test = *state;
    for (size_t i = 0; i < FORWARDED_COUNT; i++) {
        pt_buf_t body;
        pt_buf_init (&body, LIM_FRAME);
        assert_int_equal (pt_encode (&body, s_forwarded[i].type, s_forwarded[i].msg), 0);
        s_forget (state);
        const harness_frame_t *reply = s_ask (test, s_forwarded[i].opcode, s_forwarded[i].msg);
        assert_int_equal (reply->envelope.status, 0);
        assert_int_equal (test->store.calls, 1);
        assert_int_equal (test->store.body_len, body.len);
        assert_memory_equal (test->store.body, body.at, body.len);
        pt_buf_fini (&body);
    }
}

static void s_a_profile_name_is_checked_before_it_is_forwarded (void **state)
{
    s_test_t *test = *state;
    pt_account_update_t ask = s_update;
    ask.name = PT_LIT ("\x1b[31m");
    assert_int_equal (s_ask (test, PT_OP_auth_account_update, &ask)->envelope.status, PT_E_invalid);
    assert_int_equal (test->store.calls, 0);
}

/*  ---- trouble -------------------------------------------------------------------------- */

static void s_without_store_everything_is_unavailable (void **state)
{
    s_test_t *test = *state;
    const pt_account_create_t create = {
        .login = PT_LIT ("bob"), .has_login = true, .password = PT_LIT (FAKE_GOOD), .key = PT_LIT ("k")};
    const pt_session_create_t sign_in = s_sign_in ("ann", FAKE_GOOD, "k");
    const pt_session_refresh_t refresh = {.refresh = PT_LIT ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
                                          .key = PT_LIT ("k")};
    test->store.refuse = PT_E_unavailable;
    for (size_t i = 0; i < FORWARDED_COUNT; i++)
        assert_int_equal (s_ask (test, s_forwarded[i].opcode, s_forwarded[i].msg)->envelope.status, PT_E_unavailable);
    assert_int_equal (s_ask (test, PT_OP_auth_account_create, &create)->envelope.status, PT_E_unavailable);
    assert_int_equal (s_ask (test, PT_OP_auth_session_create, &sign_in)->envelope.status, PT_E_unavailable);
    assert_int_equal (s_ask (test, PT_OP_auth_session_refresh, &refresh)->envelope.status, PT_E_unavailable);
}

static void s_bad_bodies_are_refused_and_hurt_nobody (void **state)
{
    s_test_t *test = *state;
    static const uint16_t opcodes[] = {PT_OP_auth_account_create, PT_OP_auth_account_get,    PT_OP_auth_account_update,
                                       PT_OP_auth_account_list,   PT_OP_auth_session_create, PT_OP_auth_session_refresh,
                                       PT_OP_auth_session_list,   PT_OP_auth_session_delete};
    static const struct {
        const char *bytes;
        size_t len;
        int err;
    } cases[] = {
        {"", 0, PT_E_malformed},
        {"\xc1", 1, PT_E_malformed},                 /* never used */
        {"\x90", 1, PT_E_malformed},                 /* a list */
        {"\xdf\xff\xff\xff\xff", 5, PT_E_malformed}, /* a map of 2^32-1 */
        {"\x80\x80", 2, PT_E_malformed},             /* trailing bytes */
        {"\x81\xa1k", 3, PT_E_malformed},            /* cut */
        {"\x80", 1, PT_E_invalid},                   /* nothing in it */
        {"\x81\xa8"
         "password\xc4\x01x",
         13, PT_E_invalid}, /* BIN for a STR */
    };
    for (size_t i = 0; i < sizeof opcodes / sizeof opcodes[0]; i++)
        for (size_t j = 0; j < sizeof cases / sizeof cases[0]; j++) {
            const harness_frame_t *reply = s_ask_raw (test, opcodes[i], cases[j].bytes, cases[j].len);
            if (reply->envelope.status != cases[j].err)
                fail_msg ("opcode %x case %zu: status %u", opcodes[i], j, reply->envelope.status);
        }
    assert_int_equal (s_ask_raw (test, 0x01ff, "\x80", 1)->envelope.status, PT_E_unknown_op);
    assert_int_equal (test->store.calls, 0);
    assert_int_equal (s_ask_raw (test, PT_OP_auth_keys, "\x80", 1)->envelope.status, 0);
}

/*  ---- the end -------------------------------------------------------------------------- */

/*  Last of all: ends the daemon (a sanitizer would give another exit code) and reads
    what it logged at the level of debug. */
static void s_all_that_was_asked_left_no_secret_in_the_log (void **state)
{
    const s_test_t *test = *state;
    static const char *const secrets[] = {FAKE_GOOD, "argon2id", "eyJ", "\"d\"", NULL};
    siginfo_t info = {0};
    assert_int_equal (kill (harness_pid (test->harness), SIGTERM), 0);
    assert_int_equal (waitid (P_PID, (id_t)harness_pid (test->harness), &info, WEXITED | WNOWAIT), 0);
    assert_int_equal (info.si_code, CLD_EXITED);
    assert_int_equal (info.si_status, 0);
    fake_assert_unlogged (test->harness, secrets);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup (s_forwarded_bodies_arrive_unchanged, s_forget),
        cmocka_unit_test_setup (s_a_profile_name_is_checked_before_it_is_forwarded, s_forget),
        cmocka_unit_test_setup (s_without_store_everything_is_unavailable, s_forget),
        cmocka_unit_test_setup (s_bad_bodies_are_refused_and_hurt_nobody, s_forget),
        cmocka_unit_test (s_all_that_was_asked_left_no_secret_in_the_log),
    };
    if (sodium_init () < 0)
        return 1;
    return cmocka_run_group_tests (tests, s_open, s_close);
}
