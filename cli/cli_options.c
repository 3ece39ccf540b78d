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

static int s_parse_one (cli_options_t *options, const char *arg, const char *following, FILE *err, bool *out_took)
{
    size_t len = strcspn (arg, "=");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (strlen (s_options[i].name) != len || strncmp (s_options[i].name, arg, len) != 0)
            continue;
        const char *value = arg[len] == '=' ? arg + len + 1 : s_options[i].takes_value ? following : NULL;
        *out_took = value && value == following;
        if ((s_options[i].takes_value && !value) || s_options[i].set (options, value) < 0) {
            fprintf (err, "parley: %s takes %s\n", s_options[i].name, s_options[i].wanted);
            return CLI_USAGE;
        }
        return 0;
    }
    fprintf (err, "parley: %s: no such option; try 'parley help'\n", arg);
    return CLI_USAGE;
}

int cli_options_parse (cli_options_t *out, int argc, char **argv, FILE *err)
{
    memset (out, 0, sizeof (*out));
    out->timeout_ms = DEFAULT_TIMEOUT_MS;
    const char *state_dir = getenv ("PARLEY_STATE_DIR");
    if (!state_dir || s_set_text (out->state_dir, sizeof (out->state_dir), state_dir) < 0)
        snprintf (out->state_dir, sizeof (out->state_dir), "%s", DEFAULT_STATE_DIR);
    for (int i = 0; i < argc; i++) {
        bool took = false;
        int rc = s_parse_one (out, argv[i], i + 1 < argc ? argv[i + 1] : NULL, err, &took);
        if (rc != 0)
            return rc;
        i += took;
    }
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
