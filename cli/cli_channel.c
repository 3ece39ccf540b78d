/*  cli_channel - `parley channel`: drives the channel layer, one line after the other.

    Input is watched beside the bus and not waited for, so that the brokers hear from us between two
    lines however long they are apart.  One call is open at a time and nothing is read meanwhile:
    answers come in the order of lines. */

#include "cli_channel_line.h"
#include "cli_commands.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/*  Read at a time. */
#define S_CHUNK 4096

typedef struct {
    const cli_options_t *options;
    sv_loop_t *loop;
    sv_log_t *log;
    sv_metrics_t *metrics;
    sv_bus_t *bus;
    sv_watch_t *watch; /* of the input; NULL for a file, which can't be watched and is always ready: */
    sv_timer_t *timer; /* then the next turn of the loop reads */
    cli_channel_line_t line;
    uint64_t turn; /* lines so far, for keys */
    char key[LIM_KEY];
    size_t len, taken; /* of the input: read, and used up */
    bool is_over;      /* there is no more input */
    bool is_asking;
    bool is_too_long; /* the rest of a line that was refused passes by */
    int exit_code;
    char input[CLI_CHANNEL_LINE_MAX];
} s_driver_t;

static void s_stop (s_driver_t *self, int exit_code)
{
    self->exit_code = exit_code;
    sv_loop_stop (self->loop);
}

/*  Writes one line and frees it. */
static void s_say (s_driver_t *self, pt_buf_t *line)
{
    if (cli_output (line, CLI_OK) != CLI_OK)
        s_stop (self, CLI_MISSING);
    pt_buf_fini (line);
}

static void s_refuse (s_driver_t *self, const char *fault)
{
    pt_buf_t line;
    pt_buf_init (&line, CLI_OUTPUT_MAX);
    cli_channel_line_refuse (fault, &line);
    s_say (self, &line);
}

/*  ---- calls ---------------------------------------------------------------------------- */

static void s_go_on (s_driver_t *self);

static void s_on_reply (void *arg, const sv_reply_t *reply)
{
    s_driver_t *self = arg;
    pt_buf_t line;
    pt_buf_init (&line, CLI_OUTPUT_MAX);
    cli_channel_line_write (&self->line, reply, &line);
    s_say (self, &line);
    cli_channel_line_free (&self->line);
    self->is_asking = false;
    s_go_on (self);
}

static bool s_is_blank (const char *text, size_t len)
{
    return strspn (text, " \t\r") >= len;
}

/*  Answers a line now, or asks. */
static void s_take_line (s_driver_t *self, char *text, size_t len)
{
    text[len] = '\0'; /* where the line ended */
    if (s_is_blank (text, len))
        return;
    snprintf (self->key, sizeof self->key, "%016llx-%llu", (unsigned long long)sv_bus_generation (self->bus),
              (unsigned long long)++self->turn);
    const char *fault = cli_channel_line_read (&self->line, text, len, self->key, self->options->timeout_ms);
    sv_call_t call = {.opcode = self->line.opcode,
                      .msg = &self->line.msg,
                      .affinity = self->line.affinity,
                      .deadline_ms = self->line.wait_ms + self->options->timeout_ms};
    int err = 0;
    if (!fault && sv_bus_call (self->bus, &call, s_on_reply, self, &err) == 0)
        fault = pt_error_title (err);
    self->is_asking = !fault;
    if (!fault)
        return;
    s_refuse (self, fault);
    cli_channel_line_free (&self->line);
}

/*  ---- input ------------------------------------------------------------------------------ */

/*  Whether what comes is read. */
static int s_listen (s_driver_t *self, bool is_on)
{
    if (self->watch)
        return sv_watch_set (self->loop, self->watch, is_on ? SV_IN : 0);
    sv_timer_set (self->loop, self->timer, is_on ? 1 : 0, 0);
    return 0;
}

/*  The next line that is there; false when there is none. */
static bool s_next_line (s_driver_t *self, char **out, size_t *out_len)
{
    char *begin = self->input + self->taken;
    size_t left = self->len - self->taken;
    char *end = memchr (begin, '\n', left);
    if (!end && !(self->is_over && left > 0))
        return false;
    *out = begin;
    *out_len = end ? (size_t)(end - begin) : left;
    self->taken += *out_len + (end != NULL);
    return true;
}

/*  Makes room behind what is not used up; a line that leaves none is refused as a whole. */
static void s_make_room (s_driver_t *self)
{
    memmove (self->input, self->input + self->taken, self->len - self->taken);
    self->len -= self->taken;
    self->taken = 0;
    if (self->len + 1 < sizeof self->input)
        return;
    if (!self->is_too_long)
        s_refuse (self, "the line is longer than 128 KiB");
    self->is_too_long = true;
    self->len = 0;
}

/*  Takes lines until one is asked about, or there is none. */
static void s_go_on (s_driver_t *self)
{
    char *line;
    size_t len;
    while (!self->is_asking && s_next_line (self, &line, &len)) {
        bool is_rest = self->is_too_long;
        self->is_too_long = false;
        if (!is_rest)
            s_take_line (self, line, len);
    }
    if (!self->is_asking && self->is_over)
        s_stop (self, self->exit_code);
    else if (s_listen (self, !self->is_asking) != 0)
        s_stop (self, CLI_MISSING);
}

static void s_read (void *arg)
{
    s_driver_t *self = arg;
    s_make_room (self);
    size_t room = sizeof self->input - 1 - self->len;
    ssize_t got = read (STDIN_FILENO, self->input + self->len, room < S_CHUNK ? room : S_CHUNK);
    if (got < 0 && errno != EINTR && errno != EAGAIN) {
        fprintf (stderr, "parley: the input can't be read: %s\n", strerror (errno));
        self->exit_code = CLI_MISSING;
    }
    self->is_over = got == 0 || self->exit_code != CLI_OK;
    self->len += got > 0 ? (size_t)got : 0;
    s_go_on (self);
}

static void s_on_input (void *arg, int events)
{
    (void)events;
    s_read (arg);
}

/*  ---- life ---------------------------------------------------------------------------------- */

static int s_open (s_driver_t *self, const char *brokers)
{
    self->loop = sv_zloop_new ();
    self->log = sv_log_new ("parley", STDERR_FILENO, SV_ERROR, "auto");
    self->metrics = sv_metrics_new ();
    if (!self->loop || !self->log || !self->metrics)
        return -PT_E_memory;
    self->bus = sv_bus_new (&(sv_bus_config_t){
        .role = PT_PEER_operator, .brokers = brokers, .loop = self->loop, .log = self->log, .metrics = self->metrics});
    if (!self->bus)
        return -PT_E_invalid;
    self->watch = sv_loop_watch_fd (self->loop, STDIN_FILENO, SV_IN, s_on_input, self);
    if (!self->watch)
        self->timer = sv_loop_timer (self->loop, 1, 0, s_read, self);
    return self->watch || self->timer ? 0 : -PT_E_memory;
}

static void s_close (s_driver_t *self)
{
    sv_bus_destroy (&self->bus);
    if (self->loop) {
        sv_watch_cancel (self->loop, &self->watch);
        sv_timer_cancel (self->loop, &self->timer);
    }
    sv_metrics_destroy (&self->metrics);
    sv_log_destroy (&self->log);
    sv_loop_destroy (&self->loop);
}

int cli_channel (const cli_options_t *options)
{
    cli_run_t run;
    const char *bus = cli_bus_open (options, &run);
    if (!bus)
        return CLI_UNAVAILABLE;
    s_driver_t *self = calloc (1, sizeof *self);
    int rc = -PT_E_memory;
    if (self) {
        self->options = options;
        rc = s_open (self, bus);
        rc = rc == 0 ? sv_loop_run (self->loop) : rc;
        s_close (self);
    }
    if (rc < 0)
        fprintf (stderr, "parley: the brokers can't be asked: %s\n", pt_error_title (rc));
    int exit_code = rc < 0 ? CLI_UNAVAILABLE : self->exit_code;
    free (self);
    return exit_code;
}
