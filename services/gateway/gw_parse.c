/*  gw_parse - JSON text to jansson's tree, and whether it failed for want of memory. */

#include "gw_parse.h"
#include "pt_limits.h"
#include <stdlib.h>

/*  jansson's allocator is told no context: this is the one of the parse under way. */
static _Thread_local bool s_is_short;

static void *s_alloc (size_t size)
{
    void *memory = malloc (size);
    s_is_short = s_is_short || !memory;
    return memory;
}

json_t *gw_parse (const char *text, size_t len, json_error_t *error, bool *is_short)
{
    json_set_alloc_funcs (s_alloc, free);
    s_is_short = false;
    json_t *json = json_loadb (text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, error);
    *is_short = !json && s_is_short;
    return json;
}

bool gw_parse_is_shallow (const char *bytes, size_t len)
{
    unsigned depth = 0;
    bool is_text = false;
    for (size_t i = 0; i < len; i++) {
        char byte = bytes[i];
        if (is_text) {
            if (byte == '\\')
                i++;
            else if (byte == '"')
                is_text = false;
        } else if (byte == '"')
            is_text = true;
        else if (byte == '{' || byte == '[') {
            if (++depth > LIM_JSON_DEPTH)
                return false;
        } else if (byte == '}' || byte == ']')
            depth -= depth > 0;
    }
    return true;
}
