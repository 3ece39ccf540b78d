/*  auth_password - hashing of passwords off the event loop, on a pool of threads
    (sv_pool) that yields to whoever else wants the processors: a flood of sign-ins
    must not take them from messages. */

#include "auth_password.h"
#include "auth_argon.h"
#include "sv_loop.h"
#include "sv_pool.h"
#include <sodium.h>
#include <stdlib.h>

/*  Argon2 works on the heap; the rest needs little. */
#define S_STACK_BYTES (256 * 1024)

/*  Assumed time of a hash before one was measured. */
#define S_FIRST_US 30000

typedef struct {
    sv_job_t job; /* first */
    auth_password_t *pool;
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

struct auth_password {
    sv_pool_t *pool;
    uint64_t mean_us;             /* of a hash, lately */
    char nobody[AUTH_ARGON_SIZE]; /* hash of a random password that is nobody's */
};

static void s_job_free (s_job_t *job)
{
    sodium_memzero (job, sizeof *job);
    free (job);
}

/*  The computation; on a thread of the pool. */
static void s_work (sv_job_t *arg)
{
    s_job_t *job = (s_job_t *)arg;
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

static void s_on_done (sv_job_t *arg)
{
    s_job_t *job = (s_job_t *)arg;
    if (job->result.us > 0)
        job->pool->mean_us = (7 * job->pool->mean_us + job->result.us) / 8;
    job->fn (job->arg, &job->result);
    s_job_free (job);
}

static void s_on_drop (sv_job_t *arg)
{
    s_job_t *job = (s_job_t *)arg;
    job->result.status = -PT_E_draining;
    sodium_memzero (job->password, sizeof job->password);
    job->fn (job->arg, &job->result);
    s_job_free (job);
}

static int s_make_nobody (auth_password_t *self)
{
    char password[32];
    randombytes_buf (password, sizeof password);
    int rc = auth_argon_hash (password, sizeof password, self->nobody);
    sodium_memzero (password, sizeof password);
    return rc;
}

auth_password_t *auth_password_new (unsigned threads, unsigned queue)
{
    auth_password_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    unsigned count = threads < AUTH_PASSWORD_THREADS_MAX ? threads : AUTH_PASSWORD_THREADS_MAX;
    unsigned waiting = queue < AUTH_PASSWORD_QUEUE_MAX ? queue : AUTH_PASSWORD_QUEUE_MAX;
    const sv_pool_config_t config = {
        .threads = count, .jobs = waiting + (count > 0 ? count : 1), .stack = S_STACK_BYTES, .is_polite = true};
    self->mean_us = S_FIRST_US;
    if (s_make_nobody (self) != 0 || !(self->pool = sv_pool_new (&config)))
        auth_password_destroy (&self);
    return self;
}

void auth_password_destroy (auth_password_t **self_p)
{
    auth_password_t *self = *self_p;
    if (!self)
        return;
    sv_pool_destroy (&self->pool);
    free (self);
    *self_p = NULL;
}

int auth_password_fd (const auth_password_t *self)
{
    return sv_pool_fd (self->pool);
}

void auth_password_collect (auth_password_t *self)
{
    sv_pool_collect (self->pool);
}

static s_job_t *s_job_new (auth_password_t *self, const auth_password_job_t *ask)
{
    s_job_t *job = calloc (1, sizeof *job);
    if (!job)
        return NULL;
    job->job = (sv_job_t){.work = s_work, .done = s_on_done, .drop = s_on_drop};
    job->pool = self;
    job->fn = ask->fn;
    job->arg = ask->arg;
    job->deadline_ms = ask->deadline_ms;
    job->len = ask->password.len;
    if (job->len > 0)
        memcpy (job->password, ask->password.at, job->len);
    return job;
}

/*  Gives the job or frees it; a pool that ends is busy for good. */
static int s_give (auth_password_t *self, s_job_t *job)
{
    if (sv_pool_give (self->pool, &job->job) == 0)
        return 0;
    s_job_free (job);
    return -PT_E_busy;
}

int auth_password_hash (auth_password_t *self, const auth_password_job_t *ask)
{
    if (ask->password.len > LIM_PASSWORD)
        return -PT_E_too_large;
    s_job_t *job = s_job_new (self, ask);
    return job ? s_give (self, job) : -PT_E_memory;
}

int auth_password_verify (auth_password_t *self, pt_str_t hash, const auth_password_job_t *ask)
{
    if (ask->password.len > LIM_PASSWORD)
        return -PT_E_too_large;
    s_job_t *job = s_job_new (self, ask);
    if (!job)
        return -PT_E_memory;
    job->is_verify = true;
    if (hash.at && hash.len < sizeof job->hash)
        memcpy (job->hash, hash.at, hash.len);
    if (!auth_argon_is_affordable (job->hash)) {
        memcpy (job->hash, self->nobody, sizeof job->hash);
        job->is_nobody = true;
    }
    return s_give (self, job);
}

uint64_t auth_password_wait_ms (auth_password_t *self)
{
    return self->mean_us * (sv_pool_open (self->pool) + 1) / sv_pool_threads (self->pool) / 1000 + 1;
}

unsigned auth_password_open (auth_password_t *self)
{
    return sv_pool_open (self->pool);
}
