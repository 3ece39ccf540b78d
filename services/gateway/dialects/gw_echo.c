/*  gw_echo - see gw_echo.h. */

#include "gw_echo.h"
#include "gw_parse.h"
#include "gw_text.h"
#include <stdlib.h>

static int s_put_value (pt_buf_t *out, const json_t *value)
{
    if (json_is_string (value)) {
        gw_text_str (out, json_string_value (value), json_string_length (value));
        return 0;
    }
    char *text = json_dumps (value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text)
        return -PT_E_memory;
    pt_buf_puts (out, text);
    free (text);
    return 0;
}

static int s_put_json (pt_buf_t *out, pt_str_t text, const json_t *json)
{
    const json_t *value = json_object_get (json, "message");
    if (!value) {
        pt_buf_put (out, text.at, text.len);
        return pt_buf_error (out);
    }
    pt_buf_puts (out, "{\"message\":");
    int err = s_put_value (out, value);
    pt_buf_puts (out, "}");
    return err ? err : pt_buf_error (out);
}

int gw_echo_put (pt_buf_t *out, pt_str_t text)
{
    json_error_t error;
    bool is_short = false;
    json_t *json = gw_parse_is_shallow (text.at, text.len) ? gw_parse (text.at, text.len, &error, &is_short) : NULL;
    int err = is_short ? -PT_E_memory : s_put_json (out, text, json);
    json_decref (json);
    return err;
}
