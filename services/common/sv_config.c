/*  sv_config - settings of one program: collected, judged, then applied.

    Design note.  A reading is complete before anything is applied: all faults
    are reported together, and a reload that fails has changed nothing.  Texts
    live in arenas: `kept` for the life of the object, and one for each of the
    last two reloads. */

#include "sv_config_priv.h"

#include "sv_version.h"
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE 2
#define EXIT_CONFIG 78

/*  ---- a reading -------------------------------------------------------------- */

static void s_judge_setting (const sv_setting_t *setting, const sv_entry_t *entry, sv_value_t *out, pt_arena_t *arena,
                             sv_faults_t *faults)
{
    if (entry->source == SOURCE_NONE) {
        if (setting->flags & SV_NEEDED)
            sv_faults_config (faults, "--%s or %s is needed: %s", setting->name,
                              sv_config_env_name (arena, setting->name, false), setting->help);
        return;
    }
    char fault[SV_FAULT_LEN];
    if (sv_value_parse (setting, entry->text, out, fault) == 0)
        return;
    if (entry->source == SOURCE_FLAG)
        sv_faults_usage (faults, "%s: %s", entry->origin, fault);
    else
        sv_faults_config (faults, "%s: %s", entry->origin, fault);
}

/*  Collects and judges; returns arrays of one entry and one value a setting in
    `arena`.  0, -PT_E_memory, or -PT_E_invalid when there were faults. */
static int s_read (const sv_config_t *self, pt_arena_t *arena, sv_faults_t *faults, sv_entry_t **out_entries,
                   sv_value_t **out_values)
{
    sv_entry_t *entries = pt_arena_alloc (arena, (self->count + 1) * sizeof (*entries));
    sv_value_t *values = pt_arena_alloc (arena, (self->count + 1) * sizeof (*values));
    if (!entries || !values)
        return -PT_E_memory;
    unsigned faults_before = faults->usage_count + faults->config_count;
    sv_config_read_all (self, arena, entries, faults);
    unsigned faults_read = faults->usage_count + faults->config_count;
    /*  What could not be read is not complained about a second time as missing. */
    for (size_t i = 0; i < self->count; i++)
        if (entries[i].source != SOURCE_NONE || faults_read == faults_before)
            s_judge_setting (&self->table[i], &entries[i], &values[i], arena, faults);
    if (faults->usage_count + faults->config_count > faults_before)
        return -PT_E_invalid;
    *out_entries = entries;
    *out_values = values;
    return 0;
}

static void s_apply (sv_config_t *self, size_t index, const sv_entry_t *entry, const sv_value_t *value)
{
    const sv_setting_t *setting = &self->table[index];
    char *member = self->target + setting->offset;
    self->entries[index] = *entry;
    if (setting->type == SV_TYPE_STR)
        memcpy (member, &value->text, sizeof (value->text));
    else if (setting->type == SV_TYPE_BOOL) {
        bool is_on = value->number != 0;
        memcpy (member, &is_on, sizeof (is_on));
    } else
        memcpy (member, &value->number, sizeof (value->number));
}

/*  ---- life ---------------------------------------------------------------------- */

void sv_config_destroy (sv_config_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    sv_config_t *self = *self_p;
    pt_arena_destroy (&self->before);
    pt_arena_destroy (&self->now);
    pt_arena_destroy (&self->kept);
    free (self->flags);
    free (self->entries);
    free (self);
    *self_p = NULL;
}

static sv_config_t *s_new (const char *program, const char *summary, const sv_setting_t *table, size_t count,
                           void *target)
{
    sv_config_t *self = calloc (1, sizeof (*self));
    if (!self)
        return NULL;
    self->program = program;
    self->summary = summary;
    self->table = table;
    self->count = count;
    self->target = target;
    self->kept = pt_arena_new (CONFIG_ARENA_MAX);
    self->flags = calloc (count + 1, sizeof (*self->flags));
    self->entries = calloc (count + 1, sizeof (*self->entries));
    if (!self->kept || !self->flags || !self->entries)
        sv_config_destroy (&self);
    return self;
}

/*  What is done instead of running; true when there was such a thing. */
static bool s_did_action (const sv_config_t *self, sv_action_t action)
{
    if (action == ACTION_HELP)
        sv_config_print_help (self, stdout);
    else if (action == ACTION_VERSION)
        printf ("%s %s\n", self->program, SV_VERSION);
    else if (action == ACTION_DOC)
        sv_config_print_doc (self, stdout);
    return action == ACTION_HELP || action == ACTION_VERSION || action == ACTION_DOC;
}

/*  0 and the settings are in force, or the exit code. */
static int s_start (sv_config_t *self, int argc, char **argv, FILE *err, bool *out_is_done)
{
    sv_faults_t faults = {.program = self->program, .err = err};
    sv_action_t action = sv_config_read_flags (self, argc, argv, &faults);
    *out_is_done = s_did_action (self, action);
    if (*out_is_done)
        return 0;
    sv_entry_t *entries = NULL;
    sv_value_t *values = NULL;
    int rc = s_read (self, self->kept, &faults, &entries, &values);
    if (faults.usage_count > 0)
        fprintf (err, "Try '%s --help'.\n", self->program);
    if (faults.usage_count + faults.config_count > 0 || rc < 0)
        return faults.usage_count > 0 ? EXIT_USAGE : rc == -PT_E_memory ? 1 : EXIT_CONFIG;
    for (size_t i = 0; i < self->count; i++)
        s_apply (self, i, &entries[i], &values[i]);
    if (action == ACTION_CHECK)
        sv_config_print (self, stdout);
    *out_is_done = action == ACTION_CHECK;
    return 0;
}

sv_config_t *sv_config_new (const char *program, const char *summary, const sv_setting_t *table, size_t count,
                            void *target, size_t size, int argc, char **argv, FILE *err, int *out_exit)
{
    memset (target, 0, size);
    sv_config_t *self = s_new (program, summary, table, count, target);
    if (!self) {
        fprintf (err, "%s: out of memory\n", program);
        *out_exit = 1;
        return NULL;
    }
    bool is_done = false;
    int rc = s_start (self, argc, argv, err, &is_done);
    if (rc != 0 || is_done) {
        *out_exit = rc;
        sv_config_destroy (&self);
    }
    return self;
}

/*  ---- reload ---------------------------------------------------------------------- */

static bool s_is_same (const sv_entry_t *a, const sv_entry_t *b)
{
    if (!a->text || !b->text)
        return a->text == b->text;
    return strcmp (a->text, b->text) == 0;
}

int sv_config_reload (sv_config_t *self, FILE *err)
{
    sv_faults_t faults = {.program = self->program, .err = err};
    pt_arena_t *arena = pt_arena_new (CONFIG_ARENA_MAX);
    sv_entry_t *entries = NULL;
    sv_value_t *values = NULL;
    if (!arena || s_read (self, arena, &faults, &entries, &values) < 0) {
        pt_arena_destroy (&arena);
        return -PT_E_invalid;
    }
    for (size_t i = 0; i < self->count; i++) {
        if (self->table[i].flags & SV_RELOADABLE)
            s_apply (self, i, &entries[i], &values[i]);
        else if (!s_is_same (&self->entries[i], &entries[i]))
            fprintf (err, "%s: %s: the change takes effect at the next start\n", self->program,
                     entries[i].origin ? entries[i].origin : self->table[i].name);
    }
    pt_arena_destroy (&self->before);
    self->before = self->now;
    self->now = arena;
    return 0;
}
