/*  sim_history - see sim_history.h. */

#include "sim_history.h"
#include "vf_line.h"
#include <stdarg.h>
#include <stdlib.h>

#define S_FIRST_CAP 1024

void sim_history_init (sim_history_t *self, sim_net_t *net, FILE *trace)
{
    *self = (sim_history_t){.net = net, .trace = trace, .hash = UINT64_C (0xcbf29ce484222325)};
}

void sim_history_fini (sim_history_t *self)
{
    free (self->lines);
    self->lines = NULL;
}

static void s_hash (sim_history_t *self, uint64_t value)
{
    self->hash = (self->hash ^ value) * UINT64_C (0x100000001b3);
    self->hash ^= self->hash >> 31;
}

static void s_print (const sim_history_t *self, const sim_line_t *line)
{
    fprintf (self->trace, "%10.3f c%-2u %-6s %-6s room %llu seq %llu head %llu", (double)line->at_us / 1e3,
             line->client, vf_kind_name ((vf_kind_t)line->kind), vf_op_name ((vf_op_t)line->op),
             (unsigned long long)line->room, (unsigned long long)line->seq, (unsigned long long)line->head);
    if (line->number)
        fprintf (self->trace, " c%u-%u", line->sender, line->number);
    fprintf (self->trace, " %s%s%s\n", line->what ? line->what : "", line->recovered ? " recovered" : "",
             line->duplicate ? " duplicate" : "");
}

void sim_history_add (sim_history_t *self, const sim_line_t *line)
{
    if (self->count == self->cap) {
        size_t cap = self->cap ? 2 * self->cap : S_FIRST_CAP;
        sim_line_t *lines = cap <= SIM_HISTORY_MAX ? realloc (self->lines, cap * sizeof *lines) : NULL;
        if (!lines) {
            sim_history_blame (self, VF_UNBOUNDED, "the schedule outgrew its history");
            return;
        }
        self->lines = lines;
        self->cap = cap;
    }
    sim_line_t *entry = &self->lines[self->count++];
    *entry = *line;
    entry->at_us = self->net->now_us;
    s_hash (self, entry->at_us);
    s_hash (self, (uint64_t)entry->client << 32 | (uint64_t)entry->op << 16 | entry->kind);
    s_hash (self, entry->room ^ entry->seq << 8);
    s_hash (self, (uint64_t)entry->sender << 32 | entry->number);
    if (self->trace)
        s_print (self, entry);
}

void sim_history_note (sim_history_t *self, const char *what, uint64_t a, uint64_t b)
{
    s_hash (self, self->net->now_us);
    s_hash (self, a << 32 ^ b);
    if (self->trace)
        fprintf (self->trace, "%10.3f --- %s %llu %llu\n", (double)self->net->now_us / 1e3, what, (unsigned long long)a,
                 (unsigned long long)b);
}

void sim_history_blame (sim_history_t *self, vf_finding_t finding, const char *format, ...)
{
    if (self->wrong[0])
        return;
    va_list args;
    va_start (args, format);
    vsnprintf (self->wrong, sizeof self->wrong, format, args);
    va_end (args);
    self->finding = finding;
    self->wrong_us = self->net->now_us;
    if (self->trace)
        fprintf (self->trace, "%10.3f !!! %s\n", (double)self->net->now_us / 1e3, self->wrong);
}
