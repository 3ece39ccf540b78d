/*  fuzz_config - settings from any command line, environment, file and secret.

    The input is four texts between lines of `--`: arguments (one a line), the
    variable, the file, the secret.  Whatever comes of it, the faults are lines of
    text, and settings in force are within their bounds, printed without secrets,
    and read again from what was printed.
    Covers: services/common/sv_config.c services/common/sv_config_read.c services/common/sv_value.c */

#include "fuzz.h"
#include "sv_config.h"
#include "sv_value.h"
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { S_ARGS = 8, S_PATH = 32 };

typedef struct {
    sv_common_t common;
    uint64_t port, wait_ms, cache_bytes;
    bool is_tls;
    const char *name, *password, *level;
} s_settings_t;

#define AT(member) offsetof (s_settings_t, member)
static const sv_setting_t s_table[] = {
    {"port", SV_TYPE_U64, AT (port), "8000", 1, 65535, 0, "port", NULL},
    {"wait", SV_TYPE_DURATION, AT (wait_ms), "30s", 10, 86400000, SV_RELOADABLE, "patience", NULL},
    {"cache", SV_TYPE_SIZE, AT (cache_bytes), "64KiB", 1024, 1 << 30, SV_RELOADABLE, "memory", NULL},
    {"tls", SV_TYPE_BOOL, AT (is_tls), "off", 0, 0, 0, "encrypt", NULL},
    {"name", SV_TYPE_STR, AT (name), "parley", 1, 16, SV_RELOADABLE, "name", NULL},
    {"level", SV_TYPE_STR, AT (level), "info", 0, 0, 0, "level", "debug|info|warn"},
    {"password", SV_TYPE_STR, AT (password), NULL, 0, 64, SV_SECRET, "opens it", NULL},
    {"config", SV_TYPE_STR, AT (common.config), NULL, 0, 4096, 0, "file", NULL},
};
enum { S_COUNT = sizeof s_table / sizeof s_table[0] };

/*  A file in memory with these bytes. */
static int s_file (const char *text, size_t len, char path[S_PATH])
{
    int fd = memfd_create ("fuzz", MFD_CLOEXEC);
    fuzz_must (fd >= 0 && write (fd, text, len) == (ssize_t)len && fchmod (fd, 0600) == 0);
    snprintf (path, S_PATH, "/proc/self/fd/%d", fd);
    return fd;
}

/*  The next of the four texts, cut at a line of `--`. */
static char *s_next (char **rest)
{
    char *text = *rest, *end = strstr (text, "--\n");
    while (end && end != text && end[-1] != '\n')
        end = strstr (end + 1, "--\n");
    *rest = end ? end + 3 : text + strlen (text);
    if (end)
        *end = '\0';
    return text;
}

static void s_check_values (const s_settings_t *settings)
{
    fuzz_must (settings->port >= 1 && settings->port <= 65535);
    fuzz_must (settings->wait_ms >= 10 && settings->wait_ms <= 86400000);
    fuzz_must (settings->cache_bytes >= 1024 && settings->cache_bytes <= 1 << 30);
    fuzz_must (strlen (settings->name) >= 1 && strlen (settings->name) <= 16);
    fuzz_must (!settings->password || strlen (settings->password) <= 64);
}

/*  Every value as it is printed reads as the same value. */
static void s_check_printed (const s_settings_t *settings)
{
    char text[64], fault[SV_FAULT_LEN];
    sv_value_t value = {0};
    sv_value_print (SV_TYPE_DURATION, settings->wait_ms, text, sizeof text);
    fuzz_must (sv_value_parse (&s_table[1], text, &value, fault) == 0 && value.number == settings->wait_ms);
    sv_value_print (SV_TYPE_SIZE, settings->cache_bytes, text, sizeof text);
    fuzz_must (sv_value_parse (&s_table[2], text, &value, fault) == 0 && value.number == settings->cache_bytes);
}

static void s_check_dump (const sv_config_t *config, const char *secret)
{
    char *out = NULL;
    size_t len = 0;
    FILE *file = open_memstream (&out, &len);
    fuzz_must (file != NULL);
    sv_config_print (config, file);
    fclose (file);
    fuzz_must (!secret || strlen (secret) < 24 || !strstr (out, secret));
    free (out);
}

/*  Arguments a line each; those that only print are left out. */
static int s_fill_args (char *text, char *args[S_ARGS + 4])
{
    int argc = 0;
    char *line;
    args[argc++] = text + strlen (text); /* the program's name, unused */
    while ((line = strsep (&text, "\n")) && argc <= S_ARGS)
        if (strcmp (line, "--help") && strcmp (line, "-h") && strcmp (line, "--version") && strcmp (line, "-V") &&
            strcmp (line, "--check-config") && strcmp (line, "--print-doc") && strncmp (line, "--config", 8) &&
            strncmp (line, "--password", 10))
            args[argc++] = line;
    return argc;
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    fuzz_input_t in = {data, size};
    char *all = fuzz_string (&in, in.left), *rest = all, *args[S_ARGS + 4], *out = NULL;
    char config_path[S_PATH], secret_path[S_PATH];
    s_settings_t settings;
    size_t out_len = 0;
    int code = 0;
    char *arg_text = s_next (&rest), *variable = s_next (&rest), *file = s_next (&rest), *secret = s_next (&rest);
    int config_fd = s_file (file, strlen (file), config_path);
    int secret_fd = s_file (secret, strlen (secret), secret_path);
    int argc = s_fill_args (arg_text, args);
    FILE *err = open_memstream (&out, &out_len);
    fuzz_must (err != NULL);
    setenv ("PARLEY_CONFIG", config_path, 1);
    setenv ("PARLEY_PASSWORD_FILE", secret_path, 1);
    setenv ("PARLEY_CACHE", variable, 1);
    sv_config_t *config =
        sv_config_new ("fuzz", "for tests", s_table, S_COUNT, &settings, sizeof settings, argc, args, err, &code);
    if (config) {
        s_check_values (&settings);
        s_check_printed (&settings);
        s_check_dump (config, settings.password);
        fuzz_must (sv_config_reload (config, err) == 0);
        s_check_values (&settings);
    } else
        fuzz_must (code == 2 || code == 78);
    sv_config_destroy (&config);
    fclose (err);
    fuzz_must (code == 0 || (out_len > 0 && out[out_len - 1] == '\n'));
    free (out);
    close (config_fd);
    close (secret_fd);
    free (all);
    return 0;
}
