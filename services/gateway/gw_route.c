/*  gw_route - looking a path up in the table of routes; pure. */

#include "gw_route.h"
#include <ctype.h>
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

static bool s_is_int (const char *value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (value[i] < '0' || value[i] > '9')
            return false;
    return true;
}

static bool s_is_uuid (const char *value, size_t len)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    for (size_t i = 0; i < len && i < sizeof shape - 1; i++)
        if (shape[i] == '-' ? value[i] != '-' : !isxdigit ((unsigned char)value[i]))
            return false;
    return len == sizeof shape - 1;
}

static const struct {
    const char *word;
    size_t len;
    bool (*fits) (const char *value, size_t len);
} s_kinds[] = {{"int:", 4, s_is_int}, {"uuid:", 5, s_is_uuid}};

/*  What stands between the braces of a pattern against a value. */
static bool s_match_var (const char *name, size_t name_len, const char *value, size_t len, gw_route_match_t *out)
{
    if (len == 0 || out->var_count == GW_ROUTE_VARS)
        return false;
    for (size_t i = 0; i < sizeof s_kinds / sizeof s_kinds[0]; i++) {
        if (name_len <= s_kinds[i].len || memcmp (name, s_kinds[i].word, s_kinds[i].len) != 0)
            continue;
        if (!s_kinds[i].fits (value, len))
            return false;
        name += s_kinds[i].len;
        name_len -= s_kinds[i].len;
    }
    out->vars[out->var_count++] = (gw_pair_t){.name = name, .name_len = name_len, .value = value, .value_len = len};
    return true;
}

/*  One segment of the pattern against one of the path. */
static bool s_match_segment (const char *pattern, size_t pattern_len, const char *path, size_t path_len,
                             gw_route_match_t *out)
{
    const char *end = pattern_len >= 2 && pattern[0] == '{' ? memchr (pattern, '}', pattern_len) : NULL;
    if (!end)
        return pattern_len == path_len && memcmp (pattern, path, path_len) == 0;
    size_t rest = (size_t)(pattern + pattern_len - (end + 1));
    if (path_len < rest || memcmp (path + path_len - rest, end + 1, rest) != 0)
        return false;
    return s_match_var (pattern + 1, (size_t)(end - pattern - 1), path, path_len - rest, out);
}

static bool s_match (const char *pattern, const char *path, gw_route_match_t *out)
{
    const char *start = pattern;
    out->var_count = 0;
    out->lacks_slash = false;
    while (*pattern == '/' && *path == '/') {
        size_t pattern_len = s_segment (++pattern), path_len = s_segment (++path);
        if (!s_match_segment (pattern, pattern_len, path, path_len, out))
            return false;
        pattern += pattern_len;
        path += path_len;
    }
    out->lacks_slash = pattern > start && strcmp (pattern, "/") == 0 && *path == '\0';
    return (*pattern == '\0' || out->lacks_slash) && *path == '\0';
}

static bool s_is_served (const gw_route_t *route, bool is_internal)
{
    if ((route->flags & GW_ANYWHERE) != 0)
        return true;
    return ((route->flags & GW_INTERNAL) != 0) == is_internal;
}

static void s_find (const gw_route_set_t *set, gw_method_t method, const char *path, bool is_internal,
                    gw_route_match_t *out)
{
    for (const gw_route_t *row = set->at; row < set->at + set->count; row++) {
        gw_route_match_t match; /* s_match sets what is read of it */
        if (!s_is_served (row, is_internal) || !s_match (row->path, path, &match))
            continue;
        /*  /me hides /{id}: the first pattern that fits has the path. */
        if (out->first && strcmp (out->first->path, row->path) != 0)
            continue;
        out->first = out->first ? out->first : row;
        out->lacks_slash = match.lacks_slash;
        out->methods |= 1u << row->method;
        if (row->method == method) {
            out->route = row;
            memcpy (out->vars, match.vars, match.var_count * sizeof match.vars[0]);
            out->var_count = match.var_count;
        }
    }
}

void gw_route_find (const gw_route_set_t *const *sets, size_t count, gw_method_t method, const char *path,
                    bool is_internal, gw_route_match_t *out)
{
    *out = (gw_route_match_t){0};
    for (size_t i = 0; i < count && !out->first; i++) {
        if (strncmp (path, sets[i]->under, strlen (sets[i]->under)) != 0)
            continue;
        s_find (sets[i], method, path, is_internal, out);
        out->dialect = out->first ? sets[i]->dialect : NULL;
    }
}
