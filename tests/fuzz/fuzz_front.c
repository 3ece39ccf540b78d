/*  fuzz_front - the first bytes of a connection, and the token in them.

    However the bytes are cut, the judgement of a longer piece never contradicts
    that of a shorter one; a token is one entry of the list, and what is handed on
    is a head of the same kind with the same bytes behind it.
    Covers: services/gateway/gw_front.c */

#include "fuzz.h"
#include "gw_front.h"

static void s_check_judgement (const char *bytes, size_t len)
{
    gw_front_kind_t before = GW_FRONT_MORE;
    for (size_t cut = 1; cut <= len && cut <= 512; cut++) {
        char *piece = malloc (cut);
        fuzz_must (piece != NULL);
        memcpy (piece, bytes, cut);
        gw_front_kind_t kind = gw_front_judge (piece, cut);
        fuzz_must (before == GW_FRONT_MORE || kind == before);
        before = kind;
        free (piece);
    }
}

static void s_check_taken (const char *bytes, size_t len)
{
    const char *token, *end = memmem (bytes, len, "\r\n\r\n", 4);
    size_t token_len = 0, body_len = end ? (size_t)(bytes + len - end) : len;
    pt_buf_t out;
    pt_buf_init (&out, 2 * len + 64);
    gw_front_take_token (bytes, len, &out, &token, &token_len);
    fuzz_must (pt_buf_error (&out) == 0);
    if (token) {
        fuzz_must (end && token >= bytes && token + token_len <= end && token_len > 0);
        fuzz_must (!memchr (token, ',', token_len) && !memmem (token, token_len, "\r\n", 2));
    }
    fuzz_must (!end || gw_front_judge (bytes, len) == gw_front_judge (out.at, out.len));
    fuzz_must (out.len >= body_len && memcmp (out.at + out.len - body_len, bytes + len - body_len, body_len) == 0);
    pt_buf_fini (&out);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    fuzz_input_t in = {data, size};
    size_t len;
    char *bytes = fuzz_bytes (&in, in.left, &len);
    if (len > 0)
        s_check_judgement (bytes, len);
    s_check_taken (bytes, len);
    free (bytes);
    return 0;
}
