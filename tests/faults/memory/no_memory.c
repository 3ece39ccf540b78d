/*  no_memory - preloaded into a daemon: one allocation in NO_MEMORY_ONE_IN fails, in
    the order that NO_MEMORY_SEED draws, once the process has had time to start.
    The first failure is told in the process's log; so is the use of a bad address
    before the process dies of it, which sets it apart from a deliberate abort. */

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/*  A daemon is up by then. */
#define S_START_MS 500

/*  What lies below the C library's names: it lets them be replaced. */
extern void *__libc_malloc (size_t size);
extern void *__libc_calloc (size_t count, size_t size);
extern void *__libc_realloc (void *old, size_t size);

static uint64_t s_one_in; /* 0: none fails */
static uint64_t s_begin_ms;
static bool s_has_failed;
static _Thread_local uint64_t s_random;
static uint64_t s_seed = 1;

static uint64_t s_now_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void s_say (const char *text, size_t len)
{
    ssize_t rc = write (STDERR_FILENO, text, len);
    (void)rc;
}

#define SAY(text) s_say (text, sizeof (text) - 1)

static bool s_fails (void)
{
    if (s_one_in == 0 || s_now_ms () < s_begin_ms)
        return false;
    if (s_random == 0)
        s_random = s_seed;
    s_random = s_random * 6364136223846793005u + 1442695040888963407u;
    if ((s_random >> 33) % s_one_in != 0)
        return false;
    if (!s_has_failed)
        SAY ("no_memory: an allocation failed\n");
    s_has_failed = true;
    errno = ENOMEM;
    return true;
}

static void s_on_bad_address (int number)
{
    SAY ("no_memory: a bad address was used\n");
    raise (number); /* SA_RESETHAND: the default now, which is to die */
}

__attribute__ ((constructor)) static void s_begin (void)
{
    const char *one_in = getenv ("NO_MEMORY_ONE_IN"), *seed = getenv ("NO_MEMORY_SEED");
    struct sigaction action = {.sa_handler = s_on_bad_address, .sa_flags = (int)SA_RESETHAND};
    sigaction (SIGSEGV, &action, NULL);
    sigaction (SIGBUS, &action, NULL);
    s_seed = (seed ? strtoull (seed, NULL, 10) : 0) * 2 + (uint64_t)getpid () * 2 + 1;
    s_begin_ms = s_now_ms () + S_START_MS;
    s_one_in = one_in ? strtoull (one_in, NULL, 10) : 0;
}

void *malloc (size_t size)
{
    return s_fails () ? NULL : __libc_malloc (size);
}

void *calloc (size_t count, size_t size)
{
    return s_fails () ? NULL : __libc_calloc (count, size);
}

void *realloc (void *old, size_t size)
{
    return size > 0 && s_fails () ? NULL : __libc_realloc (old, size);
}
