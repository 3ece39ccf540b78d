/*  drive_image - how large a picture says that it is, from its first bytes. */

#include "drive_image.h"
#include <stdbool.h>
#include <string.h>

static uint32_t s_be16 (const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t s_be32 (const uint8_t *at)
{
    return s_be16 (at) << 16 | s_be16 (at + 2);
}

static uint32_t s_le16 (const uint8_t *at)
{
    return (uint32_t)at[1] << 8 | at[0];
}

static uint32_t s_le24 (const uint8_t *at)
{
    return (uint32_t)at[2] << 16 | s_le16 (at);
}

/*  Signature, then a chunk IHDR of 13 bytes. */
static bool s_read_png (const uint8_t *at, size_t len, drive_image_t *out)
{
    if (len < 33 || memcmp (at, "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", 16) != 0)
        return false;
    out->width = s_be32 (at + 16);
    out->height = s_be32 (at + 20);
    return true;
}

static bool s_read_gif (const uint8_t *at, size_t len, drive_image_t *out)
{
    if (len < 13 || (memcmp (at, "GIF87a", 6) != 0 && memcmp (at, "GIF89a", 6) != 0))
        return false;
    out->width = s_le16 (at + 6);
    out->height = s_le16 (at + 8);
    return true;
}

/*  SOF0..SOF15 without DHT, JPG and DAC, which share their range. */
static bool s_is_frame (uint8_t marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/*  Segments of a marker and a length each, until one that begins a frame; a scan
    before any frame is no picture. */
static bool s_read_jpeg (const uint8_t *at, size_t len, drive_image_t *out)
{
    if (len < 4 || at[0] != 0xff || at[1] != 0xd8)
        return false;
    for (size_t i = 2; i + 9 <= len;) {
        if (at[i] != 0xff)
            return false;
        uint8_t marker = at[i + 1];
        if (marker == 0xff) {
            i++; /* fill */
            continue;
        }
        uint32_t size = s_be16 (at + i + 2);
        if (size < 2 || marker < 0xc0 || (marker >= 0xd0 && marker <= 0xda))
            return false;
        if (s_is_frame (marker)) {
            out->height = s_be16 (at + i + 5);
            out->width = s_be16 (at + i + 7);
            return size >= 8;
        }
        i += 2 + (size_t)size;
    }
    return false;
}

static bool s_read_vp8 (const uint8_t *at, drive_image_t *out)
{
    if ((at[0] & 1) != 0 || memcmp (at + 3, "\x9d\x01\x2a", 3) != 0)
        return false;
    out->width = s_le16 (at + 6) & 0x3fff;
    out->height = s_le16 (at + 8) & 0x3fff;
    return true;
}

static bool s_read_vp8l (const uint8_t *at, drive_image_t *out)
{
    if (at[0] != 0x2f)
        return false;
    uint32_t bits = s_le16 (at + 1) | s_le16 (at + 3) << 16;
    out->width = (bits & 0x3fff) + 1;
    out->height = (bits >> 14 & 0x3fff) + 1;
    return true;
}

static bool s_read_vp8x (const uint8_t *at, drive_image_t *out)
{
    out->width = s_le24 (at + 4) + 1;
    out->height = s_le24 (at + 7) + 1;
    return true;
}

/*  RIFF, its size, WEBP, then the first chunk: simple, lossless, or extended. */
static bool s_read_webp (const uint8_t *at, size_t len, drive_image_t *out)
{
    static const struct {
        char tag[5];
        bool (*read) (const uint8_t *at, drive_image_t *out);
    } chunks[] = {{"VP8 ", s_read_vp8}, {"VP8L", s_read_vp8l}, {"VP8X", s_read_vp8x}};
    if (len < 30 || memcmp (at, "RIFF", 4) != 0 || memcmp (at + 8, "WEBP", 4) != 0)
        return false;
    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++)
        if (memcmp (at + 12, chunks[i].tag, 4) == 0)
            return chunks[i].read (at + 20, out);
    return false;
}

int drive_image_read (const uint8_t *at, size_t len, uint64_t pixels, drive_image_t *out)
{
    static const struct {
        const char *type;
        bool (*read) (const uint8_t *at, size_t len, drive_image_t *out);
    } kinds[] = {
        {"image/png", s_read_png}, {"image/jpeg", s_read_jpeg}, {"image/gif", s_read_gif}, {"image/webp", s_read_webp}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        *out = (drive_image_t){.type = kinds[i].type};
        if (!kinds[i].read (at, len, out))
            continue;
        if (out->width == 0 || out->height == 0)
            return -PT_E_media_refused;
        bool is_large = out->width > DRIVE_IMAGE_SIDE || out->height > DRIVE_IMAGE_SIDE ||
                        (uint64_t)out->width * out->height > pixels;
        return is_large ? -PT_E_too_large : 0;
    }
    return -PT_E_media_refused;
}
