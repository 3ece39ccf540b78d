/*  fuzz_image - the first bytes of what claims to be a picture.

    Nothing is read behind the end, the limits hold, and the verdict on a header
    that was read does not change with the bytes behind it.
    Covers: services/drive/drive_image.c */

#include "drive_image.h"
#include "fuzz.h"

#define PIXELS (16u * 1024 * 1024)

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t len)
{
    drive_image_t image, shorter;
    int rc = drive_image_read (bytes, len, PIXELS, &image);
    fuzz_must (rc == 0 || rc == -PT_E_media_refused || rc == -PT_E_too_large);
    if (rc == 0) {
        fuzz_must (image.width > 0 && image.width <= DRIVE_IMAGE_SIDE);
        fuzz_must (image.height > 0 && image.height <= DRIVE_IMAGE_SIDE);
        fuzz_must ((uint64_t)image.width * image.height <= PIXELS);
    }
    for (size_t cut = 0; cut < len && cut < 64; cut++) {
        int before = drive_image_read (bytes, cut, PIXELS, &shorter);
        fuzz_must (before == -PT_E_media_refused || before == rc);
    }
    return 0;
}
