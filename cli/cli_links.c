/*  cli_links - a bus to each broker, see cli_links.h. */

#include "cli_links.h"

#include <stdlib.h>
#include <unistd.h>

struct cli_links {
    uint32_t timeout_ms;
    void *ctx;
    sv_loop_t *loop;
    sv_log_t *log;
    sv_metrics_t *metrics;
    sv_bus_t *buses[LIM_BROKERS];
    unsigned open; /* questions without an answer */
};

typedef struct {
    cli_links_t *links;
    unsigned broker;
    cli_answer_fn *fn;
} s_question_t;

static int s_open (cli_links_t *self, const char *const *bases, unsigned count)
{
    self->loop = sv_zloop_new ();
    self->log = sv_log_new ("parley", STDERR_FILENO, SV_ERROR, "auto");
    self->metrics = sv_metrics_new ();
    if (!self->loop || !self->log || !self->metrics)
        return -PT_E_memory;
    for (unsigned i = 0; i < count && i < LIM_BROKERS; i++) {
        sv_bus_config_t config = {.role = PT_PEER_operator,
                                  .brokers = bases[i],
                                  .loop = self->loop,
                                  .log = self->log,
                                  .metrics = self->metrics};
        self->buses[i] = sv_bus_new (&config);
        if (!self->buses[i])
            return -PT_E_invalid;
    }
    return 0;
}

static void s_complain (int err)
{
    fprintf (stderr, "parley: the brokers can't be asked: %s\n", pt_error_title (err));
}

cli_links_t *cli_links_new (const char *const *bases, unsigned count, uint32_t timeout_ms, void *ctx)
{
    cli_links_t *self = calloc (1, sizeof *self);
    int rc = self ? s_open (self, bases, count) : -PT_E_memory;
    if (rc != 0) {
        s_complain (rc);
        cli_links_destroy (&self);
        return NULL;
    }
    self->timeout_ms = timeout_ms;
    self->ctx = ctx;
    return self;
}

void cli_links_destroy (cli_links_t **self_p)
{
    cli_links_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (unsigned i = 0; i < LIM_BROKERS; i++)
        sv_bus_destroy (&self->buses[i]);
    sv_metrics_destroy (&self->metrics);
    sv_log_destroy (&self->log);
    sv_loop_destroy (&self->loop);
    free (self);
}

static void s_on_reply (void *arg, const sv_reply_t *reply)
{
    s_question_t *question = arg;
    cli_links_t *self = question->links;
    question->fn (self->ctx, question->broker, reply);
    free (question);
    if (--self->open == 0)
        sv_loop_stop (self->loop);
}

int cli_links_ask (cli_links_t *self, unsigned broker, uint16_t opcode, uint64_t instance, const void *msg,
                   cli_answer_fn *fn)
{
    s_question_t *question = malloc (sizeof *question);
    if (!question)
        return -PT_E_memory;
    *question = (s_question_t){self, broker, fn};
    sv_call_t call = {.opcode = opcode, .msg = msg, .deadline_ms = self->timeout_ms, .instance = instance};
    int err = -PT_E_memory;
    if (sv_bus_call (self->buses[broker], &call, s_on_reply, question, &err) == 0) {
        free (question);
        return err;
    }
    self->open++;
    return 0;
}

int cli_links_run (cli_links_t *self)
{
    int rc = self->open > 0 ? sv_loop_run (self->loop) : 0;
    if (rc < 0)
        s_complain (rc);
    return rc;
}
