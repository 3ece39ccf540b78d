/*  auth_key_test - keys are made once, by one, and only good ones are used. */

#include "auth_key.h"
#include "auth_secret.h"
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATH_SIZE 128
#define STARTERS 8

typedef struct {
    char dir[PATH_SIZE];
    char path[PATH_SIZE + 8];
} s_place_t;

static void s_clear (const s_place_t *place)
{
    DIR *dir = opendir (place->dir);
    for (struct dirent *entry; (entry = readdir (dir));)
        unlinkat (dirfd (dir), entry->d_name, 0);
    closedir (dir);
}

static unsigned s_count_files (const s_place_t *place)
{
    unsigned count = 0;
    DIR *dir = opendir (place->dir);
    for (struct dirent *entry; (entry = readdir (dir));)
        count += entry->d_name[0] != '.';
    closedir (dir);
    return count;
}

static int s_open (void **state)
{
    static s_place_t place;
    snprintf (place.dir, sizeof place.dir, "/tmp/parley-auth-key-XXXXXX");
    if (!mkdtemp (place.dir))
        return -1;
    snprintf (place.path, sizeof place.path, "%s/key", place.dir);
    *state = &place;
    return 0;
}

static int s_close (void **state)
{
    const s_place_t *place = *state;
    s_clear (place);
    rmdir (place->dir);
    return 0;
}

static void s_write (const s_place_t *place, const void *bytes, size_t len, mode_t mode)
{
    s_clear (place);
    int fd = open (place->path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true (fd >= 0);
    assert_int_equal (write (fd, bytes, len), len);
    assert_int_equal (fchmod (fd, mode), 0);
    close (fd);
}

static void s_a_key_is_made_private_and_read_again (void **state)
{
    const s_place_t *place = *state;
    int err = 0;
    auth_why_t why;
    auth_key_t *made = auth_key_load (place->path, &err, &why);
    assert_non_null (made);
    struct stat stat_buf;
    assert_int_equal (stat (place->path, &stat_buf), 0);
    assert_int_equal (stat_buf.st_mode & 07777, 0600);
    assert_int_equal (s_count_files (place), 1);
    auth_key_t *read = auth_key_load (place->path, &err, &why);
    assert_non_null (read);
    assert_string_equal (auth_key_kid (made), auth_key_kid (read));
    assert_string_equal (auth_key_public (made), auth_key_public (read));
    auth_key_destroy (&made);
    auth_key_destroy (&read);
    assert_null (read);
    auth_key_destroy (&read);
}

static void s_the_public_jwk_has_no_private_half (void **state)
{
    const s_place_t *place = *state;
    int err = 0;
    auth_why_t why;
    auth_key_t *key = auth_key_load (place->path, &err, &why);
    json_t *jwk = json_loads (auth_key_public (key), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null (jwk);
    assert_null (json_object_get (jwk, "d"));
    assert_string_equal (json_string_value (json_object_get (jwk, "kid")), auth_key_kid (key));
    assert_string_equal (json_string_value (json_object_get (jwk, "alg")), "ES256");
    assert_string_equal (json_string_value (json_object_get (jwk, "crv")), "P-256");
    assert_int_equal (json_object_size (jwk), 7);
    json_decref (jwk);
    auth_key_destroy (&key);
}

/*  The key was made for this test; its thumbprint was computed with Python's
    hashlib over the canonical members. */
#define GOOD_X "EZs2K9v6CVJZAR3wqLb2jSbzEW9e0yr3kHY9BxDKGzI"
#define GOOD_Y "tY6UDmZ4ocSZbSqMYMPKLMnk9Xq_7AMM4x7-htpZOMo"
#define GOOD_D "890AUkQUKM56CnONrSbNNNyvXb0rojubiokX5OhJFRQ"
#define GOOD_KID "cusF0xAK0lOsCsbgD0nf9KTpMh-IC3k37pkNECoaH38"
#define JWK(kty, crv, x, y, d)                                                                                         \
    "{\"kty\":\"" kty "\",\"crv\":\"" crv "\",\"x\":\"" x "\",\"y\":\"" y "\",\"d\":\"" d "\"}"

static void s_the_kid_is_the_thumbprint_of_rfc_7638 (void **state)
{
    (void)state;
    static const char json[] = JWK ("EC", "P-256", GOOD_X, GOOD_Y, GOOD_D);
    int err = 0;
    auth_why_t why;
    auth_key_t *key = auth_key_new (json, sizeof json - 1, &err, &why);
    assert_non_null (key);
    assert_string_equal (auth_key_kid (key), GOOD_KID);
    auth_key_destroy (&key);
}

static void s_what_can_not_sign_es256_is_refused (void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "{}",
        "not json",
        "[1]",
        "{\"kty\":\"oct\",\"k\":\"AAAA\",\"d\":\"AAAA\"}",
        /*  no private half */
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" GOOD_X "\",\"y\":\"" GOOD_Y "\"}",
        /*  another curve's name */
        JWK ("EC", "P-384", GOOD_X, GOOD_Y, GOOD_D),
        /*  a point that is not on the curve */
        JWK ("EC", "P-256", GOOD_X, GOOD_X, GOOD_D),
        /*  halves of two keys */
        JWK ("EC", "P-256", GOOD_X, GOOD_Y, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"),
        /*  RFC 7515, A.3 */
        JWK ("EC", "P-256", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
             "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"),
        /*  RFC 7517, A.2 */
        JWK ("EC", "P-256", "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
             "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM", "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int err = 0;
        auth_why_t why = {""};
        auth_key_t *key = auth_key_new (cases[i], strlen (cases[i]), &err, &why);
        if (key || err != -PT_E_invalid || !why.text[0])
            fail_msg ("case %zu: %d %s", i, err, why.text);
    }
}

static void s_an_open_file_is_refused (void **state)
{
    const s_place_t *place = *state;
    static const char json[] = JWK ("EC", "P-256", GOOD_X, GOOD_Y, GOOD_D);
    static const struct {
        mode_t mode;
        int err;
    } cases[] = {{0600, 0},
                 {0400, 0},
                 {0440, 0},
                 {0640, 0},
                 {0644, -PT_E_forbidden},
                 {0604, -PT_E_forbidden},
                 {0602, -PT_E_forbidden},
                 {0601, -PT_E_forbidden},
                 {0660, -PT_E_forbidden}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        s_write (place, json, sizeof json - 1, cases[i].mode);
        int err = 0;
        auth_why_t why = {""};
        auth_key_t *key = auth_key_load (place->path, &err, &why);
        assert_int_equal (err, cases[i].err);
        assert_int_equal (key == NULL, cases[i].err != 0);
        assert_null (strstr (why.text, GOOD_D));
        auth_key_destroy (&key);
    }
}

static void s_what_is_no_small_regular_file_is_refused (void **state)
{
    const s_place_t *place = *state;
    static const char big[AUTH_FILE_MAX + 1];
    auth_blob_t blob;
    auth_why_t why;
    s_clear (place);
    assert_int_equal (auth_file_read (place->path, &blob, &why), -PT_E_not_found);
    s_write (place, big, 0, 0600);
    assert_int_equal (auth_file_read (place->path, &blob, &why), -PT_E_invalid);
    s_write (place, big, sizeof big, 0600);
    assert_int_equal (auth_file_read (place->path, &blob, &why), -PT_E_invalid);
    s_write (place, big, sizeof big - 1, 0600);
    assert_int_equal (auth_file_read (place->path, &blob, &why), 0);
    assert_int_equal (blob.len, AUTH_FILE_MAX);
    s_clear (place);
    assert_int_equal (mkfifo (place->path, 0600), 0);
    assert_int_equal (auth_file_read (place->path, &blob, &why), -PT_E_invalid);
    assert_int_equal (auth_file_read (place->dir, &blob, &why), -PT_E_invalid);
}

static void s_a_file_that_is_there_is_never_replaced (void **state)
{
    const s_place_t *place = *state;
    auth_blob_t blob;
    auth_why_t why;
    s_clear (place);
    assert_int_equal (auth_file_create (place->path, "first", 5, &why), 0);
    assert_int_equal (auth_file_create (place->path, "second", 6, &why), 0);
    assert_int_equal (auth_file_read (place->path, &blob, &why), 0);
    assert_string_equal ((char *)blob.at, "first");
    assert_int_equal (s_count_files (place), 1);
}

static void s_a_missing_folder_is_told (void **state)
{
    (void)state;
    int err = 0;
    auth_why_t why = {""};
    assert_null (auth_key_load ("/tmp/parley-no-such-folder/key", &err, &why));
    assert_int_not_equal (err, 0);
    assert_non_null (strstr (why.text, "/tmp/parley-no-such-folder/key"));
}

static void s_weak_secrets_are_refused_and_good_ones_made (void **state)
{
    const s_place_t *place = *state;
    static const struct {
        const char *bytes;
        size_t len;
        bool ok;
    } cases[] = {{"0123456789abcdefghijklmnopqrstu", 31, false},
                 {"0123456789abcdefghijklmnopqrstuv", 32, true},
                 {"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32, false},
                 {"changemechangemechangemechangeme", 32, false}};
    auth_why_t why;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int err = 0;
        s_write (place, cases[i].bytes, cases[i].len, 0600);
        auth_secret_t *secret = auth_secret_load (place->path, &err, &why);
        assert_int_equal (secret != NULL, cases[i].ok);
        assert_int_equal (err, cases[i].ok ? 0 : -PT_E_invalid);
        auth_secret_destroy (&secret);
    }
    int err = 0;
    uint8_t mac_a[AUTH_MAC_LEN], mac_b[AUTH_MAC_LEN];
    for (int i = 0; i < 50; i++) {
        s_clear (place);
        auth_secret_t *made = auth_secret_load (place->path, &err, &why);
        auth_secret_t *read = auth_secret_load (place->path, &err, &why);
        assert_non_null (made);
        assert_non_null (read);
        auth_secret_mac (made, "x", NULL, 0, mac_a);
        auth_secret_mac (read, "x", NULL, 0, mac_b);
        assert_memory_equal (mac_a, mac_b, sizeof mac_a);
        auth_secret_destroy (&made);
        auth_secret_destroy (&read);
    }
}

/*  A child waits for the pipe to close, starts, and tells the kid it ended with. */
static pid_t s_start (const s_place_t *place, int gate[2], int answers)
{
    pid_t pid = fork ();
    if (pid != 0)
        return pid;
    char byte, kid[64] = "";
    close (gate[1]);
    (void)!read (gate[0], &byte, 1);
    int err = 0;
    auth_why_t why;
    auth_key_t *key = auth_key_load (place->path, &err, &why);
    snprintf (kid, sizeof kid, "%s", key ? auth_key_kid (key) : "none");
    (void)!write (answers, kid, sizeof kid);
    _exit (key ? 0 : 1);
}

static void s_instances_that_start_at_once_end_with_one_key (void **state)
{
    const s_place_t *place = *state;
    for (int round = 0; round < 10; round++) {
        int gate[2], answers[2];
        pid_t pids[STARTERS];
        char kids[STARTERS][64];
        s_clear (place);
        assert_int_equal (pipe (gate), 0);
        assert_int_equal (pipe (answers), 0);
        for (int i = 0; i < STARTERS; i++)
            pids[i] = s_start (place, gate, answers[1]);
        close (gate[0]);
        close (gate[1]);
        for (int i = 0; i < STARTERS; i++) {
            int status = -1;
            assert_int_equal (waitpid (pids[i], &status, 0), pids[i]);
            assert_int_equal (status, 0);
            assert_int_equal (read (answers[0], kids[i], sizeof kids[i]), sizeof kids[i]);
            assert_string_equal (kids[i], kids[0]);
        }
        close (answers[0]);
        close (answers[1]);
        assert_int_equal (s_count_files (place), 1);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_a_key_is_made_private_and_read_again),
        cmocka_unit_test (s_the_public_jwk_has_no_private_half),
        cmocka_unit_test (s_the_kid_is_the_thumbprint_of_rfc_7638),
        cmocka_unit_test (s_what_can_not_sign_es256_is_refused),
        cmocka_unit_test (s_an_open_file_is_refused),
        cmocka_unit_test (s_what_is_no_small_regular_file_is_refused),
        cmocka_unit_test (s_a_file_that_is_there_is_never_replaced),
        cmocka_unit_test (s_a_missing_folder_is_told),
        cmocka_unit_test (s_weak_secrets_are_refused_and_good_ones_made),
        cmocka_unit_test (s_instances_that_start_at_once_end_with_one_key),
    };
    if (sodium_init () < 0)
        return 1;
    return cmocka_run_group_tests (tests, s_open, s_close);
}
