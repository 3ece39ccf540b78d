/*  drive_io - work that may block, in a bounded pool of threads.

    The eventfd is written when the list of done jobs stops being empty, and the
    collector empties the eventfd before the list, so that a result is never
    left behind. */

#include "drive_io.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/*  libmagic's regular expressions are the deepest of what runs here. */
#define S_STACK_BYTES (1024 * 1024)

typedef struct {
    drive_job_t *first, **end;
} s_list_t;

struct drive_io {
    pthread_mutex_t mutex; /* covers the lists and `is_ending` */
    pthread_cond_t has_work;
    s_list_t waiting, done;
    bool is_ending;
    int event_fd;
    unsigned open; /* the loop's alone */
    unsigned thread_count;
    pthread_t threads[DRIVE_IO_THREADS_MAX];
};

static void s_list_init (s_list_t *list)
{
    list->first = NULL;
    list->end = &list->first;
}

static void s_list_push (s_list_t *list, drive_job_t *job)
{
    job->next = NULL;
    *list->end = job;
    list->end = &job->next;
}

static drive_job_t *s_list_pop (s_list_t *list)
{
    drive_job_t *job = list->first;
    if (job && !(list->first = job->next))
        list->end = &list->first;
    return job;
}

/*  The next job, or NULL when the pool ends and all is done; waits for either. */
static drive_job_t *s_take (drive_io_t *self)
{
    pthread_mutex_lock (&self->mutex);
    while (!self->is_ending && !self->waiting.first)
        pthread_cond_wait (&self->has_work, &self->mutex);
    drive_job_t *job = s_list_pop (&self->waiting);
    pthread_mutex_unlock (&self->mutex);
    return job;
}

static void s_hand_back (drive_io_t *self, drive_job_t *job)
{
    pthread_mutex_lock (&self->mutex);
    bool was_empty = !self->done.first;
    s_list_push (&self->done, job);
    pthread_mutex_unlock (&self->mutex);
    /*  The counter can't overflow: it is written at most once a collection. */
    if (was_empty)
        (void)eventfd_write (self->event_fd, 1);
}

static void *s_run_thread (void *arg)
{
    drive_io_t *self = arg;
    drive_job_t *job;
    while ((job = s_take (self))) {
        job->work (job);
        s_hand_back (self, job);
    }
    return NULL;
}

/*  Threads take no signals: those are the loop's. */
static int s_start_threads (drive_io_t *self, unsigned count)
{
    sigset_t all, old;
    pthread_attr_t attr;
    sigfillset (&all);
    if (pthread_attr_init (&attr) != 0)
        return -PT_E_memory;
    int failed = pthread_attr_setstacksize (&attr, S_STACK_BYTES);
    pthread_sigmask (SIG_SETMASK, &all, &old);
    while (failed == 0 && self->thread_count < count) {
        failed = pthread_create (&self->threads[self->thread_count], &attr, s_run_thread, self);
        self->thread_count += failed == 0;
    }
    pthread_sigmask (SIG_SETMASK, &old, NULL);
    pthread_attr_destroy (&attr);
    return failed == 0 ? 0 : -PT_E_memory;
}

drive_io_t *drive_io_new (unsigned threads)
{
    drive_io_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    pthread_mutex_init (&self->mutex, NULL);
    pthread_cond_init (&self->has_work, NULL);
    s_list_init (&self->waiting);
    s_list_init (&self->done);
    self->event_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
    unsigned count = threads < DRIVE_IO_THREADS_MAX ? threads : DRIVE_IO_THREADS_MAX;
    if (self->event_fd < 0 || s_start_threads (self, count > 0 ? count : 1) != 0)
        drive_io_destroy (&self);
    return self;
}

void drive_io_destroy (drive_io_t **self_p)
{
    drive_io_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_lock (&self->mutex);
    self->is_ending = true;
    pthread_cond_broadcast (&self->has_work);
    pthread_mutex_unlock (&self->mutex);
    for (unsigned i = 0; i < self->thread_count; i++)
        pthread_join (self->threads[i], NULL);
    drive_io_collect (self);
    if (self->event_fd >= 0)
        close (self->event_fd);
    pthread_cond_destroy (&self->has_work);
    pthread_mutex_destroy (&self->mutex);
    free (self);
    *self_p = NULL;
}

int drive_io_fd (const drive_io_t *self)
{
    return self->event_fd;
}

void drive_io_collect (drive_io_t *self)
{
    eventfd_t count;
    (void)eventfd_read (self->event_fd, &count);
    pthread_mutex_lock (&self->mutex);
    drive_job_t *job = self->done.first;
    s_list_init (&self->done);
    pthread_mutex_unlock (&self->mutex);
    while (job) {
        drive_job_t *next = job->next;
        self->open--;
        job->done (job);
        job = next;
    }
}

int drive_io_give (drive_io_t *self, drive_job_t *job)
{
    if (self->open >= DRIVE_IO_JOBS_MAX)
        return -PT_E_busy;
    pthread_mutex_lock (&self->mutex);
    bool is_ending = self->is_ending;
    if (!is_ending) {
        s_list_push (&self->waiting, job);
        pthread_cond_signal (&self->has_work);
    }
    pthread_mutex_unlock (&self->mutex);
    if (is_ending)
        return -PT_E_draining;
    self->open++;
    return 0;
}

unsigned drive_io_open (const drive_io_t *self)
{
    return self->open;
}
