/*  sv_daemon - the life of a daemon: settings, signals, parts, run, drain, end.

    Design note.  Everything happens on the loop: signals arrive through a
    signalfd, so nothing ever runs inside a signal handler, and the watchdog is
    fed by a timer of the loop, so a loop that hangs is seen.  Signals are
    blocked before anything starts a thread (ZeroMQ does), so that no thread of
    a library takes one.  A life has three phases that never go back: starting,
    running, draining. */

#include "sv_daemon.h"

#include "sv_notify.h"
#include <czmq.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define EXIT_UNFINISHED 1
#define EXIT_CONFIG 78
#define DRAIN_CHECK_MS 20

struct sv_daemon {
    const sv_role_t *role;
    sv_setting_t *settings; /* the role's and the common ones */
    size_t setting_count;
    sv_common_t *values; /* the role's config struct */
    sv_config_t *config;
    sv_log_t *log;
    sv_metrics_t *metrics;
    sv_metric_t *ready_metric;
    sv_loop_t *loop;
    sv_bus_t *bus;
    sv_trace_t *trace;
    sv_notify_t *notify;
    void *ctx; /* the role's own */
    uint64_t generation;
    uint64_t started_ms;
    uint64_t drain_until_ms;
    int signal_fd;
    sv_watch_t *signal_watch;
    sv_timer_t *drain_timer;
    sv_timer_t *watchdog_timer;
    bool is_running; /* inside sv_loop_run */
    bool is_stopped;
    bool is_draining;
    bool is_ready;
    bool was_ready; /* `ready` has been logged */
    char reason[LIM_DETAIL];
    int exit_code;
};

/*  ---- settings ------------------------------------------------------------------ */

static const sv_setting_t s_common[] = {
    {.name = "bus",
     .type = SV_TYPE_STR,
     .offset = offsetof (sv_common_t, bus),
     .deflt = "ipc:///run/parley/b0,ipc:///run/parley/b1",
     .min = 1,
     .max = 4096,
     .help = "bases of the brokers, comma separated"},
    {.name = "log-level",
     .type = SV_TYPE_STR,
     .offset = offsetof (sv_common_t, log_level),
     .deflt = "info",
     .flags = SV_RELOADABLE,
     .help = "least level that is logged",
     .choices = "debug|info|warn|error"},
    {.name = "log-format",
     .type = SV_TYPE_STR,
     .offset = offsetof (sv_common_t, log_format),
     .deflt = "auto",
     .help = "auto is text on a terminal, else JSON",
     .choices = "auto|json|text"},
    {.name = "drain-ms",
     .type = SV_TYPE_DURATION,
     .offset = offsetof (sv_common_t, drain_ms),
     .deflt = "30s",
     .max = 3600000,
     .flags = SV_RELOADABLE,
     .help = "longest time to finish what was begun, on SIGTERM"},
    {.name = "config",
     .type = SV_TYPE_STR,
     .offset = offsetof (sv_common_t, config),
     .max = 4096,
     .help = "file of settings"},
    {.name = "trace-hops",
     .type = SV_TYPE_U64,
     .offset = offsetof (sv_common_t, trace_hops),
     .deflt = "16384",
     .max = SV_TRACE_MAX,
     .help = "hops of requests and messages remembered for `parley trace`; 0: none"},
};
#define COMMON_COUNT (sizeof (s_common) / sizeof (s_common[0]))

/*  The role's settings, then the common ones; who opens no bus needs no bases. */
static int s_merge_settings (sv_daemon_t *self)
{
    const sv_role_t *role = self->role;
    self->settings = calloc (role->setting_count + COMMON_COUNT, sizeof (sv_setting_t));
    if (!self->settings)
        return -PT_E_memory;
    for (size_t i = 0; i < role->setting_count; i++)
        self->settings[self->setting_count++] = role->settings[i];
    for (size_t i = role->role == PT_PEER_none ? 1 : 0; i < COMMON_COUNT; i++)
        self->settings[self->setting_count++] = s_common[i];
    return 0;
}

static sv_level_t s_level_of (const char *name)
{
    static const char *const names[] = {[SV_DEBUG] = "debug", [SV_INFO] = "info", [SV_WARN] = "warn"};
    for (int i = SV_DEBUG; i < SV_ERROR; i++)
        if (strcmp (name, names[i]) == 0)
            return (sv_level_t)i;
    return SV_ERROR;
}

/*  ---- readiness -------------------------------------------------------------------- */

/*  Text for STATUS=, which ends at a line break. */
static void s_notify_status (sv_daemon_t *self, const char *before, const char *text)
{
    char line[LIM_DETAIL];
    snprintf (line, sizeof (line), "%s", text);
    for (char *at = line; *at; at++)
        if ((unsigned char)*at < 0x20)
            *at = ' ';
    sv_notify_send (self->notify, "%sSTATUS=%s", before, line);
}

void sv_daemon_set_ready (sv_daemon_t *self, bool is_ready, const char *reason)
{
    reason = reason ? reason : "";
    if (self->is_draining)
        is_ready = false;
    bool is_change = is_ready != self->is_ready || strncmp (reason, self->reason, sizeof (self->reason) - 1) != 0;
    if (!is_change && (self->was_ready || !is_ready))
        return;
    self->is_ready = is_ready;
    snprintf (self->reason, sizeof (self->reason), "%s", reason);
    sv_metric_set (self->ready_metric, is_ready);
    if (is_ready && !self->was_ready) {
        self->was_ready = true;
        sv_log (self->log, SV_INFO, NULL, "ready");
        s_notify_status (self, "READY=1\n", *reason ? reason : "ready");
        return;
    }
    if (is_ready)
        sv_log (self->log, SV_INFO, NULL, "ready again%s%s", *reason ? ": " : "", reason);
    else
        sv_log (self->log, self->is_draining ? SV_INFO : SV_WARN, NULL, "not ready%s%s", *reason ? ": " : "", reason);
    s_notify_status (self, "", *reason ? reason : is_ready ? "ready" : "not ready");
}

bool sv_daemon_is_ready (const sv_daemon_t *self, const char **out_reason)
{
    if (out_reason)
        *out_reason = self->reason;
    return self->is_ready;
}

/*  ---- end ---------------------------------------------------------------------------- */

void sv_daemon_stop (sv_daemon_t *self, int exit_code)
{
    if (!self->is_stopped)
        self->exit_code = exit_code;
    self->is_stopped = true;
    if (self->is_running)
        sv_loop_stop (self->loop);
}

static bool s_is_drained (sv_daemon_t *self)
{
    if (self->role->is_drained)
        return self->role->is_drained (self->ctx);
    return !self->bus || sv_bus_in_flight (self->bus) == 0;
}

static void s_on_drain_check (void *arg)
{
    sv_daemon_t *self = arg;
    if (s_is_drained (self)) {
        sv_log (self->log, SV_INFO, NULL, "drained");
        sv_daemon_stop (self, 0);
    } else if (sv_now_ms () >= self->drain_until_ms) {
        sv_log (self->log, SV_WARN, NULL, "drain cut: %u requests unfinished",
                self->bus ? sv_bus_in_flight (self->bus) : 0);
        sv_daemon_stop (self, EXIT_UNFINISHED);
    }
}

static void s_begin_drain (sv_daemon_t *self, const char *signal_name)
{
    self->is_draining = true;
    self->drain_until_ms = sv_now_ms () + self->values->drain_ms;
    sv_log (self->log, SV_INFO, NULL, "%s: draining for at most %" PRIu64 " ms", signal_name, self->values->drain_ms);
    sv_notify_send (self->notify, "STOPPING=1");
    sv_daemon_set_ready (self, false, "draining");
    if (self->bus)
        sv_bus_drain (self->bus);
    if (self->role->drain)
        self->role->drain (self->ctx);
    self->drain_timer = sv_loop_timer (self->loop, DRAIN_CHECK_MS, DRAIN_CHECK_MS, s_on_drain_check, self);
    if (!self->drain_timer)
        sv_daemon_stop (self, EXIT_UNFINISHED);
    else
        s_on_drain_check (self);
}

/*  ---- signals ------------------------------------------------------------------------- */

static void s_on_end_signal (sv_daemon_t *self, const char *name)
{
    if (!self->is_draining) {
        s_begin_drain (self, name);
        return;
    }
    sv_log (self->log, SV_WARN, NULL, "%s again: ending at once", name);
    sv_daemon_stop (self, EXIT_UNFINISHED);
}

static void s_on_term (sv_daemon_t *self)
{
    s_on_end_signal (self, "SIGTERM");
}

static void s_on_int (sv_daemon_t *self)
{
    s_on_end_signal (self, "SIGINT");
}

/*  Logs each line of a text; what is cut off at the buffer's end is a part of
    the last one. */
static void s_log_lines (sv_daemon_t *self, sv_level_t level, char *text)
{
    for (char *line; (line = strsep (&text, "\n")) != NULL;)
        if (*line)
            sv_log (self->log, level, NULL, "%s", line);
}

static void s_on_hup (sv_daemon_t *self)
{
    char *text = NULL;
    size_t len = 0;
    FILE *err = open_memstream (&text, &len);
    int rc = err ? sv_config_reload (self->config, err) : -PT_E_memory;
    if (err)
        fclose (err);
    if (text)
        s_log_lines (self, SV_WARN, text);
    free (text);
    if (rc < 0) {
        sv_log (self->log, SV_ERROR, NULL, "reload refused: the settings stay as they were");
        return;
    }
    sv_log_set_level (self->log, s_level_of (self->values->log_level));
    if (self->role->reload)
        self->role->reload (self->ctx);
    sv_log (self->log, SV_INFO, NULL, "reloaded");
}

static void s_on_usr1 (sv_daemon_t *self)
{
    pt_buf_t buf;
    pt_buf_init (&buf, LIM_PAGE_BYTES);
    pt_buf_printf (&buf, "state: %s, %s, live brokers %u, in flight %u, lines lost %" PRIu64 "\n",
                   self->is_draining ? "draining"
                   : self->is_ready  ? "ready"
                                     : "not ready",
                   *self->reason ? self->reason : "no reason", self->bus ? sv_bus_live (self->bus) : 0,
                   self->bus ? sv_bus_in_flight (self->bus) : 0, sv_log_lost (self->log));
    sv_metrics_print (self->metrics, &buf);
    pt_buf_put (&buf, "", 1);
    if (pt_buf_error (&buf) == 0)
        s_log_lines (self, SV_INFO, buf.at);
    pt_buf_fini (&buf);
}

static const struct {
    int number;
    void (*fn) (sv_daemon_t *self);
} s_signals[] = {
    {SIGTERM, s_on_term},
    {SIGINT, s_on_int},
    {SIGHUP, s_on_hup},
    {SIGUSR1, s_on_usr1},
};
#define SIGNAL_COUNT (sizeof (s_signals) / sizeof (s_signals[0]))

static void s_on_signal (void *arg, int events)
{
    sv_daemon_t *self = arg;
    struct signalfd_siginfo info;
    (void)events;
    while (!self->is_stopped && read (self->signal_fd, &info, sizeof (info)) == (ssize_t)sizeof (info))
        for (size_t i = 0; i < SIGNAL_COUNT; i++)
            if ((uint32_t)s_signals[i].number == info.ssi_signo)
                s_signals[i].fn (self);
}

static int s_open_signals (sv_daemon_t *self)
{
    sigset_t set;
    sigemptyset (&set);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        sigaddset (&set, s_signals[i].number);
    if (sigprocmask (SIG_BLOCK, &set, NULL) < 0)
        return -PT_E_internal;
    /*  A peer that went away is an error of write, not the end of the daemon. */
    signal (SIGPIPE, SIG_IGN);
    self->signal_fd = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return self->signal_fd < 0 ? -PT_E_internal : 0;
}

/*  ---- start --------------------------------------------------------------------------- */

static void s_on_watchdog (void *arg)
{
    sv_daemon_t *self = arg;
    sv_notify_send (self->notify, "WATCHDOG=1");
}

/*  Sockets and connections are limited by settings of ours; the soft limit of
    the shell, often 1024, is nobody's intention. */
static void s_raise_file_limit (void)
{
    struct rlimit limit;
    if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit (RLIMIT_NOFILE, &limit);
    }
}

/*  Memory holds passwords, keys and other people's messages: no dump of it is left
    behind.  A program that takes dumps from the kernel is given one without memory. */
static void s_forbid_dumps (void)
{
    setrlimit (RLIMIT_CORE, &(struct rlimit){0});
    int fd = open ("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (write (fd, "0", 1) != 1)
        fprintf (stderr, "a core dump may hold memory: %s\n", strerror (errno));
    close (fd);
}

static uint64_t s_random_generation (void)
{
    uint64_t generation = 0;
    while (generation == 0) {
        if (getrandom (&generation, sizeof (generation), 0) != (ssize_t)sizeof (generation))
            generation = sv_now_us () ^ ((uint64_t)getpid () << 40);
        generation &= LIM_ID;
    }
    return generation;
}

static int s_open_bus (sv_daemon_t *self)
{
    self->generation = s_random_generation ();
    if (self->role->role == PT_PEER_none)
        return 0;
    sv_bus_config_t config = {.role = self->role->role,
                              .brokers = self->values->bus,
                              .loop = self->loop,
                              .log = self->log,
                              .metrics = self->metrics,
                              .trace = self->trace};
    self->bus = sv_bus_new (&config);
    if (!self->bus)
        return -PT_E_invalid;
    self->generation = sv_bus_generation (self->bus);
    return 0;
}

static int s_open_loop (sv_daemon_t *self)
{
    self->loop = self->role->loop_new ? self->role->loop_new () : sv_zloop_new ();
    if (!self->loop)
        return -PT_E_memory;
    self->signal_watch = sv_loop_watch_fd (self->loop, self->signal_fd, SV_IN, s_on_signal, self);
    if (!self->signal_watch)
        return -PT_E_memory;
    uint32_t watchdog_ms = sv_notify_watchdog_ms ();
    if (self->notify && watchdog_ms > 0) {
        self->watchdog_timer = sv_loop_timer (self->loop, watchdog_ms, watchdog_ms, s_on_watchdog, self);
        if (!self->watchdog_timer)
            return -PT_E_memory;
    }
    return 0;
}

static int s_open_trace (sv_daemon_t *self)
{
    self->trace = sv_trace_new (self->values->trace_hops);
    return self->trace || self->values->trace_hops == 0 ? 0 : -PT_E_memory;
}

static int s_open_log (sv_daemon_t *self)
{
    self->log =
        sv_log_new (self->role->program, STDERR_FILENO, s_level_of (self->values->log_level), self->values->log_format);
    self->metrics = sv_metrics_new ();
    if (!self->log || !self->metrics)
        return -PT_E_memory;
    sv_metric_set (sv_metrics_gauge (self->metrics, "parley_start_time_seconds", NULL, "Start, seconds since 1970"),
                   (uint64_t)(sv_wall_us () / 1000000));
    sv_metric_set (sv_metrics_gauge (self->metrics, "parley_build_info", "version=\"" SV_VERSION "\"", "The program"),
                   1);
    self->ready_metric = sv_metrics_gauge (self->metrics, "parley_ready", NULL, "Whether the daemon can serve");
    return 0;
}

/*  The parts in their order, and what a failure of each means. */
static const struct {
    const char *what;
    int (*open) (sv_daemon_t *self);
    int exit_code;
} s_parts[] = {
    {"log", s_open_log, 1},     {"signals", s_open_signals, 1},   {"loop", s_open_loop, 1},
    {"trace", s_open_trace, 1}, {"bus", s_open_bus, EXIT_CONFIG},
};

/*  0, or the exit code after a line that says why. */
static int s_open_parts (sv_daemon_t *self)
{
    zsys_handler_set (NULL);
    s_raise_file_limit ();
    s_forbid_dumps ();
    self->started_ms = sv_now_ms ();
    self->notify = sv_notify_new ();
    for (size_t i = 0; i < sizeof (s_parts) / sizeof (s_parts[0]); i++) {
        int rc = s_parts[i].open (self);
        if (rc < 0) {
            fprintf (stderr, "%s: %s: %s\n", self->role->program, s_parts[i].what, pt_error_title (rc));
            return s_parts[i].exit_code;
        }
    }
    sv_log (self->log, SV_INFO, NULL, "starting: version %s, pid %d", SV_VERSION, (int)getpid ());
    return 0;
}

static int s_run (sv_daemon_t *self)
{
    int exit_code = 1;
    int rc = self->role->init (self, &self->ctx, &exit_code);
    if (rc < 0) {
        sv_log (self->log, SV_ERROR, NULL, "not started: %s", pt_error_name (rc));
        return exit_code;
    }
    if (!self->is_stopped) {
        self->is_running = true;
        rc = sv_loop_run (self->loop);
        self->is_running = false;
    }
    if (rc < 0) {
        sv_log (self->log, SV_ERROR, NULL, "the loop failed: %s", pt_error_name (rc));
        return 1;
    }
    sv_log (self->log, SV_INFO, NULL, "ended: exit code %d", self->exit_code);
    return self->exit_code;
}

/*  Backwards through the parts; each accepts what was never opened.  Open calls
    end while the role's context is whole, and the role lets go of its requests
    while the bus is. */
static void s_fini (sv_daemon_t *self)
{
    if (self->bus)
        sv_bus_close (self->bus);
    if (self->role->fini && self->ctx)
        self->role->fini (&self->ctx);
    sv_bus_destroy (&self->bus);
    if (self->loop) {
        sv_timer_cancel (self->loop, &self->drain_timer);
        sv_timer_cancel (self->loop, &self->watchdog_timer);
        sv_watch_cancel (self->loop, &self->signal_watch);
    }
    sv_loop_destroy (&self->loop);
    if (self->signal_fd >= 0)
        close (self->signal_fd);
    sv_notify_destroy (&self->notify);
    sv_trace_destroy (&self->trace);
    sv_metrics_destroy (&self->metrics);
    sv_log_destroy (&self->log);
    sv_config_destroy (&self->config);
    free (self->values);
    free (self->settings);
}

int sv_daemon_main (const sv_role_t *role, int argc, char **argv)
{
    sv_daemon_t self = {.role = role, .signal_fd = -1};
    int exit_code = 1;
    self.values = calloc (1, role->config_size < sizeof (sv_common_t) ? sizeof (sv_common_t) : role->config_size);
    if (self.values && s_merge_settings (&self) == 0)
        self.config = sv_config_new (role->program, role->summary, self.settings, self.setting_count, self.values,
                                     role->config_size, argc, argv, stderr, &exit_code);
    if (self.config)
        exit_code = s_open_parts (&self);
    if (self.config && exit_code == 0)
        exit_code = s_run (&self);
    s_fini (&self);
    return exit_code;
}

/*  ---- what a role may ask ---------------------------------------------------------------- */

const void *sv_daemon_config (const sv_daemon_t *self)
{
    return self->values;
}

sv_loop_t *sv_daemon_loop (sv_daemon_t *self)
{
    return self->loop;
}

sv_log_t *sv_daemon_log (sv_daemon_t *self)
{
    return self->log;
}

sv_metrics_t *sv_daemon_metrics (sv_daemon_t *self)
{
    return self->metrics;
}

sv_bus_t *sv_daemon_bus (sv_daemon_t *self)
{
    return self->bus;
}

sv_trace_t *sv_daemon_trace (sv_daemon_t *self)
{
    return self->trace;
}

static uint64_t s_resident_bytes (void)
{
    unsigned long long pages = 0;
    FILE *file = fopen ("/proc/self/statm", "re");
    if (!file)
        return 0;
    if (fscanf (file, "%*s %llu", &pages) != 1)
        pages = 0;
    fclose (file);
    return pages * (uint64_t)sysconf (_SC_PAGESIZE);
}

/*  What of `text` fits a field, not cutting a character in two. */
static uint32_t s_cut_len (const char *text, size_t max)
{
    size_t len = strlen (text);
    if (len <= max)
        return (uint32_t)len;
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
        max--;
    return (uint32_t)max;
}

static void s_identify (const sv_daemon_t *self, pt_arena_t *arena, pt_str_t *out_service, pt_str_t *out_instance)
{
    const pt_peer_rule_t *rule = pt_peer_rule (self->role->role);
    const char *instance = pt_arena_printf (arena, "%016" PRIx64, self->generation);
    *out_service = pt_str (rule ? rule->name : "broker");
    *out_instance = instance ? pt_str (instance) : PT_LIT ("0");
}

void sv_daemon_status (sv_daemon_t *self, pt_arena_t *arena, pt_status_t *out)
{
    memset (out, 0, sizeof (*out));
    s_identify (self, arena, &out->service, &out->instance);
    out->version = PT_LIT (SV_VERSION);
    out->pid = (uint64_t)getpid ();
    out->uptime_ms = sv_now_ms () - self->started_ms;
    out->rss = s_resident_bytes ();
    out->ready = self->is_ready;
    out->has_reason = *self->reason != '\0';
    out->reason = (pt_str_t){self->reason, s_cut_len (self->reason, LIM_DETAIL)};
    pt_buf_t buf;
    pt_buf_init (&buf, LIM_PAGE_BYTES);
    sv_metrics_print (self->metrics, &buf);
    const char *metrics = pt_buf_error (&buf) == 0 ? pt_arena_copy (arena, buf.at ? buf.at : "", buf.len) : NULL;
    out->has_metrics = metrics != NULL;
    out->metrics = (pt_str_t){metrics, metrics ? (uint32_t)buf.len : 0};
    pt_buf_fini (&buf);
}

void sv_daemon_on_status (void *ctx, sv_request_t *request, const void *msg)
{
    sv_daemon_t *self = *(sv_daemon_t **)ctx;
    (void)msg;
    pt_status_t status;
    sv_daemon_status (self, sv_request_arena (request), &status);
    sv_request_reply (&request, &status);
}

int sv_daemon_find_hops (sv_daemon_t *self, const pt_trace_query_t *query, pt_arena_t *arena, pt_trace_t *out)
{
    s_identify (self, arena, &out->service, &out->instance);
    out->pid = (uint64_t)getpid ();
    return sv_trace_find (self->trace, query, arena, out);
}

void sv_daemon_on_trace (void *ctx, sv_request_t *request, const void *msg)
{
    sv_daemon_t *self = *(sv_daemon_t **)ctx;
    pt_trace_t trace = {0};
    int rc = sv_daemon_find_hops (self, msg, sv_request_arena (request), &trace);
    if (rc != 0)
        sv_request_fail (&request, rc, rc == -PT_E_invalid ? "a request id, or a room and a seq" : NULL);
    else
        sv_request_reply (&request, &trace);
}
