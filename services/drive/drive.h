/*  drive.h - the one context of parley-drive, passed to every handler.

    There is nothing in it that a restart would lose but transfers in flight: what
    is a file is store's to know, bytes are the backend's. */

#ifndef DRIVE_H
#define DRIVE_H

#include "drive_backend.h"
#include "drive_sniff.h"
#include "sv_backend.h"
#include "sv_bulk.h"
#include "sv_pool.h"
#include "sv_probe.h"

typedef struct {
    sv_common_t common;
    const char *state_dir;
    const char *drive_dir;     /* NULL: in state_dir */
    const char *bulk_endpoint; /* NULL: beside the sockets of the bus */
    uint64_t upload_max;       /* bytes of one file */
    uint64_t quota;            /* bytes of one account */
    uint64_t uploads_max;      /* uploads under way of one account */
    uint64_t upload_ttl_ms;    /* an upload that stands still is forgotten after */
    uint64_t avatar_max;       /* bytes of a picture */
    uint64_t avatar_pixels;    /* width times height of a picture */
    uint64_t io_threads;       /* of reading and writing; as many check what is complete */
    const char *clamd_socket;  /* NULL: nothing is scanned */
    uint64_t sweep_ms;         /* between two looks for what can be removed */
    uint64_t walk_ms;          /* between two pages of the walk through what there is */
    uint64_t walk_age_ms;      /* what nobody knows is removed when it is older */
    uint64_t credit;           /* requests taken at a time */
    uint64_t store_deadline_ms;
} drive_config_t;

typedef struct {
    sv_metric_t *reads, *writes;           /* streams opened */
    sv_metric_t *read_bytes, *write_bytes; /* that went through them */
    sv_metric_t *read_open, *write_open;   /* streams now */
    sv_metric_t *broken;                   /* streams that ended before their last byte */
    sv_metric_t *files;                    /* uploads that became files */
    sv_metric_t *refused;                  /* complete uploads that were refused for what they hold */
    sv_metric_t *check_time;               /* of one complete upload */
    sv_metric_t *swept, *strays;           /* removed: known as over; known to nobody */
    sv_metric_t *missing;                  /* bytes of a file that the backend does not have */
} drive_metrics_t;

typedef struct drive_read drive_read_t;
typedef struct drive_write drive_write_t;
typedef struct drive_chore drive_chore_t;

typedef struct {
    sv_daemon_t *daemon;          /* first: sv_daemon_on_status looks for it here */
    const drive_config_t *config; /* changes in place on SIGHUP */
    sv_bus_t *bus;
    sv_backend_t store;
    sv_log_t *log;
    sv_probe_t *probe; /* of store */
    drive_metrics_t metrics;
    drive_backend_t *backend;
    drive_sniff_t *sniff;
    sv_pool_t *io;     /* reading and writing, which is short */
    sv_pool_t *checks; /* looking through complete uploads, which may take minutes */
    sv_watch_t *io_watch, *checks_watch;
    sv_bulk_t *bulk;
    drive_chore_t *chore;
    drive_read_t *first_read;
    drive_write_t *first_write;
    unsigned finishes; /* complete uploads that are being made files */
} drive_t;

#endif
