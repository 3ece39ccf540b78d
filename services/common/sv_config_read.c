/*  sv_config_read - texts of settings from the command line, the environment
    and the file, with where each came from. */

#include "sv_config_priv.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__ ((format (printf, 2, 0))) static void s_print_fault (const sv_faults_t *self, const char *format,
                                                                   va_list args)
{
    fprintf (self->err, "%s: ", self->program);
    vfprintf (self->err, format, args);
    fputc ('\n', self->err);
}

void sv_faults_usage (sv_faults_t *self, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    s_print_fault (self, format, args);
    va_end (args);
    self->usage_count++;
}

void sv_faults_config (sv_faults_t *self, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    s_print_fault (self, format, args);
    va_end (args);
    self->config_count++;
}

/*  ---- names ------------------------------------------------------------------- */

static bool s_is_name (const char *name, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (name[i] != (text[i] == '_' ? '-' : text[i]))
            return false;
    return name[len] == '\0';
}

const sv_setting_t *sv_config_find (const sv_config_t *self, const char *name, size_t len, bool *out_is_path)
{
    static const char suffix[] = "-file";
    size_t suffix_len = sizeof (suffix) - 1;
    for (size_t i = 0; i < self->count; i++)
        if (s_is_name (self->table[i].name, name, len)) {
            *out_is_path = false;
            return &self->table[i];
        }
    if (len <= suffix_len || !s_is_name (suffix, name + len - suffix_len, suffix_len))
        return NULL;
    for (size_t i = 0; i < self->count; i++)
        if ((self->table[i].flags & SV_SECRET) && s_is_name (self->table[i].name, name, len - suffix_len)) {
            *out_is_path = true;
            return &self->table[i];
        }
    return NULL;
}

char *sv_config_env_name (pt_arena_t *arena, const char *name, bool is_path)
{
    char *env = pt_arena_printf (arena, "PARLEY_%s%s", name, is_path ? "_FILE" : "");
    for (char *at = env; at && *at; at++)
        *at = *at == '-' ? '_' : (char)toupper ((unsigned char)*at);
    return env;
}

/*  The later text of one source wins, and any text of a stronger source; a
    secret given in both its forms by one source is a fault of the writer. */
static void s_assign (sv_entry_t *entry, const sv_entry_t *given, sv_faults_t *faults)
{
    if (!given->text || !given->origin) {
        sv_faults_config (faults, "out of memory for settings");
        return;
    }
    if (entry->source == given->source && entry->is_path != given->is_path) {
        sv_faults_config (faults, "%s and %s can't both be given", entry->origin, given->origin);
        return;
    }
    if (entry->source <= given->source)
        *entry = *given;
}

/*  ---- command line -------------------------------------------------------------- */

/*  Letters to insert, drop, change between two names; more than `LIM` counts as
    far away. */
static unsigned s_distance (const char *a, size_t a_len, const char *b)
{
    unsigned row[64];
    size_t b_len = strlen (b);
    if (b_len + 1 > sizeof (row) / sizeof (row[0]))
        return UINT_MAX;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            unsigned change = diagonal + (a[i - 1] != b[j - 1]);
            unsigned shift = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < shift ? change : shift;
        }
    }
    return row[b_len];
}

static void s_fault_unknown (const sv_config_t *self, const char *name, size_t len, sv_faults_t *faults)
{
    const char *nearest = NULL;
    unsigned best = 3;
    for (size_t i = 0; i < self->count; i++) {
        unsigned distance = s_distance (name, len, self->table[i].name);
        if (distance < best) {
            best = distance;
            nearest = self->table[i].name;
        }
    }
    if (nearest)
        sv_faults_usage (faults, "--%.*s: no such option; did you mean --%s?", (int)len, name, nearest);
    else
        sv_faults_usage (faults, "--%.*s: no such option", (int)len, name);
}

static bool s_is_action (const char *arg, sv_action_t *action)
{
    static const struct {
        const char *text;
        sv_action_t action;
    } table[] = {{"--help", ACTION_HELP},          {"-h", ACTION_HELP},
                 {"--version", ACTION_VERSION},    {"-V", ACTION_VERSION},
                 {"--check-config", ACTION_CHECK}, {"--print-doc", ACTION_DOC}};
    for (size_t i = 0; i < sizeof (table) / sizeof (table[0]); i++)
        if (strcmp (arg, table[i].text) == 0) {
            /*  Help wins over whatever else is there. */
            if (*action != ACTION_HELP)
                *action = table[i].action;
            return true;
        }
    return false;
}

/*  One `--name value`, `--name=value` or, for a switch, `--name`.  Returns how
    many further arguments it took. */
static int s_read_flag (sv_config_t *self, const char *arg, const char *following, sv_faults_t *faults)
{
    const char *name = arg + 2;
    size_t len = strcspn (name, "=");
    bool is_path = false;
    const sv_setting_t *setting = sv_config_find (self, name, len, &is_path);
    if (!setting) {
        s_fault_unknown (self, name, len, faults);
        return 0;
    }
    const char *text = name[len] == '=' ? name + len + 1 : setting->type == SV_TYPE_BOOL ? "on" : following;
    if (!text) {
        sv_faults_usage (faults, "--%.*s: a value is missing", (int)len, name);
        return 0;
    }
    sv_entry_t given = {.source = SOURCE_FLAG, .is_path = is_path};
    given.origin = pt_arena_printf (self->kept, "--%.*s", (int)len, name);
    given.text = pt_arena_copy (self->kept, text, strlen (text));
    s_assign (&self->flags[setting - self->table], &given, faults);
    return text == following ? 1 : 0;
}

sv_action_t sv_config_read_flags (sv_config_t *self, int argc, char **argv, sv_faults_t *faults)
{
    sv_action_t action = ACTION_RUN;
    for (int i = 1; i < argc; i++) {
        if (s_is_action (argv[i], &action))
            continue;
        if (strncmp (argv[i], "--", 2) == 0 && argv[i][2])
            i += s_read_flag (self, argv[i], i + 1 < argc ? argv[i + 1] : NULL, faults);
        else
            sv_faults_usage (faults, "'%s': arguments are not taken, only options", argv[i]);
    }
    return action;
}

/*  ---- files ----------------------------------------------------------------------- */

/*  The whole file as a string in `arena`; NULL after a fault. */
static char *s_read_file (pt_arena_t *arena, const char *origin, const char *path, bool is_secret, sv_faults_t *faults)
{
    struct stat info;
    int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat (fd, &info) < 0) {
        sv_faults_config (faults, "%s: %s: %s", origin, path, strerror (errno));
        if (fd >= 0)
            close (fd);
        return NULL;
    }
    char *text = NULL;
    if (is_secret && S_ISREG (info.st_mode) && (info.st_mode & (S_IROTH | S_IWOTH)))
        sv_faults_config (faults, "%s: %s: everybody may read this secret (mode %04o); chmod 600 it", origin, path,
                          (unsigned)info.st_mode & 07777);
    else
        text = pt_arena_alloc (arena, CONFIG_FILE_MAX + 1);
    size_t len = 0;
    ssize_t count = text ? 1 : 0;
    while (count > 0 && len <= CONFIG_FILE_MAX) {
        count = read (fd, text + len, CONFIG_FILE_MAX + 1 - len);
        len += count > 0 ? (size_t)count : 0;
    }
    close (fd);
    if (!text)
        return NULL;
    if (count < 0 || len > CONFIG_FILE_MAX || strnlen (text, len) < len) {
        sv_faults_config (faults, "%s: %s: %s", origin, path,
                          count < 0               ? strerror (errno)
                          : len > CONFIG_FILE_MAX ? "is larger than 64KiB"
                                                  : "is not text");
        return NULL;
    }
    text[len] = '\0';
    return text;
}

static char *s_trim (char *text)
{
    while (isspace ((unsigned char)*text))
        text++;
    size_t len = strlen (text);
    while (len > 0 && isspace ((unsigned char)text[len - 1]))
        text[--len] = '\0';
    return text;
}

/*  A value may stand in double quotes, to keep its spaces or a `#`; outside of
    them ` #` starts a comment. */
static char *s_unquote (char *text)
{
    size_t len = strlen (text);
    if (len >= 2 && text[0] == '"' && text[len - 1] == '"') {
        text[len - 1] = '\0';
        return text + 1;
    }
    char *comment = strstr (text, " #");
    if (comment)
        *comment = '\0';
    return s_trim (text);
}

static void s_read_line (const sv_config_t *self, pt_arena_t *arena, const char *where, char *line, sv_entry_t *entries,
                         sv_faults_t *faults)
{
    char *equals = strchr (line, '=');
    if (!equals) {
        sv_faults_config (faults, "%s: is not `name = value`", where);
        return;
    }
    *equals = '\0';
    char *name = s_trim (line);
    bool is_path = false;
    const sv_setting_t *setting = sv_config_find (self, name, strlen (name), &is_path);
    if (!setting || strcmp (setting->name, "config") == 0) {
        sv_faults_config (faults, "%s: %s: no such setting", where, name);
        return;
    }
    sv_entry_t given = {.source = SOURCE_FILE, .is_path = is_path, .text = s_unquote (s_trim (equals + 1))};
    given.origin = pt_arena_printf (arena, "%s: %s", where, name);
    s_assign (&entries[setting - self->table], &given, faults);
}

static void s_read_config_file (const sv_config_t *self, pt_arena_t *arena, const sv_entry_t *config,
                                sv_entry_t *entries, sv_faults_t *faults)
{
    char *text = s_read_file (arena, config->origin, config->text, false, faults);
    bool is_ours = true;
    for (unsigned number = 1; text; number++) {
        char *line = s_trim (strsep (&text, "\n"));
        size_t len = strlen (line);
        if (len == 0 || *line == '#')
            continue;
        if (*line == '[' && line[len - 1] == ']') {
            line[len - 1] = '\0';
            is_ours = strcmp (line + 1, self->program) == 0;
        } else if (is_ours)
            s_read_line (self, arena, pt_arena_printf (arena, "%s:%u", config->text, number), line, entries, faults);
    }
}

/*  ---- all of it -------------------------------------------------------------------- */

static void s_read_env (const sv_config_t *self, pt_arena_t *arena, size_t index, bool is_path, sv_entry_t *entries,
                        sv_faults_t *faults)
{
    sv_entry_t given = {.source = SOURCE_ENV, .is_path = is_path};
    given.origin = sv_config_env_name (arena, self->table[index].name, is_path);
    const char *text = given.origin ? getenv (given.origin) : NULL;
    if (!text || !*text)
        return;
    given.text = pt_arena_copy (arena, text, strlen (text));
    s_assign (&entries[index], &given, faults);
}

/*  Default, environment and flag of one setting; the file is read in between
    by the rule of s_assign. */
static void s_read_setting (const sv_config_t *self, pt_arena_t *arena, size_t index, sv_entry_t *entries,
                            sv_faults_t *faults)
{
    if (self->table[index].deflt) {
        sv_entry_t given = {.source = SOURCE_DEFAULT, .text = self->table[index].deflt, .origin = "default"};
        s_assign (&entries[index], &given, faults);
    }
    s_read_env (self, arena, index, false, entries, faults);
    if (self->table[index].flags & SV_SECRET)
        s_read_env (self, arena, index, true, entries, faults);
    if (self->flags[index].source == SOURCE_FLAG)
        s_assign (&entries[index], &self->flags[index], faults);
}

static void s_read_secret (pt_arena_t *arena, sv_entry_t *entry, sv_faults_t *faults)
{
    char *text = s_read_file (arena, entry->origin, entry->text, true, faults);
    if (!text)
        entry->source = SOURCE_NONE;
    entry->text = text ? s_trim (text) : NULL;
    entry->is_path = false;
}

void sv_config_read_all (const sv_config_t *self, pt_arena_t *arena, sv_entry_t *entries, sv_faults_t *faults)
{
    for (size_t i = 0; i < self->count; i++)
        s_read_setting (self, arena, i, entries, faults);
    bool is_path;
    const sv_setting_t *config = sv_config_find (self, "config", strlen ("config"), &is_path);
    if (config && entries[config - self->table].source != SOURCE_NONE && entries[config - self->table].text[0])
        s_read_config_file (self, arena, &entries[config - self->table], entries, faults);
    for (size_t i = 0; i < self->count; i++)
        if (entries[i].is_path)
            s_read_secret (arena, &entries[i], faults);
}
