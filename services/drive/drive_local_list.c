/*  drive_local_list - all that the folder holds, page by page.

    Places are numbered: uploads first, then the folders 00/00 to ff/ff of blobs.
    A folder is read whole for each page of it, of which the first names behind
    the place are kept, in order: nothing is held between pages. */

#include "drive_local_priv.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define S_FOLDERS (1 + 65536)

/*  Folders looked into for one page: most are empty or not there. */
#define S_FOLDERS_AT_ONCE 4096

typedef struct {
    size_t count;
    bool is_cut; /* there are more */
    char at[LIM_PAGE][DRIVE_NAME_BLOB];
} s_names_t;

bool drive_local_is_old (int fd, int64_t old_before)
{
    struct stat stat;
    if (fstat (fd, &stat) != 0)
        return false;
    int64_t bytes = (int64_t)stat.st_mtim.tv_sec * 1000000, name = (int64_t)stat.st_ctim.tv_sec * 1000000;
    return bytes < old_before && name < old_before;
}

/*  Keeps the LIM_PAGE first names, in order. */
static void s_keep (s_names_t *names, const char *name)
{
    size_t at = names->count;
    while (at > 0 && strcmp (names->at[at - 1], name) > 0)
        at--;
    if (names->count == LIM_PAGE)
        names->is_cut = true;
    else
        names->count++;
    if (at == LIM_PAGE)
        return;
    memmove (names->at[at + 1], names->at[at], (names->count - 1 - at) * sizeof names->at[0]);
    snprintf (names->at[at], sizeof names->at[at], "%s", name);
}

/*  A mark whose upload is gone counts as that upload. */
static bool s_upload_of (const char *entry, char out[DRIVE_NAME_BLOB])
{
    snprintf (out, DRIVE_NAME_BLOB, "%s", entry);
    char *end = strstr (out, S_MARK_END);
    if (end && end[sizeof S_MARK_END - 1] == 0)
        *end = 0;
    return drive_name_upload_id (out) != 0;
}

static bool s_name_of (uint32_t folder, const char *entry, char out[DRIVE_NAME_BLOB])
{
    drive_blob_name_t blob;
    if (folder == 0)
        return s_upload_of (entry, out);
    if (drive_name_take (pt_str (entry), &blob) != 0)
        return false;
    memcpy (out, blob.at, sizeof blob.at);
    return true;
}

static bool s_has (const s_names_t *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp (names->at[i], name) == 0)
            return true;
    return false;
}

static bool s_is_entry_old (int folder, const char *entry, int64_t old_before)
{
    int fd = drive_local_open (folder, entry, O_RDONLY | O_NONBLOCK, 0);
    bool is_old = fd >= 0 && drive_local_is_old (fd, old_before);
    if (fd >= 0)
        close (fd);
    return is_old;
}

/*  The fd of a place's folder, or -1 when it is not there. */
static int s_open_place (const s_local_t *self, uint32_t folder)
{
    char path[sizeof "ab/cd"];
    if (folder == 0)
        return drive_local_open (self->root, "uploads", O_RDONLY | O_DIRECTORY, 0);
    uint32_t number = folder - 1;
    snprintf (path, sizeof path, "%02x/%02x", number >> 8 & 255, number & 255);
    return drive_local_open (self->blobs, path, O_RDONLY | O_DIRECTORY, 0);
}

static int s_read_folder (const s_local_t *self, const drive_place_t *place, int64_t old_before, s_names_t *names)
{
    char name[DRIVE_NAME_BLOB];
    names->count = 0;
    names->is_cut = false;
    int fd = s_open_place (self, place->folder);
    if (fd < 0)
        return errno == ENOENT ? 0 : drive_local_error (errno);
    DIR *folder = fdopendir (fd);
    if (!folder) {
        close (fd);
        return -PT_E_memory;
    }
    const struct dirent *entry;
    while ((entry = readdir (folder)))
        if (s_name_of (place->folder, entry->d_name, name) && strcmp (name, place->after) > 0 && !s_has (names, name) &&
            s_is_entry_old (fd, entry->d_name, old_before))
            s_keep (names, name);
    closedir (folder);
    return 0;
}

/*  Adds what fits; the place moves behind it. */
static void s_add (drive_listing_t *out, const s_names_t *names, drive_place_t *place)
{
    for (size_t i = 0; i < names->count; i++) {
        out->uploads[out->count] = drive_name_upload_id (names->at[i]);
        memcpy (out->blobs[out->count++].at, names->at[i], DRIVE_NAME_BLOB);
    }
    if (names->is_cut) {
        memcpy (place->after, names->at[names->count - 1], sizeof place->after);
        return;
    }
    place->after[0] = 0;
    place->folder++;
    place->is_end = place->folder == S_FOLDERS;
}

int drive_local_list (drive_backend_t *backend, int64_t old_before, drive_place_t *place, drive_listing_t *out)
{
    s_names_t *names = malloc (sizeof *names);
    int rc = names ? 0 : -PT_E_memory;
    out->count = 0;
    for (int i = 0; rc == 0 && !place->is_end && i < S_FOLDERS_AT_ONCE; i++) {
        rc = s_read_folder ((const s_local_t *)backend, place, old_before, names);
        if (rc != 0 || out->count + names->count > LIM_PAGE)
            break;
        s_add (out, names, place);
    }
    free (names);
    return rc;
}
