/*  cli_check - a list of checks and their outcome, and the checks that look at
    files, sockets and HTTP of this machine. */

#include "cli_check.h"

#include "cli_text.h"
#include "sv_endpoint.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define RESPONSE_MAX 4096

/*  ---- the list ------------------------------------------------------------------ */

/*  Control characters come from strangers and are shown as spaces. */
__attribute__ ((format (printf, 3, 0))) static void s_print_plain (char *out, size_t size, const char *format,
                                                                   va_list args)
{
    vsnprintf (out, size, format, args);
    for (char *at = out; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = ' ';
}

void cli_check_add (cli_checks_t *self, cli_outcome_t outcome, const char *name, const char *format, ...)
{
    if (self->count == CLI_CHECKS_MAX)
        return;
    cli_check_t *check = &self->list[self->count++];
    check->outcome = outcome;
    snprintf (check->name, sizeof (check->name), "%s", name);
    va_list args;
    va_start (args, format);
    s_print_plain (check->detail, sizeof (check->detail), format, args);
    va_end (args);
}

void cli_check_hint (cli_checks_t *self, const char *format, ...)
{
    if (self->count == 0)
        return;
    cli_check_t *check = &self->list[self->count - 1];
    va_list args;
    va_start (args, format);
    s_print_plain (check->hint, sizeof (check->hint), format, args);
    va_end (args);
}

unsigned cli_checks_failed (const cli_checks_t *self)
{
    unsigned failed = 0;
    for (unsigned i = 0; i < self->count; i++)
        failed += self->list[i].outcome == CHECK_FAIL;
    return failed;
}

void cli_checks_print (const cli_checks_t *self, bool is_colour, pt_buf_t *out)
{
    static const struct {
        const char *word;
        const char *colour;
    } outcomes[] = {{"ok  ", "\033[32m"}, {"FAIL", "\033[31m"}, {"-   ", "\033[2m"}};
    int width = 0;
    for (unsigned i = 0; i < self->count; i++)
        if ((int)strlen (self->list[i].name) > width)
            width = (int)strlen (self->list[i].name);
    for (unsigned i = 0; i < self->count; i++) {
        const cli_check_t *check = &self->list[i];
        pt_buf_printf (out, "%s%s%s  %-*s  %s\n", is_colour ? outcomes[check->outcome].colour : "",
                       outcomes[check->outcome].word, is_colour ? "\033[0m" : "", width, check->name, check->detail);
        if (*check->hint)
            pt_buf_printf (out, "%*s-> %s\n", width + 8, "", check->hint);
    }
    unsigned failed = cli_checks_failed (self);
    if (failed == 0)
        pt_buf_puts (out, "\nAll is well.\n");
    else
        pt_buf_printf (out, "\n%u of %u checks failed; mend the first one first.\n", failed, self->count);
}

void cli_checks_print_json (const cli_checks_t *self, pt_buf_t *out)
{
    static const char *const outcomes[] = {"ok", "fail", "skip"};
    cli_json_t json = {.out = out};
    cli_json_open (&json, NULL, '{');
    cli_json_bool (&json, "ok", cli_checks_failed (self) == 0);
    cli_json_open (&json, "checks", '[');
    for (unsigned i = 0; i < self->count; i++) {
        cli_json_open (&json, NULL, '{');
        cli_json_text (&json, "name", self->list[i].name);
        cli_json_text (&json, "outcome", outcomes[self->list[i].outcome]);
        cli_json_text (&json, "detail", self->list[i].detail);
        cli_json_text (&json, "hint", self->list[i].hint);
        cli_json_close (&json, '}');
    }
    cli_json_close (&json, ']');
    cli_json_close (&json, '}');
    pt_buf_puts (out, "\n");
}

/*  ---- files ----------------------------------------------------------------------- */

/*  How many files of the folder are private; the first that is not goes to
    `out_bad` with its mode. */
static unsigned s_count_private (DIR *dir, char out_bad[NAME_MAX + 1], unsigned *out_mode)
{
    unsigned count = 0;
    *out_bad = '\0';
    for (const struct dirent *entry; (entry = readdir (dir)) != NULL;) {
        struct stat info;
        if (fstatat (dirfd (dir), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG (info.st_mode))
            continue;
        if ((info.st_mode & 077) == 0)
            count++;
        else if (!*out_bad) {
            snprintf (out_bad, NAME_MAX + 1, "%s", entry->d_name);
            *out_mode = info.st_mode & 07777;
        }
    }
    return count;
}

static void s_check_files (cli_checks_t *self, const char *state_dir)
{
    char bad[NAME_MAX + 1];
    unsigned mode = 0;
    DIR *dir = opendir (state_dir);
    if (!dir) {
        cli_check_add (self, CHECK_FAIL, "keys and secrets", "%s: %s", state_dir, strerror (errno));
        return;
    }
    unsigned count = s_count_private (dir, bad, &mode);
    closedir (dir);
    if (*bad) {
        cli_check_add (self, CHECK_FAIL, "keys and secrets", "%s/%s is open to others (mode %04o)", state_dir, bad,
                       mode);
        cli_check_hint (self, "chmod 600 '%s/%s', and change what is in it if others could log in here", state_dir,
                        bad);
    } else
        cli_check_add (self, CHECK_OK, "keys and secrets", "%u files, open to their owner alone", count);
}

void cli_check_state_dir (cli_checks_t *self, const char *state_dir)
{
    struct stat info;
    if (stat (state_dir, &info) < 0 || !S_ISDIR (info.st_mode)) {
        cli_check_add (self, CHECK_FAIL, "state directory", "%s: %s", state_dir,
                       errno == ENOENT ? "is not there" : strerror (errno));
        cli_check_hint (self, "`make run` makes it; --state-dir or PARLEY_STATE_DIR names another one");
        return;
    }
    /*  Passing through is not reading: under root PostgreSQL has to. */
    if (info.st_mode & 066) {
        cli_check_add (self, CHECK_FAIL, "state directory", "%s is open to others (mode %04o)", state_dir,
                       (unsigned)info.st_mode & 07777);
        cli_check_hint (self, "chmod 700 '%s'", state_dir);
    } else
        cli_check_add (self, CHECK_OK, "state directory", "%s", state_dir);
    s_check_files (self, state_dir);
}

/*  ---- sockets ----------------------------------------------------------------------- */

/*  0 when somebody listens on the endpoint, which is `ipc://` and a path. */
static int s_knock (const char *endpoint)
{
    const char *path = endpoint + strlen ("ipc://");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen (path) >= sizeof (address.sun_path))
        return ENAMETOOLONG;
    memcpy (address.sun_path, path, strlen (path));
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int rc = fd < 0 || connect (fd, (const struct sockaddr *)&address, sizeof (address)) < 0 ? errno : 0;
    if (fd >= 0)
        close (fd);
    /*  A listener that is behind with accepting is one. */
    return rc == EAGAIN ? 0 : rc;
}

void cli_check_sockets (cli_checks_t *self, const char *base)
{
    char name[96];
    snprintf (name, sizeof (name), "sockets of broker %s", strrchr (base, '/') ? strrchr (base, '/') + 1 : base);
    const char *folder = sv_endpoint_folder (base);
    struct stat info;
    if (!folder) {
        cli_check_add (self, CHECK_SKIP, name, "%s is not a folder of sockets", base);
        return;
    }
    if (stat (folder, &info) == 0 && (info.st_mode & 077)) {
        cli_check_add (self, CHECK_FAIL, name, "%s is open to others (mode %04o)", folder,
                       (unsigned)info.st_mode & 07777);
        cli_check_hint (self, "chmod 700 '%s'", folder);
        return;
    }
    unsigned count = 0;
    for (int role = PT_PEER_none + 1; role < PT_PEER_COUNT; role++)
        for (int channel = SV_REQ; channel <= SV_SUB; channel++) {
            char endpoint[SV_ENDPOINT_LEN];
            if (sv_endpoint (base, (pt_peer_t)role, (sv_channel_t)channel, endpoint) < 0) {
                cli_check_add (self, CHECK_FAIL, name, "%s can't be a base: its path is too long", base);
                return;
            }
            int err = s_knock (endpoint);
            if (err != 0) {
                cli_check_add (self, CHECK_FAIL, name, "%s: %s", endpoint,
                               err == ENOENT         ? "is not there"
                               : err == ECONNREFUSED ? "nobody listens"
                                                     : strerror (err));
                cli_check_hint (self,
                                "the broker is not running: its last lines in the log say why; "
                                "`parley-broker --listen %s` starts it by hand",
                                base);
                return;
            }
            count++;
        }
    cli_check_add (self, CHECK_OK, name, "%u of %u listen", count, count);
}

/*  ---- HTTP ----------------------------------------------------------------------------- */

int cli_http_parse (const char *response, char *out_body, size_t size)
{
    *out_body = '\0';
    if (strlen (response) < 9 || strncmp (response, "HTTP/1.", 7) != 0 || response[8] != ' ')
        return -1;
    int status = 0;
    for (int i = 9; i < 12; i++) {
        if (response[i] < '0' || response[i] > '9')
            return -1;
        status = status * 10 + (response[i] - '0');
    }
    const char *body = strstr (response, "\r\n\r\n");
    snprintf (out_body, size, "%s", body ? body + 4 : "");
    return status;
}

static int s_connect (uint16_t port, uint32_t timeout_ms)
{
    struct timeval wait = {.tv_sec = timeout_ms / 1000, .tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons (port)};
    address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof (wait));
    setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof (wait));
    if (connect (fd, (const struct sockaddr *)&address, sizeof (address)) < 0) {
        int err = errno;
        close (fd);
        errno = err;
        return -1;
    }
    return fd;
}

/*  What a port answers, as a string; 0, or the errno. */
static int s_get (uint16_t port, uint32_t timeout_ms, char response[RESPONSE_MAX])
{
    static const char request[] = "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    int fd = s_connect (port, timeout_ms);
    if (fd < 0)
        return errno;
    size_t len = 0;
    ssize_t count = send (fd, request, sizeof (request) - 1, MSG_NOSIGNAL);
    while (count > 0 && len < RESPONSE_MAX - 1) {
        count = recv (fd, response + len, RESPONSE_MAX - 1 - len, 0);
        len += count > 0 ? (size_t)count : 0;
    }
    int rc = count < 0 && len == 0 ? errno : 0;
    close (fd);
    response[len] = '\0';
    return rc;
}

void cli_check_http (cli_checks_t *self, uint16_t port, uint32_t timeout_ms)
{
    char name[96], response[RESPONSE_MAX] = "", body[256];
    snprintf (name, sizeof (name), "gateway on port %u", port);
    int err = s_get (port, timeout_ms, response);
    if (err != 0) {
        cli_check_add (self, CHECK_FAIL, name, "%s",
                       err == ECONNREFUSED ? "nobody listens"
                       : err == EAGAIN     ? "listens and does not answer"
                                           : strerror (err));
        cli_check_hint (self,
                        "the gateway is not running, or another program has its port: see its last lines in the log");
        return;
    }
    int status = cli_http_parse (response, body, sizeof (body));
    if (status == 200)
        cli_check_add (self, CHECK_OK, name, "GET /readyz answers 200");
    else if (status < 0) {
        cli_check_add (self, CHECK_FAIL, name, "what answers does not speak HTTP");
        cli_check_hint (self, "another program has the port: set PARLEY_HTTP_PORT to a free one");
    } else {
        cli_check_add (self, CHECK_FAIL, name, "GET /readyz answers %d: %s", status, body);
        cli_check_hint (self, "it waits for what failed above");
    }
}
