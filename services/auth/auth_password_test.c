/*  auth_password_test - the pool gives right answers, never takes more than it
    may, and ends cleanly with work in it. */

#include "auth_argon.h"
#include "auth_password.h"
#include "sv_loop.h"
#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define DEADLINE_MS 60000
#define GOOD "correct horse battery staple"

typedef struct {
    unsigned done;
    int status;
    bool is_match;
    uint64_t us;
    char hash[AUTH_ARGON_SIZE];
} s_outcome_t;

static char s_good_hash[AUTH_ARGON_SIZE];

static void s_on_hashed (void *arg, const auth_hashed_t *result)
{
    s_outcome_t *out = arg;
    out->done++;
    out->status = result->status;
    out->is_match = result->is_match;
    out->us = result->us;
    snprintf (out->hash, sizeof out->hash, "%s", result->hash ? result->hash : "");
}

static auth_password_job_t s_make_job (const char *password, s_outcome_t *out)
{
    return (auth_password_job_t){
        .password = pt_str (password), .deadline_ms = sv_now_ms () + DEADLINE_MS, .fn = s_on_hashed, .arg = out};
}

/*  Collects until `*count` is `expected`. */
static void s_wait (auth_password_t *pool, const unsigned *count, unsigned expected)
{
    uint64_t until_ms = sv_now_ms () + DEADLINE_MS;
    while (*count < expected) {
        struct pollfd fd = {.fd = auth_password_fd (pool), .events = POLLIN};
        assert_true (sv_now_ms () < until_ms);
        poll (&fd, 1, 1000);
        auth_password_collect (pool);
    }
    assert_int_equal (*count, expected);
}

static int s_open (void **state)
{
    (void)state;
    return auth_argon_hash (GOOD, strlen (GOOD), s_good_hash);
}

static void s_hashes_carry_the_parameters_and_a_salt (void **state)
{
    (void)state;
    char again[AUTH_ARGON_SIZE];
    bool is_match = false;
    assert_int_equal (strncmp (s_good_hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0);
    assert_int_equal (auth_argon_hash (GOOD, strlen (GOOD), again), 0);
    assert_string_not_equal (again, s_good_hash);
    assert_int_equal (auth_argon_verify (again, GOOD, strlen (GOOD), &is_match), 0);
    assert_true (is_match);
}

static void s_only_affordable_hashes_are_computed (void **state)
{
    (void)state;
    static const struct {
        const char *hash;
        bool ok;
    } cases[] = {{"$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA", true},
                 {"$argon2id$v=19$m=65536,t=4,p=1$c2FsdA$aGFzaA", true},
                 {"$argon2id$v=19$m=65537,t=2,p=1$c2FsdA$aGFzaA", false},
                 {"$argon2id$v=19$m=19456,t=5,p=1$c2FsdA$aGFzaA", false},
                 {"$argon2id$v=19$m=19456,t=2,p=2$c2FsdA$aGFzaA", false},
                 {"$argon2id$v=19$m=99999999999,t=2,p=1$c2FsdA$aGFzaA", false},
                 {"$argon2i$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA", false},
                 {"pbkdf2_sha256$600000$salt$hash", false},
                 {"", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal (auth_argon_is_affordable (cases[i].hash), cases[i].ok);
}

static void s_verification_says_yes_and_no (void **state)
{
    (void)state;
    static const struct {
        const char *password, *hash;
        bool is_match;
    } cases[] = {
        {GOOD, s_good_hash, true},
        {"wrong horse battery staple", s_good_hash, false},
        {"", s_good_hash, false},
        {GOOD, NULL, false},                                                       /* no account */
        {GOOD, "", false},                                                         /* nothing stored */
        {GOOD, "$argon2id$v=19$m=4000000,t=9,p=1$c2FsdHNhbHQ$aGFzaGhhc2g", false}, /* too costly */
        {GOOD, "$argon2id$v=19$m=19456,t=2,p=1$", false},                          /* cut */
    };
    auth_password_t *pool = auth_password_new (1, 16);
    assert_non_null (pool);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        s_outcome_t out = {.status = 1};
        auth_password_job_t job = s_make_job (cases[i].password, &out);
        pt_str_t hash = cases[i].hash ? pt_str (cases[i].hash) : (pt_str_t){NULL, 0};
        assert_int_equal (auth_password_verify (pool, hash, &job), 0);
        assert_int_equal (out.done, 0);
        s_wait (pool, &out.done, 1);
        assert_int_equal (out.status, 0);
        assert_int_equal (out.is_match, cases[i].is_match);
    }
    auth_password_destroy (&pool);
    assert_null (pool);
}

static void s_a_hash_made_by_the_pool_verifies (void **state)
{
    (void)state;
    auth_password_t *pool = auth_password_new (2, 4);
    s_outcome_t made = {0}, checked = {0};
    char longest[LIM_PASSWORD + 2];
    memset (longest, 'x', sizeof longest);
    longest[LIM_PASSWORD] = 0;
    auth_password_job_t job = s_make_job (longest, &made);
    assert_int_equal (auth_password_hash (pool, &job), 0);
    s_wait (pool, &made.done, 1);
    assert_int_equal (made.status, 0);
    assert_true (made.us > 0);
    job.arg = &checked;
    assert_int_equal (auth_password_verify (pool, pt_str (made.hash), &job), 0);
    s_wait (pool, &checked.done, 1);
    assert_true (checked.is_match);
    job.password.len = LIM_PASSWORD + 1;
    assert_int_equal (auth_password_hash (pool, &job), -PT_E_too_large);
    assert_int_equal (auth_password_verify (pool, pt_str (made.hash), &job), -PT_E_too_large);
    auth_password_destroy (&pool);
}

/*  One thread and a queue of 4: of 20 given at once, 4 or 5 are accepted. */
static void s_a_full_pool_is_busy_and_recovers (void **state)
{
    (void)state;
    auth_password_t *pool = auth_password_new (1, 4);
    s_outcome_t out = {0};
    auth_password_job_t job = s_make_job (GOOD, &out);
    unsigned accepted = 0;
    for (int i = 0; i < 20; i++) {
        int rc = auth_password_verify (pool, pt_str (s_good_hash), &job);
        assert_true (rc == 0 || rc == -PT_E_busy);
        accepted += rc == 0;
        assert_true (auth_password_open (pool) <= 5);
    }
    assert_in_range (accepted, 4, 5);
    assert_true (auth_password_wait_ms (pool) > 0);
    s_wait (pool, &out.done, accepted);
    assert_true (out.is_match);
    assert_int_equal (auth_password_open (pool), 0);
    assert_int_equal (auth_password_verify (pool, pt_str (s_good_hash), &job), 0);
    s_wait (pool, &out.done, accepted + 1);
    auth_password_destroy (&pool);
}

static void s_many_at_once_each_get_their_own_answer (void **state)
{
    (void)state;
    enum { COUNT = 24 };
    auth_password_t *pool = auth_password_new (AUTH_PASSWORD_THREADS_MAX, COUNT);
    s_outcome_t out[COUNT] = {0};
    for (int i = 0; i < COUNT; i++) {
        auth_password_job_t job = s_make_job (i % 3 ? GOOD : "wrong", &out[i]);
        assert_int_equal (auth_password_verify (pool, pt_str (s_good_hash), &job), 0);
    }
    for (int i = 0; i < COUNT; i++) {
        s_wait (pool, &out[i].done, 1);
        assert_int_equal (out[i].is_match, i % 3 != 0);
    }
    auth_password_destroy (&pool);
}

static void s_a_job_past_its_deadline_is_not_done (void **state)
{
    (void)state;
    auth_password_t *pool = auth_password_new (1, 4);
    s_outcome_t out = {0};
    auth_password_job_t job = s_make_job (GOOD, &out);
    job.deadline_ms = sv_now_ms ();
    assert_int_equal (auth_password_verify (pool, pt_str (s_good_hash), &job), 0);
    s_wait (pool, &out.done, 1);
    assert_int_equal (out.status, -PT_E_deadline);
    assert_int_equal (out.us, 0);
    assert_false (out.is_match);
    auth_password_destroy (&pool);
}

static void s_ending_answers_every_job_once (void **state)
{
    (void)state;
    enum { COUNT = 16 };
    for (unsigned threads = 1; threads <= 4; threads++) {
        auth_password_t *pool = auth_password_new (threads, COUNT);
        s_outcome_t out[COUNT] = {0};
        for (int i = 0; i < COUNT; i++) {
            auth_password_job_t job = s_make_job (GOOD, &out[i]);
            assert_int_equal (auth_password_verify (pool, pt_str (s_good_hash), &job), 0);
        }
        auth_password_destroy (&pool);
        unsigned drained = 0;
        for (int i = 0; i < COUNT; i++) {
            assert_int_equal (out[i].done, 1);
            assert_true (out[i].status == -PT_E_draining || (out[i].status == 0 && out[i].is_match));
            drained += out[i].status != 0;
        }
        assert_true (drained >= COUNT - 2 * threads);
    }
}

typedef struct {
    auth_password_t *pool;
    unsigned left, done;
} s_chain_t;

static void s_on_chain (void *arg, const auth_hashed_t *result)
{
    s_chain_t *chain = arg;
    chain->done++;
    assert_int_equal (result->status, 0);
    if (chain->left-- == 0)
        return;
    auth_password_job_t job = {
        .password = PT_LIT (GOOD), .deadline_ms = sv_now_ms () + DEADLINE_MS, .fn = s_on_chain, .arg = chain};
    assert_int_equal (auth_password_hash (chain->pool, &job), 0);
}

static void s_a_callback_may_give_the_next_job (void **state)
{
    (void)state;
    s_chain_t chain = {.pool = auth_password_new (1, 1), .left = 3};
    auth_password_job_t job = {
        .password = PT_LIT (GOOD), .deadline_ms = sv_now_ms () + DEADLINE_MS, .fn = s_on_chain, .arg = &chain};
    assert_int_equal (auth_password_hash (chain.pool, &job), 0);
    s_wait (chain.pool, &chain.done, 4);
    auth_password_destroy (&chain.pool);
}

/*  Threads of this process that give way to others. */
static unsigned s_count_polite (void)
{
    unsigned count = 0;
    DIR *folder = opendir ("/proc/self/task");
    assert_non_null (folder);
    for (struct dirent *entry; (entry = readdir (folder));) {
        pid_t tid = (pid_t)strtol (entry->d_name, NULL, 10);
        if (tid > 0 && sched_getscheduler (tid) == SCHED_BATCH && getpriority (PRIO_PROCESS, (id_t)tid) >= 10)
            count++;
    }
    closedir (folder);
    return count;
}

static void s_the_threads_give_way_to_all_others (void **state)
{
    (void)state;
    s_chain_t chain = {.pool = auth_password_new (1, 1)};
    auth_password_job_t job = {
        .password = PT_LIT (GOOD), .deadline_ms = sv_now_ms () + DEADLINE_MS, .fn = s_on_chain, .arg = &chain};
    assert_int_equal (auth_password_hash (chain.pool, &job), 0);
    s_wait (chain.pool, &chain.done, 1);
    assert_int_equal (s_count_polite (), 1);
    auth_password_destroy (&chain.pool);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_hashes_carry_the_parameters_and_a_salt),
        cmocka_unit_test (s_only_affordable_hashes_are_computed),
        cmocka_unit_test (s_verification_says_yes_and_no),
        cmocka_unit_test (s_a_hash_made_by_the_pool_verifies),
        cmocka_unit_test (s_a_full_pool_is_busy_and_recovers),
        cmocka_unit_test (s_many_at_once_each_get_their_own_answer),
        cmocka_unit_test (s_a_job_past_its_deadline_is_not_done),
        cmocka_unit_test (s_ending_answers_every_job_once),
        cmocka_unit_test (s_a_callback_may_give_the_next_job),
        cmocka_unit_test (s_the_threads_give_way_to_all_others),
    };
    if (sodium_init () < 0)
        return 1;
    return cmocka_run_group_tests (tests, s_open, NULL);
}
