/*  sv_config_priv - what the files of sv_config share.

    sv_config.c holds the object and decides; sv_config_read.c collects texts
    from flags, environment and file; sv_config_print.c shows the table. */

#ifndef SV_CONFIG_PRIV_H
#define SV_CONFIG_PRIV_H

#include "pt_arena.h"
#include "sv_config.h"
#include "sv_value.h"

/*  A larger configuration file or secret is refused; so is a longer line. */
#define CONFIG_FILE_MAX (64 * 1024)
#define CONFIG_ARENA_MAX (1024 * 1024)

/*  In rising precedence. */
typedef enum { SOURCE_NONE, SOURCE_DEFAULT, SOURCE_FILE, SOURCE_ENV, SOURCE_FLAG } sv_source_t;

/*  Where the text of one setting came from. */
typedef struct {
    sv_source_t source;
    const char *text;   /* of a SECRET whose `is_path` is set: the path of its file */
    const char *origin; /* "--http-port", "PARLEY_HTTP_PORT", "parley.conf:3: http_port", "default" */
    bool is_path;
} sv_entry_t;

struct sv_config {
    const char *program;
    const char *summary;
    const sv_setting_t *table;
    size_t count;
    char *target;
    pt_arena_t *kept;    /* flags, and the strings that a reload leaves alone */
    pt_arena_t *now;     /* the latest reading */
    pt_arena_t *before;  /* the reading before, still in use by whoever copied a pointer */
    sv_entry_t *flags;   /* from argv, one a setting */
    sv_entry_t *entries; /* in force, one a setting */
};

typedef enum { ACTION_RUN, ACTION_HELP, ACTION_VERSION, ACTION_CHECK, ACTION_DOC } sv_action_t;

/*  Faults go to `err` as they are found, one line each, and are counted. */
typedef struct {
    const char *program;
    FILE *err;
    unsigned usage_count;  /* the command line is at fault */
    unsigned config_count; /* anything else is */
} sv_faults_t;

void sv_faults_usage (sv_faults_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
void sv_faults_config (sv_faults_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

/*  The setting of that name, `-` and `_` being the same; NULL for none.
    `*out_is_path` says that the name was that of a SECRET with -file behind. */
const sv_setting_t *sv_config_find (const sv_config_t *self, const char *name, size_t len, bool *out_is_path);

/*  Fills self->flags from the command line. */
sv_action_t sv_config_read_flags (sv_config_t *self, int argc, char **argv, sv_faults_t *faults);

/*  Fills `entries` (zeroed, one a setting) from all sources; texts live in
    `arena`.  The text of a secret's file replaces its path. */
void sv_config_read_all (const sv_config_t *self, pt_arena_t *arena, sv_entry_t *entries, sv_faults_t *faults);

/*  "PARLEY_HTTP_PORT" for "http-port". */
char *sv_config_env_name (pt_arena_t *arena, const char *name, bool is_path);

void sv_config_print_help (const sv_config_t *self, FILE *out);

#endif
