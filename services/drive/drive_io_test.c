/*  drive_io - every job is done once and handed over once, also at the end. */

#include "drive_io.h"
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the headers above first */
#include <cmocka.h>

#define JOBS 1000

typedef struct {
    drive_job_t job;
    drive_io_t *io;
    atomic_uint worked;
    unsigned done;
    bool is_again;
} s_task_t;

static s_task_t s_tasks[JOBS];

static void s_work (drive_job_t *job)
{
    atomic_fetch_add (&((s_task_t *)job)->worked, 1);
}

static void s_on_done (drive_job_t *job)
{
    s_task_t *task = (s_task_t *)job;
    task->done++;
    if (task->is_again) {
        task->is_again = false;
        assert_int_equal (drive_io_give (task->io, &task->job), 0);
    }
}

static void s_give_all (drive_io_t *io, bool is_again)
{
    for (unsigned i = 0; i < JOBS; i++) {
        s_tasks[i].job = (drive_job_t){.work = s_work, .done = s_on_done};
        s_tasks[i].io = io;
        atomic_store (&s_tasks[i].worked, 0);
        s_tasks[i].done = 0;
        s_tasks[i].is_again = is_again;
        assert_int_equal (drive_io_give (io, &s_tasks[i].job), 0);
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
    drive_io_t *io = drive_io_new (4);
    assert_non_null (io);
    s_give_all (io, true);
    while (drive_io_open (io) > 0) {
        struct pollfd item = {.fd = drive_io_fd (io), .events = POLLIN};
        assert_int_equal (poll (&item, 1, 10000), 1);
        drive_io_collect (io);
    }
    s_assert_all (2);
    drive_io_destroy (&io);
    assert_null (io);
}

static void what_was_given_is_done_before_the_end (void **state)
{
    (void)state;
    drive_io_t *io = drive_io_new (1);
    assert_non_null (io);
    s_give_all (io, false);
    drive_io_destroy (&io);
    s_assert_all (1);
}

static int s_refusal;

static void s_on_late (drive_job_t *job)
{
    s_task_t *task = (s_task_t *)job;
    s_refusal = drive_io_give (task->io, &task->job);
}

static void what_is_given_at_the_end_is_refused (void **state)
{
    (void)state;
    drive_io_t *io = drive_io_new (1);
    assert_non_null (io);
    s_tasks[0] = (s_task_t){.job = {.work = s_work, .done = s_on_late}, .io = io};
    assert_int_equal (drive_io_give (io, &s_tasks[0].job), 0);
    drive_io_destroy (&io);
    assert_int_equal (s_refusal, -PT_E_draining);
}

static void more_than_the_maximum_is_refused (void **state)
{
    (void)state;
    static s_task_t tasks[DRIVE_IO_JOBS_MAX + 1];
    drive_io_t *io = drive_io_new (1);
    assert_non_null (io);
    for (unsigned i = 0; i <= DRIVE_IO_JOBS_MAX; i++) {
        tasks[i].job = (drive_job_t){.work = s_work, .done = s_on_done};
        assert_int_equal (drive_io_give (io, &tasks[i].job), i < DRIVE_IO_JOBS_MAX ? 0 : -PT_E_busy);
    }
    drive_io_destroy (&io);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (each_job_is_done_and_handed_over_once),
        cmocka_unit_test (what_was_given_is_done_before_the_end),
        cmocka_unit_test (what_is_given_at_the_end_is_refused),
        cmocka_unit_test (more_than_the_maximum_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
