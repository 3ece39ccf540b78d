/*  cli_verify_store - `parley verify` of a running installation: asks store one
    question after the other, as an operator, and tells what the audit found. */

#include "cli_audit.h"
#include "cli_commands.h"
#include "cli_verify.h"
#include "sv_bus.h"
#include <stdlib.h>
#include <unistd.h>

/*  A question is asked so often before the audit is given up. */
#define S_TRIES 5
#define S_PAUSE_MS 200
/*  Between two lines of progress. */
#define S_PROGRESS_MS 200

typedef struct {
    cli_audit_t *audit;
    cli_audit_question_t question;
    uint32_t timeout_ms;
    unsigned tries;
    int err; /* why it was given up */
    bool is_shown;
    uint64_t shown_ms;
    sv_loop_t *loop;
    sv_log_t *log;
    sv_metrics_t *metrics;
    sv_bus_t *bus;
    sv_timer_t *timer;
} s_asking_t;

static void s_show (s_asking_t *self, bool is_end)
{
    uint64_t now_ms = sv_now_ms ();
    if (!self->is_shown || (!is_end && now_ms - self->shown_ms < S_PROGRESS_MS))
        return;
    self->shown_ms = now_ms;
    fprintf (stderr, "\rasking store: %llu rooms, %llu items%s", (unsigned long long)cli_audit_rooms (self->audit),
             (unsigned long long)cli_audit_items (self->audit), is_end ? "\n" : "");
}

static void s_give_up (s_asking_t *self, int err)
{
    self->err = err;
    sv_loop_stop (self->loop);
}

static void s_on_reply (void *arg, const sv_reply_t *reply);

static void s_ask (void *arg)
{
    s_asking_t *self = arg;
    sv_call_t call = {.opcode = self->question.opcode, .msg = &self->question.msg, .deadline_ms = self->timeout_ms};
    int err = 0;
    self->tries++;
    if (sv_bus_call (self->bus, &call, s_on_reply, self, &err) == 0)
        s_give_up (self, err);
}

static void s_ask_next (s_asking_t *self)
{
    self->tries = 0;
    if (cli_audit_next (self->audit, &self->question))
        s_ask (self);
    else
        sv_loop_stop (self->loop);
}

static bool s_may_pass (int err)
{
    return err == -PT_E_busy || err == -PT_E_unavailable || err == -PT_E_deadline || err == -PT_E_worker_lost;
}

static void s_on_reply (void *arg, const sv_reply_t *reply)
{
    s_asking_t *self = arg;
    bool is_absent = reply->status == -PT_E_not_found && self->question.opcode == PT_OP_store_range;
    if (reply->status == 0 || is_absent) {
        cli_audit_take (self->audit, is_absent ? NULL : reply->msg);
        s_show (self, false);
        s_ask_next (self);
    } else if (s_may_pass (reply->status) && self->tries < S_TRIES)
        sv_timer_set (self->loop, self->timer, S_PAUSE_MS, 0);
    else
        s_give_up (self, reply->status);
}

static int s_open (s_asking_t *self, const char *brokers)
{
    self->loop = sv_zloop_new ();
    self->log = sv_log_new ("parley", STDERR_FILENO, SV_ERROR, "auto");
    self->metrics = sv_metrics_new ();
    if (!self->loop || !self->log || !self->metrics)
        return -PT_E_memory;
    self->timer = sv_loop_timer (self->loop, 0, 0, s_ask, self);
    self->bus = sv_bus_new (&(sv_bus_config_t){
        .role = PT_PEER_operator, .brokers = brokers, .loop = self->loop, .log = self->log, .metrics = self->metrics});
    if (!self->timer)
        return -PT_E_memory;
    return self->bus ? 0 : -PT_E_invalid;
}

static void s_close (s_asking_t *self)
{
    sv_bus_destroy (&self->bus);
    if (self->timer)
        sv_timer_cancel (self->loop, &self->timer);
    sv_metrics_destroy (&self->metrics);
    sv_log_destroy (&self->log);
    sv_loop_destroy (&self->loop);
}

/*  Asks until there is nothing left to ask.  0 or an error. */
static int s_run (s_asking_t *self, const char *brokers)
{
    int rc = s_open (self, brokers);
    if (rc == 0) {
        s_ask_next (self);
        rc = self->err ? 0 : sv_loop_run (self->loop);
        s_show (self, true);
    }
    s_close (self);
    return rc < 0 ? rc : self->err;
}

static int s_tell (const cli_audit_t *audit, bool is_json)
{
    pt_buf_t buf;
    pt_buf_init (&buf, CLI_OUTPUT_MAX);
    if (is_json)
        cli_audit_print_json (audit, &buf);
    else
        cli_audit_print (audit, &buf);
    int rc = cli_output (&buf, cli_audit_is_good (audit) ? CLI_OK : CLI_MISSING);
    pt_buf_fini (&buf);
    return rc;
}

/*  The rooms that were named. */
static int s_rooms (const cli_options_t *options, uint64_t out[CLI_ARGS_MAX])
{
    for (unsigned i = 0; i < options->arg_count; i++) {
        char *end;
        const char *text = options->args[i];
        out[i] = strtoull (text, &end, 10);
        if (*text < '1' || *text > '9' || *end || out[i] > LIM_ID) {
            fprintf (stderr, "parley: %s: no id of a room\n", text);
            return CLI_USAGE;
        }
    }
    return CLI_OK;
}

int cli_verify_store (const cli_options_t *options, vf_acks_t *acks)
{
    uint64_t rooms[CLI_ARGS_MAX];
    if (s_rooms (options, rooms) != CLI_OK)
        return CLI_USAGE;
    cli_run_t run;
    (void)!cli_run_load (&run, options->state_dir);
    const char *bus = cli_bus_find (options, &run);
    if (!bus) {
        fprintf (stderr,
                 "parley: nothing runs in %s; name the folder with --state-dir, the brokers with --bus, or logs "
                 "with --logs\n",
                 options->state_dir);
        return CLI_UNAVAILABLE;
    }
    s_asking_t self = {.audit = cli_audit_new (rooms, options->arg_count, acks),
                       .timeout_ms = options->timeout_ms,
                       .is_shown = isatty (STDERR_FILENO)};
    int rc = self.audit ? s_run (&self, bus) : -PT_E_memory;
    if (rc < 0)
        fprintf (stderr, "parley: store can't be asked: %s\n", pt_error_title (rc));
    int exit_code = rc < 0 ? CLI_UNAVAILABLE : s_tell (self.audit, options->is_json);
    cli_audit_destroy (&self.audit);
    return exit_code;
}
