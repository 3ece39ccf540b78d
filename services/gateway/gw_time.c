/*  gw_time - reading RFC 3339 times. */

#include "gw_time.h"

static bool s_number (const char *text, size_t digits, unsigned *out)
{
    unsigned value = 0;
    for (size_t i = 0; i < digits; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    *out = value;
    return true;
}

/*  Days since 1970 of a date of the Gregorian calendar; March is month 0, so
    that the leap day is the last of its year. */
static int64_t s_days (unsigned year, unsigned month, unsigned day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = y / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static unsigned s_month_days (unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && is_leap ? 29 : days[month - 1];
}

/*  Z or +hh:mm; the offset in seconds. */
static bool s_offset (const char *text, size_t len, int64_t *out)
{
    unsigned hours, minutes;
    if (len == 1 && (text[0] == 'Z' || text[0] == 'z')) {
        *out = 0;
        return true;
    }
    if (len != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' || !s_number (text + 1, 2, &hours) ||
        !s_number (text + 4, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *out = ((int64_t)hours * 60 + minutes) * (text[0] == '-' ? -60 : 60);
    return true;
}

bool gw_time_parse (const char *text, size_t len, int64_t *out_us)
{
    unsigned year, month, day, hour, minute, second;
    if (len < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
        text[16] != ':')
        return false;
    if (!s_number (text, 4, &year) || !s_number (text + 5, 2, &month) || !s_number (text + 8, 2, &day) ||
        !s_number (text + 11, 2, &hour) || !s_number (text + 14, 2, &minute) || !s_number (text + 17, 2, &second))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > s_month_days (year, month) || hour > 23 || minute > 59 ||
        second > 59)
        return false;
    int64_t us = 0, scale = 100000, offset;
    size_t at = 19;
    if (text[at] == '.') {
        size_t first = ++at;
        for (; at < len && text[at] >= '0' && text[at] <= '9'; at++, scale /= 10)
            us += (text[at] - '0') * scale;
        if (at == first || at - first > 9)
            return false;
    }
    if (!s_offset (text + at, len - at, &offset))
        return false;
    int64_t seconds = s_days (year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset;
    if (seconds < 0)
        return false;
    *out_us = seconds * 1000000 + us;
    return true;
}
