/*  child - one program as a child of a test: found beside it, ended with it,
    whatever happens to the test. */

#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/*  Starts `program` (a path; PARLEY_BIN/<program>, or beside the tests of the
    same build, when it has no slash) with `args` (NULL-terminated), its output
    appended to `log`.  The kernel kills it when the test ends.  Returns its
    pid; fails the test when it can't be started. */
pid_t child_start (const char *program, const char *const *args, const char *log);

/*  Whether it ended; it can still be waited for. */
bool child_is_gone (pid_t pid);

/*  A descriptor that is readable when the child has ended; the caller closes
    it. */
int child_open (pid_t pid);

/*  Sends `signal`, SIGKILL if it did not end within `grace_ms`, and waits.
    Returns its wait status; 0 as pid is ignored. */
int child_end (pid_t *pid, int signal, int grace_ms);

#endif
