/*  timing - whether the time of a refused sign-in tells who exists: parley-auth
    with a fake store, four reasons for a refusal in random order.

    For each reason: mean and deviation; against the first: Welch's t with its
    two-sided p, and how often the best threshold guesses right.  The threshold is
    chosen on one half of the samples and judged on the other: 50 % is chance, and
    with 2000 samples a reason chance alone gives 47.8 to 52.2 % (two deviations). */

#include "auth_fake.h"
#include "sv_loop.h"
#include <math.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>

#include <cmocka.h>

#define SAMPLES_MAX 100000
#define REASONS 4

static const struct {
    char first; /* of the identifier */
    const char *name;
    bool is_known, has_password, active;
} s_reasons[REASONS] = {
    {'w', "wrong password", true, true, true},
    {'u', "unknown account", false, false, false},
    {'n', "no password", true, false, true},
    {'i', "inactive", true, true, false},
};

typedef struct {
    size_t count;
    double us[SAMPLES_MAX];
} s_samples_t;

static s_samples_t s_samples[REASONS];

static void s_on_find (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    const fake_t *fake = ctx;
    const pt_account_find_t *find = call->msg;
    for (size_t i = 0; i < REASONS; i++) {
        if (find->identifier.at[0] != s_reasons[i].first || !s_reasons[i].is_known)
            continue;
        const pt_account_t account = {.id = 7, .login = find->identifier, .has_login = true};
        const pt_account_secret_t found = {.account = &account,
                                           .password_hash = pt_str (fake->good_hash),
                                           .has_password_hash = s_reasons[i].has_password,
                                           .active = s_reasons[i].active};
        harness_answer (harness, call, &found);
        return;
    }
    harness_refuse (harness, call, PT_E_not_found, "no such account");
}

/*  Each with a name of its own, so that no limit is met. */
static void s_sample (fake_t *fake, size_t reason)
{
    s_samples_t *samples = &s_samples[reason];
    char name[32];
    snprintf (name, sizeof name, "%c%08zu", s_reasons[reason].first, samples->count);
    const pt_session_create_t ask = {
        .identifier = pt_str (name), .password = PT_LIT ("not the password"), .key = PT_LIT ("k")};
    uint64_t start_us = sv_now_us ();
    const harness_frame_t *reply = fake_ask (fake, PT_OP_auth_session_create, &ask);
    samples->us[samples->count++] = (double)(sv_now_us () - start_us);
    assert_int_equal (reply->envelope.status, PT_E_bad_credentials);
}

static void s_measure (fake_t *fake, size_t count)
{
    size_t left = count * REASONS;
    for (; left > 0; left--) {
        size_t reason = randombytes_uniform (REASONS);
        while (s_samples[reason].count >= count)
            reason = (reason + 1) % REASONS;
        s_sample (fake, reason);
    }
}

/*  ---- judging -------------------------------------------------------------------- */

static double s_mean (const s_samples_t *samples)
{
    double sum = 0;
    for (size_t i = 0; i < samples->count; i++)
        sum += samples->us[i];
    return sum / (double)samples->count;
}

static double s_variance (const s_samples_t *samples)
{
    double mean = s_mean (samples), sum = 0;
    for (size_t i = 0; i < samples->count; i++)
        sum += (samples->us[i] - mean) * (samples->us[i] - mean);
    return sum / (double)(samples->count - 1);
}

static double s_welch (const s_samples_t *a, const s_samples_t *b)
{
    double error = s_variance (a) / (double)a->count + s_variance (b) / (double)b->count;
    return (s_mean (a) - s_mean (b)) / sqrt (error);
}

/*  Of the samples with this parity, the share above `limit`. */
static double s_above (const s_samples_t *samples, size_t parity, double limit)
{
    size_t above = 0, all = 0;
    for (size_t i = parity; i < samples->count; i += 2, all++)
        above += samples->us[i] > limit;
    return (double)above / (double)all;
}

/*  How often a guess by the best of 200 thresholds is right. */
static double s_accuracy (const s_samples_t *a, const s_samples_t *b)
{
    double best = 0, limit = 0, low = s_mean (a) * 0.5, high = s_mean (a) * 1.5;
    for (int i = 0; i <= 200; i++) {
        double at = low + (high - low) * i / 200;
        double gain = s_above (a, 0, at) - s_above (b, 0, at);
        if (fabs (gain) > fabs (best)) {
            best = gain;
            limit = at;
        }
    }
    double gain = s_above (a, 1, limit) - s_above (b, 1, limit);
    return 0.5 + 0.5 * (best < 0 ? -gain : gain);
}

static int s_compare (const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/*  Sorts the samples, so it comes last. */
static double s_median (s_samples_t *samples)
{
    qsort (samples->us, samples->count, sizeof samples->us[0], s_compare);
    return samples->us[samples->count / 2];
}

static void s_print (void)
{
    printf ("%-16s %8s %12s %12s %8s %8s %10s\n", "refused for", "samples", "mean us", "deviation", "t", "p",
            "guessed");
    for (size_t i = 0; i < REASONS; i++) {
        const s_samples_t *samples = &s_samples[i];
        printf ("%-16s %8zu %12.1f %12.1f", s_reasons[i].name, samples->count, s_mean (samples),
                sqrt (s_variance (samples)));
        if (i == 0)
            printf ("\n");
        else {
            double t = s_welch (samples, &s_samples[0]);
            printf (" %8.2f %8.3f %9.1f%%\n", t, erfc (fabs (t) / sqrt (2)), 100 * s_accuracy (samples, &s_samples[0]));
        }
    }
    printf ("medians, us:");
    for (size_t i = 0; i < REASONS; i++)
        printf ("  %s %.0f", s_reasons[i].name, s_median (&s_samples[i]));
    printf ("\n");
}

static size_t s_count;

static void s_run (void **state)
{
    (void)state;
    fake_t *fake = fake_new ();
    assert_non_null (fake);
    fake_start (fake, NULL);
    harness_fake (fake->harness, PT_OP_store_account_find, s_on_find, fake);
    s_measure (fake, s_count);
    fake_destroy (&fake);
    s_print ();
}

int main (int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (s_run)};
    s_count = argc > 1 ? strtoul (argv[1], NULL, 10) : 2000;
    if (sodium_init () < 0 || s_count < 4 || s_count > SAMPLES_MAX) {
        fprintf (stderr, "usage: timing [samples a reason, 4 to %d]\n", SAMPLES_MAX);
        return 2;
    }
    return cmocka_run_group_tests (tests, NULL, NULL);
}
