/*  sv_bulk_fixture.h - what tests of streams share: a loop with all that a socket wants, a socket that
    serves, and bytes that tell one place of a stream from any other. */

#ifndef SV_BULK_FIXTURE_H
#define SV_BULK_FIXTURE_H

#include "pt_test.h"
#include "sv_bulk.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*  A test that takes longer is broken. */
#define BULK_DEADLINE_MS 10000

typedef struct {
    sv_loop_t *loop;
    sv_metrics_t *metrics;
    sv_log_t *log;
    sv_bulk_t *server;
    char folder[32], endpoint[64];
} bulk_fixture_t;

/*  Runs the loop until something holds; every callback stops it. */
#define BULK_UNTIL(fixture, holds)                                                                                     \
    while (!(holds))                                                                                                   \
    assert_int_equal (sv_loop_run ((fixture)->loop), 0)

static inline void bulk_stop (void *loop)
{
    sv_loop_stop (loop);
}

static inline void bulk_on_deadline (void *arg)
{
    (void)arg;
    fail_msg ("nothing happened for %d ms", BULK_DEADLINE_MS);
}

/*  Takes the loop. */
static inline void bulk_init (bulk_fixture_t *self, sv_loop_t *loop)
{
    assert_non_null (loop);
    *self = (bulk_fixture_t){.loop = loop,
                             .metrics = sv_metrics_new (),
                             .log = sv_log_new ("test", STDERR_FILENO, SV_ERROR, "text"),
                             .folder = "/tmp/sv_bulk_XXXXXX"};
    assert_non_null (sv_loop_timer (loop, BULK_DEADLINE_MS, 0, bulk_on_deadline, NULL));
    assert_non_null (mkdtemp (self->folder));
    snprintf (self->endpoint, sizeof self->endpoint, "ipc://%s/bulk", self->folder);
}

static inline void bulk_fini (bulk_fixture_t *self)
{
    sv_bulk_destroy (&self->server);
    sv_loop_destroy (&self->loop);
    sv_metrics_destroy (&self->metrics);
    sv_log_destroy (&self->log);
    unlink (self->endpoint + strlen ("ipc://"));
    rmdir (self->folder);
}

static inline sv_bulk_config_t bulk_config (const bulk_fixture_t *self)
{
    return (sv_bulk_config_t){.loop = self->loop, .metrics = self->metrics, .log = self->log};
}

static inline void bulk_serve (bulk_fixture_t *self, const char *endpoint)
{
    sv_bulk_config_t config = bulk_config (self);
    assert_int_equal (sv_bulk_serve (&config, endpoint, &self->server), 0);
}

/*  The byte at an offset of a stream. */
static inline uint8_t bulk_byte (uint64_t offset)
{
    return (uint8_t)(offset * 131 + (offset >> 13));
}

static inline void bulk_fill (uint8_t *bytes, size_t len, uint64_t offset)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = bulk_byte (offset + i);
}

static inline void bulk_check (const uint8_t *bytes, size_t len, uint64_t offset)
{
    for (size_t i = 0; i < len; i++)
        assert_int_equal (bytes[i], bulk_byte (offset + i));
}

#endif
