/*  sv_crash - marked points in the life of a message where a test build can be
    made to die, as if by kill -9 at exactly that moment.

    Built with PARLEY_CRASH_POINTS (make FLAVOUR=crash), a process that passes
    sv_crash (SV_CRASH_x) kills itself when the file x is in the folder that
    PARLEY_CRASH_DIR names; the file is gone then.  In every other build the
    points are nothing at all. */

#ifndef SV_CRASH_H
#define SV_CRASH_H

#include <stdbool.h>

typedef enum {
#define CRASH(name, when) SV_CRASH_##name,
#include "sv_crash.def"
#undef CRASH
    SV_CRASH_POINTS
} sv_crash_t;

/*  The point's name, which is the file's. */
const char *sv_crash_name (sv_crash_t point);

/*  Takes the point's file out of `folder`; true for the one process of all that
    got it.  False when `folder` is NULL. */
bool sv_crash_take (const char *folder, sv_crash_t point);

/*  Takes the file and dies; returns when there is none.  Costs a system call. */
void sv_crash_pass (sv_crash_t point);

#ifdef PARLEY_CRASH_POINTS
#define sv_crash(point) sv_crash_pass (point)
#else
#define sv_crash(point) ((void)0)
#endif

#endif
