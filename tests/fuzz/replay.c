/*  replay - gives every file of tests/fuzz/corpus/<target> to its target,
    without libFuzzer, as a part of the normal tests. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

/*  The Makefile says which targets there are: TARGET (codec) TARGET (json) .. */
#define TARGET(name) int fuzz_##name (const uint8_t *data, size_t size);
FUZZ_LIST
#undef TARGET

enum { S_LARGEST = 1 << 20 };

/*  From the root of the repository, or from where the first argument says. */
static const char *s_root = "tests/fuzz/corpus";

static void s_replay_file (int (*target) (const uint8_t *data, size_t size), const char *path)
{
    FILE *file = fopen (path, "rb");
    assert_non_null (file);
    uint8_t *all = malloc (S_LARGEST);
    assert_non_null (all);
    size_t len = fread (all, 1, S_LARGEST, file);
    assert_false (ferror (file));
    fclose (file);
    /*  Exactly as long as the file, so that a sanitizer sees a read past it. */
    uint8_t *data = realloc (all, len ? len : 1);
    assert_non_null (data);
    target (data, len);
    free (data);
}

static void s_replay_folder (const char *name, int (*target) (const uint8_t *data, size_t size))
{
    char path[1024];
    snprintf (path, sizeof path, "%s/%s", s_root, name);
    DIR *folder = opendir (path);
    if (!folder)
        fail_msg ("%s can't be read", path);
    unsigned count = 0;
    for (struct dirent *entry = readdir (folder); entry; entry = readdir (folder)) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf (path, sizeof path, "%s/%s/%s", s_root, name, entry->d_name);
        s_replay_file (target, path);
        count++;
    }
    closedir (folder);
    assert_true (count > 0);
}

#define TARGET(name)                                                                                                   \
    static void name##_survives_its_corpus (void **state)                                                              \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        s_replay_folder (#name, fuzz_##name);                                                                          \
    }
FUZZ_LIST
#undef TARGET

int main (int argc, char **argv)
{
    if (argc > 1)
        s_root = argv[1];
    const struct CMUnitTest tests[] = {
#define TARGET(name) cmocka_unit_test (name##_survives_its_corpus),
        FUZZ_LIST
#undef TARGET
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
