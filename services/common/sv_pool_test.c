/*  sv_pool_test - every job is done once and handed over once, also at the end. */

#include "sv_pool.h"
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the headers above first */
#include <cmocka.h>

#define JOBS 1000

typedef struct {
    sv_job_t job;
    sv_pool_t *pool;
    atomic_uint worked;
    unsigned done;
    bool is_again;
} s_task_t;

static s_task_t s_tasks[JOBS + 1];

static sv_pool_t *s_open (unsigned threads, unsigned jobs)
{
    const sv_pool_config_t config = {.threads = threads, .jobs = jobs, .stack = 256 * 1024};
    sv_pool_t *pool = sv_pool_new (&config);
    assert_non_null (pool);
    return pool;
}

static void s_work (sv_job_t *job)
{
    atomic_fetch_add (&((s_task_t *)job)->worked, 1);
}

static void s_on_done (sv_job_t *job)
{
    s_task_t *task = (s_task_t *)job;
    task->done++;
    if (task->is_again) {
        task->is_again = false;
        assert_int_equal (sv_pool_give (task->pool, &task->job), 0);
    }
}

static void s_give_all (sv_pool_t *pool, bool is_again)
{
    for (unsigned i = 0; i < JOBS; i++) {
        s_tasks[i].job = (sv_job_t){.work = s_work, .done = s_on_done};
        s_tasks[i].pool = pool;
        atomic_store (&s_tasks[i].worked, 0);
        s_tasks[i].done = 0;
        s_tasks[i].is_again = is_again;
        assert_int_equal (sv_pool_give (pool, &s_tasks[i].job), 0);
    }
}

static void s_assert_all (unsigned times)
{
    for (unsigned i = 0; i < JOBS; i++) {
        assert_int_equal (atomic_load (&s_tasks[i].worked), times);
        assert_int_equal (s_tasks[i].done, times);
    }
}

static void each_job_is_done_and_handed_over_once (void **state)
{
    (void)state;
    sv_pool_t *pool = s_open (4, JOBS);
    s_give_all (pool, true);
    while (sv_pool_open (pool) > 0) {
        struct pollfd item = {.fd = sv_pool_fd (pool), .events = POLLIN};
        assert_int_equal (poll (&item, 1, 10000), 1);
        sv_pool_collect (pool);
    }
    s_assert_all (2);
    sv_pool_destroy (&pool);
    assert_null (pool);
}

static void what_was_given_is_done_before_the_end (void **state)
{
    (void)state;
    sv_pool_t *pool = s_open (1, JOBS);
    s_give_all (pool, false);
    sv_pool_destroy (&pool);
    s_assert_all (1);
}

static int s_refusal;

static void s_on_late (sv_job_t *job)
{
    s_task_t *task = (s_task_t *)job;
    s_refusal = sv_pool_give (task->pool, &task->job);
}

static void what_is_given_at_the_end_is_refused (void **state)
{
    (void)state;
    sv_pool_t *pool = s_open (1, JOBS);
    s_tasks[0] = (s_task_t){.job = {.work = s_work, .done = s_on_late}, .pool = pool};
    assert_int_equal (sv_pool_give (pool, &s_tasks[0].job), 0);
    sv_pool_destroy (&pool);
    assert_int_equal (s_refusal, -PT_E_draining);
}

static void more_than_the_maximum_is_refused (void **state)
{
    (void)state;
    sv_pool_t *pool = s_open (1, JOBS);
    for (unsigned i = 0; i <= JOBS; i++) {
        s_tasks[i] = (s_task_t){.job = {.work = s_work, .done = s_on_done}};
        assert_int_equal (sv_pool_give (pool, &s_tasks[i].job), i < JOBS ? 0 : -PT_E_busy);
    }
    sv_pool_destroy (&pool);
}

static atomic_bool s_has_begun, s_may_go;

static void s_wait (sv_job_t *job)
{
    (void)job;
    atomic_store (&s_has_begun, true);
    while (!atomic_load (&s_may_go))
        sched_yield ();
}

static unsigned s_dropped;

static void s_on_dropped (sv_job_t *job)
{
    (void)job;
    s_dropped++;
}

static void *s_end (void *arg)
{
    sv_pool_t *pool = arg;
    sv_pool_destroy (&pool);
    return NULL;
}

/*  One job is being done as the pool ends; of those behind it one can't be dropped. */
static void what_may_be_dropped_is_dropped_at_the_end (void **state)
{
    (void)state;
    pthread_t ender;
    unsigned given = 0;
    sv_pool_t *pool = s_open (1, JOBS);
    s_tasks[0] = (s_task_t){.job = {.work = s_wait, .done = s_on_done, .drop = s_on_dropped}};
    assert_int_equal (sv_pool_give (pool, &s_tasks[given++].job), 0);
    while (!atomic_load (&s_has_begun))
        sched_yield ();
    s_tasks[1] = (s_task_t){.job = {.work = s_work, .done = s_on_done}};
    assert_int_equal (sv_pool_give (pool, &s_tasks[given++].job), 0);
    assert_int_equal (pthread_create (&ender, NULL, s_end, pool), 0);
    int err = 0;
    while (err == 0 && given < JOBS) {
        s_tasks[given] = (s_task_t){.job = {.work = s_work, .done = s_on_done, .drop = s_on_dropped}};
        err = sv_pool_give (pool, &s_tasks[given].job);
        given += err == 0;
        sched_yield ();
    }
    atomic_store (&s_may_go, true);
    pthread_join (ender, NULL);
    assert_true (err == 0 || err == -PT_E_draining);
    assert_int_equal (atomic_load (&s_tasks[1].worked), 1);
    assert_int_equal (s_tasks[0].done + s_tasks[1].done, 2);
    if (err)
        assert_int_equal (s_dropped, given - 2);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (each_job_is_done_and_handed_over_once),
        cmocka_unit_test (what_was_given_is_done_before_the_end),
        cmocka_unit_test (what_is_given_at_the_end_is_refused),
        cmocka_unit_test (more_than_the_maximum_is_refused),
        cmocka_unit_test (what_may_be_dropped_is_dropped_at_the_end),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
