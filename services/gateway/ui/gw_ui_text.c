/*  gw_ui_text - a template with its places filled in; pure. */

#include "gw_ui_text.h"
#include "pt_error.h"

static void s_put_escaped (pt_buf_t *out, pt_str_t text)
{
    static const char *const signs[256] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"};
    for (uint32_t i = 0; i < text.len; i++) {
        const char *sign = signs[(unsigned char)text.at[i]];
        if (sign)
            pt_buf_puts (out, sign);
        else
            pt_buf_put (out, &text.at[i], 1);
    }
}

static const gw_ui_value_t *s_value (const gw_ui_value_t *values, pt_str_t name)
{
    while (values->name && !pt_str_eq (pt_str (values->name), name))
        values++;
    return values->name ? values : NULL;
}

/*  The text up to `mark`, behind which `*rest` then begins; false when it is not there. */
static bool s_cut (pt_str_t *rest, const char *mark, pt_str_t *out)
{
    const char *at = rest->len > 0 ? memmem (rest->at, rest->len, mark, strlen (mark)) : NULL;
    if (!at)
        return false;
    *out = (pt_str_t){rest->at, (uint32_t)(at - rest->at)};
    rest->len -= (uint32_t)(out->len + strlen (mark));
    rest->at = at + strlen (mark);
    return true;
}

/*  A part is closed by any mark that begins with {{/, for parts do not nest. */
static bool s_skip_part (pt_str_t *rest)
{
    pt_str_t skipped;
    return s_cut (rest, "{{/", &skipped) && s_cut (rest, "}}", &skipped);
}

static int s_place (pt_buf_t *out, pt_str_t name, const gw_ui_value_t *values, pt_str_t *rest)
{
    char kind = name.len > 0 && (name.at[0] == '?' || name.at[0] == '/') ? name.at[0] : '\0';
    if (kind)
        name = (pt_str_t){name.at + 1, name.len - 1};
    const gw_ui_value_t *value = s_value (values, name);
    if (!value)
        return -PT_E_internal;
    if (!kind)
        s_put_escaped (out, value->text);
    return kind != '?' || value->text.len > 0 || s_skip_part (rest) ? 0 : -PT_E_internal;
}

int gw_ui_text_write (pt_buf_t *out, pt_str_t text, const gw_ui_value_t *values)
{
    pt_str_t rest = text, piece;
    while (s_cut (&rest, "{{", &piece)) {
        pt_buf_put (out, piece.at, piece.len);
        if (!s_cut (&rest, "}}", &piece) || s_place (out, piece, values, &rest) != 0)
            return -PT_E_internal;
    }
    pt_buf_put (out, rest.at, rest.len);
    return pt_buf_error (out);
}
