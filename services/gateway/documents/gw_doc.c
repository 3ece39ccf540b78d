/*  gw_doc - writes a document as JSON or as YAML. */

#include "gw_doc.h"
#include "gw_text.h"
#include "pt_error.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*  The longest text that gw_doc_printf makes; a longer one is cut. */
#define PRINTED 512

void gw_doc_init (gw_doc_t *self, pt_buf_t *out, bool is_yaml)
{
    *self = (gw_doc_t){.out = out, .is_yaml = is_yaml};
}

/*  Words and digits need no quotes, but for those that YAML reads as something else. */
static bool s_is_plain (const char *key)
{
    static const char *const taken[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (strcmp (key, taken[i]) == 0)
            return false;
    size_t word = strspn (key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return word > 0 && key[word] == '\0' && !(key[0] >= '0' && key[0] <= '9');
}

/*  A member of the innermost object or list begins; a list's first may follow its dash. */
static void s_enter_yaml (gw_doc_t *self, const char *key)
{
    bool is_first = self->up[self->depth - 1].count == 0;
    bool follows_dash = is_first && self->depth > 1 && self->up[self->depth - 2].is_list;
    if (follows_dash)
        pt_buf_puts (self->out, " ");
    else if (!is_first || self->depth > 1)
        pt_buf_printf (self->out, "\n%*s", 2 * (int)(self->depth - 1), "");
    if (!key)
        pt_buf_puts (self->out, "-");
    else if (s_is_plain (key))
        pt_buf_printf (self->out, "%s:", key);
    else {
        gw_text_str (self->out, key, strlen (key));
        pt_buf_puts (self->out, ":");
    }
}

static void s_enter_json (gw_doc_t *self, const char *key)
{
    if (self->up[self->depth - 1].count > 0)
        pt_buf_puts (self->out, ",");
    if (!key)
        return;
    gw_text_str (self->out, key, strlen (key));
    pt_buf_puts (self->out, ":");
}

static void s_enter (gw_doc_t *self, const char *key)
{
    if (self->depth == 0)
        return;
    if (self->is_yaml)
        s_enter_yaml (self, key);
    else
        s_enter_json (self, key);
    self->up[self->depth - 1].count++;
}

/*  Between a key and its value. */
static void s_gap (gw_doc_t *self)
{
    if (self->is_yaml && self->depth > 0)
        pt_buf_puts (self->out, " ");
}

static void s_open (gw_doc_t *self, const char *key, bool is_list)
{
    if (self->depth == GW_DOC_DEPTH) {
        if (self->out->error == 0)
            self->out->error = -PT_E_too_large;
        return;
    }
    s_enter (self, key);
    if (!self->is_yaml)
        pt_buf_puts (self->out, is_list ? "[" : "{");
    self->up[self->depth].is_list = is_list;
    self->up[self->depth].count = 0;
    self->depth++;
}

void gw_doc_object (gw_doc_t *self, const char *key)
{
    s_open (self, key, false);
}

void gw_doc_list (gw_doc_t *self, const char *key)
{
    s_open (self, key, true);
}

void gw_doc_end (gw_doc_t *self)
{
    if (self->depth == 0)
        return;
    self->depth--;
    bool is_list = self->up[self->depth].is_list;
    if (!self->is_yaml)
        pt_buf_puts (self->out, is_list ? "]" : "}");
    else if (self->up[self->depth].count == 0) {
        s_gap (self);
        pt_buf_puts (self->out, is_list ? "[]" : "{}");
    }
    if (self->depth == 0)
        pt_buf_puts (self->out, "\n");
}

void gw_doc_text (gw_doc_t *self, const char *key, const char *text)
{
    s_enter (self, key);
    s_gap (self);
    gw_text_str (self->out, text, strlen (text));
}

void gw_doc_printf (gw_doc_t *self, const char *key, const char *format, ...)
{
    char text[PRINTED];
    va_list args;
    va_start (args, format);
    vsnprintf (text, sizeof text, format, args);
    va_end (args);
    gw_doc_text (self, key, text);
}

void gw_doc_number (gw_doc_t *self, const char *key, uint64_t value)
{
    s_enter (self, key);
    s_gap (self);
    gw_text_u64 (self->out, value);
}

void gw_doc_bool (gw_doc_t *self, const char *key, bool value)
{
    s_enter (self, key);
    s_gap (self);
    pt_buf_puts (self->out, value ? "true" : "false");
}
