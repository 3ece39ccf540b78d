/*  gw_range - which bytes of a file a Range header asks for. */

#include "gw_range.h"
#include <stdbool.h>
#include <strings.h>

static const char s_unit[] = "bytes=";
#define UNIT (sizeof s_unit - 1)

/*  Reads digits from `*at`; a number beyond 64 bits is the greatest there is. */
static bool s_number (const char *value, size_t len, size_t *at, uint64_t *out)
{
    size_t start = *at;
    *out = 0;
    for (; *at < len && value[*at] >= '0' && value[*at] <= '9'; ++*at) {
        uint64_t digit = (uint64_t)(value[*at] - '0');
        *out = *out > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *out * 10 + digit;
    }
    return *at > start;
}

static gw_range_kind_t s_suffix (uint64_t count, uint64_t size, gw_range_t *out)
{
    if (count == 0)
        return GW_RANGE_OUTSIDE;
    if (size == 0)
        return GW_RANGE_WHOLE;
    uint64_t taken = count < size ? count : size;
    *out = (gw_range_t){size - taken, taken};
    return GW_RANGE_PART;
}

gw_range_kind_t gw_range_read (const char *value, size_t len, uint64_t size, gw_range_t *out)
{
    uint64_t first, last = UINT64_MAX;
    size_t at = UNIT;
    *out = (gw_range_t){0, size};
    if (!value || len <= UNIT || strncasecmp (value, s_unit, UNIT) != 0)
        return GW_RANGE_WHOLE;
    bool has_first = s_number (value, len, &at, &first);
    if (at == len || value[at++] != '-')
        return GW_RANGE_WHOLE;
    bool has_last = s_number (value, len, &at, &last);
    if (at != len || (!has_first && !has_last) || (has_first && has_last && first > last))
        return GW_RANGE_WHOLE;
    if (!has_first)
        return s_suffix (last, size, out);
    if (first >= size)
        return GW_RANGE_OUTSIDE;
    if (!has_last || last >= size)
        last = size - 1;
    *out = (gw_range_t){first, last - first + 1};
    return GW_RANGE_PART;
}
