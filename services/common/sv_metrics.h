/*  sv_metrics - counters, gauges and histograms, printed in Prometheus' text
    format.  Names start with parley_; no user or room ids as labels. */

#ifndef SV_METRICS_H
#define SV_METRICS_H

#include "pt_buf.h"
#include <stdint.h>

typedef struct sv_metrics sv_metrics_t;
typedef struct sv_metric sv_metric_t;

/*  At most this many metrics; registering more returns a metric that counts
    nowhere, so that callers need not look. */
#define SV_METRICS_MAX 128

sv_metrics_t *sv_metrics_new (void);
void sv_metrics_destroy (sv_metrics_t **self_p);

/*  Registers, or finds, a metric.  `labels` is NULL or `code="4401"`; strings
    are copied.  Owned by the registry; never NULL. */
sv_metric_t *sv_metrics_counter (sv_metrics_t *self, const char *name, const char *labels, const char *help);
sv_metric_t *sv_metrics_gauge (sv_metrics_t *self, const char *name, const char *labels, const char *help);

/*  Buckets of powers of two from 16 us to 33 s, in seconds. */
sv_metric_t *sv_metrics_histogram (sv_metrics_t *self, const char *name, const char *labels, const char *help);

void sv_metric_add (sv_metric_t *metric, uint64_t n);
void sv_metric_set (sv_metric_t *metric, uint64_t value);
void sv_metric_observe_us (sv_metric_t *metric, uint64_t us);
uint64_t sv_metric_value (const sv_metric_t *metric);

/*  The p-th percentile (0..100) of a histogram in microseconds, upper bound of
    its bucket; 0 when empty. */
uint64_t sv_metric_percentile_us (const sv_metric_t *metric, unsigned p);

void sv_metrics_print (const sv_metrics_t *self, pt_buf_t *out);

#endif
