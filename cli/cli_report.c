/*  cli_report - what was learnt about an installation: its brokers, its
    instances, and what is missing. */

#include "cli_report.h"

#include "cli_text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void s_copy (char *out, size_t size, pt_str_t text)
{
    size_t len = text.len < size ? text.len : size - 1;
    if (len > 0)
        memcpy (out, text.at, len);
    out[len] = '\0';
}

const cli_service_t cli_services[] = {
    {"auth", PT_OP_auth_status, PT_OP_auth_trace},          {"chat", PT_OP_chat_status, PT_OP_chat_trace},
    {"drive", PT_OP_drive_status, PT_OP_drive_trace},       {"store", PT_OP_store_status, PT_OP_store_trace},
    {"gateway", PT_OP_gateway_status, PT_OP_gateway_trace}, {NULL, 0, 0}};

const cli_service_t *cli_service_find (pt_str_t name)
{
    for (const cli_service_t *service = cli_services; service->name; service++)
        if (pt_str_eq (name, pt_str (service->name)))
            return service;
    return NULL;
}

uint64_t cli_generation (pt_str_t instance)
{
    char text[CLI_NAME_LEN];
    s_copy (text, sizeof (text), instance);
    char *end = text;
    uint64_t generation = strtoull (text, &end, 16);
    return *end ? 0 : generation;
}

cli_report_t *cli_report_new (const char *bus)
{
    cli_report_t *self = calloc (1, sizeof (*self));
    if (!self)
        return NULL;
    char bases[LIM_BROKERS][CLI_PATH_LEN];
    self->broker_count = cli_bus_split (bus, bases);
    for (unsigned i = 0; i < self->broker_count; i++)
        memcpy (self->brokers[i].base, bases[i], sizeof (bases[i]));
    return self;
}

void cli_report_destroy (cli_report_t **self_p)
{
    if (!self_p)
        return;
    free (*self_p);
    *self_p = NULL;
}

/*  ---- facts -------------------------------------------------------------------- */

static cli_instance_t *s_instance (cli_report_t *self, pt_str_t service, pt_str_t instance)
{
    char service_name[CLI_NAME_LEN], instance_name[CLI_NAME_LEN];
    s_copy (service_name, sizeof (service_name), service);
    s_copy (instance_name, sizeof (instance_name), instance);
    for (unsigned i = 0; i < self->instance_count; i++)
        if (strcmp (self->instances[i].service, service_name) == 0 &&
            strcmp (self->instances[i].instance, instance_name) == 0)
            return &self->instances[i];
    if (self->instance_count == CLI_INSTANCES_MAX)
        return NULL;
    cli_instance_t *added = &self->instances[self->instance_count++];
    memcpy (added->service, service_name, sizeof (service_name));
    memcpy (added->instance, instance_name, sizeof (instance_name));
    return added;
}

/*  The operators that ask are listed by the brokers too, and are of no interest. */
static bool s_is_operator (const pt_instance_t *instance)
{
    return pt_str_eq (instance->service, PT_LIT ("operator"));
}

void cli_report_add_broker (cli_report_t *self, unsigned broker, const pt_broker_state_t *state)
{
    cli_broker_t *out = &self->brokers[broker];
    out->has_answer = true;
    s_copy (out->version, sizeof (out->version), state->version);
    out->pid = state->pid;
    out->uptime_ms = state->uptime_ms;
    out->rss = state->rss;
    out->dropped = state->dropped;
    for (uint32_t i = 0; i < state->instances.count; i++) {
        const pt_instance_t *instance = &state->instances.at[i];
        cli_instance_t *known =
            s_is_operator (instance) ? NULL : s_instance (self, instance->service, instance->instance);
        if (!known)
            continue;
        out->instances++;
        known->brokers++;
        known->in_flight += instance->in_flight;
        known->queued = instance->queued > known->queued ? instance->queued : known->queued;
    }
}

void cli_report_add_silence (cli_report_t *self, unsigned broker, int err)
{
    self->brokers[broker].err = err;
}

void cli_report_add_status (cli_report_t *self, const pt_status_t *status)
{
    cli_instance_t *known = s_instance (self, status->service, status->instance);
    if (!known)
        return;
    known->has_status = true;
    known->is_ready = status->ready;
    if (status->has_reason)
        s_copy (known->reason, sizeof (known->reason), status->reason);
    s_copy (known->version, sizeof (known->version), status->version);
    known->pid = status->pid;
    known->uptime_ms = status->uptime_ms;
    known->rss = status->rss;
}

/*  ---- judgement ------------------------------------------------------------------- */

unsigned cli_report_answers (const cli_report_t *self)
{
    unsigned count = 0;
    for (unsigned i = 0; i < self->broker_count; i++)
        count += self->brokers[i].has_answer;
    return count;
}

const cli_instance_t *cli_report_find (const cli_report_t *self, const char *service)
{
    const cli_instance_t *best = NULL;
    for (unsigned i = 0; i < self->instance_count; i++) {
        const cli_instance_t *instance = &self->instances[i];
        if (strcmp (instance->service, service) == 0 &&
            (!best || instance->has_status + instance->is_ready > best->has_status + best->is_ready))
            best = instance;
    }
    return best;
}

static bool s_is_missing (const cli_report_t *self, const cli_service_t *service, char *out, size_t size)
{
    const cli_instance_t *best = cli_report_find (self, service->name);
    if (!best)
        snprintf (out, size, "no %s is live", service->name);
    else if (best->is_ready)
        return false;
    else if (!best->has_status)
        snprintf (out, size, "%s is live and does not answer", service->name);
    else
        snprintf (out, size, "%s is not ready%s%s", service->name, *best->reason ? ": " : "", best->reason);
    return true;
}

bool cli_report_missing (const cli_report_t *self, unsigned i, char *out, size_t size)
{
    for (unsigned broker = 0; broker < self->broker_count; broker++)
        if (!self->brokers[broker].has_answer && i-- == 0) {
            snprintf (out, size, "broker %s does not answer", self->brokers[broker].base);
            return true;
        }
    /*  Without a broker nothing is known of the others. */
    if (cli_report_answers (self) == 0)
        return false;
    char sentence[LIM_DETAIL + 128];
    for (const cli_service_t *service = cli_services; service->name; service++)
        if (s_is_missing (self, service, sentence, sizeof (sentence)) && i-- == 0) {
            snprintf (out, size, "%s", sentence);
            return true;
        }
    return false;
}

int cli_report_exit (const cli_report_t *self)
{
    char sentence[LIM_DETAIL + 128];
    if (cli_report_answers (self) == 0)
        return CLI_UNAVAILABLE;
    return cli_report_missing (self, 0, sentence, sizeof (sentence)) ? CLI_MISSING : CLI_OK;
}

/*  ---- for people ---------------------------------------------------------------------- */

static void s_print_brokers (const cli_report_t *self, pt_buf_t *out)
{
    cli_table_t *table = cli_table_new ("BROKER|STATE|VERSION|>PID|>UP|>MEMORY|>LIVE|>DROPPED");
    if (!table)
        return;
    for (unsigned i = 0; i < self->broker_count; i++) {
        const cli_broker_t *broker = &self->brokers[i];
        char up[32], memory[32];
        cli_print_time (broker->uptime_ms, up, sizeof (up));
        cli_print_bytes (broker->rss, memory, sizeof (memory));
        cli_table_row (table);
        cli_table_cell (table, "%s", broker->base);
        cli_table_cell (table, "%s", broker->has_answer ? "ok" : "no answer");
        if (!broker->has_answer)
            continue;
        cli_table_cell (table, "%s", broker->version);
        cli_table_cell (table, "%" PRIu64, broker->pid);
        cli_table_cell (table, "%s", up);
        cli_table_cell (table, "%s", memory);
        cli_table_cell (table, "%u", broker->instances);
        cli_table_cell (table, "%" PRIu64, broker->dropped);
    }
    cli_table_print (table, out);
    cli_table_destroy (&table);
}

static const char *s_state_of (const cli_instance_t *instance)
{
    return !instance->has_status ? "live" : instance->is_ready ? "ready" : "not ready";
}

static void s_print_instance (const cli_report_t *self, const cli_instance_t *instance, cli_table_t *table)
{
    char up[32] = "", memory[32] = "", pid[32] = "";
    if (instance->has_status) {
        cli_print_time (instance->uptime_ms, up, sizeof (up));
        cli_print_bytes (instance->rss, memory, sizeof (memory));
        snprintf (pid, sizeof (pid), "%" PRIu64, instance->pid);
    }
    cli_table_row (table);
    cli_table_cell (table, "%s", instance->service);
    cli_table_cell (table, "%s", s_state_of (instance));
    cli_table_cell (table, "%s", instance->version);
    cli_table_cell (table, "%s", pid);
    cli_table_cell (table, "%s", up);
    cli_table_cell (table, "%s", memory);
    cli_table_cell (table, "%u/%u", instance->brokers, cli_report_answers (self));
    cli_table_cell (table, "%" PRIu64, instance->in_flight);
    cli_table_cell (table, "%" PRIu64, instance->queued);
    cli_table_cell (table, "%s", instance->instance);
}

/*  Those of services an installation needs first, in their order. */
static void s_print_instances (const cli_report_t *self, pt_buf_t *out)
{
    cli_table_t *table = cli_table_new ("SERVICE|STATE|VERSION|>PID|>UP|>MEMORY|>BROKERS|>BUSY|>QUEUED|INSTANCE");
    if (!table)
        return;
    bool is_printed[CLI_INSTANCES_MAX] = {false};
    for (const cli_service_t *service = cli_services; service->name; service++)
        for (unsigned i = 0; i < self->instance_count; i++)
            if (strcmp (self->instances[i].service, service->name) == 0) {
                s_print_instance (self, &self->instances[i], table);
                is_printed[i] = true;
            }
    for (unsigned i = 0; i < self->instance_count; i++)
        if (!is_printed[i])
            s_print_instance (self, &self->instances[i], table);
    cli_table_print (table, out);
    cli_table_destroy (&table);
}

void cli_report_print (const cli_report_t *self, pt_buf_t *out)
{
    char sentence[LIM_DETAIL + 128];
    s_print_brokers (self, out);
    if (self->instance_count > 0) {
        pt_buf_puts (out, "\n");
        s_print_instances (self, out);
    }
    pt_buf_puts (out, "\n");
    if (cli_report_exit (self) == CLI_OK)
        pt_buf_puts (out, "All is well.\n");
    for (unsigned i = 0; cli_report_missing (self, i, sentence, sizeof (sentence)); i++)
        pt_buf_printf (out, "Missing: %s\n", sentence);
}

/*  ---- for machines ----------------------------------------------------------------------- */

static void s_print_broker_json (const cli_broker_t *broker, cli_json_t *json)
{
    cli_json_open (json, NULL, '{');
    cli_json_text (json, "base", broker->base);
    cli_json_bool (json, "answers", broker->has_answer);
    if (broker->has_answer) {
        cli_json_text (json, "version", broker->version);
        cli_json_number (json, "pid", broker->pid);
        cli_json_number (json, "uptime_ms", broker->uptime_ms);
        cli_json_number (json, "rss", broker->rss);
        cli_json_number (json, "dropped", broker->dropped);
    } else
        cli_json_text (json, "error", pt_error_name (broker->err));
    cli_json_close (json, '}');
}

static void s_print_instance_json (const cli_instance_t *instance, cli_json_t *json)
{
    cli_json_open (json, NULL, '{');
    cli_json_text (json, "service", instance->service);
    cli_json_text (json, "instance", instance->instance);
    cli_json_number (json, "brokers", instance->brokers);
    cli_json_number (json, "in_flight", instance->in_flight);
    cli_json_number (json, "queued", instance->queued);
    cli_json_bool (json, "answers", instance->has_status);
    if (instance->has_status) {
        cli_json_bool (json, "ready", instance->is_ready);
        cli_json_text (json, "reason", instance->reason);
        cli_json_text (json, "version", instance->version);
        cli_json_number (json, "pid", instance->pid);
        cli_json_number (json, "uptime_ms", instance->uptime_ms);
        cli_json_number (json, "rss", instance->rss);
    }
    cli_json_close (json, '}');
}

void cli_report_print_json (const cli_report_t *self, pt_buf_t *out)
{
    cli_json_t json = {.out = out};
    char sentence[LIM_DETAIL + 128];
    cli_json_open (&json, NULL, '{');
    cli_json_bool (&json, "ok", cli_report_exit (self) == CLI_OK);
    cli_json_open (&json, "brokers", '[');
    for (unsigned i = 0; i < self->broker_count; i++)
        s_print_broker_json (&self->brokers[i], &json);
    cli_json_close (&json, ']');
    cli_json_open (&json, "instances", '[');
    for (unsigned i = 0; i < self->instance_count; i++)
        s_print_instance_json (&self->instances[i], &json);
    cli_json_close (&json, ']');
    cli_json_open (&json, "missing", '[');
    for (unsigned i = 0; cli_report_missing (self, i, sentence, sizeof (sentence)); i++)
        cli_json_text (&json, NULL, sentence);
    cli_json_close (&json, ']');
    cli_json_close (&json, '}');
    pt_buf_puts (out, "\n");
}
