/*  fuzz_route - any path and method against the gateway's table.

    A route that is found must be one that matches by the definition (segment by
    segment, the final slash perhaps left out), and its variables must be those segments, within the path.
    Covers: services/gateway/gw_route.c */

#include "fuzz.h"
#include "gw_route.h"

static size_t s_count (const char *path)
{
    size_t count = 0;
    for (; *path; path++)
        count += *path == '/';
    return count;
}

static const char *s_segment (const char *path, size_t i, size_t *out_len)
{
    for (;; path += strcspn (path, "/")) {
        path++;
        if (i-- == 0)
            break;
    }
    *out_len = strcspn (path, "/");
    return path;
}

static bool s_is_all (const char *at, size_t len, const char *of)
{
    for (size_t i = 0; i < len; i++)
        if (!strchr (of, at[i]))
            return false;
    return len > 0;
}

/*  A variable, and what stands behind it in its segment. */
static bool s_fits_variable (const char *want, size_t want_len, const char *has, size_t len)
{
    const char *end = memchr (want, '}', want_len);
    fuzz_must (end != NULL);
    size_t rest = (size_t)(want + want_len - end) - 1;
    if (len <= rest || memcmp (has + len - rest, end + 1, rest) != 0)
        return false;
    len -= rest;
    if (strncmp (want, "{int:", 5) == 0)
        return s_is_all (has, len, "0123456789");
    return strncmp (want, "{uuid:", 6) != 0 ||
           (len == 36 && s_is_all (has, len, "0123456789abcdefABCDEF-") && has[8] == '-' && has[13] == '-' &&
            has[18] == '-' && has[23] == '-' && !memchr (has, '-', 8) && !memchr (has + 9, '-', 4) &&
            !memchr (has + 14, '-', 4) && !memchr (has + 19, '-', 4) && !memchr (has + 24, '-', 12));
}

static bool s_fits (const char *pattern, const char *path)
{
    size_t count = s_count (pattern), has_count = s_count (path);
    bool may_lack = count > 1 && pattern[strlen (pattern) - 1] == '/';
    if (*path != '/' || (has_count != count && !(may_lack && has_count == count - 1)))
        return false;
    for (size_t i = 0; i < has_count; i++) {
        size_t want_len, len;
        const char *want = s_segment (pattern, i, &want_len), *has = s_segment (path, i, &len);
        bool is_same = want[0] == '{' ? s_fits_variable (want, want_len, has, len)
                                      : len == want_len && memcmp (want, has, len) == 0;
        if (!is_same)
            return false;
    }
    return true;
}

static void s_check_match (const gw_route_match_t *match, const char *path, gw_method_t method)
{
    fuzz_must (match->route->method == method && (match->methods & 1u << method));
    fuzz_must (s_fits (match->route->path, path) && match->var_count <= GW_ROUTE_VARS);
    for (unsigned i = 0; i < match->var_count; i++) {
        const gw_pair_t *var = &match->vars[i];
        fuzz_must (var->value > path && var->value + var->value_len <= path + strlen (path));
        fuzz_must (var->value_len > 0 && !memchr (var->value, '/', var->value_len));
        fuzz_must (var->name[var->name_len] == '}');
    }
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    fuzz_input_t in = {data, size};
    gw_method_t method = fuzz_u8 (&in) % GW_METHODS;
    bool is_internal = fuzz_u8 (&in) & 1;
    char *path = fuzz_string (&in, in.left);
    gw_route_match_t match;
    gw_route_find (gw_route_sets, gw_route_set_count, method, path, is_internal, &match);
    bool fits = false;
    for (size_t i = 0; i < gw_route_set_count; i++)
        for (size_t j = 0; j < gw_route_sets[i]->count; j++) {
            const gw_route_t *row = &gw_route_sets[i]->at[j];
            bool is_served = (row->flags & GW_ANYWHERE) || ((row->flags & GW_INTERNAL) != 0) == is_internal;
            fits = fits || (is_served && s_fits (row->path, path));
        }
    fuzz_must (fits == (match.methods != 0));
    if (match.route)
        s_check_match (&match, path, method);
    char allow[64];
    gw_route_allow (match.methods, allow, sizeof allow);
    fuzz_must (strlen (allow) < sizeof allow && strstr (allow, "OPTIONS"));
    free (path);
    return 0;
}
