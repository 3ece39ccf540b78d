/*  fuzz_cursor - times and places in pages as clients write them: a time that
    is read, written and read again is the same moment; a cursor is a decimal
    number or refused.
    Covers: services/gateway/gw_time.c services/store/store_shape.c */

#include "fuzz.h"
#include "gw_text.h"
#include "gw_time.h"
#include "store_shape.h"

/*  The last microsecond of the year 9999. */
#define S_LATEST INT64_C (253402300799999999)

static void s_check_time (const char *bytes, size_t len)
{
    int64_t us = -1, again = -1;
    char text[GW_TEXT_TIME];
    if (!gw_time_parse (bytes, len, &us))
        return;
    fuzz_must (us >= 0);
    gw_text_put_time (text, us);
    fuzz_must (gw_time_parse (text, sizeof text, &again));
    fuzz_must (again == (us > S_LATEST ? S_LATEST : us));
}

static void s_check_cursor (const char *bytes, size_t len)
{
    uint64_t id = 0;
    bool is_number = true;
    __extension__ unsigned __int128 value = 0;
    for (size_t i = 0; i < len && is_number; i++) {
        is_number = bytes[i] >= '0' && bytes[i] <= '9';
        value = value * 10 + (unsigned)(bytes[i] - '0');
        is_number = is_number && value <= LIM_ID;
    }
    int rc = store_shape_cursor (true, (pt_str_t){bytes, (uint32_t)len}, &id);
    fuzz_must ((rc == 0) == is_number);
    fuzz_must (rc != 0 || id == (uint64_t)value);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    fuzz_input_t in = {data, size};
    size_t len;
    char *bytes = fuzz_bytes (&in, in.left, &len);
    s_check_time (bytes, len);
    s_check_cursor (bytes, len);
    free (bytes);
    return 0;
}
