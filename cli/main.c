/*  parley - the operator's command: one table of commands, each a file. */

#include "cli_commands.h"

#include "cli_text.h"
#include "cli_verify.h"
#include "sv_version.h"
#include <stdio.h>
#include <string.h>

static int s_version (const cli_options_t *options)
{
    pt_buf_t buf;
    pt_buf_init (&buf, CLI_OUTPUT_MAX);
    if (options->is_json) {
        cli_json_t json = {.out = &buf};
        cli_json_open (&json, NULL, '{');
        cli_json_text (&json, "name", "parley");
        cli_json_text (&json, "version", SV_VERSION);
        cli_json_close (&json, '}');
        pt_buf_puts (&buf, "\n");
    } else
        pt_buf_puts (&buf, "parley " SV_VERSION "\n");
    int exit_code = cli_output (&buf, CLI_OK);
    pt_buf_fini (&buf);
    return exit_code;
}

static const char s_options_help[] =
    "      --state-dir <path>  folder of the installation [PARLEY_STATE_DIR, or ./var]\n"
    "      --bus <bases>       ask these brokers, comma separated, whatever the folder says\n"
    "      --timeout <time>    longest wait for one answer [2s]\n"
    "      --json              for machines\n"
    "  -h, --help              this text\n";

static const cli_spec_t s_trace_spec = {.args_max = 2};

/*  `parley help` is built from this table too. */
static const struct {
    const char *name;
    const char *summary;
    const char *help;
    bool takes_options;
    const cli_spec_t *spec; /* arguments and options of its own, NULL for none */
    int (*run) (const cli_options_t *options);
} s_commands[] = {
    {"status", "who is there, and how they are",
     "Asks every broker which instances live, and each service how it is.\n\n"
     "Exit code: 0 all is well, 1 something is missing, 69 no broker answers.\n",
     true, NULL, cli_status},
    {"doctor", "check everything from the ground up, and say how to mend it",
     "Checks in this order: state directory, keys, sockets, brokers, services,\n"
     "database, gateways. The first failure is usually the cause of the others.\n\n"
     "Exit code: 0 all is well, 1 a check failed.\n",
     true, NULL, cli_doctor},
    {"sim", "simulate schedules of faults, and say whether anything was lost",
     "Runs the daemons' own code over a simulated network, clock and database, with\n"
     "seeded faults, and judges what the clients saw. Touches nothing that runs.\n\n"
     "      --seed <n>          the first schedule [1]\n"
     "      --schedules <n>     how many [1]\n"
     "      --seconds <n>       stop after so long\n"
     "      --events <n>        frames that one schedule delivers at least [1000]\n"
     "      --trace <file>      write down all that happens, - for stdout\n\n"
     "Exit code: 0 nothing is wrong, 1 something is.\n",
     false, &cli_sim_spec, cli_sim},
    {"verify", "judge whether everything acknowledged was kept, once and in order",
     "parley verify [room]... asks a running installation whether what it stores is\n"
     "whole, in these rooms or in all: no number missing, nothing doubled, times that\n"
     "rise, no item or member without its account or room. The loss of a room's last\n"
     "items does not show there: what clients know does.\n\n"
     "With --logs <folder>: judges the logs (*.jsonl) of clients of a run, trusting the\n"
     "server in nothing, and shows what happened around the first faults.\n"
     "tests/faults/README.md has the format. With --state-dir or --bus beside it, the\n"
     "installation is asked too, and must hold all that the logs say was acknowledged;\n"
     "--json then prints two lines, of the logs and of the installation.\n\n"
     "      --logs <folder>     logs of a run\n"
     "      --recovery-ms <n>   longest time from healed to flowing again\n"
     "      --rss-max <bytes>   most memory of one process\n"
     "      --fds-max <n>       most descriptors of one process\n\n"
     "Exit code: 0 all holds, 1 something does not, 65 a log is malformed, 69 store does\n"
     "not answer.\n",
     true, &cli_verify_spec, cli_verify},
    {"trace", "where a message went, hop by hop",
     "parley trace <room> <seq>: the message with that position in the room.\n"
     "parley trace <request id>: a request, by the X-Request-ID of its answer.\n\n"
     "Every process remembers its last hops (--trace-hops of the daemons); what they\n"
     "have forgotten is said. Sends that went as one array share a request id.\n\n"
     "Exit code: 0 hops were found, 1 nobody remembers one, 69 no broker answers.\n",
     true, &s_trace_spec, cli_trace},
    {"channel", "send to channels and groups, and receive",
     "Reads one JSON object a line from its input and answers each with one line:\n\n"
     "  {\"op\":\"send\",\"channel\":\"c\",\"message\":{\"type\":\"hello\"}}\n"
     "  {\"op\":\"receive\",\"channel\":\"c\",\"timeout\":0.3}\n"
     "  {\"op\":\"group_add\",\"group\":\"g\",\"channel\":\"c\"}\n"
     "  {\"op\":\"group_discard\",\"group\":\"g\",\"channel\":\"c\"}\n"
     "  {\"op\":\"group_send\",\"group\":\"g\",\"message\":{\"type\":\"hello\"}}\n\n"
     "A receive is answered {\"message\":..}, with null when none came within `timeout`\n"
     "seconds (20 at most; without it, as long as --timeout), the others {\"ok\":true}, what\n"
     "went wrong {\"error\":\"..\"}. Each message goes to one receiver, in order. A channel\n"
     "keeps 100 messages, each for a minute, a group its members for a day; a restart of\n"
     "parley-chat forgets all of it. --timeout comes on top of a receive's own time.\n\n"
     "Exit code: 0 the input has ended, 1 it could not be read or the answer not written,\n"
     "69 there are no brokers to ask.\n",
     true, NULL, cli_channel},
    {"version", "print the version", "Prints the version; --json for machines.\n", false, NULL, s_version},
};
#define COMMAND_COUNT (sizeof (s_commands) / sizeof (s_commands[0]))

static int s_print_help (FILE *out)
{
    const char *bold = cli_is_colour () && out == stdout ? "\033[1m" : "";
    const char *plain = *bold ? "\033[0m" : "";
    fprintf (out,
             "%sparley%s %s - looks after a Parley installation\n\n%sUsage:%s parley <command> "
             "[option]...\n\n%sCommands:%s\n",
             bold, plain, SV_VERSION, bold, plain, bold, plain);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf (out, "  %s%-8s%s  %s\n", bold, s_commands[i].name, plain, s_commands[i].summary);
    fprintf (out, "  %shelp%s      this text, or more about one command: parley help status\n\n%sOptions:%s\n%s", bold,
             plain, bold, plain, s_options_help);
    fprintf (out,
             "\n%sExamples:%s\n  parley status\n  parley doctor --state-dir /srv/parley\n"
             "  parley status --json --bus ipc:///run/parley/b0\n  parley trace 4711 42\n",
             bold, plain);
    return out == stdout ? CLI_OK : CLI_USAGE;
}

static int s_print_command_help (size_t i)
{
    printf ("parley %s - %s\n\n%s", s_commands[i].name, s_commands[i].summary, s_commands[i].help);
    if (s_commands[i].takes_options)
        printf ("\nOptions:\n%s", s_options_help);
    return CLI_OK;
}

static int s_unknown (const char *name)
{
    fprintf (stderr, "parley: '%s' is no command; try 'parley help'\n", name);
    return CLI_USAGE;
}

static int s_help (const char *name)
{
    if (!name)
        return s_print_help (stdout);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp (s_commands[i].name, name) == 0)
            return s_print_command_help (i);
    return s_unknown (name);
}

int main (int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    if (!name)
        return s_print_help (stderr);
    if (strcmp (name, "help") == 0 || strcmp (name, "--help") == 0 || strcmp (name, "-h") == 0)
        return s_help (argc > 2 ? argv[2] : NULL);
    if (strcmp (name, "--version") == 0 || strcmp (name, "-V") == 0)
        name = "version";
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp (s_commands[i].name, name) != 0)
            continue;
        cli_options_t options;
        int rc = cli_options_parse (&options, s_commands[i].spec, argc - 2, argv + 2, stderr);
        if (rc != 0)
            return rc;
        return options.wants_help ? s_print_command_help (i) : s_commands[i].run (&options);
    }
    return s_unknown (name);
}
