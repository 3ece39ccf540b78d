/*  parley-drive - files: their bytes, on the way in and out. */

#include "drive_chore.h"
#include "drive_endpoint.h"
#include "drive_local.h"
#include "drive_ops.h"
#include "drive_read.h"
#include "drive_write.h"
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_CONFIG = 78 };

#define S_FOLDER "files"

static const sv_setting_t s_settings[] = {
    {"state-dir", SV_TYPE_STR, offsetof (drive_config_t, state_dir), ".", 1, 3000, 0,
     "folder that holds the one of files"},
    {"drive-dir", SV_TYPE_STR, offsetof (drive_config_t, drive_dir), NULL, 1, 3000, 0,
     "folder of the files, shared by all replicas; default files in state-dir"},
    {"bulk-endpoint", SV_TYPE_STR, offsetof (drive_config_t, bulk_endpoint), NULL, 1, LIM_ENDPOINT - 1, 0,
     "where this replica takes streams, ipc or loopback; default a socket beside those of the bus"},
    {"upload-max", SV_TYPE_SIZE, offsetof (drive_config_t, upload_max), "1GiB", 1, LIM_SEQ, SV_RELOADABLE,
     "bytes of one file"},
    {"quota", SV_TYPE_SIZE, offsetof (drive_config_t, quota), "10GiB", 0, LIM_SEQ, SV_RELOADABLE,
     "bytes that one account may keep, uploads under way among them"},
    {"uploads-max", SV_TYPE_U64, offsetof (drive_config_t, uploads_max), "16", 1, 1000, SV_RELOADABLE,
     "uploads that one account may have under way"},
    {"upload-ttl", SV_TYPE_DURATION, offsetof (drive_config_t, upload_ttl_ms), "1d", 1000, UINT64_C (31536000000), 0,
     "an upload that stands still is forgotten after"},
    {"avatar-max", SV_TYPE_SIZE, offsetof (drive_config_t, avatar_max), "5MiB", 1, LIM_SEQ, SV_RELOADABLE,
     "bytes of a picture of an account"},
    {"avatar-pixels", SV_TYPE_U64, offsetof (drive_config_t, avatar_pixels), "16777216", 1, LIM_SEQ, SV_RELOADABLE,
     "width times height of such a picture"},
    {"io-threads", SV_TYPE_U64, offsetof (drive_config_t, io_threads), "2", 1, SV_POOL_THREADS_MAX, 0,
     "threads that read and write; as many look through what is complete"},
    {"clamd-socket", SV_TYPE_STR, offsetof (drive_config_t, clamd_socket), NULL, 1, 107, 0,
     "socket of clamd, which then has to let every file pass"},
    {"sweep-interval", SV_TYPE_DURATION, offsetof (drive_config_t, sweep_ms), "10s", 10, 3600000, SV_RELOADABLE,
     "between two looks for bytes that can be removed"},
    {"walk-interval", SV_TYPE_DURATION, offsetof (drive_config_t, walk_ms), "1m", 10, 3600000, SV_RELOADABLE,
     "between two pages of all that is in the folder"},
    {"walk-age", SV_TYPE_DURATION, offsetof (drive_config_t, walk_age_ms), "1d", 0, UINT64_C (31536000000),
     SV_RELOADABLE, "what nobody knows is removed when it is older"},
    {"credit", SV_TYPE_U64, offsetof (drive_config_t, credit), "512", 1, LIM_CREDIT, 0,
     "requests taken at a time; brokers hold back the rest"},
    {"store-deadline", SV_TYPE_DURATION, offsetof (drive_config_t, store_deadline_ms), "10s", 100, LIM_DEADLINE_MS,
     SV_RELOADABLE, "longest wait for one answer of store"},
};

static void s_open_metrics (drive_metrics_t *out, sv_metrics_t *metrics)
{
    static const char streams[] = "parley_drive_streams_total", streams_help[] = "Streams opened, by direction";
    static const char bytes[] = "parley_drive_bytes_total", bytes_help[] = "Bytes of streams, by direction";
    static const char open[] = "parley_drive_streams_open", open_help[] = "Streams that are open or being opened";
    static const char up[] = "direction=\"up\"", down[] = "direction=\"down\"";
    out->reads = sv_metrics_counter (metrics, streams, down, streams_help);
    out->writes = sv_metrics_counter (metrics, streams, up, streams_help);
    out->read_bytes = sv_metrics_counter (metrics, bytes, down, bytes_help);
    out->write_bytes = sv_metrics_counter (metrics, bytes, up, bytes_help);
    out->read_open = sv_metrics_gauge (metrics, open, down, open_help);
    out->write_open = sv_metrics_gauge (metrics, open, up, open_help);
    out->broken = sv_metrics_counter (metrics, "parley_drive_streams_broken_total", NULL,
                                      "Streams that ended before their last byte");
    out->files = sv_metrics_counter (metrics, "parley_drive_files_total", NULL, "Uploads that became files");
    out->refused =
        sv_metrics_counter (metrics, "parley_drive_refused_total", NULL, "Uploads refused for what they hold");
    out->check_time = sv_metrics_histogram (metrics, "parley_drive_check_seconds", NULL,
                                            "Time of looking through one complete upload");
    static const char removed[] = "parley_drive_removed_total", removed_help[] = "Removed from the backend, by reason";
    out->swept = sv_metrics_counter (metrics, removed, "reason=\"over\"", removed_help);
    out->strays = sv_metrics_counter (metrics, removed, "reason=\"stray\"", removed_help);
    out->missing =
        sv_metrics_counter (metrics, "parley_drive_missing_total", NULL, "Files whose bytes were not in the backend");
}

static void s_on_io (void *arg, int events)
{
    drive_t *self = arg;
    (void)events;
    sv_pool_collect (self->io);
}

static void s_on_checks (void *arg, int events)
{
    drive_t *self = arg;
    (void)events;
    sv_pool_collect (self->checks);
}

/*  Jobs of one pool, at most; beyond it requests are `busy`. */
#define S_JOBS_MAX 4096

/*  libmagic's regular expressions are the deepest of what runs there. */
#define S_STACK_BYTES (1024 * 1024)

static int s_start_threads (drive_t *self)
{
    sv_loop_t *loop = sv_daemon_loop (self->daemon);
    const sv_pool_config_t pool = {
        .threads = (unsigned)self->config->io_threads, .jobs = S_JOBS_MAX, .stack = S_STACK_BYTES};
    self->io = sv_pool_new (&pool);
    self->checks = sv_pool_new (&pool);
    if (self->io && self->checks) {
        self->io_watch = sv_loop_watch_fd (loop, sv_pool_fd (self->io), SV_IN, s_on_io, self);
        self->checks_watch = sv_loop_watch_fd (loop, sv_pool_fd (self->checks), SV_IN, s_on_checks, self);
    }
    return self->io_watch && self->checks_watch ? 0 : -PT_E_memory;
}

static int s_open_backend (drive_t *self)
{
    char folder[4096], why[LIM_DETAIL];
    const drive_config_t *config = self->config;
    if (config->drive_dir)
        snprintf (folder, sizeof folder, "%s", config->drive_dir);
    else
        snprintf (folder, sizeof folder, "%s/" S_FOLDER, config->state_dir);
    self->backend = drive_local_new (folder, why, sizeof why);
    if (self->backend)
        return 0;
    sv_log (self->log, SV_ERROR, NULL, "no folder for files: %s", why);
    return -PT_E_invalid;
}

static int s_open_bulk (drive_t *self)
{
    char made[LIM_ENDPOINT];
    const char *endpoint = self->config->bulk_endpoint;
    const sv_bulk_config_t config = {
        .loop = sv_daemon_loop (self->daemon), .metrics = sv_daemon_metrics (self->daemon), .log = self->log};
    int rc = endpoint ? 0 : drive_endpoint (self->config->common.bus, sv_bus_generation (self->bus), made);
    endpoint = endpoint ? endpoint : made;
    if (rc == 0)
        rc = sv_bulk_serve (&config, endpoint, &self->bulk);
    if (rc != 0)
        sv_log (self->log, SV_ERROR, NULL, "can't take streams at %s error=%s", endpoint, pt_error_name (rc));
    return rc;
}

static int s_open_parts (drive_t *self, int *out_exit)
{
    int rc = s_open_backend (self);
    if (rc == 0)
        rc = s_open_bulk (self);
    *out_exit = rc == -PT_E_invalid ? EXIT_CONFIG : *out_exit;
    if (rc == 0 && !(self->sniff = drive_sniff_new ())) {
        sv_log (self->log, SV_ERROR, NULL, "libmagic has no tables");
        rc = -PT_E_internal;
    }
    if (rc == 0)
        rc = s_start_threads (self);
    if (rc == 0 && !(self->chore = drive_chore_new (self)))
        rc = -PT_E_memory;
    return rc;
}

static int s_init (sv_daemon_t *daemon, void **out_ctx, int *out_exit)
{
    drive_t *self = calloc (1, sizeof *self);
    if (!self)
        return -PT_E_memory;
    *out_ctx = self;
    self->daemon = daemon;
    self->config = sv_daemon_config (daemon);
    self->bus = sv_daemon_bus (daemon);
    self->store = (sv_backend_t){self->bus, self, &self->config->store_deadline_ms};
    self->log = sv_daemon_log (daemon);
    s_open_metrics (&self->metrics, sv_daemon_metrics (daemon));
    int rc = s_open_parts (self, out_exit);
    if (rc == 0)
        return sv_probe_serve (daemon, drive_ops, drive_op_count, self->config->credit, self, &self->probe);
    sv_log (self->log, SV_ERROR, NULL, "can't start error=%s", pt_error_name (rc));
    return rc;
}

/*  Streams go on as long as the drain lasts. */
static void s_drain (void *ctx)
{
    drive_t *self = ctx;
    sv_probe_stop (self->probe);
    drive_chore_stop (self->chore);
}

static bool s_is_drained (void *ctx)
{
    const drive_t *self = ctx;
    return sv_bus_in_flight (self->bus) == 0 && !self->first_read && !self->first_write && self->finishes == 0 &&
           drive_chore_is_idle (self->chore);
}

/*  The threads end before what their jobs use; what was given is done. */
static void s_fini (void **ctx_p)
{
    drive_t *self = *ctx_p;
    if (!self)
        return;
    sv_loop_t *loop = sv_daemon_loop (self->daemon);
    sv_probe_destroy (&self->probe);
    drive_chore_stop (self->chore);
    drive_write_stop (self);
    drive_read_stop (self);
    sv_bulk_destroy (&self->bulk);
    sv_watch_cancel (loop, &self->checks_watch);
    sv_watch_cancel (loop, &self->io_watch);
    sv_pool_destroy (&self->checks);
    sv_pool_destroy (&self->io);
    drive_chore_destroy (&self->chore);
    drive_sniff_destroy (&self->sniff);
    if (self->backend)
        self->backend->ops->destroy (&self->backend);
    free (self);
    *ctx_p = NULL;
}

int main (int argc, char **argv)
{
    static const sv_role_t role = {.program = "parley-drive",
                                   .summary = "Files: their bytes, on the way in and out.",
                                   .role = PT_PEER_drive,
                                   .settings = s_settings,
                                   .setting_count = sizeof s_settings / sizeof s_settings[0],
                                   .config_size = sizeof (drive_config_t),
                                   .init = s_init,
                                   .drain = s_drain,
                                   .is_drained = s_is_drained,
                                   .fini = s_fini};
    return sv_daemon_main (&role, argc, argv);
}
