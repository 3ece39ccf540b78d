/*  sv_config_test - values, precedence, faults, secrets, reload and what is
    printed. */

#include "sv_config.h"
#include "sv_value.h"
#include "sv_version.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct {
    sv_common_t common;
    uint64_t http_port;
    const char *name;
    bool is_tls;
    uint64_t wait_ms;
    uint64_t cache_bytes;
    const char *password;
    const char *must;
} settings_t;

static const sv_setting_t s_table[] = {
    {.name = "http-port",
     .type = SV_TYPE_U64,
     .offset = offsetof (settings_t, http_port),
     .deflt = "8000",
     .min = 1,
     .max = 65535,
     .help = "public port"},
    {.name = "name",
     .type = SV_TYPE_STR,
     .offset = offsetof (settings_t, name),
     .deflt = "parley",
     .min = 1,
     .max = 16,
     .flags = SV_RELOADABLE,
     .help = "name of it"},
    {.name = "tls", .type = SV_TYPE_BOOL, .offset = offsetof (settings_t, is_tls), .deflt = "off", .help = "encrypt"},
    {.name = "wait",
     .type = SV_TYPE_DURATION,
     .offset = offsetof (settings_t, wait_ms),
     .deflt = "30s",
     .min = 10,
     .max = 86400000,
     .flags = SV_RELOADABLE,
     .help = "patience"},
    {.name = "cache",
     .type = SV_TYPE_SIZE,
     .offset = offsetof (settings_t, cache_bytes),
     .deflt = "64KiB",
     .min = 1024,
     .max = 1 << 30,
     .flags = SV_RELOADABLE,
     .help = "memory for pages"},
    {.name = "password",
     .type = SV_TYPE_STR,
     .offset = offsetof (settings_t, password),
     .max = 64,
     .flags = SV_SECRET,
     .help = "opens it"},
    {.name = "log-level",
     .type = SV_TYPE_STR,
     .offset = offsetof (settings_t, common.log_level),
     .deflt = "info",
     .flags = SV_RELOADABLE,
     .help = "least level",
     .choices = "debug|info|warn|error"},
    {.name = "config",
     .type = SV_TYPE_STR,
     .offset = offsetof (settings_t, common.config),
     .max = 4096,
     .help = "file of settings"},
};
#define TABLE_COUNT (sizeof (s_table) / sizeof (s_table[0]))

static const char *const s_variables[] = {"PARLEY_HTTP_PORT", "PARLEY_NAME",     "PARLEY_TLS",
                                          "PARLEY_WAIT",      "PARLEY_PASSWORD", "PARLEY_PASSWORD_FILE",
                                          "PARLEY_CONFIG",    "PARLEY_CACHE",    "PARLEY_LOG_LEVEL"};

typedef struct {
    settings_t values;
    sv_config_t *config;
    int exit_code;
    char err[4096];
    char dir[64];
    char file[96];
    char secret[96];
    char option[128]; /* --config=<file> */
} fixture_t;

static int s_setup (void **state)
{
    static fixture_t self;
    memset (&self, 0, sizeof (self));
    for (size_t i = 0; i < sizeof (s_variables) / sizeof (s_variables[0]); i++)
        unsetenv (s_variables[i]);
    snprintf (self.dir, sizeof (self.dir), "/tmp/sv_config_test_XXXXXX");
    assert_non_null (mkdtemp (self.dir));
    snprintf (self.file, sizeof (self.file), "%s/conf", self.dir);
    snprintf (self.secret, sizeof (self.secret), "%s/secret", self.dir);
    snprintf (self.option, sizeof (self.option), "--config=%s", self.file);
    *state = &self;
    return 0;
}

static int s_teardown (void **state)
{
    fixture_t *self = *state;
    sv_config_destroy (&self->config);
    assert_null (self->config);
    unlink (self->file);
    unlink (self->secret);
    rmdir (self->dir);
    return 0;
}

static void s_write_file (const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    fputs (text, file);
    fclose (file);
    assert_int_equal (chmod (path, mode), 0);
}

/*  Reads with the arguments given, NULL-terminated. */
static void s_read_table (fixture_t *self, const sv_setting_t *table, size_t count, const char *const *args)
{
    char *argv[16] = {NULL};
    char copies[16][160];
    int argc = 0;
    snprintf (copies[0], sizeof (copies[0]), "parley-test");
    argv[argc++] = copies[0];
    for (; *args; args++, argc++) {
        snprintf (copies[argc], sizeof (copies[argc]), "%s", *args);
        argv[argc] = copies[argc];
    }
    sv_config_destroy (&self->config);
    memset (self->err, 0, sizeof (self->err));
    FILE *err = fmemopen (self->err, sizeof (self->err) - 1, "w");
    self->exit_code = -1;
    self->config = sv_config_new ("parley-test", "tests settings", table, count, &self->values, sizeof (self->values),
                                  argc, argv, err, &self->exit_code);
    fclose (err);
    /*  The texts must have been copied, or still be in argv: copies end here,
        as the argv of a process never does. */
}

#define READ(self, ...) s_read_table (self, s_table, TABLE_COUNT, (const char *const[]){__VA_ARGS__, NULL})
#define READ_NOTHING(self) s_read_table (self, s_table, TABLE_COUNT, (const char *const[]){NULL})

static void s_assert_refused (const fixture_t *self, int exit_code, const char *line)
{
    assert_null (self->config);
    assert_int_equal (self->exit_code, exit_code);
    if (!strstr (self->err, line))
        fail_msg ("'%s' is not in '%s'", line, self->err);
}

/*  ---- values ------------------------------------------------------------------ */

static void values_are_read_by_their_type (void **state)
{
    (void)state;
    static const struct {
        sv_type_t type;
        const char *text;
        int rc;
        uint64_t number;
    } cases[] = {
        {SV_TYPE_U64, "0", 0, 0},
        {SV_TYPE_U64, "18446744073709551615", 0, UINT64_MAX},
        {SV_TYPE_U64, "18446744073709551616", -PT_E_invalid, 0},
        {SV_TYPE_U64, "-1", -PT_E_invalid, 0},
        {SV_TYPE_U64, "+1", -PT_E_invalid, 0},
        {SV_TYPE_U64, " 1", -PT_E_invalid, 0},
        {SV_TYPE_U64, "1x", -PT_E_invalid, 0},
        {SV_TYPE_U64, "0x10", -PT_E_invalid, 0},
        {SV_TYPE_U64, "", -PT_E_invalid, 0},
        {SV_TYPE_BOOL, "on", 0, 1},
        {SV_TYPE_BOOL, "True", 0, 1},
        {SV_TYPE_BOOL, "yes", 0, 1},
        {SV_TYPE_BOOL, "1", 0, 1},
        {SV_TYPE_BOOL, "OFF", 0, 0},
        {SV_TYPE_BOOL, "false", 0, 0},
        {SV_TYPE_BOOL, "no", 0, 0},
        {SV_TYPE_BOOL, "0", 0, 0},
        {SV_TYPE_BOOL, "2", -PT_E_invalid, 0},
        {SV_TYPE_BOOL, "", -PT_E_invalid, 0},
        {SV_TYPE_DURATION, "250ms", 0, 250},
        {SV_TYPE_DURATION, "30s", 0, 30000},
        {SV_TYPE_DURATION, "5m", 0, 300000},
        {SV_TYPE_DURATION, "2h", 0, 7200000},
        {SV_TYPE_DURATION, "1d", 0, 86400000},
        {SV_TYPE_DURATION, "0", 0, 0},
        {SV_TYPE_DURATION, "30", -PT_E_invalid, 0},
        {SV_TYPE_DURATION, "s", -PT_E_invalid, 0},
        {SV_TYPE_DURATION, "1.5s", -PT_E_invalid, 0},
        {SV_TYPE_DURATION, "18446744073709551615d", -PT_E_invalid, 0},
        {SV_TYPE_SIZE, "64KiB", 0, 65536},
        {SV_TYPE_SIZE, "1MiB", 0, 1048576},
        {SV_TYPE_SIZE, "2GiB", 0, 2147483648},
        {SV_TYPE_SIZE, "1kB", 0, 1000},
        {SV_TYPE_SIZE, "512B", 0, 512},
        {SV_TYPE_SIZE, "512", -PT_E_invalid, 0},
    };
    for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++) {
        sv_setting_t setting = {.name = "x", .type = cases[i].type};
        sv_value_t value = {.number = 77};
        char fault[SV_FAULT_LEN] = "";
        if (sv_value_parse (&setting, cases[i].text, &value, fault) != cases[i].rc)
            fail_msg ("'%s': %s", cases[i].text, fault);
        assert_int_equal (value.number, cases[i].rc == 0 ? cases[i].number : 77);
        assert_int_equal (*fault == '\0', cases[i].rc == 0);
    }
}

static void values_are_written_in_the_largest_unit_that_fits (void **state)
{
    (void)state;
    static const struct {
        sv_type_t type;
        uint64_t number;
        const char *text;
    } cases[] = {
        {SV_TYPE_DURATION, 86400000, "1d"}, {SV_TYPE_DURATION, 90000, "90s"}, {SV_TYPE_DURATION, 1, "1ms"},
        {SV_TYPE_DURATION, 0, "0"},         {SV_TYPE_SIZE, 65536, "64KiB"},   {SV_TYPE_SIZE, 1000000, "1MB"},
        {SV_TYPE_SIZE, 1023, "1023B"},      {SV_TYPE_BOOL, 1, "on"},          {SV_TYPE_U64, 1000, "1000"},
    };
    for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++) {
        char text[32];
        sv_value_print (cases[i].type, cases[i].number, text, sizeof (text));
        assert_string_equal (text, cases[i].text);
    }
}

/*  ---- precedence ---------------------------------------------------------------- */

static void defaults_hold_where_nothing_is_said (void **state)
{
    fixture_t *self = *state;
    READ_NOTHING (self);
    assert_non_null (self->config);
    assert_int_equal (self->values.http_port, 8000);
    assert_string_equal (self->values.name, "parley");
    assert_false (self->values.is_tls);
    assert_int_equal (self->values.wait_ms, 30000);
    assert_int_equal (self->values.cache_bytes, 65536);
    assert_null (self->values.password);
    assert_string_equal (self->err, "");
}

static void a_flag_beats_a_variable_beats_the_file_beats_the_default (void **state)
{
    fixture_t *self = *state;
    s_write_file (self->file, "http_port = 1\nname = file\nwait = 1s\n", 0600);
    setenv ("PARLEY_HTTP_PORT", "2", 1);
    setenv ("PARLEY_NAME", "variable", 1);
    READ (self, self->option, "--http-port", "3");
    assert_non_null (self->config);
    assert_int_equal (self->values.http_port, 3);
    assert_string_equal (self->values.name, "variable");
    assert_int_equal (self->values.wait_ms, 1000);
    assert_int_equal (self->values.cache_bytes, 65536);
}

static void an_empty_variable_counts_as_unset (void **state)
{
    fixture_t *self = *state;
    setenv ("PARLEY_HTTP_PORT", "", 1);
    READ_NOTHING (self);
    assert_non_null (self->config);
    assert_int_equal (self->values.http_port, 8000);
}

static void the_variable_names_the_file_too (void **state)
{
    fixture_t *self = *state;
    s_write_file (self->file, "http_port = 1\n", 0600);
    setenv ("PARLEY_CONFIG", self->file, 1);
    READ_NOTHING (self);
    assert_non_null (self->config);
    assert_int_equal (self->values.http_port, 1);
}

static void the_last_of_two_equal_flags_wins (void **state)
{
    fixture_t *self = *state;
    READ (self, "--http-port=1", "--http-port=2");
    assert_non_null (self->config);
    assert_int_equal (self->values.http_port, 2);
}

static void a_switch_needs_no_value_and_takes_one_after_equals (void **state)
{
    fixture_t *self = *state;
    READ (self, "--tls");
    assert_true (self->values.is_tls);
    READ (self, "--tls=off");
    assert_non_null (self->config);
    assert_false (self->values.is_tls);
    READ (self, "--tls", "off");
    s_assert_refused (self, 2, "'off': arguments are not taken");
}

static void the_file_knows_comments_quotes_sections_and_both_spellings (void **state)
{
    fixture_t *self = *state;
    s_write_file (self->file,
                  "# all of them\n\n  http-port=1   # with a comment\n"
                  "name = \" a # b \"\n"
                  "[parley-other]\nnonsense here\nhttp_port = 9\n"
                  "[parley-test]\r\nwait = 2s\r\ncache=1MiB",
                  0600);
    READ (self, self->option);
    assert_string_equal (self->err, "");
    assert_non_null (self->config);
    assert_int_equal (self->values.http_port, 1);
    assert_string_equal (self->values.name, " a # b ");
    assert_int_equal (self->values.wait_ms, 2000);
    assert_int_equal (self->values.cache_bytes, 1 << 20);
}

/*  ---- faults ---------------------------------------------------------------------- */

static void a_fault_is_one_clear_line (void **state)
{
    fixture_t *self = *state;
    READ (self, "--http-port", "70000");
    assert_null (self->config);
    assert_int_equal (self->exit_code, 2);
    assert_string_equal (self->err, "parley-test: --http-port: 70000 is above the largest value, 65535\n"
                                    "Try 'parley-test --help'.\n");
}

static void faults_of_the_command_line_are_usage (void **state)
{
    static const struct {
        const char *arg;
        const char *line;
    } cases[] = {
        {"--http-port=0", "--http-port: 0 is below the smallest value, 1"},
        {"--http-port=x", "--http-port: 'x' is not a whole number"},
        {"--http-port", "--http-port: a value is missing"},
        {"--htp-port=1", "--htp-port: no such option; did you mean --http-port?"},
        {"--nonsense", "--nonsense: no such option\n"},
        {"--name=", "--name: is empty"},
        {"--name=12345678901234567", "--name: is longer than 16 bytes"},
        {"--name=a\nb", "--name: holds a control character at byte 2"},
        {"--wait=5", "--wait: '5' is not a duration such as 250ms"},
        {"--wait=2d", "--wait: 2d is above the largest value, 1d"},
        {"--cache=1B", "--cache: 1B is below the smallest value, 1KiB"},
        {"--log-level=loud", "--log-level: 'loud' is not one of debug|info|warn|error"},
        {"--log-level=warn|error", "is not one of"},
        {"--name-file=/x", "--name-file: no such option"},
        {"more", "'more': arguments are not taken"},
        {"-x", "'-x': arguments are not taken"},
    };
    fixture_t *self = *state;
    for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++) {
        READ (self, cases[i].arg);
        s_assert_refused (self, 2, cases[i].line);
        assert_non_null (strstr (self->err, "Try 'parley-test --help'.\n"));
    }
}

static void all_faults_are_told_at_once (void **state)
{
    fixture_t *self = *state;
    setenv ("PARLEY_WAIT", "never", 1);
    READ (self, "--http-port=0", "--nonsense");
    s_assert_refused (self, 2, "--http-port: 0 is below");
    s_assert_refused (self, 2, "--nonsense: no such option");
    s_assert_refused (self, 2, "PARLEY_WAIT: 'never' is not a duration");
}

static void faults_of_file_and_variables_are_configuration (void **state)
{
    fixture_t *self = *state;
    setenv ("PARLEY_HTTP_PORT", "99999", 1);
    READ_NOTHING (self);
    s_assert_refused (self, 78, "PARLEY_HTTP_PORT: 99999 is above the largest value, 65535");
    unsetenv ("PARLEY_HTTP_PORT");
    static const struct {
        const char *text;
        const char *line;
    } cases[] = {
        {"\nhttp_port = x\n", "conf:2: http_port: 'x' is not a whole number"},
        {"http_prt = 1\n", "conf:1: http_prt: no such setting"},
        {"http_port\n", "conf:1: is not `name = value`"},
        {"config = other\n", "conf:1: config: no such setting"},
    };
    for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++) {
        s_write_file (self->file, cases[i].text, 0600);
        READ (self, self->option);
        s_assert_refused (self, 78, cases[i].line);
    }
    unlink (self->file);
    READ (self, self->option);
    s_assert_refused (self, 78, "conf: No such file or directory");
    READ (self, "--config=/tmp");
    s_assert_refused (self, 78, "/tmp: Is a directory");
}

static void what_is_needed_must_be_given (void **state)
{
    fixture_t *self = *state;
    static const sv_setting_t table[] = {{.name = "must",
                                          .type = SV_TYPE_STR,
                                          .offset = offsetof (settings_t, must),
                                          .flags = SV_NEEDED,
                                          .help = "where it is"}};
    s_read_table (self, table, 1, (const char *const[]){NULL});
    s_assert_refused (self, 78, "parley-test: --must or PARLEY_MUST is needed: where it is\n");
    s_read_table (self, table, 1, (const char *const[]){"--must=x", NULL});
    assert_non_null (self->config);
    assert_string_equal (self->values.must, "x");
}

/*  ---- secrets ------------------------------------------------------------------------ */

static void a_secret_comes_from_a_file_of_its_own (void **state)
{
    fixture_t *self = *state;
    s_write_file (self->secret, "s3cret\n", 0600);
    READ (self, "--password-file", self->secret);
    assert_string_equal (self->err, "");
    assert_non_null (self->config);
    assert_string_equal (self->values.password, "s3cret");
    setenv ("PARLEY_PASSWORD_FILE", self->secret, 1);
    READ_NOTHING (self);
    assert_non_null (self->config);
    assert_string_equal (self->values.password, "s3cret");
    READ (self, "--password=other");
    assert_non_null (self->config);
    assert_string_equal (self->values.password, "other");
}

static void a_secret_that_all_may_read_is_refused (void **state)
{
    fixture_t *self = *state;
    s_write_file (self->secret, "s3cret\n", 0604);
    READ (self, "--password-file", self->secret);
    s_assert_refused (self, 78, "everybody may read this secret (mode 0604); chmod 600 it");
    assert_null (strstr (self->err, "s3cret"));
}

static void both_forms_of_a_secret_are_one_too_many (void **state)
{
    fixture_t *self = *state;
    setenv ("PARLEY_PASSWORD_FILE", self->secret, 1);
    setenv ("PARLEY_PASSWORD", "x", 1);
    READ_NOTHING (self);
    s_assert_refused (self, 78, "PARLEY_PASSWORD and PARLEY_PASSWORD_FILE can't both be given");
}

static char *s_print (const fixture_t *self, void (*print) (const sv_config_t *config, FILE *out))
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream (&text, &len);
    print (self->config, out);
    fclose (out);
    return text;
}

static void a_secret_is_never_printed (void **state)
{
    fixture_t *self = *state;
    setenv ("PARLEY_PASSWORD", "s3cret", 1);
    READ_NOTHING (self);
    char *text = s_print (self, sv_config_print);
    assert_null (strstr (text, "s3cret"));
    assert_non_null (strstr (text, "password = ***  # PARLEY_PASSWORD\n"));
    free (text);
    static char long_secret[80];
    memset (long_secret, 'z', sizeof (long_secret) - 1);
    setenv ("PARLEY_PASSWORD", long_secret, 1);
    READ_NOTHING (self);
    s_assert_refused (self, 78, "PARLEY_PASSWORD: is longer than 64 bytes");
    assert_null (strstr (self->err, "zz"));
}

/*  ---- reload ------------------------------------------------------------------------- */

static int s_reload (fixture_t *self)
{
    memset (self->err, 0, sizeof (self->err));
    FILE *err = fmemopen (self->err, sizeof (self->err) - 1, "w");
    int rc = sv_config_reload (self->config, err);
    fclose (err);
    return rc;
}

static void a_reload_changes_what_is_reloadable_alone (void **state)
{
    fixture_t *self = *state;
    s_write_file (self->file, "http_port = 1\nname = one\nwait = 1s\n", 0600);
    READ (self, self->option, "--wait=7s");
    const char *one = self->values.name;
    s_write_file (self->file, "http_port = 2\nname = two\nwait = 2s\nlog_level = debug\n", 0600);
    assert_int_equal (s_reload (self), 0);
    assert_int_equal (self->values.http_port, 1);
    assert_string_equal (self->values.name, "two");
    assert_string_equal (self->values.common.log_level, "debug");
    /*  The flag still wins. */
    assert_int_equal (self->values.wait_ms, 7000);
    assert_non_null (strstr (self->err, "conf:1: http_port: the change takes effect at the next start\n"));
    /*  Strings of the reading before are still whole. */
    assert_string_equal (one, "one");
}

static void a_reload_with_a_fault_changes_nothing (void **state)
{
    fixture_t *self = *state;
    s_write_file (self->file, "name = one\n", 0600);
    READ (self, self->option);
    s_write_file (self->file, "name = two\nwait = 1ms\n", 0600);
    assert_int_equal (s_reload (self), -PT_E_invalid);
    assert_string_equal (self->values.name, "one");
    assert_int_equal (self->values.wait_ms, 30000);
    assert_non_null (strstr (self->err, "wait: 1ms is below the smallest value, 10ms"));
    unlink (self->file);
    assert_int_equal (s_reload (self), -PT_E_invalid);
    assert_string_equal (self->values.name, "one");
}

static void many_reloads_leave_the_strings_of_the_last_two (void **state)
{
    fixture_t *self = *state;
    READ_NOTHING (self);
    const char *before = self->values.name;
    for (int i = 0; i < 20; i++) {
        char name[16];
        snprintf (name, sizeof (name), "n%d", i);
        setenv ("PARLEY_NAME", name, 1);
        char wanted[16];
        snprintf (wanted, sizeof (wanted), "%s", before);
        assert_int_equal (s_reload (self), 0);
        assert_string_equal (before, wanted);
        assert_string_equal (self->values.name, name);
        before = self->values.name;
    }
}

/*  ---- what is printed ------------------------------------------------------------------ */

static void settings_in_force_are_printed_with_their_origin (void **state)
{
    fixture_t *self = *state;
    setenv ("PARLEY_WAIT", "90s", 1);
    READ (self, "--http-port", "81", "--tls");
    char *text = s_print (self, sv_config_print);
    assert_string_equal (text, "http_port = 81  # --http-port\n"
                               "name = parley  # default\n"
                               "tls = on  # --tls\n"
                               "wait = 90s  # PARLEY_WAIT\n"
                               "cache = 64KiB  # default\n"
                               "password =   # not set\n"
                               "log_level = info  # default\n"
                               "config =   # not set\n");
    free (text);
}

static void the_documentation_is_a_markdown_table (void **state)
{
    fixture_t *self = *state;
    READ_NOTHING (self);
    char *text = s_print (self, sv_config_print_doc);
    assert_non_null (strstr (text, "| `http-port` | number | `8000` | 1 | 65535 | no | public port |\n"));
    assert_non_null (strstr (text, "| `wait` | duration | `30s` | 10ms | 1d | yes | patience |\n"));
    assert_non_null (strstr (text, "| `password` | secret |  |"));
    free (text);
}

/*  What one option prints to stdout. */
static void s_capture (fixture_t *self, const char *option, char *out, size_t size)
{
    fflush (stdout);
    int kept = dup (STDOUT_FILENO);
    int fd = open (self->file, O_RDWR | O_CREAT | O_TRUNC, 0600);
    dup2 (fd, STDOUT_FILENO);
    READ (self, option);
    fflush (stdout);
    dup2 (kept, STDOUT_FILENO);
    close (kept);
    ssize_t len = pread (fd, out, size - 1, 0);
    out[len > 0 ? len : 0] = '\0';
    close (fd);
}

static void help_version_and_check_print_and_end_well (void **state)
{
    fixture_t *self = *state;
    char text[8192];
    s_capture (self, "--version", text, sizeof (text));
    assert_null (self->config);
    assert_int_equal (self->exit_code, 0);
    assert_string_equal (text, "parley-test " SV_VERSION "\n");
    s_capture (self, "--check-config", text, sizeof (text));
    assert_null (self->config);
    assert_int_equal (self->exit_code, 0);
    assert_non_null (strstr (text, "http_port = 8000  # default\n"));
    s_capture (self, "--help", text, sizeof (text));
    assert_null (self->config);
    assert_int_equal (self->exit_code, 0);
    assert_non_null (strstr (text, "parley-test " SV_VERSION " - tests settings\n"));
    assert_non_null (strstr (text, "  --http-port <number>        public port [default: 8000]\n"));
    assert_non_null (strstr (text, "  --password-file <path>"));
    assert_non_null (strstr (text, "  --log-level <word>          least level (debug, info, warn or error)"));
    for (const char *line = text; *line; line += strcspn (line, "\n") + 1)
        assert_true (strcspn (line, "\n") <= 80);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (values_are_read_by_their_type),
        cmocka_unit_test (values_are_written_in_the_largest_unit_that_fits),
        TEST (defaults_hold_where_nothing_is_said),
        TEST (a_flag_beats_a_variable_beats_the_file_beats_the_default),
        TEST (an_empty_variable_counts_as_unset),
        TEST (the_variable_names_the_file_too),
        TEST (the_last_of_two_equal_flags_wins),
        TEST (a_switch_needs_no_value_and_takes_one_after_equals),
        TEST (the_file_knows_comments_quotes_sections_and_both_spellings),
        TEST (a_fault_is_one_clear_line),
        TEST (faults_of_the_command_line_are_usage),
        TEST (all_faults_are_told_at_once),
        TEST (faults_of_file_and_variables_are_configuration),
        TEST (what_is_needed_must_be_given),
        TEST (a_secret_comes_from_a_file_of_its_own),
        TEST (a_secret_that_all_may_read_is_refused),
        TEST (both_forms_of_a_secret_are_one_too_many),
        TEST (a_secret_is_never_printed),
        TEST (a_reload_changes_what_is_reloadable_alone),
        TEST (a_reload_with_a_fault_changes_nothing),
        TEST (many_reloads_leave_the_strings_of_the_last_two),
        TEST (settings_in_force_are_printed_with_their_origin),
        TEST (the_documentation_is_a_markdown_table),
        TEST (help_version_and_check_print_and_end_well),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
