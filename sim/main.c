/*  parley-sim - the deterministic simulator behind `parley sim`. */

#include "sim_world.h"
#include <getopt.h>
#include <malloc.h>
#include <stdlib.h>
#include <time.h>

enum { S_OK = 0, S_FAILED = 1, S_USAGE = 2 };

typedef struct {
    uint64_t seed, schedules, events, seconds;
    FILE *trace; /* NULL: none */
} s_options_t;

typedef struct {
    uint64_t schedules, events, steps, faults, sent, received;
} s_sums_t;

static int s_usage (FILE *out)
{
    fprintf (out, "usage: parley sim [--seed n] [--schedules n] [--events n] [--seconds n] [--trace file]\n");
    return out == stdout ? S_OK : S_USAGE;
}

static bool s_number (const char *text, uint64_t *out)
{
    char *end;
    *out = strtoull (text, &end, 0);
    return *text && !*end;
}

static double s_now (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void s_print_sums (const s_sums_t *sums, double seconds)
{
    if (seconds < 0.001)
        seconds = 0.001;
    printf ("%llu schedules, %llu events, %llu faults, %llu sends, %llu deliveries in %.1f s: %.0f schedules/s, %.0f "
            "events/s\n",
            (unsigned long long)sums->schedules, (unsigned long long)sums->events, (unsigned long long)sums->faults,
            (unsigned long long)sums->sent, (unsigned long long)sums->received, seconds,
            (double)sums->schedules / seconds, (double)sums->events / seconds);
    fflush (stdout);
}

static void s_add (s_sums_t *sums, const sim_result_t *result)
{
    sums->schedules++;
    sums->events += result->events;
    sums->steps += result->steps;
    sums->faults += result->faults;
    sums->sent += result->sent;
    sums->received += result->received;
}

static int s_run (const s_options_t *options)
{
    s_sums_t sums = {0};
    double begin = s_now (), told = begin;
    uint64_t hash = 0;
    for (uint64_t i = 0; i < options->schedules; i++) {
        sim_order_t order = {.seed = options->seed + i, .events_min = options->events, .trace = options->trace};
        sim_result_t result;
        if (sim_world_run (&order, &result) != 0) {
            fprintf (stderr, "parley-sim: out of memory\n");
            return S_FAILED;
        }
        s_add (&sums, &result);
        hash = hash * 31 + result.hash;
        if (!result.is_good) {
            printf ("seed %llu: %s: %s\nrepeat with: parley sim --seed %llu --events %llu --trace -\n",
                    (unsigned long long)order.seed, vf_finding_name (result.finding), result.wrong,
                    (unsigned long long)order.seed, (unsigned long long)options->events);
            s_print_sums (&sums, s_now () - begin);
            return S_FAILED;
        }
        if (s_now () - told >= 10) {
            told = s_now ();
            s_print_sums (&sums, told - begin);
        }
        if (options->seconds && s_now () - begin >= (double)options->seconds)
            break;
    }
    s_print_sums (&sums, s_now () - begin);
    printf ("nothing wrong; trace hash %016llx\n", (unsigned long long)hash);
    return S_OK;
}

/*  Large tables stay maps of their own: the kernel zeroes the few pages of them
    that a short life touches. */
#define S_MAP_BYTES (256 * 1024)

int main (int argc, char **argv)
{
    mallopt (M_MMAP_THRESHOLD, S_MAP_BYTES);
    static const struct option known[] = {
        {"seed", required_argument, NULL, 's'},
        {"schedules", required_argument, NULL, 'n'},
        {"events", required_argument, NULL, 'e'},
        {"trace", required_argument, NULL, 't'},
        {"seconds", required_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    s_options_t options = {.seed = 1, .events = 1000};
    int option;
    bool is_good = true;
    while ((option = getopt_long (argc, argv, "h", known, NULL)) != -1) {
        if (option == 'h')
            return s_usage (stdout);
        if (option == 't')
            is_good = (options.trace = strcmp (optarg, "-") ? fopen (optarg, "we") : stdout) && is_good;
        else if (option == 's')
            is_good = s_number (optarg, &options.seed) && is_good;
        else if (option == 'n')
            is_good = s_number (optarg, &options.schedules) && is_good;
        else if (option == 'e')
            is_good = s_number (optarg, &options.events) && is_good;
        else if (option == 'l')
            is_good = s_number (optarg, &options.seconds) && is_good;
        else
            return s_usage (stderr);
    }
    if (!is_good || optind < argc)
        return s_usage (stderr);
    if (options.schedules == 0)
        options.schedules = options.seconds ? UINT64_MAX : 1;
    return s_run (&options);
}
