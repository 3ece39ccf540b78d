/*  gw_condition - whether a request for a file holds under its conditions. */

#include "gw_condition.h"
#include "gw_date.h"

static bool s_is_blank (char c)
{
    return c == ' ' || c == '\t' || c == ',';
}

/*  The tag that begins at `*at`, weak or strong, with its quotes; false when there is
    none that is whole.  A comma within the quotes is part of the tag. */
static bool s_next_tag (pt_str_t list, uint32_t *at, pt_str_t *out, bool *out_weak)
{
    while (*at < list.len && s_is_blank (list.at[*at]))
        ++*at;
    *out_weak = list.len - *at >= 2 && memcmp (list.at + *at, "W/", 2) == 0;
    uint32_t start = *at + (*out_weak ? 2 : 0);
    if (start >= list.len || list.at[start] != '"')
        return false;
    const char *end = memchr (list.at + start + 1, '"', list.len - start - 1);
    if (!end)
        return false;
    *out = (pt_str_t){list.at + start, (uint32_t)(end + 1 - (list.at + start))};
    *at = (uint32_t)(end + 1 - list.at);
    return true;
}

static bool s_is_listed (pt_str_t list, pt_str_t etag, bool weak_counts)
{
    pt_str_t tag;
    bool is_weak;
    uint32_t at = 0;
    if (pt_str_eq (list, PT_LIT ("*")))
        return true;
    while (s_next_tag (list, &at, &tag, &is_weak))
        if (pt_str_eq (tag, etag) && (weak_counts || !is_weak))
            return true;
    return false;
}

static bool s_date (pt_str_t value, int64_t *out)
{
    return value.at && gw_date_parse (value.at, value.len, out);
}

gw_condition_t gw_condition_judge (const gw_conditions_t *conditions, pt_str_t etag, int64_t modified)
{
    int64_t date;
    if (conditions->if_match.at) {
        if (!s_is_listed (conditions->if_match, etag, false))
            return GW_CONDITION_FAILED;
    } else if (s_date (conditions->if_unmodified_since, &date) && modified > date)
        return GW_CONDITION_FAILED;
    if (conditions->if_none_match.at)
        return s_is_listed (conditions->if_none_match, etag, true) ? GW_CONDITION_NOT_MODIFIED : GW_CONDITION_HOLDS;
    return s_date (conditions->if_modified_since, &date) && modified <= date ? GW_CONDITION_NOT_MODIFIED
                                                                             : GW_CONDITION_HOLDS;
}

bool gw_condition_range_ok (const gw_conditions_t *conditions, pt_str_t etag, int64_t modified)
{
    pt_str_t value = conditions->if_range;
    int64_t date;
    if (!value.at)
        return true;
    return pt_str_eq (value, etag) || (s_date (value, &date) && date == modified);
}
