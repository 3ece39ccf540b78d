/*  sv_metrics - counters, gauges and histograms of one daemon.

    A metric is a few words in a fixed table; adding to one touches no lock and
    no memory but its own.  All metrics of one name are printed together,
    whatever the order they came in, as Prometheus demands. */

#include "sv_metrics.h"

#include "pt_error.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*  Bucket i counts what took at most 2^(i + FIRST) microseconds; the last one
    has no bound. */
#define BUCKET_FIRST 4
#define BUCKET_LAST 25
#define BUCKET_COUNT (BUCKET_LAST - BUCKET_FIRST + 2)

typedef enum { KIND_COUNTER, KIND_GAUGE, KIND_HISTOGRAM } s_kind_t;

struct sv_metric {
    s_kind_t kind;
    char *name;
    char *labels; /* "" for none */
    char *help;
    uint64_t value; /* histogram: how many observations */
    uint64_t sum_us;
    uint64_t *buckets; /* histogram: BUCKET_COUNT counts, not cumulative */
};

struct sv_metrics {
    sv_metric_t table[SV_METRICS_MAX];
    size_t count;
    sv_metric_t nowhere; /* counts, and is never printed */
};

static const char *const s_kind_names[] = {"counter", "gauge", "histogram"};

sv_metrics_t *sv_metrics_new (void)
{
    return calloc (1, sizeof (sv_metrics_t));
}

static void s_metric_fini (sv_metric_t *metric)
{
    free (metric->name);
    free (metric->labels);
    free (metric->help);
    free (metric->buckets);
    memset (metric, 0, sizeof (*metric));
}

void sv_metrics_destroy (sv_metrics_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    sv_metrics_t *self = *self_p;
    for (size_t i = 0; i < self->count; i++)
        s_metric_fini (&self->table[i]);
    free (self);
    *self_p = NULL;
}

static sv_metric_t *s_metric_find (sv_metrics_t *self, const char *name, const char *labels)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp (self->table[i].name, name) == 0 && strcmp (self->table[i].labels, labels) == 0)
            return &self->table[i];
    return NULL;
}

static sv_metric_t *s_metric_get (sv_metrics_t *self, s_kind_t kind, const char *name, const char *labels,
                                  const char *help)
{
    labels = labels ? labels : "";
    sv_metric_t *metric = s_metric_find (self, name, labels);
    if (metric)
        return metric->kind == kind ? metric : &self->nowhere;
    if (self->count == SV_METRICS_MAX)
        return &self->nowhere;
    metric = &self->table[self->count];
    metric->kind = kind;
    metric->name = strdup (name);
    metric->labels = strdup (labels);
    metric->help = strdup (help ? help : "");
    metric->buckets = kind == KIND_HISTOGRAM ? calloc (BUCKET_COUNT, sizeof (uint64_t)) : NULL;
    if (!metric->name || !metric->labels || !metric->help || (kind == KIND_HISTOGRAM && !metric->buckets)) {
        s_metric_fini (metric);
        return &self->nowhere;
    }
    self->count++;
    return metric;
}

sv_metric_t *sv_metrics_counter (sv_metrics_t *self, const char *name, const char *labels, const char *help)
{
    return s_metric_get (self, KIND_COUNTER, name, labels, help);
}

sv_metric_t *sv_metrics_gauge (sv_metrics_t *self, const char *name, const char *labels, const char *help)
{
    return s_metric_get (self, KIND_GAUGE, name, labels, help);
}

sv_metric_t *sv_metrics_histogram (sv_metrics_t *self, const char *name, const char *labels, const char *help)
{
    return s_metric_get (self, KIND_HISTOGRAM, name, labels, help);
}

void sv_metric_add (sv_metric_t *metric, uint64_t n)
{
    metric->value += n;
}

void sv_metric_set (sv_metric_t *metric, uint64_t value)
{
    metric->value = value;
}

uint64_t sv_metric_value (const sv_metric_t *metric)
{
    return metric->value;
}

static unsigned s_bucket_of (uint64_t us)
{
    if (us <= (uint64_t)1 << BUCKET_FIRST)
        return 0;
    /*  The power of two at or above `us`. */
    unsigned power = 64 - (unsigned)__builtin_clzll (us - 1);
    return power > BUCKET_LAST ? BUCKET_COUNT - 1 : power - BUCKET_FIRST;
}

void sv_metric_observe_us (sv_metric_t *metric, uint64_t us)
{
    metric->value++;
    metric->sum_us += us;
    if (metric->buckets)
        metric->buckets[s_bucket_of (us)]++;
}

uint64_t sv_metric_percentile_us (const sv_metric_t *metric, unsigned p)
{
    if (!metric->buckets || metric->value == 0)
        return 0;
    uint64_t wanted = (metric->value * (p > 100 ? 100 : p) + 99) / 100;
    uint64_t seen = 0;
    for (unsigned i = 0; i < BUCKET_COUNT; i++) {
        seen += metric->buckets[i];
        if (seen >= wanted && seen > 0)
            return (uint64_t)1 << (i + BUCKET_FIRST);
    }
    return (uint64_t)1 << (BUCKET_LAST + 1);
}

/*  Microseconds as seconds, without trailing zeros. */
static void s_print_seconds (pt_buf_t *out, uint64_t us)
{
    char text[32];
    int len = snprintf (text, sizeof (text), "%llu.%06llu", (unsigned long long)(us / 1000000),
                        (unsigned long long)(us % 1000000));
    while (len > 0 && text[len - 1] == '0')
        len--;
    if (len > 0 && text[len - 1] == '.')
        len--;
    pt_buf_put (out, text, (size_t)len);
}

/*  `name_suffix{labels}` and a space. */
static void s_print_series (pt_buf_t *out, const sv_metric_t *metric, const char *suffix)
{
    pt_buf_printf (out, "%s%s", metric->name, suffix);
    if (metric->labels[0])
        pt_buf_printf (out, "{%s}", metric->labels);
    pt_buf_puts (out, " ");
}

static void s_print_histogram (pt_buf_t *out, const sv_metric_t *metric)
{
    uint64_t seen = 0;
    for (unsigned i = 0; i < BUCKET_COUNT; i++) {
        seen += metric->buckets[i];
        pt_buf_printf (out, "%s_bucket{%s%sle=\"", metric->name, metric->labels, metric->labels[0] ? "," : "");
        if (i == BUCKET_COUNT - 1)
            pt_buf_puts (out, "+Inf");
        else
            s_print_seconds (out, (uint64_t)1 << (i + BUCKET_FIRST));
        pt_buf_printf (out, "\"} %llu\n", (unsigned long long)seen);
    }
    s_print_series (out, metric, "_sum");
    s_print_seconds (out, metric->sum_us);
    pt_buf_puts (out, "\n");
    s_print_series (out, metric, "_count");
    pt_buf_printf (out, "%llu\n", (unsigned long long)metric->value);
}

static void s_print_metric (pt_buf_t *out, const sv_metric_t *metric)
{
    if (metric->kind == KIND_HISTOGRAM) {
        s_print_histogram (out, metric);
        return;
    }
    s_print_series (out, metric, "");
    pt_buf_printf (out, "%llu\n", (unsigned long long)metric->value);
}

static bool s_is_first_of_name (const sv_metrics_t *self, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp (self->table[i].name, self->table[index].name) == 0)
            return false;
    return true;
}

void sv_metrics_print (const sv_metrics_t *self, pt_buf_t *out)
{
    for (size_t i = 0; i < self->count; i++) {
        const sv_metric_t *first = &self->table[i];
        if (!s_is_first_of_name (self, i))
            continue;
        pt_buf_printf (out, "# HELP %s %s\n# TYPE %s %s\n", first->name, first->help, first->name,
                       s_kind_names[first->kind]);
        for (size_t j = i; j < self->count; j++)
            if (strcmp (self->table[j].name, first->name) == 0 && self->table[j].kind == first->kind)
                s_print_metric (out, &self->table[j]);
    }
}
