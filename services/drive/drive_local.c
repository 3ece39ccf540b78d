/*  drive_local - bytes in a folder.

        uploads/<id>          bytes so far
        uploads/<id>.mark     how many of them are safe
        blobs/ab/cd/<name>    complete files

    Every path is made here from digests and random ids, and opened beneath the
    folder without following links.

    The mark is written after the bytes before it are on disk; what lies behind
    it, after a crash or in a stream whose digest is not known yet, is cut off
    when the upload is opened next.  Whoever has an upload open holds a lock on
    its file.  A commit links that same file under its final name, so the lock
    covers the blob too, and the upload's own name goes only after store has the
    row: each step can be done again. */

#include "drive_local.h"
#include "drive_local_priv.h"
#include "sv_crash.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*  How often an upload is opened again that was removed in that moment. */
#define S_OPEN_TRIES 3

typedef struct {
    drive_sink_t sink;
    s_local_t *local;
    int fd;
    bool is_linked_safe; /* its name is on disk */
    char name[DRIVE_NAME_UPLOAD];
} s_sink_t;

typedef struct {
    drive_source_t source;
    int fd;
} s_source_t;

/*  Offset and its complement, so that a mark half-written is none. */
typedef struct {
    uint64_t offset, check;
} s_mark_t;

int drive_local_error (int err)
{
    switch (err) {
    case ENOENT:
        return -PT_E_not_found;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ESTALE:
        return -PT_E_unavailable;
    case EACCES:
        return -PT_E_forbidden;
    case ENOMEM:
        return -PT_E_memory;
    case EWOULDBLOCK:
        return -PT_E_locked;
    default:
        return -PT_E_internal;
    }
}

int drive_local_open (int folder, const char *path, int flags, mode_t mode)
{
    struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC | O_NOFOLLOW),
                           .mode = (flags & O_CREAT) != 0 ? mode : 0,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    return (int)syscall (SYS_openat2, folder, path, &how, sizeof how);
}

static int s_write_all (int fd, const char *at, size_t len, uint64_t offset)
{
    while (len > 0) {
        ssize_t done = pwrite (fd, at, len, (off_t)offset);
        if (done < 0 && errno != EINTR)
            return drive_local_error (errno);
        if (done > 0) {
            at += done;
            len -= (size_t)done;
            offset += (uint64_t)done;
        }
    }
    return 0;
}

static int s_read_all (int fd, char *at, size_t len, uint64_t offset, size_t *out_len)
{
    *out_len = 0;
    while (*out_len < len) {
        ssize_t done = pread (fd, at + *out_len, len - *out_len, (off_t)(offset + *out_len));
        if (done == 0)
            break;
        if (done < 0 && errno != EINTR)
            return drive_local_error (errno);
        if (done > 0)
            *out_len += (size_t)done;
    }
    return 0;
}

/*  ---- marks ------------------------------------------------------------------ */

static void s_mark_name (const char *upload, char out[S_MARK_NAME])
{
    snprintf (out, S_MARK_NAME, "%s" S_MARK_END, upload);
}

/*  0 with offset 0 also when there is no mark. */
static int s_read_mark (const s_local_t *self, const char *upload, uint64_t *out)
{
    char name[S_MARK_NAME];
    s_mark_t mark = {0};
    size_t len = 0;
    *out = 0;
    s_mark_name (upload, name);
    int fd = drive_local_open (self->uploads, name, O_RDONLY, 0);
    if (fd < 0)
        return errno == ENOENT ? 0 : drive_local_error (errno);
    int rc = s_read_all (fd, (char *)&mark, sizeof mark, 0, &len);
    close (fd);
    if (rc == 0 && len == sizeof mark && mark.check == ~mark.offset)
        *out = mark.offset;
    return rc;
}

static int s_write_mark (const s_local_t *self, const char *upload, uint64_t offset)
{
    char name[S_MARK_NAME];
    const s_mark_t mark = {offset, ~offset};
    s_mark_name (upload, name);
    int fd = drive_local_open (self->uploads, name, O_WRONLY | O_CREAT, 0600);
    if (fd < 0)
        return drive_local_error (errno);
    int rc = s_write_all (fd, (const char *)&mark, sizeof mark, 0);
    if (rc == 0 && fdatasync (fd) != 0)
        rc = drive_local_error (errno);
    close (fd);
    return rc;
}

static int s_offset (drive_backend_t *backend, uint64_t upload, uint64_t *out)
{
    const s_local_t *self = (const s_local_t *)backend;
    char name[DRIVE_NAME_UPLOAD];
    struct stat stat;
    drive_name_upload (upload, name);
    int rc = s_read_mark (self, name, out);
    if (rc != 0 || *out == 0)
        return rc;
    /*  A mark without its bytes counts for nothing. */
    if (fstatat (self->uploads, name, &stat, AT_SYMLINK_NOFOLLOW) != 0) {
        *out = 0;
        return errno == ENOENT ? 0 : drive_local_error (errno);
    }
    if ((uint64_t)stat.st_size < *out)
        *out = (uint64_t)stat.st_size;
    return 0;
}

/*  ---- uploads ------------------------------------------------------------------ */

/*  Whether the locked file still is what its name stands for: it may have been
    removed between opening and locking. */
static bool s_is_current (int folder, const char *name, int fd)
{
    struct stat ours, named;
    return fstat (fd, &ours) == 0 && fstatat (folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

/*  Opens and locks; the fd, or a negative error. */
static int s_lock (int folder, const char *path, int flags)
{
    for (int i = 0; i < S_OPEN_TRIES; i++) {
        int fd = drive_local_open (folder, path, flags, 0600);
        if (fd < 0)
            return drive_local_error (errno);
        if (flock (fd, LOCK_EX | LOCK_NB) != 0) {
            int rc = drive_local_error (errno);
            close (fd);
            return rc;
        }
        if (s_is_current (folder, path, fd))
            return fd;
        close (fd);
    }
    return -PT_E_locked;
}

/*  Cuts the upload back to its mark; its size then. */
static int s_cut (const s_local_t *self, const s_sink_t *sink, uint64_t *out_offset)
{
    struct stat stat;
    int rc = s_read_mark (self, sink->name, out_offset);
    if (rc != 0)
        return rc;
    if (fstat (sink->fd, &stat) != 0)
        return drive_local_error (errno);
    if ((uint64_t)stat.st_size < *out_offset)
        *out_offset = (uint64_t)stat.st_size;
    if ((uint64_t)stat.st_size > *out_offset && ftruncate (sink->fd, (off_t)*out_offset) != 0)
        return drive_local_error (errno);
    return 0;
}

static void s_close (drive_sink_t **sink_p)
{
    s_sink_t *self = (s_sink_t *)*sink_p;
    if (!self)
        return;
    if (self->fd >= 0)
        close (self->fd);
    free (self);
    *sink_p = NULL;
}

static int s_open (drive_backend_t *backend, uint64_t upload, drive_sink_t **out, uint64_t *out_offset)
{
    s_local_t *local = (s_local_t *)backend;
    s_sink_t *self = calloc (1, sizeof *self);
    *out = (drive_sink_t *)self;
    if (!self)
        return -PT_E_memory;
    self->sink.ops = backend->ops;
    self->local = local;
    drive_name_upload (upload, self->name);
    self->fd = s_lock (local->uploads, self->name, O_RDWR | O_CREAT);
    /*  Committed once before: it takes no more bytes. */
    if (self->fd == -PT_E_forbidden)
        self->fd = s_lock (local->uploads, self->name, O_RDONLY);
    int rc = self->fd < 0 ? self->fd : s_cut (local, self, out_offset);
    self->is_linked_safe = rc == 0 && *out_offset > 0;
    if (rc != 0)
        s_close (out);
    return rc;
}

static int s_write (drive_sink_t *sink, uint64_t offset, const void *bytes, size_t len)
{
    return s_write_all (((s_sink_t *)sink)->fd, bytes, len, offset);
}

static int s_sync_folder (int fd)
{
    return fsync (fd) == 0 ? 0 : drive_local_error (errno);
}

static int s_mark (drive_sink_t *sink, uint64_t offset)
{
    s_sink_t *self = (s_sink_t *)sink;
    if (fdatasync (self->fd) != 0)
        return drive_local_error (errno);
    sv_crash (SV_CRASH_drive_bytes_synced);
    int rc = s_write_mark (self->local, self->name, offset);
    if (rc == 0 && !self->is_linked_safe) {
        rc = s_sync_folder (self->local->uploads);
        self->is_linked_safe = rc == 0;
    }
    return rc;
}

static int s_look (drive_sink_t *sink, uint64_t offset, void *bytes, size_t len, size_t *out_len)
{
    return s_read_all (((s_sink_t *)sink)->fd, bytes, len, offset, out_len);
}

static int s_remove (drive_backend_t *backend, uint64_t upload, int64_t old_before)
{
    const s_local_t *self = (const s_local_t *)backend;
    char name[DRIVE_NAME_UPLOAD], mark[S_MARK_NAME];
    drive_name_upload (upload, name);
    s_mark_name (name, mark);
    int rc = drive_local_unlink (self->uploads, name, old_before);
    /*  The mark goes last: without bytes it says nothing. */
    if (rc == 0 && unlinkat (self->uploads, mark, 0) != 0 && errno != ENOENT)
        rc = drive_local_error (errno);
    return rc;
}

/*  ---- blobs ---------------------------------------------------------------------- */

/*  The path of a blob, and how much of it names its first and second folder. */
enum { S_FIRST = 2, S_SECOND = 5 };

void drive_local_path (const drive_blob_name_t *name, char out[S_BLOB_PATH])
{
    snprintf (out, S_BLOB_PATH, "%.2s/%.2s/%s", name->at, name->at + 2, name->at);
}

/*  Makes a folder that may be there. */
static int s_make_folder (int parent, const char *path)
{
    return mkdirat (parent, path, 0700) == 0 || errno == EEXIST ? 0 : drive_local_error (errno);
}

static int s_sync_path (int parent, const char *path)
{
    int fd = drive_local_open (parent, path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return drive_local_error (errno);
    int rc = s_sync_folder (fd);
    close (fd);
    return rc;
}

static int s_link (const s_sink_t *self, const char *path)
{
    const s_local_t *local = self->local;
    char first[S_FIRST + 1], second[S_SECOND + 1];
    snprintf (first, sizeof first, "%.*s", S_FIRST, path);
    snprintf (second, sizeof second, "%.*s", S_SECOND, path);
    int rc = s_make_folder (local->blobs, first);
    if (rc == 0)
        rc = s_make_folder (local->blobs, second);
    if (rc == 0 && linkat (local->uploads, self->name, local->blobs, path, 0) != 0 && errno != EEXIST)
        rc = drive_local_error (errno);
    if (rc == 0 && !s_is_current (local->blobs, path, self->fd))
        rc = -PT_E_internal;
    if (rc == 0)
        rc = s_sync_path (local->blobs, second);
    if (rc == 0)
        rc = s_sync_path (local->blobs, first);
    return rc == 0 ? s_sync_folder (local->blobs) : rc;
}

static int s_commit (drive_sink_t *sink, const drive_blob_name_t *name)
{
    s_sink_t *self = (s_sink_t *)sink;
    char path[S_BLOB_PATH];
    drive_local_path (name, path);
    /*  The time too: a blob that was just committed is not old, see s_remove_blob. */
    if (fchmod (self->fd, 0400) != 0 || futimens (self->fd, NULL) != 0 || fsync (self->fd) != 0)
        return drive_local_error (errno);
    return s_link (self, path);
}

static int s_remove_blob (drive_backend_t *backend, const drive_blob_name_t *name, int64_t old_before)
{
    const s_local_t *self = (const s_local_t *)backend;
    char path[S_BLOB_PATH];
    drive_local_path (name, path);
    return drive_local_unlink (self->blobs, path, old_before);
}

/*  Under the lock, which a commit holds: nothing can become known meanwhile. */
int drive_local_unlink (int folder, const char *path, int64_t old_before)
{
    int fd = -1;
    if (old_before != 0) {
        fd = s_lock (folder, path, O_RDONLY);
        if (fd < 0)
            return fd == -PT_E_not_found ? 0 : fd;
        if (!drive_local_is_old (fd, old_before)) {
            close (fd);
            return -PT_E_locked;
        }
    }
    int rc = unlinkat (folder, path, 0) == 0 || errno == ENOENT ? 0 : drive_local_error (errno);
    if (fd >= 0)
        close (fd);
    return rc;
}

static int s_source (drive_backend_t *backend, const drive_blob_name_t *name, drive_source_t **out)
{
    const s_local_t *local = (const s_local_t *)backend;
    char path[S_BLOB_PATH];
    s_source_t *self = calloc (1, sizeof *self);
    if (!self)
        return -PT_E_memory;
    drive_local_path (name, path);
    self->source.ops = backend->ops;
    self->fd = drive_local_open (local->blobs, path, O_RDONLY, 0);
    if (self->fd < 0) {
        int rc = drive_local_error (errno);
        free (self);
        return rc;
    }
    (void)posix_fadvise (self->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    *out = &self->source;
    return 0;
}

static int s_read (drive_source_t *source, uint64_t offset, void *bytes, size_t len)
{
    size_t got = 0;
    int rc = s_read_all (((s_source_t *)source)->fd, bytes, len, offset, &got);
    return rc == 0 && got < len ? -PT_E_internal : rc;
}

static void s_close_source (drive_source_t **source_p)
{
    s_source_t *self = (s_source_t *)*source_p;
    if (!self)
        return;
    close (self->fd);
    free (self);
    *source_p = NULL;
}

/*  ---- the folder -------------------------------------------------------------------- */

static void s_destroy (drive_backend_t **self_p)
{
    s_local_t *self = (s_local_t *)*self_p;
    if (!self)
        return;
    const int fds[] = {self->root, self->uploads, self->blobs};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            close (fds[i]);
    free (self);
    *self_p = NULL;
}

static const drive_backend_ops_t s_ops = {.name = "local",
                                          .destroy = s_destroy,
                                          .offset = s_offset,
                                          .open = s_open,
                                          .write = s_write,
                                          .mark = s_mark,
                                          .look = s_look,
                                          .commit = s_commit,
                                          .close = s_close,
                                          .remove = s_remove,
                                          .remove_blob = s_remove_blob,
                                          .source = s_source,
                                          .read = s_read,
                                          .close_source = s_close_source,
                                          .list = drive_local_list};

static int s_open_folder (int parent, const char *name)
{
    if (mkdirat (parent, name, 0700) != 0 && errno != EEXIST)
        return -1;
    return drive_local_open (parent, name, O_RDONLY | O_DIRECTORY, 0);
}

/*  Who may write to the folder may have any file served as anybody's. */
static bool s_is_private (int fd)
{
    struct stat stat;
    return fstat (fd, &stat) == 0 && stat.st_uid == geteuid () && (stat.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

drive_backend_t *drive_local_new (const char *folder, char *why, size_t size)
{
    s_local_t *self = calloc (1, sizeof *self);
    snprintf (why, size, "out of memory");
    if (!self)
        return NULL;
    self->backend.ops = &s_ops;
    self->root = self->uploads = self->blobs = -1;
    bool is_made = mkdir (folder, 0700) == 0 || errno == EEXIST;
    self->root = is_made ? open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (self->root >= 0 && !s_is_private (self->root)) {
        snprintf (why, size, "%s is open to others, or not ours; chmod 700 it", folder);
        s_destroy ((drive_backend_t **)&self);
        return NULL;
    }
    self->uploads = self->root < 0 ? -1 : s_open_folder (self->root, "uploads");
    self->blobs = self->uploads < 0 ? -1 : s_open_folder (self->root, "blobs");
    if (self->blobs < 0 || fsync (self->root) != 0) {
        snprintf (why, size, "%s: %s", folder, strerror (errno));
        s_destroy ((drive_backend_t **)&self);
    }
    return (drive_backend_t *)self;
}
