/*  fuzz_text - the JSON the gateway writes, read by jansson: strings, numbers
    and whole events of items must come back as they went in.
    Covers: services/gateway/gw_text.c services/gateway/sessions/gw_frame.c */

#include "fuzz.h"
#include "gw_frame.h"
#include "gw_text.h"
#include "pt_codec.h"
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

static void s_check_string (const char *bytes, size_t len)
{
    pt_buf_t out;
    pt_buf_init (&out, 8 * len + 16);
    gw_text_str (&out, bytes, len);
    fuzz_must (pt_buf_error (&out) == 0 && out.len == gw_text_str_len (bytes, len));
    json_t *json = json_loadb (out.at, out.len, JSON_DECODE_ANY, NULL);
    fuzz_must (json && json_string_length (json) == len && memcmp (json_string_value (json), bytes, len) == 0);
    json_decref (json);
    pt_buf_fini (&out);
}

static void s_check_number (uint64_t value)
{
    char ours[GW_TEXT_U64 + 1], theirs[32], time[GW_TEXT_TIME + 1];
    *gw_text_put_u64 (ours, value) = '\0';
    snprintf (theirs, sizeof theirs, "%" PRIu64, value);
    fuzz_must (strcmp (ours, theirs) == 0);
    fuzz_must (gw_text_put_time (time, (int64_t)value) == time + GW_TEXT_TIME);
}

/*  Payload of the frames of one message, unwrapped in place. */
static size_t s_unwrap (char *wire, size_t len)
{
    size_t to = 0, at = 0;
    bool is_last = false;
    while (at < len) {
        const uint8_t *head = (const uint8_t *)wire + at;
        size_t head_len = head[1] < 126 ? 2 : 4;
        size_t payload = head[1] < 126 ? head[1] : (size_t)head[2] << 8 | head[3];
        fuzz_must (!is_last && head[1] < 127 && payload <= GW_FRAME_PAYLOAD && at + head_len + payload <= len);
        fuzz_must ((head[0] & 0x7f) == (at == 0 ? 1 : 0));
        is_last = head[0] & 0x80;
        memmove (wire + to, wire + at + head_len, payload);
        to += payload;
        at += head_len + payload;
    }
    fuzz_must (is_last);
    return to;
}

static void s_check_item (const pt_item_t *item)
{
    size_t max = gw_frame_item_max (item);
    char *wire = malloc (max);
    fuzz_must (wire != NULL);
    size_t len = gw_frame_put_item (wire, item);
    fuzz_must (len <= max && gw_frame_span (wire, len, len) == len);
    len = s_unwrap (wire, len);
    json_t *json = json_loadb (wire, len, JSON_REJECT_DUPLICATES, NULL);
    fuzz_must (json_is_object (json));
    json_t *body = json_object_get (json, "body");
    fuzz_must ((body != NULL) == item->has_body);
    if (body)
        fuzz_must (json_string_length (body) == item->body.len &&
                   memcmp (json_string_value (body), item->body.at, item->body.len) == 0);
    fuzz_must ((uint64_t)json_integer_value (json_object_get (json, "seq")) == item->seq);
    json_decref (json);
    free (wire);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    fuzz_input_t in = {data, size};
    uint64_t seq = fuzz_number (&in), id = fuzz_number (&in);
    uint8_t repeat = fuzz_u8 (&in);
    size_t len;
    char *bytes = fuzz_bytes (&in, in.left, &len);
    s_check_number (seq);
    s_check_number (id);
    if (pt_utf8_valid (bytes, len)) {
        s_check_string (bytes, len);
        char *body = malloc (len * repeat + 1);
        fuzz_must (body != NULL);
        for (size_t i = 0; i < repeat; i++)
            memcpy (body + i * len, bytes, len);
        pt_item_t item = {.room = id,
                          .seq = seq % LIM_SEQ,
                          .id = id,
                          .at = (int64_t)(id % INT64_MAX),
                          .kind = PT_item_kind_MESSAGE,
                          .sender = 9,
                          .has_sender = true,
                          .send_id = {bytes, (uint32_t)(len < LIM_SEND_ID ? len : 0)},
                          .has_send_id = true,
                          .body = {body, (uint32_t)(len * repeat)},
                          .has_body = true};
        s_check_item (&item);
        free (body);
    }
    free (bytes);
    return 0;
}
