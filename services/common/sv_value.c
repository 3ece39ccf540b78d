/*  sv_value - the text of one setting to its value and back.

    Units are tables, largest first, so that printing takes the first that
    divides. */

#include "sv_value.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

typedef struct {
    const char *name;
    uint64_t factor;
} s_unit_t;

static const s_unit_t s_times[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
static const s_unit_t s_sizes[] = {
    {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"GB", 1000000000}, {"MB", 1000000}, {"kB", 1000}, {"B", 1},
};
static const s_unit_t s_switches[] = {{"on", 1},  {"true", 1},  {"yes", 1}, {"1", 1},
                                      {"off", 0}, {"false", 0}, {"no", 0},  {"0", 0}};

#define COUNT(table) (sizeof (table) / sizeof ((table)[0]))

static const s_unit_t *s_unit_find (const s_unit_t *table, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp (table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

__attribute__ ((format (printf, 2, 3))) static int s_fault (char fault[SV_FAULT_LEN], const char *format, ...)
{
    va_list args;
    va_start (args, format);
    vsnprintf (fault, SV_FAULT_LEN, format, args);
    va_end (args);
    return -PT_E_invalid;
}

/*  Digits at the start of `text`; their end is left in `*out_end`. */
static int s_parse_digits (const char *text, uint64_t *out, const char **out_end)
{
    uint64_t number = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow (number, 10, &number) ||
            __builtin_add_overflow (number, (uint64_t)(*at - '0'), &number))
            return -PT_E_too_large;
    if (at == text)
        return -PT_E_invalid;
    *out = number;
    *out_end = at;
    return 0;
}

/*  Digits and a unit; without a unit only 0 is clear. */
static int s_parse_with_unit (const char *text, const s_unit_t *units, size_t count, uint64_t *out)
{
    uint64_t number = 0;
    const char *end;
    int rc = s_parse_digits (text, &number, &end);
    if (rc < 0)
        return rc;
    while (*end == ' ')
        end++;
    const s_unit_t *unit = s_unit_find (units, count, end);
    if (!unit && (*end || number > 0))
        return -PT_E_invalid;
    if (__builtin_mul_overflow (number, unit ? unit->factor : 1, out))
        return -PT_E_too_large;
    return 0;
}

static int s_parse_number (sv_type_t type, const char *text, uint64_t *out)
{
    if (type == SV_TYPE_DURATION)
        return s_parse_with_unit (text, s_times, COUNT (s_times), out);
    if (type == SV_TYPE_SIZE)
        return s_parse_with_unit (text, s_sizes, COUNT (s_sizes), out);
    if (type == SV_TYPE_BOOL) {
        const s_unit_t *word = s_unit_find (s_switches, COUNT (s_switches), text);
        if (!word)
            return -PT_E_invalid;
        *out = word->factor;
        return 0;
    }
    uint64_t number = 0;
    const char *end;
    int rc = s_parse_digits (text, &number, &end);
    if (rc == 0 && *end)
        rc = -PT_E_invalid;
    if (rc == 0)
        *out = number;
    return rc;
}

static const char *const s_wanted[] = {
    [SV_TYPE_U64] = "a whole number",
    [SV_TYPE_BOOL] = "on or off",
    [SV_TYPE_DURATION] = "a duration such as 250ms, 30s, 5m, 2h or 1d",
    [SV_TYPE_SIZE] = "a size such as 512B, 64KiB or 1MiB",
};

static int s_parse_bounded (const sv_setting_t *setting, const char *text, sv_value_t *out, char fault[SV_FAULT_LEN])
{
    uint64_t number = 0;
    int rc = s_parse_number (setting->type, text, &number);
    if (rc == -PT_E_invalid)
        return s_fault (fault, "'%.64s' is not %s", text, s_wanted[setting->type]);
    if (rc < 0)
        return s_fault (fault, "%.64s is too large a number", text);
    char bound[32];
    if (setting->type != SV_TYPE_BOOL && setting->max > 0 && number > setting->max) {
        sv_value_print (setting->type, setting->max, bound, sizeof (bound));
        return s_fault (fault, "%.64s is above the largest value, %s", text, bound);
    }
    if (setting->type != SV_TYPE_BOOL && number < setting->min) {
        sv_value_print (setting->type, setting->min, bound, sizeof (bound));
        return s_fault (fault, "%.64s is below the smallest value, %s", text, bound);
    }
    out->number = number;
    return 0;
}

static bool s_is_choice (const char *choices, const char *text)
{
    size_t len = strcspn (text, "|");
    if (len == 0 || text[len])
        return false;
    for (const char *at = choices; at; at = strchr (at, '|')) {
        at += *at == '|';
        if (strncmp (at, text, len) == 0 && (at[len] == '|' || at[len] == '\0'))
            return true;
    }
    return false;
}

static int s_parse_str (const sv_setting_t *setting, const char *text, sv_value_t *out, char fault[SV_FAULT_LEN])
{
    size_t len = strlen (text);
    if (len < setting->min)
        return len ? s_fault (fault, "is shorter than %" PRIu64 " bytes", setting->min) : s_fault (fault, "is empty");
    if (setting->max > 0 && len > setting->max)
        return s_fault (fault, "is longer than %" PRIu64 " bytes", setting->max);
    for (size_t i = 0; i < len; i++)
        if (iscntrl ((unsigned char)text[i]))
            return s_fault (fault, "holds a control character at byte %zu", i + 1);
    if (setting->choices && !s_is_choice (setting->choices, text))
        return s_fault (fault, "'%.64s' is not one of %s", text, setting->choices);
    out->text = text;
    return 0;
}

int sv_value_parse (const sv_setting_t *setting, const char *text, sv_value_t *out, char fault[SV_FAULT_LEN])
{
    if (setting->type == SV_TYPE_STR)
        return s_parse_str (setting, text, out, fault);
    int rc = s_parse_bounded (setting, text, out, fault);
    return rc < 0 && (setting->flags & SV_SECRET) ? s_fault (fault, "is not a valid value") : rc;
}

/*  In the largest unit that divides it. */
static void s_print_with_unit (const s_unit_t *units, size_t count, uint64_t number, char *out, size_t size)
{
    size_t i = 0;
    while (i + 1 < count && (number < units[i].factor || number % units[i].factor != 0))
        i++;
    if (number == 0)
        snprintf (out, size, "0");
    else
        snprintf (out, size, "%" PRIu64 "%s", number / units[i].factor, units[i].name);
}

void sv_value_print (sv_type_t type, uint64_t number, char *out, size_t size)
{
    if (type == SV_TYPE_DURATION)
        s_print_with_unit (s_times, COUNT (s_times), number, out, size);
    else if (type == SV_TYPE_SIZE)
        s_print_with_unit (s_sizes, COUNT (s_sizes), number, out, size);
    else if (type == SV_TYPE_BOOL)
        snprintf (out, size, "%s", number ? "on" : "off");
    else
        snprintf (out, size, "%" PRIu64, number);
}

const char *sv_value_placeholder (sv_type_t type)
{
    static const char *const names[] = {
        [SV_TYPE_STR] = "<text>",      [SV_TYPE_U64] = "<number>", [SV_TYPE_BOOL] = "<on|off>",
        [SV_TYPE_DURATION] = "<time>", [SV_TYPE_SIZE] = "<size>",
    };
    return names[type];
}
