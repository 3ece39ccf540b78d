/*  gw_dialect_check - what a field of a body must be, in the sentences of Django REST framework; pure. */

#include "gw_dialect_check.h"
#include "pt_codec.h"
#include "sv_email.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void gw_dialect_fault (gw_dialect_body_t *self, const char *field, const char *sentence)
{
    gw_dialect_faults_add (&self->faults, pt_str (field), pt_str (sentence), false);
}

bool gw_dialect_is_good (const gw_dialect_body_t *self)
{
    return self->faults.count == 0 && !self->is_short;
}

static bool s_fail (gw_dialect_body_t *self, const char *field, const char *sentence)
{
    if (sentence)
        gw_dialect_fault (self, field, sentence);
    else
        self->is_short = true;
    return false;
}

/*  The value, when there is one that is not null. */
static const gw_value_t *s_present (gw_dialect_body_t *self, const char *field, bool is_required)
{
    const gw_value_t *value = gw_dialect_body_field (self, field);
    if (!value && is_required)
        s_fail (self, field, GW_DIALECT_REQUIRED);
    if (value && value->kind == GW_VALUE_NULL) {
        s_fail (self, field, "This field may not be null.");
        return NULL;
    }
    return value;
}

/* ---- text ----------------------------------------------------------------------- */

static pt_str_t s_trim (pt_str_t text)
{
    while (text.len > 0 && isspace ((unsigned char)text.at[0])) {
        text.at++;
        text.len--;
    }
    while (text.len > 0 && isspace ((unsigned char)text.at[text.len - 1]))
        text.len--;
    return text;
}

static unsigned s_characters (pt_str_t text)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.at[i] & 0xc0) != 0x80;
    return count;
}

/*  U+0000 is none that the schema lets pass. */
static bool s_is_text (const gw_value_t *value)
{
    bool has_text = value->kind == GW_VALUE_TEXT || value->kind == GW_VALUE_INTEGER || value->kind == GW_VALUE_REAL;
    return has_text && pt_utf8_valid (value->text.at, value->text.len);
}

/*  What is wrong with it, or NULL. */
static const char *s_judge_text (gw_dialect_body_t *self, const gw_text_rule_t *rule, pt_str_t text)
{
    unsigned count = s_characters (text);
    if (text.len == 0)
        return rule->may_be_blank ? NULL : "This field may not be blank.";
    bool is_long = rule->max > 0 && count > rule->max;
    if (!is_long && count >= rule->min)
        return NULL;
    const char *sentence = pt_arena_printf (self->arena, "Ensure this field has %s %u characters.",
                                            is_long ? "no more than" : "at least", is_long ? rule->max : rule->min);
    self->is_short = self->is_short || !sentence;
    return sentence ? sentence : "";
}

bool gw_dialect_text (gw_dialect_body_t *self, const char *field, const gw_text_rule_t *rule, pt_str_t *out)
{
    const gw_value_t *raw = gw_dialect_body_field (self, field);
    if (raw && raw->kind == GW_VALUE_NULL && rule->may_be_null)
        return false;
    const gw_value_t *value = s_present (self, field, rule->is_required);
    if (!value)
        return false;
    if (!s_is_text (value)) {
        bool has_null = value->text.len > 0 && memchr (value->text.at, '\0', value->text.len);
        return s_fail (self, field,
                       has_null && value->kind == GW_VALUE_TEXT ? "Null characters are not allowed."
                                                                : "Not a valid string.");
    }
    pt_str_t text = rule->keeps_space ? value->text : s_trim (value->text);
    /*  An empty control of a form is one that was not filled in. */
    if (text.len == 0 && self->is_form && !rule->is_required && !rule->may_be_blank)
        return false;
    const char *sentence = s_judge_text (self, rule, text);
    if (sentence)
        return s_fail (self, field, sentence);
    *out = text;
    return true;
}

bool gw_dialect_email (gw_dialect_body_t *self, const char *field, bool is_required, pt_str_t *out)
{
    const gw_text_rule_t rule = {.is_required = is_required};
    pt_str_t text;
    if (!gw_dialect_text (self, field, &rule, &text))
        return false;
    if (!sv_email_is_valid (text))
        return s_fail (self, field, "Enter a valid email address.");
    *out = text;
    return true;
}

/*  The 32 hex digits of a UUID as Python reads one: hyphens anywhere or nowhere, in braces, behind urn:uuid:. */
static bool s_uuid_digits (pt_str_t text, char out[32])
{
    static const char urn[] = "urn:uuid:";
    unsigned count = 0;
    if (text.len >= sizeof urn - 1 && memcmp (text.at, urn, sizeof urn - 1) == 0)
        text = (pt_str_t){text.at + sizeof urn - 1, text.len - (uint32_t)(sizeof urn - 1)};
    if (text.len >= 2 && text.at[0] == '{' && text.at[text.len - 1] == '}')
        text = (pt_str_t){text.at + 1, text.len - 2};
    for (uint32_t i = 0; i < text.len; i++) {
        if (text.at[i] == '-')
            continue;
        if (count == 32 || !isxdigit ((unsigned char)text.at[i]))
            return false;
        out[count++] = (char)tolower ((unsigned char)text.at[i]);
    }
    return count == 32;
}

bool gw_dialect_uuid (gw_dialect_body_t *self, const char *field, bool is_required, pt_str_t *out)
{
    char digits[32];
    const gw_value_t *value = s_present (self, field, is_required);
    if (!value)
        return false;
    if (value->kind != GW_VALUE_TEXT || !s_uuid_digits (value->text, digits))
        return s_fail (self, field, "Must be a valid UUID.");
    const char *text = pt_arena_printf (self->arena, "%.8s-%.4s-%.4s-%.4s-%.12s", digits, digits + 8, digits + 12,
                                        digits + 16, digits + 20);
    *out = pt_str (text ? text : "");
    return text || s_fail (self, field, NULL);
}

/* ---- truth and numbers ------------------------------------------------------------ */

static bool s_is_one_of (pt_str_t text, const char *const *words)
{
    for (; *words; words++)
        if (text.len == strlen (*words) && strncasecmp (text.at, *words, text.len) == 0)
            return true;
    return false;
}

bool gw_dialect_flag (gw_dialect_body_t *self, const char *field, bool is_required, bool *out)
{
    static const char *const yes[] = {"true", "t", "yes", "y", "on", "1", "1.0", NULL};
    static const char *const no[] = {"false", "f", "no", "n", "off", "0", "0.0", NULL};
    const gw_value_t *value = s_present (self, field, is_required);
    if (!value)
        return false;
    bool is_yes = value->kind == GW_VALUE_BOOL && value->truth;
    bool is_no = value->kind == GW_VALUE_BOOL && !value->truth;
    if (s_is_text (value)) {
        is_yes = s_is_one_of (value->text, yes);
        is_no = s_is_one_of (value->text, no);
    }
    if (!is_yes && !is_no)
        return s_fail (self, field, "Must be a valid boolean.");
    *out = is_yes;
    return true;
}

/*  Digits of a number within 63 bits, perhaps behind a sign. */
static bool s_number (const gw_value_t *value, int64_t *out)
{
    char text[24], *end;
    if ((value->kind != GW_VALUE_TEXT && value->kind != GW_VALUE_INTEGER) || value->text.len == 0 ||
        value->text.len >= sizeof text)
        return false;
    memcpy (text, value->text.at, value->text.len);
    text[value->text.len] = '\0';
    errno = 0;
    *out = strtoll (text, &end, 10);
    return errno == 0 && *end == '\0' && end == text + value->text.len &&
           (isdigit ((unsigned char)text[0]) || text[0] == '-');
}

bool gw_dialect_integer (gw_dialect_body_t *self, const char *field, bool is_required, int64_t *out)
{
    const gw_value_t *value = s_present (self, field, is_required);
    if (!value)
        return false;
    return s_number (value, out) || s_fail (self, field, "A valid integer is required.");
}

/*  What is wrong with it as an id, or NULL. */
static const char *s_judge_pk (gw_dialect_body_t *self, const gw_value_t *value, uint64_t *out)
{
    int64_t number = 0;
    const char *sentence = NULL;
    if (!s_number (value, &number))
        sentence = pt_arena_printf (self->arena, "Incorrect type. Expected pk value, received %s.",
                                    gw_dialect_body_type (value));
    else if (number <= 0)
        sentence = pt_arena_printf (self->arena, "Invalid pk \"%lld\" - object does not exist.", (long long)number);
    else
        *out = (uint64_t)number;
    self->is_short = self->is_short || (number <= 0 && !sentence);
    return sentence;
}

bool gw_dialect_pk (gw_dialect_body_t *self, const char *field, bool is_required, uint64_t *out)
{
    const gw_value_t *value = s_present (self, field, is_required);
    if (!value)
        return false;
    const char *sentence = s_judge_pk (self, value, out);
    return sentence ? s_fail (self, field, sentence) : !self->is_short;
}

/*  The ids of `count` values; the first that is none is told. */
static bool s_pks (gw_dialect_body_t *self, const char *field, const gw_value_t *const *values, uint32_t count,
                   pt_ids_t *out)
{
    uint64_t *ids = pt_arena_alloc (self->arena, (count + 1) * sizeof *ids);
    if (!ids)
        return s_fail (self, field, NULL);
    for (uint32_t i = 0; i < count; i++) {
        const char *sentence = s_judge_pk (self, values[i], &ids[i]);
        if (sentence || self->is_short)
            return s_fail (self, field, sentence);
    }
    *out = (pt_ids_t){ids, count};
    return true;
}

static bool s_form_pks (gw_dialect_body_t *self, const char *field, pt_ids_t *out)
{
    const gw_value_t *values[GW_DIALECT_FIELDS];
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->count; i++)
        if (pt_str_eq (self->fields[i].name, pt_str (field)))
            values[count++] = &self->fields[i];
    return s_pks (self, field, values, count, out);
}

bool gw_dialect_pks (gw_dialect_body_t *self, const char *field, bool is_required, pt_ids_t *out)
{
    const gw_value_t *list = s_present (self, field, is_required);
    if (!list)
        return false;
    if (self->is_form)
        return s_form_pks (self, field, out);
    if (list->kind != GW_VALUE_LIST)
        return s_fail (self, field,
                       pt_arena_printf (self->arena, "Expected a list of items but got type \"%s\".",
                                        gw_dialect_body_type (list)));
    const gw_value_t **values = pt_arena_alloc (self->arena, (list->count + 1) * sizeof *values);
    for (uint32_t i = 0; values && i < list->count; i++)
        values[i] = &list->items[i];
    return values ? s_pks (self, field, values, list->count, out) : s_fail (self, field, NULL);
}
