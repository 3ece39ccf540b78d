/*  fuzz_route - any path and method against the gateway's table.

    A route that is found must be one that matches by the definition (segment by
    segment), and its variables must be those segments, within the path.
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

static bool s_fits (const char *pattern, const char *path)
{
    size_t count = s_count (pattern);
    if (*path != '/' || s_count (path) != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t want_len, len;
        const char *want = s_segment (pattern, i, &want_len), *has = s_segment (path, i, &len);
        bool is_same = want[0] == '{' ? len > 0 : len == want_len && memcmp (want, has, len) == 0;
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
    gw_route_find (gw_routes, gw_route_count, method, path, is_internal, &match);
    bool fits = false;
    for (size_t i = 0; i < gw_route_count; i++) {
        bool is_served = (gw_routes[i].flags & GW_ANYWHERE) || ((gw_routes[i].flags & GW_INTERNAL) != 0) == is_internal;
        fits = fits || (is_served && s_fits (gw_routes[i].path, path));
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
