/*  drive_name - the names under which a backend keeps bytes. */

#include "drive_name.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char s_digits[] = "0123456789abcdef";

static bool s_is_hex (const char *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (at[i] == 0 || !strchr (s_digits, at[i]))
            return false;
    return true;
}

drive_blob_name_t drive_name_blob (const uint8_t sha256[LIM_HASH], uint64_t upload)
{
    drive_blob_name_t name;
    for (size_t i = 0; i < LIM_HASH; i++) {
        name.at[2 * i] = s_digits[sha256[i] >> 4];
        name.at[2 * i + 1] = s_digits[sha256[i] & 15];
    }
    name.at[2 * LIM_HASH] = '-';
    drive_name_upload (upload, name.at + 2 * LIM_HASH + 1);
    return name;
}

int drive_name_take (pt_str_t text, drive_blob_name_t *out)
{
    const size_t dash = (size_t)2 * LIM_HASH;
    if (text.len != sizeof out->at - 1 || !s_is_hex (text.at, dash) || text.at[dash] != '-' ||
        !s_is_hex (text.at + dash + 1, DRIVE_NAME_UPLOAD - 1))
        return -PT_E_invalid;
    memcpy (out->at, text.at, text.len);
    out->at[text.len] = 0;
    return 0;
}

void drive_name_upload (uint64_t upload, char out[DRIVE_NAME_UPLOAD])
{
    snprintf (out, DRIVE_NAME_UPLOAD, "%016" PRIx64, upload);
}

uint64_t drive_name_upload_id (const char *name)
{
    if (strlen (name) != DRIVE_NAME_UPLOAD - 1 || !s_is_hex (name, DRIVE_NAME_UPLOAD - 1))
        return 0;
    return strtoull (name, NULL, 16);
}
