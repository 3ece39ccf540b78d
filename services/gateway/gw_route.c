/*  gw_route - looking a path up in the table of routes; pure. */

#include "gw_route.h"
#include <stdio.h>
#include <string.h>

static const char *const s_names[GW_METHODS] = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

const char *gw_method_name (gw_method_t method)
{
    return method < GW_METHODS ? s_names[method] : "?";
}

void gw_route_allow (unsigned methods, char *out, size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    for (unsigned method = 0; method < GW_OPTIONS; method++)
        if ((methods & (1u << method)) != 0 && at < size)
            at += (size_t)snprintf (out + at, size - at, "%s%s, ", s_names[method], method == GW_GET ? ", HEAD" : "");
    if (at < size)
        snprintf (out + at, size - at, "OPTIONS");
}

static size_t s_segment (const char *path)
{
    return strcspn (path, "/");
}

/*  One segment of the pattern against one of the path. */
static bool s_match_segment (const char *pattern, size_t pattern_len, const char *path, size_t path_len,
                             gw_route_match_t *out)
{
    if (pattern_len < 2 || pattern[0] != '{')
        return pattern_len == path_len && memcmp (pattern, path, path_len) == 0;
    if (path_len == 0 || out->var_count == GW_ROUTE_VARS)
        return false;
    out->vars[out->var_count++] =
        (gw_pair_t){.name = pattern + 1, .name_len = pattern_len - 2, .value = path, .value_len = path_len};
    return true;
}

static bool s_match (const char *pattern, const char *path, gw_route_match_t *out)
{
    out->var_count = 0;
    while (*pattern == '/' && *path == '/') {
        size_t pattern_len = s_segment (++pattern), path_len = s_segment (++path);
        if (!s_match_segment (pattern, pattern_len, path, path_len, out))
            return false;
        pattern += pattern_len;
        path += path_len;
    }
    return *pattern == '\0' && *path == '\0';
}

static bool s_is_served (const gw_route_t *route, bool is_internal)
{
    if ((route->flags & GW_ANYWHERE) != 0)
        return true;
    return ((route->flags & GW_INTERNAL) != 0) == is_internal;
}

void gw_route_find (const gw_route_t *table, size_t count, gw_method_t method, const char *path, bool is_internal,
                    gw_route_match_t *out)
{
    const char *taken = NULL;
    *out = (gw_route_match_t){0};
    for (size_t i = 0; i < count; i++) {
        gw_route_match_t match = {0};
        if (!s_is_served (&table[i], is_internal) || !s_match (table[i].path, path, &match))
            continue;
        /*  /me hides /{id}: the first pattern that fits has the path. */
        if (taken && strcmp (taken, table[i].path) != 0)
            continue;
        taken = table[i].path;
        out->methods |= 1u << table[i].method;
        if (table[i].method == method) {
            out->route = &table[i];
            memcpy (out->vars, match.vars, sizeof match.vars);
            out->var_count = match.var_count;
        }
    }
}
