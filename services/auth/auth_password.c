/*  auth_password - hashing of passwords off the event loop.

    A job is in one place at a time: the list of waiting ones, a thread's hands,
    or the list of done ones.  Both lists are under one mutex, held for a few
    instructions.  The eventfd is written when the list of done jobs stops being
    empty, and the collector empties the eventfd before the list, so that a
    result is never left behind. */

#include "auth_password.h"
#include "auth_argon.h"
#include "sv_loop.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

/*  Argon2 works on the heap; the rest needs little. */
#define S_STACK_BYTES (256 * 1024)

/*  Assumed time of a hash before one was measured. */
#define S_FIRST_US 30000

/*  A ninth of the weight of who asks for nothing. */
#define S_NICE 10

typedef struct s_job {
    struct s_job *next;
    auth_hashed_fn *fn;
    void *arg;
    uint64_t deadline_ms;
    bool is_verify;
    bool is_nobody; /* verified against nobody's hash: never a match */
    size_t len;
    char password[LIM_PASSWORD];
    char hash[AUTH_ARGON_SIZE]; /* to verify, or made */
    auth_hashed_t result;
} s_job_t;

typedef struct {
    s_job_t *first, **end;
} s_list_t;

struct auth_password {
    pthread_mutex_t mutex; /* covers the members up to `is_ending` */
    pthread_cond_t has_work;
    s_list_t waiting, done;
    unsigned waiting_count, running_count;
    uint64_t mean_us;
    bool is_ending;
    unsigned queue_max;
    int event_fd;
    char nobody[AUTH_ARGON_SIZE]; /* hash of a random password that is nobody's */
    unsigned thread_count;
    pthread_t threads[AUTH_PASSWORD_THREADS_MAX];
};

static void s_list_init (s_list_t *list)
{
    list->first = NULL;
    list->end = &list->first;
}

static void s_list_push (s_list_t *list, s_job_t *job)
{
    job->next = NULL;
    *list->end = job;
    list->end = &job->next;
}

static s_job_t *s_list_pop (s_list_t *list)
{
    s_job_t *job = list->first;
    if (job && !(list->first = job->next))
        list->end = &list->first;
    return job;
}

static void s_job_free (s_job_t *job)
{
    sodium_memzero (job, sizeof *job);
    free (job);
}

/*  The computation; on a thread of the pool, without the mutex. */
static void s_job_work (s_job_t *job)
{
    uint64_t start_us = sv_now_us ();
    if (start_us / 1000 >= job->deadline_ms)
        job->result.status = -PT_E_deadline;
    else if (job->is_verify) {
        job->result.status = auth_argon_verify (job->hash, job->password, job->len, &job->result.is_match);
        job->result.is_match = job->result.is_match && !job->is_nobody;
    } else {
        job->result.status = auth_argon_hash (job->password, job->len, job->hash);
        job->result.hash = job->result.status == 0 ? job->hash : NULL;
    }
    sodium_memzero (job->password, sizeof job->password);
    if (job->result.status != -PT_E_deadline)
        job->result.us = sv_now_us () - start_us;
}

/*  The next job, or NULL when the pool ends; waits for either. */
static s_job_t *s_take (auth_password_t *self)
{
    pthread_mutex_lock (&self->mutex);
    while (!self->is_ending && !self->waiting.first)
        pthread_cond_wait (&self->has_work, &self->mutex);
    s_job_t *job = self->is_ending ? NULL : s_list_pop (&self->waiting);
    if (job) {
        self->waiting_count--;
        self->running_count++;
    }
    pthread_mutex_unlock (&self->mutex);
    return job;
}

static void s_give (auth_password_t *self, s_job_t *job)
{
    pthread_mutex_lock (&self->mutex);
    bool was_empty = !self->done.first;
    s_list_push (&self->done, job);
    self->running_count--;
    if (job->result.us > 0)
        self->mean_us = (7 * self->mean_us + job->result.us) / 8;
    pthread_mutex_unlock (&self->mutex);
    /*  The counter can't overflow: it is written at most once a collection. */
    if (was_empty)
        (void)eventfd_write (self->event_fd, 1);
}

/*  A flood of sign-ins must not take the cores from messages: on Linux nice is a
    thread's own.  Where it is not allowed all goes on, only less politely. */
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
    auth_password_t *self = arg;
    s_job_t *job;
    s_yield_to_others ();
    while ((job = s_take (self))) {
        s_job_work (job);
        s_give (self, job);
    }
    return NULL;
}

static int s_make_nobody (auth_password_t *self)
{
    char password[32];
    randombytes_buf (password, sizeof password);
    int rc = auth_argon_hash (password, sizeof password, self->nobody);
    sodium_memzero (password, sizeof password);
    return rc;
}

/*  Threads take no signals: those are the loop's. */
static int s_start_threads (auth_password_t *self, unsigned count)
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

auth_password_t *auth_password_new (unsigned threads, unsigned queue)
{
    auth_password_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    pthread_mutex_init (&self->mutex, NULL);
    pthread_cond_init (&self->has_work, NULL);
    s_list_init (&self->waiting);
    s_list_init (&self->done);
    self->mean_us = S_FIRST_US;
    self->queue_max = queue < AUTH_PASSWORD_QUEUE_MAX ? queue : AUTH_PASSWORD_QUEUE_MAX;
    self->event_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
    unsigned count = threads < AUTH_PASSWORD_THREADS_MAX ? threads : AUTH_PASSWORD_THREADS_MAX;
    count = count > 0 ? count : 1;
    if (self->event_fd < 0 || s_make_nobody (self) != 0 || s_start_threads (self, count) != 0)
        auth_password_destroy (&self);
    return self;
}

static void s_join_threads (auth_password_t *self)
{
    pthread_mutex_lock (&self->mutex);
    self->is_ending = true;
    pthread_cond_broadcast (&self->has_work);
    pthread_mutex_unlock (&self->mutex);
    for (unsigned i = 0; i < self->thread_count; i++)
        pthread_join (self->threads[i], NULL);
}

static void s_refuse_waiting (auth_password_t *self)
{
    s_job_t *job;
    while ((job = s_list_pop (&self->waiting))) {
        auth_hashed_t result = {.status = -PT_E_draining};
        sodium_memzero (job->password, sizeof job->password);
        job->fn (job->arg, &result);
        s_job_free (job);
    }
}

void auth_password_destroy (auth_password_t **self_p)
{
    auth_password_t *self = *self_p;
    if (!self)
        return;
    s_join_threads (self);
    auth_password_collect (self);
    s_refuse_waiting (self);
    if (self->event_fd >= 0)
        close (self->event_fd);
    pthread_cond_destroy (&self->has_work);
    pthread_mutex_destroy (&self->mutex);
    free (self);
    *self_p = NULL;
}

int auth_password_fd (const auth_password_t *self)
{
    return self->event_fd;
}

void auth_password_collect (auth_password_t *self)
{
    eventfd_t count;
    (void)eventfd_read (self->event_fd, &count);
    pthread_mutex_lock (&self->mutex);
    s_job_t *job = self->done.first;
    s_list_init (&self->done);
    pthread_mutex_unlock (&self->mutex);
    while (job) {
        s_job_t *next = job->next;
        job->fn (job->arg, &job->result);
        s_job_free (job);
        job = next;
    }
}

static s_job_t *s_job_new (const auth_password_job_t *ask)
{
    s_job_t *job = calloc (1, sizeof *job);
    if (!job)
        return NULL;
    job->fn = ask->fn;
    job->arg = ask->arg;
    job->deadline_ms = ask->deadline_ms;
    job->len = ask->password.len;
    if (job->len > 0)
        memcpy (job->password, ask->password.at, job->len);
    return job;
}

/*  Queues the job or frees it. */
static int s_queue (auth_password_t *self, s_job_t *job)
{
    pthread_mutex_lock (&self->mutex);
    bool is_full = self->is_ending || self->waiting_count >= self->queue_max;
    if (!is_full) {
        s_list_push (&self->waiting, job);
        self->waiting_count++;
        pthread_cond_signal (&self->has_work);
    }
    pthread_mutex_unlock (&self->mutex);
    if (!is_full)
        return 0;
    s_job_free (job);
    return -PT_E_busy;
}

int auth_password_hash (auth_password_t *self, const auth_password_job_t *ask)
{
    if (ask->password.len > LIM_PASSWORD)
        return -PT_E_too_large;
    s_job_t *job = s_job_new (ask);
    return job ? s_queue (self, job) : -PT_E_memory;
}

int auth_password_verify (auth_password_t *self, pt_str_t hash, const auth_password_job_t *ask)
{
    if (ask->password.len > LIM_PASSWORD)
        return -PT_E_too_large;
    s_job_t *job = s_job_new (ask);
    if (!job)
        return -PT_E_memory;
    job->is_verify = true;
    if (hash.at && hash.len < sizeof job->hash)
        memcpy (job->hash, hash.at, hash.len);
    if (!auth_argon_is_affordable (job->hash)) {
        memcpy (job->hash, self->nobody, sizeof job->hash);
        job->is_nobody = true;
    }
    return s_queue (self, job);
}

uint64_t auth_password_wait_ms (auth_password_t *self)
{
    pthread_mutex_lock (&self->mutex);
    uint64_t us = self->mean_us * (self->waiting_count + self->running_count + 1) / self->thread_count;
    pthread_mutex_unlock (&self->mutex);
    return us / 1000 + 1;
}

unsigned auth_password_open (auth_password_t *self)
{
    pthread_mutex_lock (&self->mutex);
    unsigned count = self->waiting_count + self->running_count;
    pthread_mutex_unlock (&self->mutex);
    return count;
}
