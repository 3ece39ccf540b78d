/*  load - many WebSocket clients on one thread, each a careful application that
    writes down what it does and sees.

    The loop: read sockets, let time pass for clients, write all logs, write all
    sockets.  Nothing leaves before it is in a log. */

#include "ld.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define S_TICK_US 2000
#define S_PROGRESS_US 200000
#define S_COMMAND_MAX 256

/*  Descriptors beside one socket a client: logs that are kept open, and the rest. */
#define S_SPARE_FDS 4096

static const char s_usage[] =
    "usage: load PLAN\n"
    "\n"
    "Plays the clients of PLAN (JSON), each with its log in the plan's folder; see tests/faults/README.md.\n"
    "\n"
    "  {\"gateways\": [\"127.0.0.1:8000\"], \"logs\": \"DIR\", \"rate\": 200, \"seed\": 1, \"window\": 4,\n"
    "   \"answer_ms\": 10000, \"quiet_ms\": 5000, \"slow_bytes\": 1024, \"churn_ms\": 4000, \"revoke_ms\": 4000,\n"
    "   \"ways\": [\"one\", \"all\", \"password\", \"staff\"], \"staff\": \"token of one of staff\",\n"
    "   \"clients\": [{\"name\": \"c0\", \"account\": \"7\", \"token\": \"..\", \"rooms\": [\"9\"], \"sends\": true,\n"
    "                \"mode\": \"normal|slow|stopped|churn|idle|revoked\", \"kicks\": [\"8\"],\n"
    "                \"login\": \"c0\", \"password\": \"..\", \"speaks\": \"team_1a2b3\", \"scheme\": \"Token\",\n"
    "                \"email\": \"c0@example.com\"}]}\n"
    "\n"
    "Who speaks is on the socket of the one room with that address, of members' kind; whoever has an email is known by "
    "it.\n"
    "\n"
    "Lines on standard input:\n"
    "  mark      tell when every normal sender has a message sent after this acknowledged, and one delivered\n"
    "  storm     drop all sockets and connect again within a second (also SIGUSR2)\n"
    "  pause, resume, rate N\n"
    "  stop      wait until all is acknowledged and delivered, write `end` lines, exit (1 when 60 s do not suffice)\n"
    "\n"
    "SIGHUP reads the tokens of PLAN again. The end of standard input is `stop`.\n"
    "Standard output has one JSON object a line, 200 ms apart, and answers to commands.\n";

typedef struct {
    ld_t ld;
    const char *path; /* of the plan */
    ld_poll_t input, signals;
    char command[S_COMMAND_MAX];
    size_t command_len;
} s_main_t;

/*  ---- commands ------------------------------------------------------------------ */

static void s_set_paused (ld_t *ld)
{
    ld->is_paused = true;
}

static void s_set_resumed (ld_t *ld)
{
    ld->is_paused = false;
}

static const struct {
    const char *name;
    void (*run) (ld_t *ld);
} s_commands[] = {{"mark", ld_run_mark},
                  {"storm", ld_run_storm},
                  {"stop", ld_run_stop},
                  {"pause", s_set_paused},
                  {"resume", s_set_resumed}};

static void s_run_command (ld_t *ld, const char *line)
{
    for (size_t i = 0; i < sizeof s_commands / sizeof *s_commands; i++)
        if (strcmp (s_commands[i].name, line) == 0) {
            s_commands[i].run (ld);
            return;
        }
    char *end = NULL;
    unsigned long long rate = strncmp (line, "rate ", 5) == 0 ? strtoull (line + 5, &end, 10) : 0;
    if (end && end > line + 5 && *end == 0 && rate <= LD_RATE_MAX)
        ld->rate = rate;
    else
        fprintf (stderr, "load: unknown command: %s\n", line);
}

static void s_on_input (ld_poll_t *poll, uint32_t events)
{
    s_main_t *self = (s_main_t *)((char *)poll - offsetof (s_main_t, input));
    (void)events;
    size_t room = sizeof self->command - 1 - self->command_len;
    ssize_t got = read (poll->fd, self->command + self->command_len, room);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0) {
        epoll_ctl (self->ld.net.epoll, EPOLL_CTL_DEL, poll->fd, NULL);
        poll->fd = -1;
        ld_run_stop (&self->ld);
        return;
    }
    self->command_len += (size_t)got;
    self->command[self->command_len] = 0;
    char *line = self->command, *end;
    while ((end = strchr (line, '\n'))) {
        *end = 0;
        s_run_command (&self->ld, line);
        line = end + 1;
    }
    self->command_len = strlen (line);
    memmove (self->command, line, self->command_len);
    if (self->command_len == sizeof self->command - 1)
        self->command_len = 0; /* no command is so long */
}

/*  ---- signals ---------------------------------------------------------------------- */

static void s_reload (s_main_t *self)
{
    ld_plan_t newer;
    char fault[LD_FAULT];
    if (ld_plan_read (&newer, self->path, fault)) {
        fprintf (stderr, "load: %s\n", fault);
        return;
    }
    ld_plan_take_tokens (&self->ld.plan, &newer);
    ld_plan_fini (&newer);
    for (unsigned i = 0; i < self->ld.plan.count; i++)
        ld_client_renew (&self->ld.clients[i]);
}

static void s_on_signal (ld_poll_t *poll, uint32_t events)
{
    s_main_t *self = (s_main_t *)((char *)poll - offsetof (s_main_t, signals));
    struct signalfd_siginfo info;
    (void)events;
    if (read (poll->fd, &info, sizeof info) != (ssize_t)sizeof info)
        return;
    if (info.ssi_signo == SIGHUP)
        s_reload (self);
    else
        ld_run_storm (&self->ld);
}

static int s_watch (s_main_t *self)
{
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGHUP);
    sigaddset (&set, SIGUSR2);
    sigprocmask (SIG_BLOCK, &set, NULL);
    self->signals = (ld_poll_t){.ready = s_on_signal, .fd = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
    self->input = (ld_poll_t){.ready = s_on_input, .fd = STDIN_FILENO};
    struct epoll_event signals = {.events = EPOLLIN, .data.ptr = &self->signals};
    struct epoll_event input = {.events = EPOLLIN, .data.ptr = &self->input};
    if (self->signals.fd < 0 || epoll_ctl (self->ld.net.epoll, EPOLL_CTL_ADD, self->signals.fd, &signals) != 0)
        return -PT_E_unavailable;
    /*  A regular file can't be watched, and has no commands for us. */
    epoll_ctl (self->ld.net.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input);
    return 0;
}

/*  ---- the loop ------------------------------------------------------------------------ */

static void s_begin_turn (void *arg)
{
    ld_t *ld = arg;
    ld_logs_begin (&ld->logs);
    ld->now_us = ld->logs.mono_ns / 1000;
}

static int s_loop (ld_t *ld)
{
    uint64_t tick_us = 0, progress_us = ld->now_us;
    bool is_over = false;
    int status = 1;
    while (!is_over) {
        if (ld_net_turn (&ld->net, S_TICK_US / 1000, s_begin_turn, ld))
            return 1;
        if (ld->now_us >= tick_us) {
            tick_us = ld->now_us + S_TICK_US;
            is_over = ld_run_tick (ld, &status);
        }
        if (ld_logs_flush (&ld->logs)) {
            fprintf (stderr, "load: a log can't be written: %s\n", strerror (errno));
            return 1;
        }
        ld_net_flush (&ld->net);
        if (ld->now_us >= progress_us) {
            progress_us = ld->now_us + S_PROGRESS_US;
            ld_run_progress (ld);
        }
    }
    return status;
}

/*  The hard limit too, where we may. */
static void s_raise_limit (unsigned clients)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)clients + S_SPARE_FDS;
    getrlimit (RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < wanted) {
        struct rlimit more = {.rlim_cur = wanted, .rlim_max = wanted};
        if (setrlimit (RLIMIT_NOFILE, &more) == 0)
            return;
        fprintf (stderr, "load: only %llu descriptors for %u clients\n", (unsigned long long)limit.rlim_max, clients);
    }
    limit.rlim_cur = limit.rlim_max;
    setrlimit (RLIMIT_NOFILE, &limit);
}

static int s_run (s_main_t *self)
{
    s_raise_limit (self->ld.plan.count);
    int err = ld_net_init (&self->ld.net);
    if (!err)
        err = s_watch (self);
    if (!err)
        err = ld_run_init (&self->ld);
    if (err)
        fprintf (stderr, "load: can't begin: %s (%s)\n", pt_error_title (err), strerror (errno));
    int status = err ? 1 : s_loop (&self->ld);
    ld_run_fini (&self->ld);
    ld_net_fini (&self->ld.net);
    return status;
}

int main (int argc, char **argv)
{
    static s_main_t self;
    char fault[LD_FAULT];
    if (argc == 2 && strcmp (argv[1], "--help") == 0) {
        fputs (s_usage, stdout);
        return 0;
    }
    if (argc != 2) {
        fputs (s_usage, stderr);
        return 2;
    }
    self.path = argv[1];
    if (ld_plan_read (&self.ld.plan, self.path, fault)) {
        fprintf (stderr, "load: %s\n", fault);
        return 2;
    }
    return s_run (&self);
}
