/*  sv_config - one table of settings per daemon drives parsing, --help,
    validation, reload and docs.

    Precedence: flag > environment > file > default; an empty variable counts
    as unset.  `http-port` is --http-port, PARLEY_HTTP_PORT and `http_port = `
    in the file (--config, PARLEY_CONFIG).  A SECRET setting is never printed and is
    also read from the file that --name-file or PARLEY_NAME_FILE names; a file
    that the whole world may read is refused.

    The file has one `name = value` a line; `#` starts a comment.  Lines after
    `[parley-chat]` are for that program alone, so that one file can serve all. */

#ifndef SV_CONFIG_H
#define SV_CONFIG_H

#include "pt_error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef enum {
    SV_TYPE_STR,      /* const char *, owned by the config */
    SV_TYPE_U64,      /* uint64_t */
    SV_TYPE_BOOL,     /* bool; on off true false yes no 1 0 */
    SV_TYPE_DURATION, /* uint64_t milliseconds; 250ms 30s 5m 1d */
    SV_TYPE_SIZE,     /* uint64_t bytes; 64KiB 1MiB */
} sv_type_t;

enum { SV_RELOADABLE = 1, SV_SECRET = 2, SV_NEEDED = 4 };

typedef struct {
    const char *name; /* lower case, hyphens */
    sv_type_t type;
    size_t offset;     /* of the member in the daemon's config struct */
    const char *deflt; /* as text; NULL for none */
    uint64_t min, max; /* value; length of a STR; max 0: no bound */
    unsigned flags;
    const char *help;    /* one line */
    const char *choices; /* STR: the words allowed, "auto|json|text"; NULL for any */
} sv_setting_t;

/*  Settings every daemon has; the first member of each config struct. */
typedef struct {
    const char *bus;       /* --bus, PARLEY_BUS: comma separated bases of brokers, see sv_bus.h (PARLEY_BROKERS is their
                              number in `make run`) */
    const char *log_level; /* debug, info, warn, error */
    const char *log_format;
    uint64_t drain_ms;   /* longest drain on SIGTERM */
    const char *config;  /* file */
    uint64_t trace_hops; /* kept for `parley trace`; 0: none */
} sv_common_t;

typedef struct sv_config sv_config_t;

/*  Reads flags, environment and file into the struct at `target` (`size`
    bytes; sv_common_t first).  NULL after writing one clear line per fault to
    `err`: usage (exit 2) or configuration (exit 78) in `*out_exit`. --help,
    --version, --check-config and --print-doc print to stdout, return NULL and
    set `*out_exit` to 0. */
sv_config_t *sv_config_new (const char *program, const char *summary, const sv_setting_t *table, size_t count,
                            void *target, size_t size, int argc, char **argv, FILE *err, int *out_exit);
void sv_config_destroy (sv_config_t **self_p);

/*  Reads file and environment again and changes RELOADABLE members alone; the
    strings of the reading before stay valid until the reload after.  What else
    has changed is named in `err`, a line each.  0, or -PT_E_invalid with the
    faults in `err` and nothing has changed. */
PT_MUSTCHECK int sv_config_reload (sv_config_t *self, FILE *err);

/*  The table as Markdown (docs) and as `name = value  # origin` lines, secrets
    as ***. */
void sv_config_print_doc (const sv_config_t *self, FILE *out);
void sv_config_print (const sv_config_t *self, FILE *out);

#endif
