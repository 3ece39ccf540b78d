/*  sv_pool - work that may block or takes long, off the event loop, in a bounded
    pool of threads.

    Loop and threads share two lists of jobs under one mutex, and nothing else:
    what a job points to belongs to the thread from sv_pool_give until its `done`
    or `drop` is called on the loop's thread. */

#ifndef SV_POOL_H
#define SV_POOL_H

#include "pt_error.h"
#include <stdbool.h>
#include <stddef.h>

#define SV_POOL_THREADS_MAX 16

typedef struct sv_pool sv_pool_t;
typedef struct sv_job sv_job_t;
typedef void (sv_job_fn) (sv_job_t *job);

/*  Embedded in what the work needs; zeroed, then given its functions. */
struct sv_job {
    sv_job_fn *work; /* on a thread of the pool; may block */
    sv_job_fn *done; /* on the loop's thread, exactly once; may free the job, or give it again */
    sv_job_fn *drop; /* instead of both, for one not begun when the pool ends; NULL: it is done first */
    sv_job_t *next;  /* the pool's */
};

typedef struct {
    unsigned threads; /* 1 to SV_POOL_THREADS_MAX, else cut to it */
    unsigned jobs;    /* that wait, are being done or to be collected, at most; beyond it `busy` */
    size_t stack;     /* bytes of each thread's stack */
    bool is_polite;   /* threads yield to whoever else wants the processors */
} sv_pool_config_t;

/*  Starts the threads.  NULL when out of memory or threads. */
sv_pool_t *sv_pool_new (const sv_pool_config_t *config);

/*  Ends the threads after what each is at and what can't be dropped, and hands all
    over; jobs given from within are refused with `draining`.  Blocks. */
void sv_pool_destroy (sv_pool_t **self_p);

/*  Becomes readable when there are results to collect. */
int sv_pool_fd (const sv_pool_t *self);

/*  Hands over all that is done. */
void sv_pool_collect (sv_pool_t *self);

/*  Accepts a job; does not block.  0; -PT_E_busy; -PT_E_draining.  Its functions are
    called only when 0 was returned, never from within. */
PT_MUSTCHECK int sv_pool_give (sv_pool_t *self, sv_job_t *job);

/*  Jobs given that have been neither done nor dropped. */
unsigned sv_pool_open (const sv_pool_t *self);

/*  Threads at work. */
unsigned sv_pool_threads (const sv_pool_t *self);

#endif
