/*  vf_folder - the logs of a run: every *.jsonl of a folder, line by line. */

#include "vf_folder.h"

#include "vf_line.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/*  Bytes read at once, and told about at once. */
#define BUFFER_SIZE (1024 * 1024)

typedef struct {
    const vf_reader_t *reader;
    const char *folder, *name;
    char *buffer; /* BUFFER_SIZE + VF_LINE_MAX */
    char copy[VF_LINE_MAX];
    uint64_t line, bytes, all_bytes;
    char *fault;
    size_t fault_size;
} reading_t;

static int s_refuse (const reading_t *self, int err, const char *why)
{
    snprintf (self->fault, self->fault_size, "%s/%s:%llu: %s", self->folder, self->name, (unsigned long long)self->line,
              why);
    return err;
}

/*  One line without its newline: parsed in place, told with a copy as it was. */
static int s_line (reading_t *self, char *line, size_t len)
{
    vf_event_t event;
    self->line++;
    if (len >= VF_LINE_MAX)
        return s_refuse (self, -PT_E_too_large, "the line is too long");
    memcpy (self->copy, line, len);
    const char *why = vf_line_read (&event, line, len);
    return why ? s_refuse (self, -PT_E_malformed, why)
               : self->reader->event (self->reader->ctx, &event, self->copy, len);
}

/*  All whole lines of the first `len` bytes; `*out_left` bytes remain and are moved to the front. */
static int s_lines (reading_t *self, size_t len, size_t *out_left)
{
    char *at = self->buffer, *end = self->buffer + len, *newline;
    int rc = 0;
    while (rc == 0 && (newline = memchr (at, '\n', (size_t)(end - at))) != NULL) {
        rc = s_line (self, at, (size_t)(newline - at));
        at = newline + 1;
    }
    *out_left = (size_t)(end - at);
    memmove (self->buffer, at, *out_left);
    if (rc == 0 && *out_left >= VF_LINE_MAX)
        rc = s_refuse (self, -PT_E_too_large, "the line is too long");
    return rc;
}

static int s_file (reading_t *self, int fd)
{
    size_t left = 0;
    int rc = 0;
    self->line = 0;
    while (rc == 0) {
        ssize_t got = read (fd, self->buffer + left, BUFFER_SIZE);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? s_refuse (self, -PT_E_malformed, strerror (errno)) : 0;
        self->bytes += (uint64_t)got;
        rc = s_lines (self, left + (size_t)got, &left);
        if (self->reader->progress)
            self->reader->progress (self->reader->ctx, self->bytes, self->all_bytes);
    }
    return rc;
}

static int s_is_log (const struct dirent *entry)
{
    size_t len = strlen (entry->d_name);
    return len > 6 && strcmp (entry->d_name + len - 6, ".jsonl") == 0;
}

static int s_files (reading_t *self, int folder, struct dirent **entries, int count)
{
    struct stat about;
    for (int i = 0; i < count; i++)
        if (fstatat (folder, entries[i]->d_name, &about, 0) == 0)
            self->all_bytes += (uint64_t)about.st_size;
    int rc = 0;
    for (int i = 0; i < count && rc == 0; i++) {
        self->name = entries[i]->d_name;
        self->line = 0;
        int fd = openat (folder, entries[i]->d_name, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return s_refuse (self, -PT_E_not_found, strerror (errno));
        rc = s_file (self, fd);
        close (fd);
    }
    return rc;
}

int vf_folder_read (const char *folder, const vf_reader_t *reader, char *fault, size_t fault_size)
{
    reading_t self = {.reader = reader, .folder = folder, .name = "", .fault = fault, .fault_size = fault_size};
    struct dirent **entries = NULL;
    int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int count = fd < 0 ? -1 : scandir (folder, &entries, s_is_log, alphasort), rc;
    self.buffer = malloc (BUFFER_SIZE + VF_LINE_MAX);
    if (count <= 0) {
        snprintf (fault, fault_size, "%s: %s", folder, count < 0 ? strerror (errno) : "holds no *.jsonl");
        rc = -PT_E_not_found;
    } else if (!self.buffer) {
        snprintf (fault, fault_size, "out of memory");
        rc = -PT_E_memory;
    } else
        rc = s_files (&self, fd, entries, count);
    for (int i = 0; i < count; i++)
        free (entries[i]);
    free (entries);
    free (self.buffer);
    if (fd >= 0)
        close (fd);
    return rc;
}
