/*  cli_verify_print - a verdict as a table, and as JSON. */

#include "cli_text.h"
#include "cli_verify.h"
#include <stdio.h>

/*  The figures of a verdict: key in JSON, words in the table. */
static const struct {
    const char *key, *words;
    size_t at;
} s_figures[] = {
#define FIGURE(member, words)                                                                                          \
    {                                                                                                                  \
#member, words, offsetof(vf_counts_t, member)                                                                  \
    }
    FIGURE (events, "lines read"),
    FIGURE (clients, "clients"),
    FIGURE (rooms, "rooms"),
    FIGURE (sent, "sent"),
    FIGURE (acked, "acknowledged"),
    FIGURE (acked_in_faults, "acknowledged inside faults"),
    FIGURE (refused, "refused"),
    FIGURE (unknown, "outcome unknown"),
    FIGURE (stored, "stored"),
    FIGURE (delivered, "delivered"),
    FIGURE (faults, "faults injected"),
    FIGURE (worst_recovery_ms, "worst recovery, ms"),
    FIGURE (ack_p50_us, "to acknowledgement, p50 us"),
    FIGURE (ack_p99_us, "p99 us"),
    FIGURE (ack_max_us, "longest us"),
    FIGURE (revoked, "sessions signed out"),
    FIGURE (revoked_closed, "their sockets closed for it"),
    FIGURE (close_p50_us, "signed out to closed, p50 us"),
    FIGURE (close_p99_us, "p99 us"),
    FIGURE (close_max_us, "longest us"),
    FIGURE (rss_peak, "peak memory of a process, bytes"),
    FIGURE (fds_peak, "peak descriptors of a process"),
#undef FIGURE
};
#define FIGURES (sizeof s_figures / sizeof s_figures[0])

static const struct {
    const char *key;
    vf_class_t class;
} s_classes[] = {
    {"lost", VF_CLASS_LOST},         {"doubled", VF_CLASS_DOUBLED}, {"reordered", VF_CLASS_REORDERED},
    {"outlived", VF_CLASS_OUTLIVED}, {"other", VF_CLASS_OTHER},
};
#define CLASSES (sizeof s_classes / sizeof s_classes[0])

static uint64_t s_figure (const vf_counts_t *counts, size_t i)
{
    return *(const uint64_t *)((const char *)counts + s_figures[i].at);
}

static void s_print_fault (const vf_fault_t *fault, vf_around_t *around, unsigned index, pt_buf_t *out)
{
    pt_buf_printf (out, "\n%s: %s", vf_finding_name (fault->finding), fault->text);
    if (fault->room)
        pt_buf_printf (out, " (room %llu)", (unsigned long long)fault->room);
    pt_buf_puts (out, "\n");
    unsigned count = 0;
    const char (*lines)[VF_AROUND_LEN] = around ? vf_around_lines (around, index, &count) : NULL;
    for (unsigned i = 0; i < count; i++)
        pt_buf_printf (out, "    %s\n", lines[i]);
}

/*  Logs without the rooms' final items say nothing about what is stored. */
static const char *s_verdict (const vf_counts_t *counts, unsigned faults)
{
    if (faults)
        return "\nSomething acknowledged did not hold.\n";
    return counts->stored || !counts->acked ? "\nEverything acknowledged held.\n"
                                            : "\nNothing wrong was delivered; what is stored is not in these logs "
                                              "and was not judged.\n";
}

void cli_verify_print (const vf_judge_t *judge, const vf_counts_t *counts, vf_around_t *around, pt_buf_t *out)
{
    cli_table_t *table = cli_table_new ("what|>how many");
    if (!table)
        return;
    for (size_t i = 0; i < FIGURES; i++) {
        cli_table_row (table);
        cli_table_cell (table, "%s", s_figures[i].words);
        cli_table_cell (table, "%llu", (unsigned long long)s_figure (counts, i));
    }
    for (size_t i = 0; i < CLASSES; i++) {
        cli_table_row (table);
        cli_table_cell (table, "%s", s_classes[i].class == VF_CLASS_OTHER ? "other findings" : s_classes[i].key);
        cli_table_cell (table, "%llu", (unsigned long long)vf_counts_of (counts, s_classes[i].class));
    }
    cli_table_print (table, out);
    cli_table_destroy (&table);
    unsigned count;
    const vf_fault_t *faults = vf_judge_faults (judge, &count);
    for (unsigned i = 0; i < count && i < VF_AROUND_FAULTS; i++)
        s_print_fault (&faults[i], around, i, out);
    pt_buf_puts (out, s_verdict (counts, count));
}

static void s_json_fault (cli_json_t *json, const vf_fault_t *fault, vf_around_t *around, unsigned index)
{
    cli_json_open (json, NULL, '{');
    cli_json_text (json, "finding", vf_finding_name (fault->finding));
    cli_json_text (json, "text", fault->text);
    cli_json_number (json, "room", fault->room);
    cli_json_number (json, "seq", fault->seq);
    unsigned count = 0;
    const char (*lines)[VF_AROUND_LEN] = around ? vf_around_lines (around, index, &count) : NULL;
    cli_json_open (json, "around", '[');
    for (unsigned i = 0; i < count; i++)
        cli_json_text (json, NULL, lines[i]);
    cli_json_close (json, ']');
    cli_json_close (json, '}');
}

void cli_verify_print_json (const vf_judge_t *judge, const vf_counts_t *counts, vf_around_t *around, pt_buf_t *out)
{
    cli_json_t json = {.out = out};
    unsigned count;
    const vf_fault_t *faults = vf_judge_faults (judge, &count);
    cli_json_open (&json, NULL, '{');
    cli_json_bool (&json, "good", count == 0);
    for (size_t i = 0; i < FIGURES; i++)
        cli_json_number (&json, s_figures[i].key, s_figure (counts, i));
    for (size_t i = 0; i < CLASSES; i++)
        cli_json_number (&json, s_classes[i].key, vf_counts_of (counts, s_classes[i].class));
    cli_json_open (&json, "findings", '[');
    for (unsigned i = 0; i < count; i++)
        s_json_fault (&json, &faults[i], around, i);
    cli_json_close (&json, ']');
    cli_json_close (&json, '}');
    pt_buf_puts (out, "\n");
}
