/*  sv_crash - points of a test build, here with files of our own. */

#include "sv_crash.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct {
    char folder[32];
} fixture_t;

static int s_setup (void **state)
{
    fixture_t *f = calloc (1, sizeof *f);
    if (!f)
        return -1;
    strncpy (f->folder, "/tmp/sv_crash_XXXXXX", sizeof f->folder - 1);
    *state = f;
    return mkdtemp (f->folder) ? 0 : -1;
}

static int s_teardown (void **state)
{
    fixture_t *f = *state;
    int rc = rmdir (f->folder);
    free (f);
    return rc;
}

static void s_arm (const fixture_t *f, sv_crash_t point)
{
    char path[128];
    snprintf (path, sizeof path, "%s/%s", f->folder, sv_crash_name (point));
    int fd = open (path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    assert_true (fd >= 0);
    close (fd);
}

/*  The signal that a process passing the point ended by; 0: it lived. */
static int s_pass (const char *folder, sv_crash_t point)
{
    pid_t pid = fork ();
    assert_true (pid >= 0);
    if (pid == 0) {
        if (folder)
            setenv ("PARLEY_CRASH_DIR", folder, 1);
        else
            unsetenv ("PARLEY_CRASH_DIR");
        sv_crash_pass (point);
        _exit (0);
    }
    int status = 0;
    assert_int_equal (waitpid (pid, &status, 0), pid);
    return WIFSIGNALED (status) ? WTERMSIG (status) : 0;
}

static void an_armed_point_is_taken_once (void **state)
{
    fixture_t *f = *state;
    for (int i = 0; i < SV_CRASH_POINTS; i++) {
        assert_false (sv_crash_take (f->folder, (sv_crash_t)i));
        s_arm (f, (sv_crash_t)i);
        assert_false (sv_crash_take (f->folder, (sv_crash_t)((i + 1) % SV_CRASH_POINTS)));
        assert_true (sv_crash_take (f->folder, (sv_crash_t)i));
        assert_false (sv_crash_take (f->folder, (sv_crash_t)i));
    }
}

static void a_process_dies_at_an_armed_point_as_if_killed (void **state)
{
    fixture_t *f = *state;
    s_arm (f, SV_CRASH_store_after_commit);
    assert_int_equal (s_pass (f->folder, SV_CRASH_store_before_commit), 0);
    assert_int_equal (s_pass (f->folder, SV_CRASH_store_after_commit), SIGKILL);
    assert_int_equal (s_pass (f->folder, SV_CRASH_store_after_commit), 0);
}

static void without_a_folder_every_point_is_passed (void **state)
{
    (void)state;
    assert_int_equal (s_pass (NULL, SV_CRASH_store_after_commit), 0);
    assert_int_equal (s_pass ("/nonexistent", SV_CRASH_store_after_commit), 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (an_armed_point_is_taken_once),
        cmocka_unit_test (a_process_dies_at_an_armed_point_as_if_killed),
        cmocka_unit_test (without_a_folder_every_point_is_passed),
    };
    return cmocka_run_group_tests (tests, s_setup, s_teardown);
}
