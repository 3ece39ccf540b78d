/*  sv_crash - see sv_crash.h. */

#include "sv_crash.h"
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *sv_crash_name (sv_crash_t point)
{
    static const char *const names[SV_CRASH_POINTS] = {
#define CRASH(name, when) [SV_CRASH_##name] = #name,
#include "sv_crash.def"
#undef CRASH
    };
    return names[point];
}

bool sv_crash_take (const char *folder, sv_crash_t point)
{
    char path[PATH_MAX];
    if (!folder)
        return false;
    int len = snprintf (path, sizeof path, "%s/%s", folder, sv_crash_name (point));
    /*  Of several processes that pass at once only one can unlink it. */
    return len > 0 && (size_t)len < sizeof path && unlink (path) == 0;
}

void sv_crash_pass (sv_crash_t point)
{
    if (sv_crash_take (getenv ("PARLEY_CRASH_DIR"), point))
        (void)kill (getpid (), SIGKILL);
}
