/*  drive_image - sizes of pictures: of each format, cut short, and lying. */

#include "drive_image.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above first */
#include <cmocka.h>

#define LITERAL(text) (text), sizeof (text) - 1
#define PIXELS (16u * 1024 * 1024)

#define PNG(size) "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" size "\x08\x06\0\0\0\x01\x02\x03\x04"
#define RIFF(chunk) "RIFF\x40\0\0\0WEBP" chunk

static const struct {
    const char *what;
    const char *bytes;
    size_t len;
    int err;
    const char *type;
    uint32_t width, height;
} s_rows[] = {
    {"png", LITERAL (PNG ("\0\0\x01\x02\0\0\x03\x04")), 0, "image/png", 0x102, 0x304},
    {"png without a side", LITERAL (PNG ("\0\0\0\0\0\0\x03\x04")), PT_E_media_refused, NULL, 0, 0},
    {"png of 4 giga a side", LITERAL (PNG ("\xff\xff\xff\xff\xff\xff\xff\xff")), PT_E_too_large, NULL, 0, 0},
    {"png, one side too long", LITERAL (PNG ("\0\0\x40\x01\0\0\0\x01")), PT_E_too_large, NULL, 0, 0},
    {"png, the longest side", LITERAL (PNG ("\0\0\x40\0\0\0\x04\0")), 0, "image/png", 16384, 1024},
    {"png, a row too many", LITERAL (PNG ("\0\0\x40\0\0\0\x04\x01")), PT_E_too_large, NULL, 0, 0},
    {"png that begins with another chunk",
     LITERAL ("\x89PNG\r\n\x1a\n\0\0\0\x0dIDAT\0\0\0\1\0\0\0\1\x08\x06\0\0\0\0\0\0\0"), PT_E_media_refused, NULL, 0, 0},
    {"gif", LITERAL ("GIF89a\x02\x01\x04\x03\0\0\0"), 0, "image/gif", 0x102, 0x304},
    {"old gif", LITERAL ("GIF87a\x02\x01\x04\x03\0\0\0"), 0, "image/gif", 0x102, 0x304},
    {"gif of no known year", LITERAL ("GIF88a\x02\x01\x04\x03\0\0\0"), PT_E_media_refused, NULL, 0, 0},
    {"jpeg", LITERAL ("\xff\xd8\xff\xe0\0\4ab\xff\xff\xc2\0\x11\x08\x03\x04\x01\x02\x03"), 0, "image/jpeg", 0x102,
     0x304},
    {"jpeg with a scan before a frame", LITERAL ("\xff\xd8\xff\xda\0\4ab\xff\xc0\0\x11\x08\x03\x04\x01\x02\x03"),
     PT_E_media_refused, NULL, 0, 0},
    {"jpeg with a length of nothing", LITERAL ("\xff\xd8\xff\xe0\0\0\xff\xc0\0\x11\x08\x03\x04\x01\x02"),
     PT_E_media_refused, NULL, 0, 0},
    {"jpeg that ends in a segment", LITERAL ("\xff\xd8\xff\xe0\xff\xff\xff\xc0\0\x11\x08"), PT_E_media_refused, NULL, 0,
     0},
    {"jpeg with tables alone", LITERAL ("\xff\xd8\xff\xc4\0\x08\1\2\3\4\5\6\xff\xd9\0\0\0\0\0\0\0"), PT_E_media_refused,
     NULL, 0, 0},
    {"webp", LITERAL (RIFF ("VP8 \x30\0\0\0\x10\0\0\x9d\x01\x2a\x02\x41\x04\x03")), 0, "image/webp", 0x102, 0x304},
    {"webp that begins between frames", LITERAL (RIFF ("VP8 \x30\0\0\0\x11\0\0\x9d\x01\x2a\x02\x41\x04\x03")),
     PT_E_media_refused, NULL, 0, 0},
    {"lossless webp", LITERAL (RIFF ("VP8L\x30\0\0\0\x2f\xff\xff\xff\xff\0\0\0\0\0")), 0, "image/webp", 16384, 16384},
    {"extended webp", LITERAL (RIFF ("VP8X\x0a\0\0\0\0\0\0\0\x01\x01\0\x03\x03\0")), 0, "image/webp", 0x102, 0x304},
    {"extended webp that claims too much", LITERAL (RIFF ("VP8X\x0a\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff")),
     PT_E_too_large, NULL, 0, 0},
    {"webp of another kind", LITERAL (RIFF ("JUNK\x0a\0\0\0\0\0\0\0\x01\x01\0\x03\x03\0")), PT_E_media_refused, NULL, 0,
     0},
    {"svg", LITERAL ("<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>"), PT_E_media_refused, NULL, 0, 0},
    {"nothing", LITERAL (""), PT_E_media_refused, NULL, 0, 0},
};

static void each_format_tells_its_size (void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof s_rows / sizeof s_rows[0]; i++) {
        drive_image_t image;
        /*  The largest lossless picture there can be is above the limit of pixels. */
        uint64_t pixels = s_rows[i].width == 16384 && s_rows[i].height == 16384 ? UINT64_C (1) << 28 : PIXELS;
        int rc = drive_image_read ((const uint8_t *)s_rows[i].bytes, s_rows[i].len, pixels, &image);
        if (rc != -s_rows[i].err)
            fail_msg ("%s: %s", s_rows[i].what, pt_error_name (rc));
        if (rc != 0)
            continue;
        assert_string_equal (image.type, s_rows[i].type);
        assert_int_equal (image.width, s_rows[i].width);
        assert_int_equal (image.height, s_rows[i].height);
    }
}

/*  In memory of just that size, where reading behind the end is seen. */
static void what_is_cut_short_is_refused_or_whole (void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof s_rows / sizeof s_rows[0]; i++)
        for (size_t len = 0; len < s_rows[i].len; len++) {
            drive_image_t image;
            uint8_t *copy = malloc (len + (len == 0));
            assert_non_null (copy);
            memcpy (copy, s_rows[i].bytes, len);
            int rc = drive_image_read (copy, len, PIXELS, &image);
            assert_true (rc == 0 || rc == -PT_E_media_refused || rc == -PT_E_too_large);
            free (copy);
        }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (each_format_tells_its_size),
        cmocka_unit_test (what_is_cut_short_is_refused_or_whole),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
