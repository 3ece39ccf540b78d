/*  drive_sniff - the media type of bytes, by libmagic.

    Containers are not opened and nothing is decompressed: those are the parts
    of libmagic that strangers' bytes have broken. */

#include "drive_sniff.h"
#include <magic.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S_FLAGS                                                                                                        \
    (MAGIC_MIME_TYPE | MAGIC_ERROR | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_CDF |               \
     MAGIC_NO_CHECK_TOKENS | MAGIC_NO_CHECK_APPTYPE)

struct drive_sniff {
    pthread_mutex_t mutex; /* a cookie is for one thread at a time */
    magic_t cookie;
};

drive_sniff_t *drive_sniff_new (void)
{
    drive_sniff_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    pthread_mutex_init (&self->mutex, NULL);
    self->cookie = magic_open (S_FLAGS);
    if (!self->cookie || magic_load (self->cookie, NULL) != 0)
        drive_sniff_destroy (&self);
    return self;
}

void drive_sniff_destroy (drive_sniff_t **self_p)
{
    drive_sniff_t *self = *self_p;
    if (!self)
        return;
    if (self->cookie)
        magic_close (self->cookie);
    pthread_mutex_destroy (&self->mutex);
    free (self);
    *self_p = NULL;
}

/*  type "/" subtype, each of the characters of a token that media types use. */
static bool s_is_type (const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789!#$&^_.+-";
    size_t type = strspn (text, letters), subtype = text[type] == '/' ? strspn (text + type + 1, letters) : 0;
    return type > 0 && subtype > 0 && text[type + 1 + subtype] == 0 && type + 1 + subtype <= LIM_MEDIA_TYPE;
}

/*  libmagic's own names for what has no type. */
static bool s_is_none (const char *text)
{
    return strncmp (text, "inode/", 6) == 0 || strcmp (text, "application/x-empty") == 0;
}

void drive_sniff_type (drive_sniff_t *self, const void *bytes, size_t len, char out[LIM_MEDIA_TYPE + 1])
{
    size_t looked_at = len < DRIVE_SNIFF_BYTES ? len : DRIVE_SNIFF_BYTES;
    pthread_mutex_lock (&self->mutex);
    const char *found = looked_at > 0 ? magic_buffer (self->cookie, bytes, looked_at) : NULL;
    bool is_good = found && s_is_type (found) && !s_is_none (found);
    snprintf (out, LIM_MEDIA_TYPE + 1, "%s", is_good ? found : DRIVE_SNIFF_UNKNOWN);
    pthread_mutex_unlock (&self->mutex);
}
