/*  sv_log - one line per event, as JSON or as text.

    A line is built in memory and leaves in one write of at most PIPE_BUF
    bytes, so lines of several processes on one pipe never mix.  A reader that
    has stopped reading costs a wait once; from then on lines are dropped and
    counted until it reads again. */

#include "sv_log.h"

#include "sv_loop.h"
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*  PIPE_BUF of Linux: what fits is written whole, or not at all. */
#define LINE_MAX_LEN 4096
/*  Kept free for the end of a line that was cut. */
#define LINE_TAIL 128
#define STUCK_WAIT_MS 50

struct sv_log {
    char service[64];
    int fd;
    sv_level_t level;
    bool is_json;
    bool is_colour;
    bool is_stuck; /* the last line could not be written */
    uint64_t lost;
};

typedef struct {
    char at[LINE_MAX_LEN];
    size_t len;
} s_line_t;

static const struct {
    const char *name;
    const char *text; /* padded for people */
    const char *colour;
} s_levels[] = {
    [SV_DEBUG] = {"debug", "debug", "\033[2m"},
    [SV_INFO] = {"info", "info ", "\033[32m"},
    [SV_WARN] = {"warn", "warn ", "\033[33m"},
    [SV_ERROR] = {"error", "error", "\033[31m"},
};

sv_log_t *sv_log_new (const char *service, int fd, sv_level_t level, const char *format)
{
    sv_log_t *self = calloc (1, sizeof (*self));
    if (!self)
        return NULL;
    snprintf (self->service, sizeof (self->service), "%s", service);
    self->fd = fd;
    self->level = level;
    bool is_text = strcmp (format, "text") == 0 || (strcmp (format, "auto") == 0 && isatty (fd));
    self->is_json = !is_text;
    const char *no_colour = getenv ("NO_COLOR");
    self->is_colour = is_text && isatty (fd) && !(no_colour && *no_colour);
    return self;
}

void sv_log_destroy (sv_log_t **self_p)
{
    if (!self_p)
        return;
    free (*self_p);
    *self_p = NULL;
}

void sv_log_set_level (sv_log_t *self, sv_level_t level)
{
    self->level = level;
}

sv_level_t sv_log_level (const sv_log_t *self)
{
    return self->level;
}

uint64_t sv_log_lost (const sv_log_t *self)
{
    return self->lost;
}

/*  ---- building a line ------------------------------------------------------- */

static void s_put (s_line_t *line, const char *bytes, size_t len)
{
    if (len > sizeof (line->at) - line->len)
        len = sizeof (line->at) - line->len;
    memcpy (line->at + line->len, bytes, len);
    line->len += len;
}

static void s_puts (s_line_t *line, const char *text)
{
    s_put (line, text, strlen (text));
}

/*  Length of the well-formed UTF-8 sequence at `at` that may be shown as it
    is; 0 for anything else (control characters of C1, the separators of line
    and paragraph, which some viewers obey, and bytes that are not UTF-8). */
static size_t s_shown_len (const unsigned char *at)
{
    unsigned char c = at[0];
    size_t len = c >= 0xf0 && c <= 0xf4 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 0;
    if (c > 0xf4 || len == 0)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((c == 0xe0 && at[1] < 0xa0) || (c == 0xed && at[1] > 0x9f) || (c == 0xf0 && at[1] < 0x90) ||
        (c == 0xf4 && at[1] > 0x8f))
        return 0;
    if ((c == 0xc2 && at[1] < 0xa0) || (c == 0xe2 && at[1] == 0x80 && (at[2] == 0xa8 || at[2] == 0xa9)))
        return 0;
    return len;
}

static void s_put_escape (s_line_t *line, unsigned char c, bool is_json)
{
    char text[8];
    if (c == '\n' || c == '\t' || c == '\r')
        snprintf (text, sizeof (text), "\\%c", c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
    else if (is_json && c < 0x80)
        snprintf (text, sizeof (text), "\\u%04x", c);
    else if (is_json)
        snprintf (text, sizeof (text), "\\ufffd");
    else
        snprintf (text, sizeof (text), "\\x%02x", c);
    s_puts (line, text);
}

/*  A value with everything escaped that is not plain text; cut where the line
    would leave no room for its end. */
static void s_put_value (s_line_t *line, const char *text, bool is_json)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at) {
        if (line->len > sizeof (line->at) - LINE_TAIL) {
            s_puts (line, "...");
            return;
        }
        size_t len = *at >= 0x20 && *at < 0x7f ? 1 : *at >= 0x80 ? s_shown_len (at) : 0;
        if (len == 0) {
            s_put_escape (line, *at++, is_json);
            continue;
        }
        if (is_json && (*at == '"' || *at == '\\'))
            s_puts (line, "\\");
        s_put (line, (const char *)at, len);
        at += len;
    }
}

static void s_put_time (s_line_t *line, bool is_json)
{
    int64_t now_us = sv_wall_us ();
    time_t seconds = (time_t)(now_us / 1000000);
    struct tm utc;
    gmtime_r (&seconds, &utc);
    char text[64];
    size_t len = strftime (text, sizeof (text), is_json ? "%Y-%m-%dT%H:%M:%S" : "%H:%M:%S", &utc);
    snprintf (text + len, sizeof (text) - len, is_json ? ".%06dZ" : ".%03d",
              (int)(now_us % 1000000) / (is_json ? 1 : 1000));
    s_puts (line, text);
}

static void s_build_json (const sv_log_t *self, s_line_t *line, sv_level_t level, const char *trace, const char *msg)
{
    s_puts (line, "{\"ts\":\"");
    s_put_time (line, true);
    s_puts (line, "\",\"level\":\"");
    s_puts (line, s_levels[level].name);
    s_puts (line, "\",\"service\":\"");
    s_put_value (line, self->service, true);
    if (trace && *trace) {
        s_puts (line, "\",\"request_id\":\"");
        s_put_value (line, trace, true);
    }
    s_puts (line, "\",\"msg\":\"");
    s_put_value (line, msg, true);
    s_puts (line, "\"}\n");
}

static void s_build_text (const sv_log_t *self, s_line_t *line, sv_level_t level, const char *trace, const char *msg)
{
    s_put_time (line, false);
    s_puts (line, " ");
    s_puts (line, self->is_colour ? s_levels[level].colour : "");
    s_puts (line, s_levels[level].text);
    s_puts (line, self->is_colour ? "\033[0m" : "");
    s_puts (line, " ");
    s_put_value (line, self->service, false);
    s_puts (line, ": ");
    s_put_value (line, msg, false);
    if (trace && *trace) {
        s_puts (line, " [");
        s_put_value (line, trace, false);
        s_puts (line, "]");
    }
    s_puts (line, "\n");
}

/*  ---- writing it -------------------------------------------------------------- */

/*  A pipe that polls as writable takes PIPE_BUF bytes without blocking. */
static void s_write_line (sv_log_t *self, const s_line_t *line)
{
    struct pollfd item = {.fd = self->fd, .events = POLLOUT};
    int ready = poll (&item, 1, self->is_stuck ? 0 : STUCK_WAIT_MS);
    self->is_stuck = ready <= 0 || write (self->fd, line->at, line->len) != (ssize_t)line->len;
    if (self->is_stuck)
        self->lost++;
}

void sv_log (sv_log_t *self, sv_level_t level, const char *trace, const char *format, ...)
{
    if (level < self->level || level > SV_ERROR)
        return;
    char msg[LINE_MAX_LEN];
    va_list args;
    va_start (args, format);
    int len = vsnprintf (msg, sizeof (msg), format, args);
    va_end (args);
    if (len < 0)
        msg[0] = '\0';
    s_line_t line;
    line.len = 0;
    if (self->is_json)
        s_build_json (self, &line, level, trace, msg);
    else
        s_build_text (self, &line, level, trace, msg);
    s_write_line (self, &line);
}
