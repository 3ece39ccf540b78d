/*  fuzz_body - any bytes as a chunked body, and as a form.

    What is decoded does not depend on how the bytes were cut into pieces, and is never more
    than came; what is handed out lies in the input or in the parser.
    Covers: services/gateway/gw_chunked.c, services/gateway/files/gw_multipart.c */

#include "fuzz.h"
#include "gw_chunked.h"
#include "gw_multipart.h"

typedef struct {
    char bytes[1 << 16];
    size_t len;
    unsigned result;
} fuzz_decoded_t;

static void s_keep (fuzz_decoded_t *out, const char *bytes, size_t len)
{
    fuzz_must (out->len + len <= sizeof out->bytes);
    memcpy (out->bytes + out->len, bytes, len);
    out->len += len;
}

static void s_chunked (const char *bytes, size_t len, size_t piece, fuzz_decoded_t *out)
{
    gw_chunked_t self = {0};
    out->len = 0;
    out->result = GW_CHUNKED_MORE;
    for (size_t from = 0; from < len && out->result == GW_CHUNKED_MORE; from += piece) {
        const char *at = bytes + from, *data;
        size_t left = len - from < piece ? len - from : piece, data_len;
        while ((out->result = gw_chunked_next (&self, &at, &left, &data, &data_len)) == GW_CHUNKED_DATA) {
            fuzz_must (data_len > 0 && data >= bytes && data + data_len <= bytes + len);
            s_keep (out, data, data_len);
        }
    }
}

static void s_form (const char *bytes, size_t len, size_t piece, fuzz_decoded_t *out)
{
    static const char type[] = "multipart/form-data; boundary=-x";
    gw_multipart_t self;
    fuzz_must (gw_multipart_init (&self, type, sizeof type - 1));
    out->len = 0;
    out->result = GW_MULTIPART_MORE;
    for (size_t from = 0; from < len && out->result == GW_MULTIPART_MORE; from += piece) {
        const char *at = bytes + from, *data = NULL;
        size_t left = len - from < piece ? len - from : piece, data_len = 0;
        do {
            out->result = gw_multipart_next (&self, &at, &left, &data, &data_len);
            fuzz_must (out->result != GW_MULTIPART_FILE || (self.name_len > 0 && self.name_len <= LIM_FILE_NAME));
            if (out->result == GW_MULTIPART_DATA)
                s_keep (out, data, data_len);
        } while (out->result == GW_MULTIPART_DATA || out->result == GW_MULTIPART_FILE);
    }
}

/*  All parts of a form: what is between them is kept as a mark. */
static void s_parts (const char *bytes, size_t len, size_t piece, fuzz_decoded_t *out)
{
    static const char type[] = "multipart/form-data; boundary=-x";
    gw_multipart_t self;
    bool is_part = false;
    fuzz_must (gw_multipart_init (&self, type, sizeof type - 1));
    self.wants_all = true;
    out->len = 0;
    out->result = GW_MULTIPART_MORE;
    for (size_t from = 0; from < len && out->result == GW_MULTIPART_MORE; from += piece) {
        const char *at = bytes + from, *data = NULL;
        size_t left = len - from < piece ? len - from : piece, data_len = 0;
        do {
            out->result = gw_multipart_next (&self, &at, &left, &data, &data_len);
            fuzz_must (out->result != GW_MULTIPART_FILE && self.field_len <= GW_MULTIPART_FIELD);
            fuzz_must (is_part || (out->result != GW_MULTIPART_DATA && out->result != GW_MULTIPART_PART_END));
            fuzz_must (!is_part || (out->result != GW_MULTIPART_PART && out->result != GW_MULTIPART_END));
            if (out->result == GW_MULTIPART_DATA)
                s_keep (out, data, data_len);
            else if (out->result == GW_MULTIPART_PART || out->result == GW_MULTIPART_PART_END)
                is_part = out->result == GW_MULTIPART_PART;
        } while (out->result != GW_MULTIPART_MORE && out->result != GW_MULTIPART_END &&
                 out->result != GW_MULTIPART_BAD);
    }
}

static void s_compare (void (*fn) (const char *, size_t, size_t, fuzz_decoded_t *), const char *bytes, size_t len,
                       size_t piece)
{
    static fuzz_decoded_t whole, cut;
    fn (bytes, len, len ? len : 1, &whole);
    fn (bytes, len, piece, &cut);
    fuzz_must (whole.result == cut.result && whole.len == cut.len && memcmp (whole.bytes, cut.bytes, cut.len) == 0);
    fuzz_must (whole.len <= len);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    fuzz_input_t in = {data, size};
    size_t piece = 1 + fuzz_u8 (&in) % 16u, len;
    char *bytes = fuzz_bytes (&in, 1 << 15, &len);
    s_compare (s_chunked, bytes, len, piece);
    s_compare (s_form, bytes, len, piece);
    s_compare (s_parts, bytes, len, piece);
    free (bytes);
    return 0;
}
