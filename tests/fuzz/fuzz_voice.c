/*  fuzz_voice - what dialects' sockets read and write: an echo is the text or its message, the
    frame of any item is JSON that holds the text, a name has one dialect or none.
    Covers: services/gateway/dialects/gw_echo.c services/gateway/dialects/gw_voice_chat.c
    services/gateway/dialects/gw_voice_member.c services/gateway/dialects/gw_voice_open.c
    services/gateway/dialects/gw_voice_public.c services/common/sv_address.c */

#include "fuzz.h"
#include "gw_echo.h"
#include "gw_voices.h"
#include "pt_codec.h"
#include "sv_address.h"
#include <jansson.h>

static const gw_voice_t *const s_voices[] = {&gw_voice_chat, &gw_voice_member, &gw_voice_open, &gw_voice_public};

static void s_check_echo (pt_str_t text)
{
    pt_buf_t out;
    pt_buf_init (&out, 8 * LIM_WS_MESSAGE);
    fuzz_must (gw_echo_put (&out, text) == 0 && pt_buf_error (&out) == 0);
    if (out.len != text.len || memcmp (out.at, text.at, text.len) != 0) {
        json_t *json = json_loadb (out.at, out.len, 0, NULL);
        fuzz_must (json_object_size (json) == 1 && json_object_get (json, "message"));
        json_decref (json);
    }
    pt_buf_fini (&out);
}

/*  With the text as body and as name. */
static void s_check_frame (const gw_voice_t *voice, pt_str_t text)
{
    const pt_item_t item = {
        .kind = PT_item_kind_MESSAGE, .sender = 7, .has_sender = true, .body = text, .has_body = true};
    const gw_sender_t sender = {.name = text, .email = text};
    for (unsigned is_known = 0; is_known < 2; is_known++) {
        pt_buf_t out;
        pt_buf_init (&out, 32 * LIM_WS_MESSAGE);
        voice->put (&out, &item, is_known ? &sender : NULL);
        fuzz_must (pt_buf_error (&out) == 0);
        json_t *json = json_loadb (out.at, out.len, 0, NULL);
        fuzz_must (json_is_object (json) && json_object_get (json, "message"));
        json_decref (json);
        pt_buf_fini (&out);
    }
}

static void s_check_name (pt_str_t name)
{
    pt_room_dialect_t dialect = sv_address_dialect (name);
    bool is_number = name.len > 0;
    for (uint32_t i = 0; i < name.len; i++)
        is_number = is_number && name.at[i] >= '0' && name.at[i] <= '9';
    fuzz_must ((dialect == PT_room_dialect_PUBLIC) == is_number);
    fuzz_must (dialect != PT_room_dialect_CHAT || name.len == 36);
    fuzz_must (dialect == PT_room_dialect_none || (name.len > 0 && name.len <= LIM_ROOM_ADDRESS) ||
               dialect != PT_room_dialect_OPEN);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    const pt_str_t text = {(const char *)data, (uint32_t)size};
    s_check_name (text);
    if (size > LIM_BODY || !pt_utf8_valid (text.at, text.len))
        return 0;
    s_check_echo (text);
    for (size_t i = 0; i < sizeof s_voices / sizeof *s_voices; i++)
        s_check_frame (s_voices[i], text);
    return 0;
}
