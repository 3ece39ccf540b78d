/*  cli_timeline - the hops of a message or a request, in order.

    Every instance gives its hops by the wall clock; on one host that is one
    clock, across hosts it is as good as their clocks agree.  Hops of equal times
    keep the order in which their instance noted them. */

#include "cli_timeline.h"

#include "cli_text.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*  Processes drawn in a column of their own; later ones share the last. */
#define S_LANES 12

/*  Instances whose memory is told. */
#define S_SOURCES CLI_INSTANCES_MAX

typedef struct {
    char service[CLI_NAME_LEN];
    char instance[CLI_NAME_LEN];
    uint64_t pid;
    int64_t since; /* nothing older is remembered; 0: it has forgotten nothing */
} s_source_t;

typedef struct {
    pt_hop_t hop; /* its trace lies in `trace` */
    char trace[LIM_TRACE + 1];
    unsigned source;
    unsigned order; /* of arrival here */
} s_hop_t;

struct cli_timeline {
    cli_target_t target;
    s_source_t sources[S_SOURCES];
    unsigned source_count;
    s_hop_t hops[CLI_HOPS_MAX];
    unsigned hop_count;
    char traces[CLI_TRACES_MAX][LIM_TRACE + 1];
    unsigned trace_count;
    bool has_more; /* hops or ids were left out */
    bool has_item;
    pt_item_t item; /* its numbers alone */
    char send_id[LIM_SEND_ID + 1];
    unsigned silent;
};

/*  ---- target --------------------------------------------------------------- */

static bool s_number (const char *text, uint64_t max, uint64_t *out)
{
    char *end = NULL;
    errno = 0;
    *out = strtoull (text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && errno == 0 && *out > 0 && *out <= max;
}

int cli_target_parse (cli_target_t *out, const char *const *args, unsigned count, FILE *err)
{
    *out = (cli_target_t){0};
    if (count == 1 && *args[0] && strlen (args[0]) <= LIM_TRACE) {
        snprintf (out->trace, sizeof out->trace, "%s", args[0]);
        return 0;
    }
    if (count == 2 && s_number (args[0], LIM_ID, &out->room) && s_number (args[1], LIM_SEQ, &out->seq))
        return 0;
    fputs ("parley trace: a room and a seq are needed, or a request id; try 'parley help trace'\n", err);
    return CLI_USAGE;
}

/*  ---- facts ------------------------------------------------------------------ */

static void s_note_trace (cli_timeline_t *self, const char *trace)
{
    for (unsigned i = 0; i < self->trace_count; i++)
        if (strcmp (self->traces[i], trace) == 0)
            return;
    if (self->trace_count == CLI_TRACES_MAX)
        self->has_more = true;
    else
        snprintf (self->traces[self->trace_count++], sizeof self->traces[0], "%s", trace);
}

cli_timeline_t *cli_timeline_new (const cli_target_t *target)
{
    cli_timeline_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->target = *target;
    if (*target->trace)
        s_note_trace (self, target->trace);
    return self;
}

void cli_timeline_destroy (cli_timeline_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

static void s_copy (char *out, size_t size, pt_str_t text)
{
    snprintf (out, size, "%.*s", (int)text.len, text.len ? text.at : "");
}

/*  The instance that answered; the maximum is never less than brokers list. */
static unsigned s_source (cli_timeline_t *self, const pt_trace_t *answer)
{
    s_source_t source = {.pid = answer->pid, .since = answer->since};
    s_copy (source.service, sizeof source.service, answer->service);
    s_copy (source.instance, sizeof source.instance, answer->instance);
    for (unsigned i = 0; i < self->source_count; i++)
        if (strcmp (self->sources[i].instance, source.instance) == 0)
            return i;
    if (self->source_count == S_SOURCES)
        return S_SOURCES - 1;
    self->sources[self->source_count] = source;
    return self->source_count++;
}

static void s_add_hop (cli_timeline_t *self, unsigned source, const pt_hop_t *hop)
{
    if (self->hop_count == CLI_HOPS_MAX) {
        self->has_more = true;
        return;
    }
    s_hop_t *added = &self->hops[self->hop_count];
    *added = (s_hop_t){.hop = *hop, .source = source, .order = self->hop_count++};
    s_copy (added->trace, sizeof added->trace, hop->trace);
    added->hop.trace = (pt_str_t){0};
}

void cli_timeline_add_message (cli_timeline_t *self, const pt_trace_t *answer)
{
    unsigned source = s_source (self, answer);
    self->has_more |= answer->more;
    for (uint32_t i = 0; i < answer->hops.count; i++) {
        const pt_hop_t *hop = &answer->hops.at[i];
        char trace[LIM_TRACE + 1];
        s_copy (trace, sizeof trace, hop->trace);
        if (!hop->has_trace)
            s_add_hop (self, source, hop);
        else
            s_note_trace (self, trace);
    }
}

void cli_timeline_add_request (cli_timeline_t *self, const pt_trace_t *answer)
{
    unsigned source = s_source (self, answer);
    self->has_more |= answer->more;
    for (uint32_t i = 0; i < answer->hops.count; i++)
        s_add_hop (self, source, &answer->hops.at[i]);
}

void cli_timeline_set_item (cli_timeline_t *self, const pt_item_t *item)
{
    self->has_item = item != NULL;
    if (!item)
        return;
    self->item = *item;
    s_copy (self->send_id, sizeof self->send_id, item->has_send_id ? item->send_id : PT_LIT (""));
    self->item.send_id = self->item.body = (pt_str_t){0};
}

void cli_timeline_add_silence (cli_timeline_t *self)
{
    self->silent++;
}

const char *cli_timeline_trace (const cli_timeline_t *self, unsigned i)
{
    return i < self->trace_count ? self->traces[i] : NULL;
}

bool cli_timeline_message (const cli_timeline_t *self, uint64_t *out_room, uint64_t *out_seq)
{
    *out_room = self->target.room;
    *out_seq = self->target.seq;
    for (unsigned i = 0; *out_seq == 0 && i < self->hop_count; i++)
        if (self->hops[i].hop.has_room && self->hops[i].hop.has_seq) {
            *out_room = self->hops[i].hop.room;
            *out_seq = self->hops[i].hop.seq;
        }
    return *out_seq != 0;
}

int cli_timeline_exit (const cli_timeline_t *self)
{
    return self->hop_count > 0 ? CLI_OK : CLI_MISSING;
}

/*  ---- order -------------------------------------------------------------------- */

static int s_compare (const void *a_p, const void *b_p)
{
    const s_hop_t *a = a_p, *b = b_p;
    if (a->hop.at != b->hop.at)
        return a->hop.at < b->hop.at ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

static void s_sort (cli_timeline_t *self)
{
    qsort (self->hops, self->hop_count, sizeof self->hops[0], s_compare);
}

/*  ---- words ---------------------------------------------------------------------- */

/*  `%o` is the operation, `%s` the positions, `%b` the broker, `%n` the number. */
static const struct {
    const char *name;
    const char *text;
} s_kinds[] = {
    [PT_hop_kind_TAKEN] = {"taken", "takes %o%b"},
    [PT_hop_kind_ASKED] = {"asked", "asks %o%b"},
    [PT_hop_kind_ANSWERED] = {"answered", "has the answer to %o%b"},
    [PT_hop_kind_GAVE_UP] = {"gave_up", "gives up %o"},
    [PT_hop_kind_REPLIED] = {"replied", "replies to %o%b"},
    [PT_hop_kind_REQUEST_IN] = {"request_in", "%o in"},
    [PT_hop_kind_REQUEST_OUT] = {"request_out", "%o out"},
    [PT_hop_kind_ANSWER_IN] = {"answer_in", "answer to %o in"},
    [PT_hop_kind_ANSWER_OUT] = {"answer_out", "answer to %o out"},
    [PT_hop_kind_BEGUN] = {"begun", "begins a transaction of %n"},
    [PT_hop_kind_NUMBERED] = {"numbered", "numbers %s, sends the rows and COMMIT"},
    [PT_hop_kind_COMMITTED] = {"committed", "has %s committed"},
    [PT_hop_kind_PUBLISHED] = {"published", "publishes %s"},
    [PT_hop_kind_ACKED] = {"acked", "answers the client%s"},
    [PT_hop_kind_RECEIVED] = {"received", "hears of %s%b"},
    [PT_hop_kind_HELD] = {"held", "holds %s back: something before it is missing"},
    [PT_hop_kind_REPAIR] = {"repair", "asks for what is missing of %s"},
    [PT_hop_kind_DELIVERED] = {"delivered", "delivers %s to %n"},
};

static const char *s_op_name (const pt_hop_t *hop)
{
    const pt_call_t *op = hop->has_opcode ? pt_call_find ((uint16_t)hop->opcode) : NULL;
    return op ? op->name : "a request";
}

static void s_put_seqs (const pt_hop_t *hop, pt_buf_t *out)
{
    const char *space = hop->kind == PT_hop_kind_ACKED ? ": " : "";
    if (hop->has_last)
        pt_buf_printf (out, "%s%" PRIu64 "..%" PRIu64, space, hop->seq, hop->last);
    else if (hop->has_seq)
        pt_buf_printf (out, "%s%" PRIu64, space, hop->seq);
    else if (hop->kind != PT_hop_kind_ACKED)
        pt_buf_puts (out, "nothing");
}

static void s_put_word (const pt_hop_t *hop, char word, pt_buf_t *out)
{
    const char *unit = hop->kind == PT_hop_kind_BEGUN ? "row" : "subscription";
    if (word == 'o')
        pt_buf_puts (out, s_op_name (hop));
    else if (word == 's')
        s_put_seqs (hop, out);
    else if (word == 'b' && hop->has_broker)
        pt_buf_printf (out, " (broker %" PRIu64 ")", hop->broker);
    else if (word == 'n')
        pt_buf_printf (out, "%" PRIu64 " %s%s", hop->has_count ? hop->count : 0, unit,
                       hop->has_count && hop->count == 1 ? "" : "s");
}

static void s_put_what (const pt_hop_t *hop, pt_buf_t *out)
{
    const char *text = (size_t)hop->kind < sizeof s_kinds / sizeof *s_kinds ? s_kinds[hop->kind].text : NULL;
    for (const char *at = text ? text : "?"; *at; at++)
        if (*at == '%')
            s_put_word (hop, *++at, out);
        else
            pt_buf_put (out, at, 1);
    if (hop->has_status)
        pt_buf_printf (out, ": %s", pt_error_name ((int)hop->status));
}

static void s_put_time (int64_t at_us, pt_buf_t *out)
{
    time_t seconds = (time_t)(at_us / 1000000);
    struct tm parts;
    char text[32];
    gmtime_r (&seconds, &parts);
    strftime (text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    pt_buf_printf (out, "%s.%06dZ", text, (int)(at_us % 1000000));
}

/*  ---- for people ------------------------------------------------------------------- */

/*  The columns of the graph: one for each process, from its first hop to its last. */
typedef struct {
    unsigned lanes[S_SOURCES]; /* by source; 0: none yet */
    unsigned last[S_LANES + 1];
    unsigned count;
} s_graph_t;

static void s_lay_out (const cli_timeline_t *self, s_graph_t *graph)
{
    for (unsigned i = 0; i < self->hop_count; i++) {
        unsigned *lane = &graph->lanes[self->hops[i].source];
        if (*lane == 0)
            *lane = graph->count < S_LANES ? ++graph->count : S_LANES;
        graph->last[*lane] = i;
    }
}

static void s_print_graph (const s_graph_t *graph, unsigned own, unsigned seen, unsigned row, pt_buf_t *out)
{
    for (unsigned lane = 1; lane <= graph->count; lane++) {
        bool is_open = lane <= seen && graph->last[lane] >= row;
        pt_buf_puts (out, lane == own ? "* " : is_open ? "| " : "  ");
    }
}

static void s_print_hops (const cli_timeline_t *self, pt_buf_t *out)
{
    s_graph_t graph = {0};
    s_lay_out (self, &graph);
    unsigned seen = 0;
    for (unsigned i = 0; i < self->hop_count; i++) {
        const s_hop_t *hop = &self->hops[i];
        const s_source_t *source = &self->sources[hop->source];
        unsigned own = graph.lanes[hop->source];
        double at_ms = (double)(hop->hop.at - self->hops[0].hop.at) / 1000;
        double step_ms = i > 0 ? (double)(hop->hop.at - self->hops[i - 1].hop.at) / 1000 : 0;
        char name[2 * CLI_NAME_LEN];
        seen = own > seen ? own : seen;
        snprintf (name, sizeof name, "%s %" PRIu64, source->service, source->pid);
        pt_buf_printf (out, "%9.3f ms  +%-8.3f ", at_ms, step_ms);
        s_print_graph (&graph, own, seen, i, out);
        pt_buf_printf (out, " %-15s ", name);
        s_put_what (&hop->hop, out);
        pt_buf_puts (out, "\n");
    }
}

static void s_print_item (const cli_timeline_t *self, pt_buf_t *out)
{
    uint64_t room, seq;
    if (!cli_timeline_message (self, &room, &seq))
        return;
    pt_buf_printf (out, "room %" PRIu64 " seq %" PRIu64 ": ", room, seq);
    if (!self->has_item) {
        pt_buf_puts (out, "store has no such item, or could not be asked\n");
        return;
    }
    if (self->item.kind == PT_item_kind_MESSAGE)
        pt_buf_printf (out, "message by account %" PRIu64 ", send_id %s, ", self->item.sender, self->send_id);
    else
        pt_buf_printf (out, "change of membership of account %" PRIu64 ", ",
                       self->item.has_account ? self->item.account : 0);
    pt_buf_puts (out, "committed at ");
    s_put_time (self->item.at, out);
    pt_buf_puts (out, "\n");
}

/*  Positions that travelled as one array have one request id: their hops are
    shown together. */
static bool s_is_array (const cli_timeline_t *self)
{
    for (unsigned i = 0; i < self->hop_count; i++)
        if (self->hops[i].hop.has_last && *self->hops[i].trace)
            return true;
    return false;
}

/*  When what is looked for happened, as far as that is known. */
static int64_t s_moment (const cli_timeline_t *self)
{
    return self->has_item ? self->item.at : self->hop_count > 0 ? self->hops[0].hop.at : 0;
}

static bool s_has_forgotten (const cli_timeline_t *self, const s_source_t *source)
{
    return source->since > s_moment (self);
}

static void s_print_notes (const cli_timeline_t *self, pt_buf_t *out)
{
    if (self->hop_count == 0)
        pt_buf_puts (out, "\nNo instance remembers a hop of it.\n");
    if (s_is_array (self))
        pt_buf_puts (out, "\nSeveral sends went as one array: its request id and hops are theirs together.\n");
    if (self->has_more)
        pt_buf_puts (out, "\nThere is more than is shown.\n");
    const char *before = "\n";
    for (unsigned i = 0; i < self->source_count; i++) {
        const s_source_t *source = &self->sources[i];
        if (!s_has_forgotten (self, source))
            continue;
        pt_buf_printf (out, "%s%s %" PRIu64 " remembers nothing before ", before, source->service, source->pid);
        s_put_time (source->since, out);
        pt_buf_puts (out, ".\n");
        before = "";
    }
    if (self->silent > 0)
        pt_buf_printf (out, "\nQuestions without an answer: %u.\n", self->silent);
}

void cli_timeline_print (cli_timeline_t *self, pt_buf_t *out)
{
    s_sort (self);
    s_print_item (self, out);
    for (unsigned i = 0; i < self->trace_count; i++)
        pt_buf_printf (out, "request %s\n", self->traces[i]);
    if (self->hop_count > 0) {
        pt_buf_puts (out, "from ");
        s_put_time (self->hops[0].hop.at, out);
        pt_buf_puts (out, "\n\n");
        s_print_hops (self, out);
    }
    s_print_notes (self, out);
}

/*  ---- for machines --------------------------------------------------------------------- */

static void s_print_hop_json (const cli_timeline_t *self, unsigned i, cli_json_t *json)
{
    const s_hop_t *hop = &self->hops[i];
    const pt_hop_t *facts = &hop->hop;
    const s_source_t *source = &self->sources[hop->source];
    const struct {
        const char *key;
        bool is_there;
        uint64_t value;
    } numbers[] = {
        {"at_us", true, (uint64_t)facts->at},
        {"step_us", i > 0, i > 0 ? (uint64_t)(facts->at - self->hops[i - 1].hop.at) : 0},
        {"pid", true, source->pid},
        {"seq", facts->has_seq, facts->seq},
        {"last", facts->has_last, facts->last},
        {"broker", facts->has_broker, facts->broker},
        {"count", facts->has_count, facts->count},
    };
    cli_json_open (json, NULL, '{');
    cli_json_text (json, "kind", s_kinds[facts->kind].name);
    cli_json_text (json, "service", source->service);
    cli_json_text (json, "instance", source->instance);
    for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++)
        if (numbers[n].is_there)
            cli_json_number (json, numbers[n].key, numbers[n].value);
    if (facts->has_opcode)
        cli_json_text (json, "op", s_op_name (facts));
    if (*hop->trace)
        cli_json_text (json, "request", hop->trace);
    if (facts->has_status)
        cli_json_text (json, "error", pt_error_name ((int)facts->status));
    cli_json_close (json, '}');
}

static void s_put_id (cli_json_t *json, const char *key, uint64_t id)
{
    char text[24];
    snprintf (text, sizeof text, "%" PRIu64, id);
    cli_json_text (json, key, text);
}

static void s_print_item_json (const cli_timeline_t *self, cli_json_t *json)
{
    uint64_t room, seq;
    if (cli_timeline_message (self, &room, &seq)) {
        s_put_id (json, "room", room);
        cli_json_number (json, "seq", seq);
    }
    if (!self->has_item)
        return;
    cli_json_open (json, "item", '{');
    if (self->item.has_sender)
        s_put_id (json, "sender", self->item.sender);
    cli_json_text (json, "send_id", self->send_id);
    cli_json_number (json, "at_us", (uint64_t)self->item.at);
    cli_json_close (json, '}');
}

void cli_timeline_print_json (cli_timeline_t *self, pt_buf_t *out)
{
    cli_json_t json = {.out = out};
    s_sort (self);
    cli_json_open (&json, NULL, '{');
    s_print_item_json (self, &json);
    cli_json_open (&json, "requests", '[');
    for (unsigned i = 0; i < self->trace_count; i++)
        cli_json_text (&json, NULL, self->traces[i]);
    cli_json_close (&json, ']');
    cli_json_open (&json, "hops", '[');
    for (unsigned i = 0; i < self->hop_count; i++)
        s_print_hop_json (self, i, &json);
    cli_json_close (&json, ']');
    cli_json_open (&json, "forgotten", '[');
    for (unsigned i = 0; i < self->source_count; i++)
        if (s_has_forgotten (self, &self->sources[i]))
            cli_json_text (&json, NULL, self->sources[i].instance);
    cli_json_close (&json, ']');
    cli_json_bool (&json, "more", self->has_more);
    cli_json_number (&json, "silent", self->silent);
    cli_json_close (&json, '}');
    pt_buf_puts (out, "\n");
}
