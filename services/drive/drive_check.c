/*  drive_check - looks through a complete upload, once, and tells what it is.

    The first bytes tell the type, and of a picture its size; only when those
    pass are all read, and only when somebody needs them: the digest is known
    already where the bytes came in one stream. */

#include "drive_check.h"
#include "drive_clamd.h"
#include "drive_digest.h"
#include "drive_image.h"
#include <stdio.h>
#include <stdlib.h>

/*  What is looked at for the type; of a picture more, since a JPEG may say its
    size only after other things. */
#define S_PICTURE_HEAD (1024 * 1024)

#define S_PIECE (256 * 1024)

static int s_refuse (drive_verdict_t *out, int err, const char *why)
{
    snprintf (out->why, sizeof out->why, "%s", why);
    return err;
}

static int s_check_picture (const drive_check_t *ask, const uint8_t *head, size_t len, drive_verdict_t *out)
{
    drive_image_t image;
    int rc = drive_image_read (head, len, ask->pixels, &image);
    if (rc == -PT_E_too_large)
        return s_refuse (out, rc, "the picture has too many pixels");
    if (rc != 0 || strcmp (out->type, image.type) != 0)
        return s_refuse (out, -PT_E_media_refused, "a picture must be PNG, JPEG, GIF or WebP");
    return 0;
}

static int s_check_head (const drive_check_t *ask, drive_verdict_t *out)
{
    size_t cap = ask->is_picture ? S_PICTURE_HEAD : DRIVE_SNIFF_BYTES, len = 0;
    uint8_t *head = malloc (cap);
    if (!head)
        return -PT_E_memory;
    int rc = ask->sink->ops->look (ask->sink, 0, head, cap, &len);
    if (rc == 0) {
        drive_sniff_type (ask->sniff, head, len, out->type);
        rc = ask->is_picture ? s_check_picture (ask, head, len, out) : 0;
    }
    free (head);
    return rc;
}

/*  Reads all, for a digest and a scanner, of which either may be NULL. */
static int s_read_all (const drive_check_t *ask, drive_digest_t *digest, drive_clamd_t *clamd)
{
    uint8_t *piece = malloc (S_PIECE);
    int rc = piece ? 0 : -PT_E_memory;
    for (uint64_t offset = 0; rc == 0 && offset < ask->size;) {
        size_t len = 0;
        rc = ask->sink->ops->look (ask->sink, offset, piece, S_PIECE, &len);
        if (rc == 0 && len == 0)
            rc = -PT_E_internal;
        if (rc == 0 && digest)
            rc = drive_digest_add (digest, piece, len);
        /*  A scanner that stops listening may have found something: its answer tells. */
        if (rc == 0 && clamd && drive_clamd_add (clamd, piece, len) != 0 && !digest)
            break;
        offset += len;
    }
    free (piece);
    return rc;
}

static int s_check_all (const drive_check_t *ask, drive_digest_t *digest, drive_verdict_t *out)
{
    int rc = 0;
    drive_clamd_t *clamd = NULL;
    if (ask->clamd_socket && !(clamd = drive_clamd_new (ask->clamd_socket, &rc)))
        return s_refuse (out, rc, "the scanner is away");
    if (clamd || digest)
        rc = s_read_all (ask, digest, clamd);
    if (rc == 0 && clamd)
        rc = drive_clamd_end (clamd, out->why, sizeof out->why);
    drive_clamd_destroy (&clamd);
    if (rc == 0 && digest)
        rc = drive_digest_end (digest, out->sha256);
    return rc;
}

int drive_check (const drive_check_t *ask, drive_verdict_t *out)
{
    drive_digest_t *digest = NULL;
    memset (out, 0, sizeof *out);
    int rc = s_check_head (ask, out);
    if (rc != 0)
        return rc;
    if (ask->sha256)
        memcpy (out->sha256, ask->sha256, LIM_HASH);
    else if (!(digest = drive_digest_new (PT_digest_SHA256)))
        return -PT_E_memory;
    rc = s_check_all (ask, digest, out);
    drive_digest_destroy (&digest);
    if (rc == 0)
        out->why[0] = 0;
    return rc;
}

bool drive_check_is_final (int err)
{
    return err == -PT_E_media_refused || err == -PT_E_too_large || err == -PT_E_infected;
}
