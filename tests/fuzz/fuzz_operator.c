/*  fuzz_operator - what the operator's command and the bus read from people and
    files: run.env, lists of brokers, endpoints, the first line of HTTP.
    Covers: cli/cli_options.c services/common/sv_endpoint.c */

#include "cli_check.h"
#include "cli_options.h"
#include "fuzz.h"
#include "sv_endpoint.h"

static void s_check_run (const char *text)
{
    cli_run_t run;
    cli_run_parse (&run, text);
    fuzz_must (run.gateways <= CLI_GATEWAYS_MAX && strnlen (run.bus, sizeof run.bus) < sizeof run.bus);
    fuzz_must (!strchr (run.bus, '\n'));
    fuzz_must (!*run.bus || strstr (text, run.bus));
}

static void s_check_endpoint (const char *base)
{
    char out[SV_ENDPOINT_LEN];
    if (sv_endpoint (base, PT_PEER_chat, SV_SUB, out) != 0)
        return;
    bool is_ipc = strncmp (out, "ipc:///", 7) == 0, is_tcp = strncmp (out, "tcp://127.", 10) == 0;
    fuzz_must (strlen (out) < sizeof out && (is_ipc || is_tcp));
    const char *colon = strrchr (out, ':');
    fuzz_must (!is_tcp || (strtoul (colon + 1, NULL, 10) > 0 && strtoul (colon + 1, NULL, 10) <= 65535));
}

static void s_check_brokers (const char *text)
{
    char brokers[LIM_BROKERS][CLI_PATH_LEN];
    unsigned count = cli_bus_split (text, brokers);
    fuzz_must (count <= LIM_BROKERS);
    for (unsigned i = 0; i < count; i++) {
        fuzz_must (brokers[i][0] && !strpbrk (brokers[i], ", "));
        s_check_endpoint (brokers[i]);
    }
}

static void s_check_http (const char *text)
{
    char body[64];
    int status = cli_http_parse (text, body, sizeof body);
    fuzz_must (status >= -1 && status <= 999 && strlen (body) < sizeof body);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    fuzz_input_t in = {data, size};
    char *text = fuzz_string (&in, in.left);
    s_check_run (text);
    s_check_brokers (text);
    s_check_endpoint (text);
    s_check_http (text);
    free (text);
    return 0;
}
