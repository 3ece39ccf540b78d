/*  ld_log - see ld_log.h */

#include "ld_log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define S_NS 1000000000

static int s_open (const ld_logs_t *logs, const char *name, int flags)
{
    char path[LD_LOG_PATH + 64];
    int len = snprintf (path, sizeof path, "%s/%s.jsonl", logs->folder, name);
    return len > 0 && (size_t)len < sizeof path ? open (path, O_WRONLY | O_APPEND | O_CLOEXEC | flags, 0644) : -1;
}

int ld_log_open (ld_log_t *self, const ld_logs_t *logs, const char *name, bool is_kept_open)
{
    *self = (ld_log_t){.fd = -1, .name = name};
    pt_buf_init (&self->lines, LD_LOG_BYTES + VF_LINE_MAX);
    int fd = s_open (logs, name, O_CREAT | O_TRUNC);
    if (fd < 0)
        return -PT_E_unavailable;
    if (is_kept_open)
        self->fd = fd;
    else
        close (fd);
    return 0;
}

void ld_log_close (ld_log_t *self)
{
    pt_buf_fini (&self->lines);
    if (self->fd >= 0)
        close (self->fd);
    self->fd = -1;
}

static bool s_write (int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t done = write (fd, bytes, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        bytes += done;
        len -= (size_t)done;
    }
    return true;
}

static bool s_flush (ld_log_t *self, const ld_logs_t *logs)
{
    int fd = self->fd >= 0 ? self->fd : s_open (logs, self->name, 0);
    bool is_written = fd >= 0 && !pt_buf_error (&self->lines) && s_write (fd, self->lines.at, self->lines.len);
    if (self->fd < 0 && fd >= 0)
        close (fd);
    pt_buf_clear (&self->lines);
    return is_written;
}

void ld_log_add (ld_log_t *self, ld_logs_t *logs, const vf_event_t *event)
{
    vf_event_t line = *event;
    line.mono_ns = logs->mono_ns;
    line.wall_ns = logs->wall_ns;
    line.client = pt_str (self->name);
    if (self->lines.len > LD_LOG_BYTES - VF_LINE_MAX && !s_flush (self, logs))
        logs->is_broken = true;
    char *at = pt_buf_reserve (&self->lines, VF_LINE_MAX);
    if (at)
        self->lines.len += vf_line_write (at, VF_LINE_MAX, &line);
    else
        logs->is_broken = true;
    if (self->is_dirty)
        return;
    self->is_dirty = true;
    self->next = logs->dirty;
    logs->dirty = self;
}

static uint64_t s_clock (clockid_t clock)
{
    struct timespec ts;
    clock_gettime (clock, &ts);
    return (uint64_t)ts.tv_sec * S_NS + (uint64_t)ts.tv_nsec;
}

void ld_logs_begin (ld_logs_t *self)
{
    self->mono_ns = s_clock (CLOCK_MONOTONIC);
    self->wall_ns = (int64_t)s_clock (CLOCK_REALTIME);
}

int ld_logs_flush (ld_logs_t *self)
{
    ld_log_t *log;
    while ((log = self->dirty)) {
        self->dirty = log->next;
        log->is_dirty = false;
        if (!s_flush (log, self))
            self->is_broken = true;
    }
    return self->is_broken ? -PT_E_unavailable : 0;
}
