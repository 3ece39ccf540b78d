/*  cli_trace - `parley trace`: where a message or a request went.

    Three rounds of questions to every instance: who knows the message, by room
    and seq (and so under which request ids it travelled); what is known of each
    of those ids; and, where an id was asked for, what became of the message it
    stored.  Brokers know requests alone. */

#include "cli_commands.h"
#include "cli_links.h"
#include "cli_timeline.h"

#include <stdlib.h>

typedef struct {
    const cli_service_t *service; /* NULL: the broker itself */
    uint64_t generation;
    unsigned broker; /* to ask through */
} s_place_t;

typedef struct {
    cli_links_t *links;
    cli_timeline_t *timeline;
    s_place_t places[CLI_INSTANCES_MAX + LIM_BROKERS]; /* later ones are left out */
    unsigned place_count;
    unsigned brokers; /* that answered */
} s_tracer_t;

/*  ---- who is there ------------------------------------------------------------ */

static void s_add_place (s_tracer_t *self, const cli_service_t *service, uint64_t generation, unsigned broker)
{
    for (unsigned i = 0; i < self->place_count; i++)
        if (service && self->places[i].service == service && self->places[i].generation == generation)
            return;
    if (self->place_count < sizeof self->places / sizeof *self->places)
        self->places[self->place_count++] = (s_place_t){service, generation, broker};
}

static void s_on_broker (void *ctx, unsigned broker, const sv_reply_t *reply)
{
    s_tracer_t *self = ctx;
    if (reply->status != 0) {
        cli_timeline_add_silence (self->timeline);
        return;
    }
    const pt_broker_state_t *state = reply->msg;
    self->brokers++;
    s_add_place (self, NULL, 0, broker);
    for (uint32_t i = 0; i < state->instances.count; i++) {
        const cli_service_t *service = cli_service_find (state->instances.at[i].service);
        if (service)
            s_add_place (self, service, cli_generation (state->instances.at[i].instance), broker);
    }
}

/*  ---- rounds --------------------------------------------------------------------- */

static void s_on_message (void *ctx, unsigned broker, const sv_reply_t *reply)
{
    s_tracer_t *self = ctx;
    (void)broker;
    if (reply->status == 0)
        cli_timeline_add_message (self->timeline, reply->msg);
    else
        cli_timeline_add_silence (self->timeline);
}

static void s_on_request (void *ctx, unsigned broker, const sv_reply_t *reply)
{
    s_tracer_t *self = ctx;
    (void)broker;
    if (reply->status == 0)
        cli_timeline_add_request (self->timeline, reply->msg);
    else
        cli_timeline_add_silence (self->timeline);
}

static void s_on_item (void *ctx, unsigned broker, const sv_reply_t *reply)
{
    s_tracer_t *self = ctx;
    (void)broker;
    const pt_history_page_t *page = reply->msg;
    uint64_t room, seq;
    bool is_known = reply->status == 0 && cli_timeline_message (self->timeline, &room, &seq) && page->items.count > 0 &&
                    page->items.at[0].seq == seq;
    cli_timeline_set_item (self->timeline, is_known ? &page->items.at[0] : NULL);
}

static int s_ask_all (s_tracer_t *self, const pt_trace_query_t *query, cli_answer_fn *fn)
{
    int rc = 0;
    for (unsigned i = 0; i < self->place_count && rc == 0; i++) {
        const s_place_t *place = &self->places[i];
        if (place->service || query->has_trace)
            rc = cli_links_ask (self->links, place->broker,
                                place->service ? place->service->trace_opcode : PT_OP_broker_trace, place->generation,
                                query, fn);
    }
    return rc == 0 ? cli_links_run (self->links) : rc;
}

static int s_ask_message (s_tracer_t *self)
{
    pt_trace_query_t query = {.has_room = true, .has_seq = true};
    if (!cli_timeline_message (self->timeline, &query.room, &query.seq))
        return 0;
    return s_ask_all (self, &query, s_on_message);
}

static int s_ask_requests (s_tracer_t *self)
{
    int rc = 0;
    const char *trace;
    for (unsigned i = 0; rc == 0 && (trace = cli_timeline_trace (self->timeline, i)); i++)
        rc = s_ask_all (self, &(pt_trace_query_t){.has_trace = true, .trace = pt_str (trace)}, s_on_request);
    return rc;
}

static int s_ask_item (s_tracer_t *self)
{
    pt_range_query_t query = {.limit = 1};
    uint64_t seq;
    if (self->place_count == 0 || !cli_timeline_message (self->timeline, &query.room, &seq))
        return 0;
    query.after = seq - 1;
    int rc = cli_links_ask (self->links, self->places[0].broker, PT_OP_store_range, 0, &query, s_on_item);
    return rc == 0 ? cli_links_run (self->links) : rc;
}

/*  0 or an error that was told. */
static int s_ask (s_tracer_t *self, unsigned broker_count, bool is_message)
{
    static const pt_empty_t empty;
    int (*const rounds[]) (s_tracer_t *) = {is_message ? s_ask_message : s_ask_requests,
                                            is_message ? s_ask_requests : s_ask_message, s_ask_item};
    int rc = 0;
    for (unsigned i = 0; i < broker_count && rc == 0; i++)
        rc = cli_links_ask (self->links, i, PT_OP_broker_state, 0, &empty, s_on_broker);
    if (rc == 0)
        rc = cli_links_run (self->links);
    for (size_t i = 0; i < sizeof rounds / sizeof *rounds && rc == 0 && self->brokers > 0; i++)
        rc = rounds[i](self);
    return rc;
}

/*  ---- the command -------------------------------------------------------------------- */

static int s_print (cli_timeline_t *timeline, bool is_json)
{
    pt_buf_t buf;
    pt_buf_init (&buf, CLI_OUTPUT_MAX);
    if (is_json)
        cli_timeline_print_json (timeline, &buf);
    else
        cli_timeline_print (timeline, &buf);
    int exit_code = cli_output (&buf, cli_timeline_exit (timeline));
    pt_buf_fini (&buf);
    return exit_code;
}

static int s_run (const cli_options_t *options, const cli_target_t *target, const char *bus)
{
    char split[LIM_BROKERS][CLI_PATH_LEN];
    const char *bases[LIM_BROKERS];
    unsigned count = cli_bus_split (bus, split);
    for (unsigned i = 0; i < count; i++)
        bases[i] = split[i];
    int exit_code = CLI_UNAVAILABLE;
    s_tracer_t *self = calloc (1, sizeof *self);
    if (self)
        self->timeline = cli_timeline_new (target);
    if (self && self->timeline)
        self->links = cli_links_new (bases, count, options->timeout_ms, self);
    if (self && self->links && s_ask (self, count, !*target->trace) == 0) {
        if (self->brokers > 0)
            exit_code = s_print (self->timeline, options->is_json);
        else
            fputs ("parley: no broker answers\n", stderr);
    }
    if (self) {
        cli_links_destroy (&self->links);
        cli_timeline_destroy (&self->timeline);
    }
    free (self);
    return exit_code;
}

int cli_trace (const cli_options_t *options)
{
    cli_target_t target;
    int rc = cli_target_parse (&target, options->args, options->arg_count, stderr);
    if (rc != 0)
        return rc;
    cli_run_t run;
    const char *bus = cli_bus_open (options, &run);
    return bus ? s_run (options, &target, bus) : CLI_UNAVAILABLE;
}
