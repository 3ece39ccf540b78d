/*  sv_pool - work off the event loop, in a bounded pool of threads.

    A job is in one place at a time: the list of waiting ones, a thread's hands, or
    the list of done ones.  Both lists are under one mutex, held for a few
    instructions.  The eventfd is written when the list of done jobs stops being
    empty, and the collector empties the eventfd before the list, so that a
    result is never left behind. */

#include "sv_pool.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

/*  A ninth of the weight of who asks for nothing. */
#define S_NICE 10

typedef struct {
    sv_job_t *first, **end;
} s_list_t;

struct sv_pool {
    pthread_mutex_t mutex; /* covers the members up to `is_ending` */
    pthread_cond_t has_work;
    s_list_t waiting, done;
    bool is_ending;
    unsigned jobs_max;
    bool is_polite;
    int event_fd;
    unsigned open; /* the loop's alone */
    unsigned thread_count;
    pthread_t threads[SV_POOL_THREADS_MAX];
};

static void s_list_init (s_list_t *list)
{
    list->first = NULL;
    list->end = &list->first;
}

static void s_list_push (s_list_t *list, sv_job_t *job)
{
    job->next = NULL;
    *list->end = job;
    list->end = &job->next;
}

static sv_job_t *s_list_pop (s_list_t *list)
{
    sv_job_t *job = list->first;
    if (job && !(list->first = job->next))
        list->end = &list->first;
    return job;
}

/*  The next job to do, or NULL when the pool ends; waits for either.  What may be
    dropped at the end goes to those that are handed over, as it is. */
static sv_job_t *s_take (sv_pool_t *self)
{
    pthread_mutex_lock (&self->mutex);
    while (!self->is_ending && !self->waiting.first)
        pthread_cond_wait (&self->has_work, &self->mutex);
    sv_job_t *job = s_list_pop (&self->waiting);
    while (job && self->is_ending && job->drop) {
        job->done = job->drop;
        s_list_push (&self->done, job);
        job = s_list_pop (&self->waiting);
    }
    pthread_mutex_unlock (&self->mutex);
    return job;
}

static void s_hand_back (sv_pool_t *self, sv_job_t *job)
{
    pthread_mutex_lock (&self->mutex);
    bool was_empty = !self->done.first;
    s_list_push (&self->done, job);
    pthread_mutex_unlock (&self->mutex);
    /*  The counter can't overflow: it is written at most once a collection. */
    if (was_empty)
        (void)eventfd_write (self->event_fd, 1);
}

/*  On Linux nice is a thread's own.  Where it is not allowed all goes on, only less
    politely. */
static void s_yield_to_others (void)
{
    const struct sched_param param = {0};
    (void)sched_setscheduler (0, SCHED_BATCH, &param);
    id_t self = (id_t)gettid ();
    if (getpriority (PRIO_PROCESS, self) < S_NICE)
        (void)setpriority (PRIO_PROCESS, self, S_NICE);
}

static void *s_run_thread (void *arg)
{
    sv_pool_t *self = arg;
    sv_job_t *job;
    if (self->is_polite)
        s_yield_to_others ();
    while ((job = s_take (self))) {
        job->work (job);
        s_hand_back (self, job);
    }
    return NULL;
}

/*  Threads take no signals: those are the loop's. */
static int s_start_threads (sv_pool_t *self, unsigned count, size_t stack)
{
    sigset_t all, old;
    pthread_attr_t attr;
    sigfillset (&all);
    if (pthread_attr_init (&attr) != 0)
        return -PT_E_memory;
    int failed = pthread_attr_setstacksize (&attr, stack);
    pthread_sigmask (SIG_SETMASK, &all, &old);
    while (failed == 0 && self->thread_count < count) {
        failed = pthread_create (&self->threads[self->thread_count], &attr, s_run_thread, self);
        self->thread_count += failed == 0;
    }
    pthread_sigmask (SIG_SETMASK, &old, NULL);
    pthread_attr_destroy (&attr);
    return failed == 0 ? 0 : -PT_E_memory;
}

sv_pool_t *sv_pool_new (const sv_pool_config_t *config)
{
    sv_pool_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    pthread_mutex_init (&self->mutex, NULL);
    pthread_cond_init (&self->has_work, NULL);
    s_list_init (&self->waiting);
    s_list_init (&self->done);
    self->jobs_max = config->jobs;
    self->is_polite = config->is_polite;
    self->event_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
    unsigned count = config->threads < SV_POOL_THREADS_MAX ? config->threads : SV_POOL_THREADS_MAX;
    if (self->event_fd < 0 || s_start_threads (self, count > 0 ? count : 1, config->stack) != 0)
        sv_pool_destroy (&self);
    return self;
}

void sv_pool_destroy (sv_pool_t **self_p)
{
    sv_pool_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_lock (&self->mutex);
    self->is_ending = true;
    pthread_cond_broadcast (&self->has_work);
    pthread_mutex_unlock (&self->mutex);
    for (unsigned i = 0; i < self->thread_count; i++)
        pthread_join (self->threads[i], NULL);
    sv_pool_collect (self);
    if (self->event_fd >= 0)
        close (self->event_fd);
    pthread_cond_destroy (&self->has_work);
    pthread_mutex_destroy (&self->mutex);
    free (self);
    *self_p = NULL;
}

int sv_pool_fd (const sv_pool_t *self)
{
    return self->event_fd;
}

void sv_pool_collect (sv_pool_t *self)
{
    eventfd_t count;
    (void)eventfd_read (self->event_fd, &count);
    pthread_mutex_lock (&self->mutex);
    sv_job_t *job = self->done.first;
    s_list_init (&self->done);
    pthread_mutex_unlock (&self->mutex);
    while (job) {
        sv_job_t *next = job->next;
        self->open--;
        job->done (job);
        job = next;
    }
}

int sv_pool_give (sv_pool_t *self, sv_job_t *job)
{
    if (self->open >= self->jobs_max)
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

unsigned sv_pool_open (const sv_pool_t *self)
{
    return self->open;
}

unsigned sv_pool_threads (const sv_pool_t *self)
{
    return self->thread_count;
}
