/*  sv_metrics_test - registration, arithmetic, and the text format. */

#include "sv_metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int s_setup (void **state)
{
    *state = sv_metrics_new ();
    return *state ? 0 : -1;
}

static int s_teardown (void **state)
{
    sv_metrics_t *self = *state;
    sv_metrics_destroy (&self);
    assert_null (self);
    sv_metrics_destroy (&self);
    return 0;
}

static const char *s_print (const sv_metrics_t *self)
{
    static char text[64 * 1024];
    pt_buf_t buf;
    pt_buf_init (&buf, sizeof (text) - 1);
    sv_metrics_print (self, &buf);
    assert_int_equal (pt_buf_error (&buf), 0);
    memcpy (text, buf.at, buf.len);
    text[buf.len] = '\0';
    pt_buf_fini (&buf);
    return text;
}

static void one_name_and_labels_is_one_metric (void **state)
{
    sv_metric_t *metric = sv_metrics_counter (*state, "parley_x_total", "code=\"1\"", "X");
    assert_ptr_equal (metric, sv_metrics_counter (*state, "parley_x_total", "code=\"1\"", "X"));
    assert_ptr_not_equal (metric, sv_metrics_counter (*state, "parley_x_total", "code=\"2\"", "X"));
    assert_ptr_not_equal (metric, sv_metrics_counter (*state, "parley_x_total", NULL, "X"));
}

static void a_name_used_for_two_kinds_is_not_printed_twice (void **state)
{
    sv_metric_add (sv_metrics_counter (*state, "parley_x", NULL, "X"), 1);
    sv_metric_set (sv_metrics_gauge (*state, "parley_x", NULL, "X"), 77);
    assert_string_equal (s_print (*state), "# HELP parley_x X\n# TYPE parley_x counter\nparley_x 1\n");
}

static void series_of_one_name_are_printed_together (void **state)
{
    sv_metric_add (sv_metrics_counter (*state, "parley_a_total", "code=\"1\"", "A"), 2);
    sv_metric_set (sv_metrics_gauge (*state, "parley_b", NULL, "B"), 7);
    sv_metric_add (sv_metrics_counter (*state, "parley_a_total", "code=\"2\"", "A"), 3);
    assert_string_equal (s_print (*state), "# HELP parley_a_total A\n# TYPE parley_a_total counter\n"
                                           "parley_a_total{code=\"1\"} 2\nparley_a_total{code=\"2\"} 3\n"
                                           "# HELP parley_b B\n# TYPE parley_b gauge\nparley_b 7\n");
}

static void beyond_the_maximum_nothing_breaks_and_nothing_is_printed (void **state)
{
    char name[32];
    for (int i = 0; i < SV_METRICS_MAX; i++) {
        snprintf (name, sizeof (name), "parley_m%d", i);
        sv_metric_add (sv_metrics_counter (*state, name, NULL, ""), 1);
    }
    sv_metric_t *beyond = sv_metrics_counter (*state, "parley_beyond", NULL, "");
    sv_metric_add (beyond, 1);
    sv_metric_observe_us (sv_metrics_histogram (*state, "parley_beyond_too", NULL, ""), 5);
    assert_null (strstr (s_print (*state), "beyond"));
    assert_non_null (strstr (s_print (*state), "parley_m127 1\n"));
}

static void percentiles_are_upper_bounds_of_buckets (void **state)
{
    sv_metric_t *metric = sv_metrics_histogram (*state, "parley_t_seconds", NULL, "T");
    assert_int_equal (sv_metric_percentile_us (metric, 99), 0);
    static const struct {
        uint64_t us;
        uint64_t bound;
    } cases[] = {{0, 16},
                 {16, 16},
                 {17, 32},
                 {32, 32},
                 {33, 64},
                 {1000, 1024},
                 {1024, 1024},
                 {1025, 2048},
                 {33554432, 33554432},
                 {33554433, 67108864},
                 {UINT64_MAX, 67108864}};
    for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++) {
        char name[32];
        snprintf (name, sizeof (name), "parley_h%zu", i);
        sv_metric_t *one = sv_metrics_histogram (*state, name, NULL, "");
        sv_metric_observe_us (one, cases[i].us);
        assert_int_equal (sv_metric_percentile_us (one, 50), cases[i].bound);
    }
    for (int i = 0; i < 99; i++)
        sv_metric_observe_us (metric, 20);
    sv_metric_observe_us (metric, 5000);
    assert_int_equal (sv_metric_value (metric), 100);
    assert_int_equal (sv_metric_percentile_us (metric, 0), 32);
    assert_int_equal (sv_metric_percentile_us (metric, 99), 32);
    assert_int_equal (sv_metric_percentile_us (metric, 100), 8192);
}

static void a_histogram_prints_rising_buckets_sum_and_count (void **state)
{
    sv_metric_t *metric = sv_metrics_histogram (*state, "parley_t_seconds", "op=\"send\"", "T");
    sv_metric_observe_us (metric, 16);
    sv_metric_observe_us (metric, 1500000);
    sv_metric_observe_us (metric, 99000000);
    const char *text = s_print (*state);
    static const char *const lines[] = {
        "# TYPE parley_t_seconds histogram\n",
        "parley_t_seconds_bucket{op=\"send\",le=\"0.000016\"} 1\n",
        "parley_t_seconds_bucket{op=\"send\",le=\"1.048576\"} 1\n",
        "parley_t_seconds_bucket{op=\"send\",le=\"2.097152\"} 2\n",
        "parley_t_seconds_bucket{op=\"send\",le=\"33.554432\"} 2\n",
        "parley_t_seconds_bucket{op=\"send\",le=\"+Inf\"} 3\n",
        "parley_t_seconds_sum{op=\"send\"} 100.500016\n",
        "parley_t_seconds_count{op=\"send\"} 3\n",
    };
    for (size_t i = 0; i < sizeof (lines) / sizeof (lines[0]); i++) {
        text = strstr (text, lines[i]);
        assert_non_null (text);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (one_name_and_labels_is_one_metric),       TEST (a_name_used_for_two_kinds_is_not_printed_twice),
        TEST (series_of_one_name_are_printed_together), TEST (beyond_the_maximum_nothing_breaks_and_nothing_is_printed),
        TEST (percentiles_are_upper_bounds_of_buckets), TEST (a_histogram_prints_rising_buckets_sum_and_count),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
