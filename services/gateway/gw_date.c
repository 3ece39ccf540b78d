/*  gw_date - dates of HTTP headers. */

#include "gw_date.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char s_days[] = "SunMonTueWedThuFriSat";
static const char s_months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/*  The last second of the year 9999. */
#define LAST INT64_C (253402300799)

char *gw_date_put (char out[GW_DATE + 1], int64_t seconds)
{
    struct tm tm;
    char text[96];
    time_t when = (time_t)(seconds < 0 ? 0 : seconds > LAST ? LAST : seconds);
    gmtime_r (&when, &tm);
    snprintf (text, sizeof text, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", s_days + 3 * tm.tm_wday, tm.tm_mday,
              s_months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    memcpy (out, text, GW_DATE);
    out[GW_DATE] = '\0';
    return out;
}

/*  Digits alone, of which the shape has vouched. */
static int s_number (const char *at, size_t len)
{
    int number = 0;
    while (len-- > 0)
        number = number * 10 + (*at++ - '0');
    return number;
}

static int s_month (const char *at)
{
    for (int month = 0; month < 12; month++)
        if (memcmp (s_months + 3 * month, at, 3) == 0)
            return month;
    return -1;
}

bool gw_date_parse (const char *text, size_t len, int64_t *out_seconds)
{
    static const char shape[] = "aaa, 00 aaa 0000 00:00:00 GMT";
    if (len != GW_DATE)
        return false;
    for (size_t i = 0; i < GW_DATE; i++)
        if (shape[i] == '0' ? text[i] < '0' || text[i] > '9' : shape[i] != 'a' && text[i] != shape[i])
            return false;
    struct tm tm = {.tm_mday = s_number (text + 5, 2),
                    .tm_mon = s_month (text + 8),
                    .tm_year = s_number (text + 12, 4) - 1900,
                    .tm_hour = s_number (text + 17, 2),
                    .tm_min = s_number (text + 20, 2),
                    .tm_sec = s_number (text + 23, 2)};
    struct tm said = tm;
    if (tm.tm_mon < 0 || tm.tm_year < 70)
        return false;
    *out_seconds = timegm (&tm);
    /*  What was no date (31 Feb, 25:00) has been carried over. */
    return tm.tm_mday == said.tm_mday && tm.tm_mon == said.tm_mon && tm.tm_hour == said.tm_hour &&
           tm.tm_min == said.tm_min && tm.tm_sec == said.tm_sec && memcmp (s_days + 3 * tm.tm_wday, text, 3) == 0;
}
