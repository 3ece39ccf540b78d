/*  cli_verify_logs - `parley verify --logs`: reads a run's logs, judges them, and
    shows what is around the first faults. */

#include "cli_commands.h"
#include "cli_verify.h"
#include "vf_folder.h"
#include <stdlib.h>
#include <unistd.h>

#define MALFORMED 65 /* EX_DATAERR */

typedef struct {
    vf_judge_t *judge;
    vf_around_t *around;
    const char *what;
    bool is_shown; /* somebody watches */
    unsigned percent;
} reading_t;

static int s_judge (void *ctx, const vf_event_t *event, const char *line, size_t len)
{
    (void)line;
    (void)len;
    return vf_judge_add (((reading_t *)ctx)->judge, event);
}

static int s_look (void *ctx, const vf_event_t *event, const char *line, size_t len)
{
    vf_around_add (((reading_t *)ctx)->around, event, line, len);
    return 0;
}

static void s_progress (void *ctx, uint64_t bytes, uint64_t all_bytes)
{
    reading_t *self = ctx;
    unsigned percent = all_bytes ? (unsigned)(bytes * 100 / all_bytes) : 100;
    if (self->is_shown && percent != self->percent)
        fprintf (stderr, "\r%s: %u %%%s", self->what, percent, percent == 100 ? "\n" : "");
    self->percent = percent;
}

static int s_read (reading_t *self, const char *folder, int (*event) (void *, const vf_event_t *, const char *, size_t),
                   const char *what)
{
    char fault[512] = "";
    vf_reader_t reader = {event, s_progress, self};
    self->what = what;
    self->percent = 101;
    int rc = vf_folder_read (folder, &reader, fault, sizeof fault);
    if (rc == 0)
        return CLI_OK;
    fprintf (stderr, "parley: %s\n", *fault ? fault : "out of memory");
    return rc == -PT_E_malformed || rc == -PT_E_too_large ? MALFORMED : CLI_USAGE;
}

static int s_tell (reading_t *self, const vf_counts_t *counts, bool is_good, bool is_json)
{
    pt_buf_t buf;
    pt_buf_init (&buf, CLI_OUTPUT_MAX);
    if (is_json)
        cli_verify_print_json (self->judge, counts, self->around, &buf);
    else
        cli_verify_print (self->judge, counts, self->around, &buf);
    int rc = cli_output (&buf, is_good ? CLI_OK : CLI_MISSING);
    pt_buf_fini (&buf);
    return rc;
}

static int s_limits (const cli_options_t *options, vf_limits_t *out)
{
    const cli_spec_t *spec = &cli_verify_spec;
    *out = (vf_limits_t){0};
    int rc = cli_options_number (options, spec, CLI_VERIFY_RECOVERY_MS, UINT32_MAX, &out->recovery_ms, stderr);
    if (rc == 0)
        rc = cli_options_number (options, spec, CLI_VERIFY_RSS_MAX, UINT64_MAX / 2, &out->rss_max, stderr);
    if (rc == 0)
        rc = cli_options_number (options, spec, CLI_VERIFY_FDS_MAX, UINT32_MAX, &out->fds_max, stderr);
    return rc;
}

int cli_verify_logs (const cli_options_t *options)
{
    vf_limits_t limits;
    int rc = s_limits (options, &limits);
    if (rc != 0)
        return rc;
    const char *folder = options->own[CLI_VERIFY_LOGS];
    reading_t self = {.judge = vf_judge_new (&limits), .is_shown = isatty (STDERR_FILENO)};
    rc = self.judge ? s_read (&self, folder, s_judge, "judging") : CLI_UNAVAILABLE;
    if (rc == CLI_OK) {
        vf_counts_t counts;
        unsigned count;
        bool is_good = vf_judge_finish (self.judge, &counts);
        const vf_fault_t *faults = vf_judge_faults (self.judge, &count);
        self.around = count ? vf_around_new (faults, count) : NULL;
        rc = self.around ? s_read (&self, folder, s_look, "looking around") : CLI_OK;
        if (rc == CLI_OK)
            rc = s_tell (&self, &counts, is_good, options->is_json);
    }
    vf_around_destroy (&self.around);
    vf_judge_destroy (&self.judge);
    return rc;
}
