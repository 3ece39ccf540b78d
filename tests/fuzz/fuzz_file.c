/*  fuzz_file - any bytes as the headers that requests for files come with.

    A range lies within its file; a name that is read is text, and what is written of it stays in
    its line; a date that is read is written as it was.
    Covers: services/gateway/files/gw_range.c, services/gateway/files/gw_condition.c, services/gateway/gw_date.c,
    services/gateway/files/gw_disposition.c, services/gateway/files/gw_tus.c, services/gateway/gw_base64.c */

#include "fuzz.h"
#include "gw_condition.h"
#include "gw_date.h"
#include "gw_disposition.h"
#include "gw_range.h"
#include "gw_tus.h"
#include "pt_codec.h"

static void s_range (const char *text, size_t len, uint64_t size)
{
    gw_range_t range;
    gw_range_kind_t kind = gw_range_read (text, len, size, &range);
    fuzz_must (kind != GW_RANGE_WHOLE || (range.first == 0 && range.count == size));
    fuzz_must (kind != GW_RANGE_PART || (range.count > 0 && range.first < size && range.count <= size - range.first));
}

static void s_date (const char *text, size_t len)
{
    char back[GW_DATE + 1];
    int64_t seconds;
    if (gw_date_parse (text, len, &seconds))
        fuzz_must (memcmp (gw_date_put (back, seconds), text, GW_DATE) == 0);
}

static void s_name (const char *text, size_t len)
{
    char name[LIM_FILE_NAME];
    size_t name_len = 0;
    if (!gw_disposition_name (text, len, name, sizeof name, &name_len))
        return;
    fuzz_must (name_len > 0 && name_len <= sizeof name && pt_utf8_valid (name, name_len));
    fuzz_must (!memchr (name, '/', name_len) && !memchr (name, '\\', name_len));
    pt_buf_t line;
    pt_buf_init (&line, 8192);
    gw_disposition_put (&line, true, (pt_str_t){name, (uint32_t)name_len});
    fuzz_must (pt_buf_error (&line) == 0);
    for (size_t i = 0; i + 2 < line.len; i++)
        fuzz_must (line.at[i] >= ' ' && line.at[i] < 0x7f);
    pt_buf_fini (&line);
}

static void s_tus (const char *text, size_t len)
{
    char name[LIM_FILE_NAME], digest[GW_TUS_DIGEST];
    size_t name_len = 0, digest_len = 0;
    uint64_t number;
    pt_digest_t kind;
    if (gw_tus_name (text, len, name, &name_len) == 0)
        fuzz_must (name_len <= sizeof name && pt_utf8_valid (name, name_len));
    if (gw_tus_checksum (text, len, &kind, digest, &digest_len) == 0)
        fuzz_must (digest_len == 16 || digest_len == 20 || digest_len == 32);
    if (gw_tus_number (text, len, &number))
        fuzz_must (number <= LIM_SEQ);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    fuzz_input_t in = {data, size};
    uint64_t file = fuzz_number (&in);
    size_t len;
    char *text = fuzz_bytes (&in, 4096, &len);
    const pt_str_t value = {text, (uint32_t)len};
    const gw_conditions_t conditions = {
        .if_match = value, .if_none_match = value, .if_modified_since = value, .if_range = value};
    s_range (text, len, file);
    s_date (text, len);
    s_name (text, len);
    s_tus (text, len);
    if (gw_condition_judge (&conditions, PT_LIT ("\"a\""), 1000) != GW_CONDITION_FAILED)
        fuzz_must (memchr (text, '*', len) || memmem (text, len, "\"a\"", 3));
    (void)gw_condition_range_ok (&conditions, PT_LIT ("\"a\""), 1000);
    free (text);
    return 0;
}
