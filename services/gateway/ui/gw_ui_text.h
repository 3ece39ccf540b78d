/*  gw_ui_text - a template with its places filled in; pure.

    {{name}} is replaced by that value, with the signs of HTML escaped: there is no other way for
    a value to get in, and values stand in text or in quoted attributes alone.  What is between
    {{?name}} and {{/name}} is left out when the value is empty; such parts do not nest. */

#ifndef GW_UI_TEXT_H
#define GW_UI_TEXT_H

#include "pt_buf.h"
#include "pt_message.h"

/*  A table of values ends with a row of zeros. */
typedef struct {
    const char *name;
    pt_str_t text;
} gw_ui_value_t;

/*  Appends.  0, the buffer's error, or -PT_E_internal when the template has a place that is not
    closed or that no value is for. */
PT_MUSTCHECK int gw_ui_text_write (pt_buf_t *out, pt_str_t text, const gw_ui_value_t *values);

#endif
