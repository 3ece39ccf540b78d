/*  cli_options - the command line of `parley`, and how it finds what runs. */

#include "cli_options.h"

#include "sv_value.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_STATE_DIR "./var"
#define DEFAULT_TIMEOUT_MS 2000

/*  run.env has a handful of lines; what is beyond this is not ours. */
#define RUN_FILE_MAX 16384

/*  ---- command line ----------------------------------------------------------- */

static int s_set_text (char *out, size_t size, const char *value)
{
    if (!*value || strlen (value) >= size)
        return -1;
    snprintf (out, size, "%s", value);
    return 0;
}

static int s_set_state_dir (cli_options_t *options, const char *value)
{
    options->has_state_dir = true;
    return s_set_text (options->state_dir, sizeof (options->state_dir), value);
}

static int s_set_bus (cli_options_t *options, const char *value)
{
    return s_set_text (options->bus, sizeof (options->bus), value);
}

static int s_set_timeout (cli_options_t *options, const char *value)
{
    static const sv_setting_t setting = {
        .name = "timeout", .type = SV_TYPE_DURATION, .min = 50, .max = LIM_DEADLINE_MS};
    sv_value_t parsed;
    char fault[SV_FAULT_LEN];
    if (sv_value_parse (&setting, value, &parsed, fault) < 0)
        return -1;
    options->timeout_ms = (uint32_t)parsed.number;
    return 0;
}

static int s_set_json (cli_options_t *options, const char *value)
{
    options->is_json = true;
    return value ? -1 : 0;
}

static int s_set_help (cli_options_t *options, const char *value)
{
    options->wants_help = true;
    return value ? -1 : 0;
}

static const struct {
    const char *name;
    bool takes_value;
    int (*set) (cli_options_t *options, const char *value);
    const char *wanted;
} s_options[] = {
    {"--state-dir", true, s_set_state_dir, "a path"},
    {"--bus", true, s_set_bus, "bases of brokers, comma separated"},
    {"--timeout", true, s_set_timeout, "a time from 50ms to 30s"},
    {"--json", false, s_set_json, "no value"},
    {"--help", false, s_set_help, "no value"},
    {"-h", false, s_set_help, "no value"},
};
#define OPTION_COUNT (sizeof (s_options) / sizeof (s_options[0]))

/*  An option that all commands have, or one of the command's own. */
typedef struct {
    cli_options_t *options;
    const cli_spec_t *spec;
    FILE *err;
} s_parse_t;

static bool s_is_named (const char *arg, size_t len, const char *name)
{
    return strlen (name) == len && strncmp (name, arg, len) == 0;
}

/*  Index of an option in a list, -1 when it is not there. */
static int s_find_common (const char *arg, size_t len)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (s_is_named (arg, len, s_options[i].name))
            return (int)i;
    return -1;
}

static int s_find_own (const cli_spec_t *spec, const char *arg, size_t len)
{
    for (int i = 0; spec && i < CLI_OWN_MAX && spec->own[i]; i++)
        if (s_is_named (arg, len, spec->own[i]))
            return i;
    return -1;
}

static int s_refuse (const s_parse_t *parse, const char *name, const char *wanted)
{
    fprintf (parse->err, "parley: %s takes %s\n", name, wanted);
    return CLI_USAGE;
}

static int s_take_argument (const s_parse_t *parse, const char *arg)
{
    cli_options_t *options = parse->options;
    unsigned max = parse->spec ? parse->spec->args_max : 0;
    if (options->arg_count >= max || options->arg_count >= CLI_ARGS_MAX) {
        fprintf (parse->err, "parley: %s: %s; try 'parley help'\n", arg,
                 max ? "one argument too many" : "this command takes no arguments");
        return CLI_USAGE;
    }
    options->args[options->arg_count++] = arg;
    return 0;
}

static int s_take_option (const s_parse_t *parse, const char *arg, const char *following, bool *out_took)
{
    size_t len = strcspn (arg, "=");
    int own = s_find_own (parse->spec, arg, len);
    int common = own < 0 ? s_find_common (arg, len) : -1;
    if (own < 0 && common < 0) {
        fprintf (parse->err, "parley: %s: no such option; try 'parley help'\n", arg);
        return CLI_USAGE;
    }
    bool takes_value = own >= 0 || s_options[common].takes_value;
    const char *value = arg[len] == '=' ? arg + len + 1 : takes_value ? following : NULL;
    *out_took = value && value == following;
    if (own >= 0) {
        parse->options->own[own] = value;
        return value && *value ? 0 : s_refuse (parse, parse->spec->own[own], "a value");
    }
    if ((takes_value && !value) || s_options[common].set (parse->options, value) < 0)
        return s_refuse (parse, s_options[common].name, s_options[common].wanted);
    return 0;
}

int cli_options_parse (cli_options_t *out, const cli_spec_t *spec, int argc, char **argv, FILE *err)
{
    memset (out, 0, sizeof (*out));
    out->timeout_ms = DEFAULT_TIMEOUT_MS;
    const char *state_dir = getenv ("PARLEY_STATE_DIR");
    if (!state_dir || s_set_text (out->state_dir, sizeof (out->state_dir), state_dir) < 0)
        snprintf (out->state_dir, sizeof (out->state_dir), "%s", DEFAULT_STATE_DIR);
    s_parse_t parse = {out, spec, err};
    for (int i = 0; i < argc; i++) {
        bool took = false;
        int rc = argv[i][0] == '-' && argv[i][1]
                     ? s_take_option (&parse, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &took)
                     : s_take_argument (&parse, argv[i]);
        if (rc != 0)
            return rc;
        i += took;
    }
    return 0;
}

int cli_options_number (const cli_options_t *self, const cli_spec_t *spec, unsigned own, uint64_t max, uint64_t *out,
                        FILE *err)
{
    const char *text = self->own[own];
    if (!text)
        return 0;
    char *end;
    errno = 0;
    unsigned long long number = strtoull (text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || number > max) {
        fprintf (err, "parley: %s takes a number from 0 to %llu\n", spec->own[own], (unsigned long long)max);
        return CLI_USAGE;
    }
    *out = number;
    return 0;
}

/*  ---- run.env ------------------------------------------------------------------- */

static unsigned s_number (const char *text, size_t len, unsigned max)
{
    unsigned number = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        number = number * 10 + (unsigned)(text[i] - '0');
        if (number > max)
            return 0;
    }
    return number;
}

static void s_take_line (cli_run_t *out, const char *key, size_t key_len, const char *value, size_t len)
{
    if (len >= 2 && (value[0] == '"' || value[0] == '\'') && value[len - 1] == value[0]) {
        value++;
        len -= 2;
    }
    static const char bus[] = "PARLEY_BUS", port[] = "PARLEY_HTTP_PORT", internal[] = "PARLEY_INTERNAL_PORT",
                      gateways[] = "PARLEY_GATEWAYS";
#define IS(name) (key_len == sizeof (name) - 1 && memcmp (key, name, key_len) == 0)
    if (IS (bus) && len < sizeof (out->bus)) {
        memcpy (out->bus, value, len);
        out->bus[len] = '\0';
    } else if (IS (port))
        out->http_port = (uint16_t)s_number (value, len, UINT16_MAX);
    else if (IS (internal))
        out->internal_port = (uint16_t)s_number (value, len, UINT16_MAX);
    else if (IS (gateways))
        out->gateways = s_number (value, len, CLI_GATEWAYS_MAX);
#undef IS
}

void cli_run_parse (cli_run_t *out, const char *text)
{
    memset (out, 0, sizeof (*out));
    while (*text) {
        size_t len = strcspn (text, "\n");
        size_t line_len = len > 0 && text[len - 1] == '\r' ? len - 1 : len;
        const char *equals = memchr (text, '=', line_len);
        if (equals && *text != '#')
            s_take_line (out, text, (size_t)(equals - text), equals + 1, line_len - (size_t)(equals + 1 - text));
        text += len + (text[len] == '\n');
    }
}

int cli_run_load (cli_run_t *out, const char *state_dir)
{
    char path[CLI_PATH_LEN + 16];
    snprintf (path, sizeof (path), "%s/run.env", state_dir);
    memset (out, 0, sizeof (*out));
    FILE *file = fopen (path, "re");
    if (!file)
        return -errno;
    char text[RUN_FILE_MAX];
    size_t len = fread (text, 1, sizeof (text) - 1, file);
    int rc = ferror (file) ? -EIO : 0;
    fclose (file);
    text[len] = '\0';
    if (rc == 0)
        cli_run_parse (out, text);
    return rc;
}

/*  ---- brokers ---------------------------------------------------------------------- */

const char *cli_bus_find (const cli_options_t *options, const cli_run_t *run)
{
    if (*options->bus)
        return options->bus;
    if (options->has_state_dir && *run->bus)
        return run->bus;
    const char *variable = getenv ("PARLEY_BUS");
    if (variable && *variable)
        return variable;
    return *run->bus ? run->bus : NULL;
}

const char *cli_bus_open (const cli_options_t *options, cli_run_t *run)
{
    int rc = cli_run_load (run, options->state_dir);
    const char *bus = cli_bus_find (options, run);
    if (!bus)
        fprintf (stderr, "parley: %s/run.env: %s\nName the folder with --state-dir, or the brokers with --bus.\n",
                 options->state_dir, rc < 0 ? "is not there, so nothing runs here" : "names no brokers");
    return bus;
}

unsigned cli_bus_split (const char *bus, char out[LIM_BROKERS][CLI_PATH_LEN])
{
    unsigned count = 0;
    while (*bus && count < LIM_BROKERS) {
        bus += strspn (bus, ", ");
        size_t len = strcspn (bus, ", ");
        if (len > 0 && len < CLI_PATH_LEN) {
            memcpy (out[count], bus, len);
            out[count++][len] = '\0';
        }
        bus += len;
    }
    return count;
}
