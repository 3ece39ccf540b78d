/*  torture - library calls that fail when told to.

    In the build FLAVOUR=torture the objects of our programs call torture_malloc
    for malloc and so on (`symbols` is the list; objcopy renames); tests and
    libraries call the real ones.  So the n-th allocation, send, receive or
    query of ours can be made to fail, and whoever makes the tests' own calls is
    left in peace.

    TORTURE="<program> <class> <n> [on]" fails the n-th call of a class in the
    process of that name, with `on` every one from there; TORTURE_REPORT names a
    file to which each process adds how many calls it made, a line a class.
    With TORTURE_TRACE the first failure shows where it was. */

#ifndef TORTURE_H
#define TORTURE_H

#include <errno.h>
#include <stdbool.h>

typedef enum {
    TORTURE_MEMORY, /* memory, and objects that need some */
    TORTURE_SEND,
    TORTURE_RECV,
    TORTURE_QUERY,  /* PostgreSQL */
    TORTURE_SYSTEM, /* files, sockets, threads */
    TORTURE_CLASSES,
} torture_class_t;

/*  Counts a call; whether it is to fail. */
bool torture_fails (torture_class_t class);

/*  A function that fails with a result and an errno. */
#define TORTURE_CALL(class, type, name, params, args, failure, number)                                                 \
    type torture_##name params;                                                                                        \
    type torture_##name params                                                                                         \
    {                                                                                                                  \
        if (!torture_fails (TORTURE_##class))                                                                          \
            return name args;                                                                                          \
        errno = number;                                                                                                \
        return failure;                                                                                                \
    }

#endif
