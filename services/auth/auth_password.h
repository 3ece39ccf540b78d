/*  auth_password - hashing of passwords off the event loop, in a bounded pool of
    threads.

    A hash costs 19 MiB and tens of milliseconds, so the number of threads bounds
    memory and CPU, and the number of waiting jobs bounds time: beyond it the
    answer is `busy` at once.  Threads touch their own job and the pool's two
    lists alone; results are handed over on the loop's thread, by
    auth_password_collect. */

#ifndef AUTH_PASSWORD_H
#define AUTH_PASSWORD_H

#include "pt_message.h"

#define AUTH_PASSWORD_THREADS_MAX 8
#define AUTH_PASSWORD_QUEUE_MAX 1024

typedef struct auth_password auth_password_t;

typedef struct {
    int status;       /* 0; -PT_E_deadline: not begun in time; -PT_E_draining: the pool ends; -PT_E_memory */
    bool is_match;    /* of a verification that ended well */
    const char *hash; /* of a hashing that ended well; borrowed for the callback */
    uint64_t us;      /* time of the computation, 0 when there was none */
} auth_hashed_t;

/*  Called exactly once for each accepted job, on the thread that collects. */
typedef void (auth_hashed_fn) (void *arg, const auth_hashed_t *result);

typedef struct {
    pt_str_t password;    /* copied, the copy is wiped as soon as it was used */
    uint64_t deadline_ms; /* on the clock of sv_now_ms; a job not begun by then is not done */
    auth_hashed_fn *fn;
    void *arg;
} auth_password_job_t;

/*  Starts the threads.  At most `queue` jobs wait.  NULL when out of memory or
    threads.  Blocks for one hash: that of nobody's password. */
auth_password_t *auth_password_new (unsigned threads, unsigned queue);

/*  Ends the threads after the hash each is at; jobs left are wiped and answered
    with -PT_E_draining, results that were ready are handed over.  Blocks. */
void auth_password_destroy (auth_password_t **self_p);

/*  Becomes readable when there are results to collect. */
int auth_password_fd (const auth_password_t *self);

/*  Hands over all results; jobs may be given from within the callbacks. */
void auth_password_collect (auth_password_t *self);

/*  Accepts a job; does not block.  0; -PT_E_busy when the queue is full;
    -PT_E_too_large beyond LIM_PASSWORD; -PT_E_memory.  The callback is called
    only when 0 was returned, never from within. */
PT_MUSTCHECK int auth_password_hash (auth_password_t *self, const auth_password_job_t *job);

/*  As above.  `hash` is copied; an absent or unusable one (`at` NULL, not Argon2id,
    too costly) is replaced by nobody's, so that the answer is no after
    the same time. */
PT_MUSTCHECK int auth_password_verify (auth_password_t *self, pt_str_t hash, const auth_password_job_t *job);

/*  Estimate of the time until the queue is empty, for Retry-After. */
uint64_t auth_password_wait_ms (auth_password_t *self);

/*  Jobs that wait or are being done. */
unsigned auth_password_open (auth_password_t *self);

#endif
