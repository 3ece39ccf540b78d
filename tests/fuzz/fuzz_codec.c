/*  fuzz_codec - any bytes as any message.

    The first byte chooses the message, the second whether field errors are
    asked for.  Whatever decodes must validate, print, encode, and decode again
    to the same encoding.
    Covers: proto/pt_codec.c proto/pt_encode.c proto/pt_scan.c proto/pt_field.c proto/pt_validate.c proto/pt_print.c */

#include "fuzz.h"
#include "pt_codec.h"

enum { S_ARENA = 4 << 20, S_PRINTED = 512 };

static void s_check_printed (pt_msg_t type, const void *msg)
{
    pt_buf_t line;
    pt_buf_init (&line, S_PRINTED);
    pt_print (type, msg, &line);
    fuzz_must (pt_utf8_valid (line.at, line.len));
    for (size_t i = 0; i < line.len; i++)
        fuzz_must ((uint8_t)line.at[i] >= 0x20);
    pt_buf_fini (&line);
}

static void s_check_decoded (pt_codec_t *codec, pt_msg_t type, const void *msg, pt_arena_t *arena)
{
    pt_buf_t first, second;
    pt_buf_init (&first, LIM_FRAME);
    pt_buf_init (&second, LIM_FRAME);
    fuzz_must (pt_validate (type, msg, arena, NULL) == 0);
    s_check_printed (type, msg);
    fuzz_must (pt_encode (&first, type, msg) == 0);
    const void *again = NULL;
    if (pt_decode (codec, type, first.at, first.len, arena, &again, NULL) == 0) {
        fuzz_must (pt_encode (&second, type, again) == 0);
        fuzz_must (first.len == second.len && memcmp (first.at, second.at, first.len) == 0);
    }
    pt_buf_fini (&first);
    pt_buf_fini (&second);
}

static void s_check_refused (int rc, const pt_error_t *error)
{
    fuzz_must (rc == -PT_E_malformed || rc == -PT_E_invalid || rc == -PT_E_memory);
    if (rc != -PT_E_invalid)
        return;
    pt_buf_t buf;
    pt_buf_init (&buf, LIM_FRAME);
    fuzz_must (pt_encode (&buf, PT_MSG_error, error) == 0);
    pt_buf_fini (&buf);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    pt_msg_t type = data[0] % PT_MSG_COUNT;
    bool wants_errors = data[1] & 1;
    pt_codec_t *codec = pt_codec_new ();
    pt_arena_t *arena = pt_arena_new (S_ARENA);
    fuzz_must (codec && arena);
    const void *msg = NULL;
    pt_error_t error = {0};
    int rc = pt_decode (codec, type, data + 2, size - 2, arena, &msg, wants_errors ? &error : NULL);
    if (rc == 0)
        s_check_decoded (codec, type, msg, arena);
    else
        s_check_refused (rc, &error);
    pt_arena_destroy (&arena);
    pt_codec_destroy (&codec);
    return 0;
}
