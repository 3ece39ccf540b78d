/*  drive_io - work that may block, off the event loop, in a bounded pool of
    threads.

    Loop and threads share two lists of jobs under one mutex, and nothing else:
    what a job points to belongs to the thread from drive_io_give until its
    `done` is called on the loop's thread, by drive_io_collect. */

#ifndef DRIVE_IO_H
#define DRIVE_IO_H

#include "pt_error.h"
#include <stdbool.h>

#define DRIVE_IO_THREADS_MAX 16

/*  Jobs that wait or are being done; beyond it `busy`. */
#define DRIVE_IO_JOBS_MAX 4096

typedef struct drive_io drive_io_t;
typedef struct drive_job drive_job_t;
typedef void (drive_job_fn) (drive_job_t *job);

/*  Embedded in what the work needs; zeroed, then given its two functions. */
struct drive_job {
    drive_job_fn *work; /* on a thread of the pool; may block */
    drive_job_fn *done; /* on the loop's thread, exactly once; may free the job, or give it again */
    drive_job_t *next;  /* the pool's */
};

/*  Starts the threads.  NULL when out of memory or threads. */
drive_io_t *drive_io_new (unsigned threads);

/*  Does what was given, ends the threads, and hands all over; jobs given from
    within are refused with `draining`.  Blocks. */
void drive_io_destroy (drive_io_t **self_p);

/*  Becomes readable when there are results to collect. */
int drive_io_fd (const drive_io_t *self);

/*  Hands over all that is done. */
void drive_io_collect (drive_io_t *self);

/*  Accepts a job; does not block.  0; -PT_E_busy beyond DRIVE_IO_JOBS_MAX;
    -PT_E_draining.  `done` is called only when 0 was returned, never from
    within. */
PT_MUSTCHECK int drive_io_give (drive_io_t *self, drive_job_t *job);

/*  Jobs given whose `done` has not been called. */
unsigned drive_io_open (const drive_io_t *self);

#endif
