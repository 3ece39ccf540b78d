/*  cli_options_test - the command line, run.env, and who names the brokers. */

#include "cli_options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int s_setup (void **state)
{
    (void)state;
    unsetenv ("PARLEY_STATE_DIR");
    unsetenv ("PARLEY_BUS");
    return 0;
}

static char s_err[512];

static int s_parse (cli_options_t *options, const char *const *args)
{
    char *argv[8];
    int argc = 0;
    for (; args[argc]; argc++)
        argv[argc] = strdup (args[argc]);
    memset (s_err, 0, sizeof (s_err));
    FILE *err = fmemopen (s_err, sizeof (s_err) - 1, "w");
    int rc = cli_options_parse (options, NULL, argc, argv, err);
    fclose (err);
    while (argc > 0)
        free (argv[--argc]);
    return rc;
}

#define PARSE(options, ...) s_parse (options, (const char *const[]){__VA_ARGS__, NULL})

static void without_options_there_are_defaults (void **state)
{
    (void)state;
    cli_options_t options;
    assert_int_equal (s_parse (&options, (const char *const[]){NULL}), 0);
    assert_string_equal (options.state_dir, "./var");
    assert_false (options.has_state_dir);
    assert_string_equal (options.bus, "");
    assert_int_equal (options.timeout_ms, 2000);
    assert_false (options.is_json);
    assert_false (options.wants_help);
    setenv ("PARLEY_STATE_DIR", "/srv/x", 1);
    assert_int_equal (s_parse (&options, (const char *const[]){NULL}), 0);
    assert_string_equal (options.state_dir, "/srv/x");
    assert_false (options.has_state_dir);
}

static void options_are_taken_in_both_forms (void **state)
{
    (void)state;
    cli_options_t options;
    assert_int_equal (PARSE (&options, "--state-dir", "/a", "--bus=ipc:///b", "--timeout", "500ms", "--json"), 0);
    assert_string_equal (options.state_dir, "/a");
    assert_true (options.has_state_dir);
    assert_string_equal (options.bus, "ipc:///b");
    assert_int_equal (options.timeout_ms, 500);
    assert_true (options.is_json);
    assert_int_equal (PARSE (&options, "-h"), 0);
    assert_true (options.wants_help);
}

static void what_is_wrong_is_said_in_one_line (void **state)
{
    (void)state;
    static const struct {
        const char *arg;
        const char *line;
    } cases[] = {
        {"--state-dir", "parley: --state-dir takes a path\n"},
        {"--state-dir=", "parley: --state-dir takes a path\n"},
        {"--timeout=3", "parley: --timeout takes a time from 50ms to 30s\n"},
        {"--timeout=1ms", "parley: --timeout takes a time from 50ms to 30s\n"},
        {"--timeout=1h", "parley: --timeout takes a time from 50ms to 30s\n"},
        {"--json=yes", "parley: --json takes no value\n"},
        {"--jso", "parley: --jso: no such option; try 'parley help'\n"},
        {"more", "parley: more: this command takes no arguments; try 'parley help'\n"},
    };
    for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++) {
        cli_options_t options;
        assert_int_equal (PARSE (&options, cases[i].arg), CLI_USAGE);
        assert_string_equal (s_err, cases[i].line);
    }
}

static void a_command_has_arguments_and_options_of_its_own (void **state)
{
    (void)state;
    static const cli_spec_t spec = {.args_max = 2, .own = {"--seed", "--logs"}};
    char *argv[] = {"7", "--seed=12", "--json", "--logs", "x", "8"};
    cli_options_t options;
    assert_int_equal (cli_options_parse (&options, &spec, 6, argv, stderr), 0);
    assert_int_equal (options.arg_count, 2);
    assert_string_equal (options.args[1], "8");
    assert_string_equal (options.own[1], "x");
    assert_true (options.is_json);
    uint64_t seed = 5;
    assert_int_equal (cli_options_number (&options, &spec, 0, 100, &seed, stderr), 0);
    assert_int_equal (seed, 12);

    FILE *err = fmemopen (s_err, sizeof (s_err) - 1, "w");
    char *many[] = {"1", "2", "3"};
    assert_int_equal (cli_options_parse (&options, &spec, 3, many, err), CLI_USAGE);
    char *bare[] = {"--seed"};
    assert_int_equal (cli_options_parse (&options, &spec, 1, bare, err), CLI_USAGE);
    char *odd[] = {"--seed", "12x"};
    assert_int_equal (cli_options_parse (&options, &spec, 2, odd, err), 0);
    assert_int_equal (cli_options_number (&options, &spec, 0, 100, &seed, err), CLI_USAGE);
    char *large[] = {"--seed", "101"};
    assert_int_equal (cli_options_parse (&options, &spec, 2, large, err), 0);
    assert_int_equal (cli_options_number (&options, &spec, 0, 100, &seed, err), CLI_USAGE);
    fclose (err);
}

static void run_env_is_read_line_by_line (void **state)
{
    (void)state;
    cli_run_t run;
    cli_run_parse (&run, "# made by make run\nPARLEY_BUS=ipc:///a,ipc:///b\nPARLEY_HTTP_PORT=8000\r\n"
                         "PARLEY_INTERNAL_PORT=\"8100\"\nPARLEY_OTHER=1\nnonsense\nPARLEY_GATEWAYS=2");
    assert_string_equal (run.bus, "ipc:///a,ipc:///b");
    assert_int_equal (run.http_port, 8000);
    assert_int_equal (run.internal_port, 8100);
    assert_int_equal (run.gateways, 2);
}

static void values_that_can_not_be_right_are_left_out (void **state)
{
    (void)state;
    cli_run_t run;
    cli_run_parse (&run, "PARLEY_HTTP_PORT=70000\nPARLEY_INTERNAL_PORT=-1\nPARLEY_GATEWAYS=99999999999\n");
    assert_int_equal (run.http_port, 0);
    assert_int_equal (run.internal_port, 0);
    assert_int_equal (run.gateways, 0);
    cli_run_parse (&run, "");
    assert_string_equal (run.bus, "");
    static char huge[CLI_BUS_LEN + 64];
    memset (huge, 'x', sizeof (huge) - 1);
    memcpy (huge, "PARLEY_BUS=", 11);
    cli_run_parse (&run, huge);
    assert_string_equal (run.bus, "");
}

static void run_env_is_loaded_from_the_state_directory (void **state)
{
    (void)state;
    char dir[] = "/tmp/cli_options_test_XXXXXX";
    char path[64];
    cli_run_t run;
    assert_non_null (mkdtemp (dir));
    assert_int_equal (cli_run_load (&run, dir), -ENOENT);
    snprintf (path, sizeof (path), "%s/run.env", dir);
    FILE *file = fopen (path, "w");
    fputs ("PARLEY_BUS=ipc:///a\n", file);
    fclose (file);
    assert_int_equal (cli_run_load (&run, dir), 0);
    assert_string_equal (run.bus, "ipc:///a");
    unlink (path);
    rmdir (dir);
}

static void the_nearest_word_names_the_brokers (void **state)
{
    (void)state;
    cli_options_t options = {.bus = "flag", .has_state_dir = true};
    cli_run_t run = {.bus = "run"};
    setenv ("PARLEY_BUS", "variable", 1);
    assert_string_equal (cli_bus_find (&options, &run), "flag");
    *options.bus = '\0';
    assert_string_equal (cli_bus_find (&options, &run), "run");
    options.has_state_dir = false;
    assert_string_equal (cli_bus_find (&options, &run), "variable");
    setenv ("PARLEY_BUS", "", 1);
    assert_string_equal (cli_bus_find (&options, &run), "run");
    *run.bus = '\0';
    assert_null (cli_bus_find (&options, &run));
}

static void bases_are_split_at_commas (void **state)
{
    (void)state;
    char bases[LIM_BROKERS][CLI_PATH_LEN];
    assert_int_equal (cli_bus_split ("ipc:///a", bases), 1);
    assert_string_equal (bases[0], "ipc:///a");
    assert_int_equal (cli_bus_split (" ipc:///a, ipc:///b,,ipc:///c ,", bases), 3);
    assert_string_equal (bases[2], "ipc:///c");
    assert_int_equal (cli_bus_split ("", bases), 0);
    assert_int_equal (cli_bus_split ("1,2,3,4,5,6,7,8,9,10", bases), LIM_BROKERS);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup (without_options_there_are_defaults, s_setup),
        cmocka_unit_test_setup (options_are_taken_in_both_forms, s_setup),
        cmocka_unit_test_setup (what_is_wrong_is_said_in_one_line, s_setup),
        cmocka_unit_test_setup (a_command_has_arguments_and_options_of_its_own, s_setup),
        cmocka_unit_test_setup (run_env_is_read_line_by_line, s_setup),
        cmocka_unit_test_setup (values_that_can_not_be_right_are_left_out, s_setup),
        cmocka_unit_test_setup (run_env_is_loaded_from_the_state_directory, s_setup),
        cmocka_unit_test_setup (the_nearest_word_names_the_brokers, s_setup),
        cmocka_unit_test_setup (bases_are_split_at_commas, s_setup),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
