/*  auth_mail_folder - mails as files in a folder. */

#include "auth_mail_folder.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int s_write_all (int fd, const pt_buf_t *text)
{
    for (size_t done = 0; done < text->len;) {
        ssize_t count = write (fd, text->at + done, text->len - done);
        if (count < 0 && errno != EINTR)
            return -PT_E_internal;
        done += count > 0 ? (size_t)count : 0;
    }
    return 0;
}

/*  Two instances may write the same mail after a lease ran out, hence the pid. */
static int s_write_file (int folder, const char *name, const pt_buf_t *text)
{
    char draft[96];
    snprintf (draft, sizeof draft, ".%s.%d", name, (int)getpid ());
    int fd = openat (folder, draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -PT_E_internal;
    int rc = s_write_all (fd, text);
    if (close (fd) != 0 || rc != 0 || renameat (folder, draft, folder, name) != 0)
        rc = -PT_E_internal;
    if (rc != 0) {
        int why = errno;
        unlinkat (folder, draft, 0);
        errno = why;
    }
    return rc;
}

int auth_mail_folder_put (const char *dir, uint64_t mail, pt_mail_kind_t kind, const pt_buf_t *text)
{
    char name[64];
    const char *word = pt_enum_text (PT_ENUM_mail_kind, kind);
    snprintf (name, sizeof name, "%" PRIu64 "-%s.txt", mail, word ? word : "mail");
    if (mkdir (dir, 0700) != 0 && errno != EEXIST)
        return -PT_E_internal;
    int folder = open (dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -PT_E_internal;
    int rc = s_write_file (folder, name, text), why = errno;
    close (folder);
    errno = why;
    return rc;
}
