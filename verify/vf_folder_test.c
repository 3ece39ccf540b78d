/*  Tests of vf_folder and vf_around: logs on disk are judged like those in memory, what
    is malformed is named with its line, and a counterexample shows what matters. */

#include "vf_around.h"
#include "vf_folder.h"
#include "vf_history.h"
#include "vf_line.h"
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

static char s_folder[64];

static int s_make_folder (void **state)
{
    (void)state;
    snprintf (s_folder, sizeof s_folder, "/tmp/parley-verify-XXXXXX");
    return mkdtemp (s_folder) ? 0 : -1;
}

static int s_remove_folder (void **state)
{
    (void)state;
    DIR *dir = opendir (s_folder);
    for (struct dirent *entry; (entry = readdir (dir)) != NULL;)
        unlinkat (dirfd (dir), entry->d_name, 0);
    closedir (dir);
    return rmdir (s_folder);
}

static void s_write (const char *name, const char *bytes, size_t len, const char *mode)
{
    char path[160];
    snprintf (path, sizeof path, "%s/%s", s_folder, name);
    FILE *file = fopen (path, mode);
    assert_non_null (file);
    assert_int_equal (fwrite (bytes, 1, len, file), len);
    fclose (file);
}

static void s_write_history (const history_t *history)
{
    for (uint32_t i = 0; i < history->count; i++) {
        char line[VF_LINE_MAX], name[64];
        size_t len = vf_line_write (line, sizeof line, &history->events[i]);
        snprintf (name, sizeof name, "%.*s.jsonl", (int)history->events[i].client.len, history->events[i].client.at);
        s_write (name, line, len, "a");
    }
}

static int s_take (void *ctx, const vf_event_t *event, const char *line, size_t len)
{
    assert_int_equal (line[0], '{');
    assert_int_equal (line[len - 1], '}');
    return vf_judge_add (ctx, event);
}

static int s_look (void *ctx, const vf_event_t *event, const char *line, size_t len)
{
    vf_around_add (ctx, event, line, len);
    return 0;
}

static int s_read (int (*fn) (void *, const vf_event_t *, const char *, size_t), void *ctx, char fault[256])
{
    vf_reader_t reader = {fn, NULL, ctx};
    return vf_folder_read (s_folder, &reader, fault, 256);
}

static void logs_on_disk_are_judged_like_those_in_memory (void **state)
{
    (void)state;
    history_t *history = history_new (7, 300);
    vf_counts_t in_memory, on_disk;
    bool is_good;
    vf_judge_t *judge = history_judge (history, &in_memory, &is_good);
    vf_judge_destroy (&judge);
    s_write_history (history);
    s_write ("notes.txt", "not a log", 9, "w");
    static const vf_limits_t limits = {.recovery_ms = 100000, .rss_max = 1 << 30, .fds_max = 1000};
    judge = vf_judge_new (&limits);
    char fault[256] = "";
    assert_int_equal (s_read (s_take, judge, fault), 0);
    assert_true (vf_judge_finish (judge, &on_disk));
    assert_memory_equal (&in_memory, &on_disk, sizeof in_memory);
    vf_judge_destroy (&judge);
    free (history);
}

static void a_counterexample_shows_everybody_at_that_seq (void **state)
{
    (void)state;
    history_t *history = history_new (9, 300);
    vf_event_t *spoiled = NULL;
    for (uint32_t i = history->count / 2; !spoiled; i++)
        if (history->events[i].kind == VF_RECV && history->events[i].cmid.len)
            spoiled = &history->events[i];
    spoiled->bodyhash ^= 1;
    s_write_history (history);
    vf_counts_t counts;
    bool is_good;
    vf_judge_t *judge = history_judge (history, &counts, &is_good);
    assert_false (is_good);
    unsigned count, line_count;
    const vf_fault_t *faults = vf_judge_faults (judge, &count);
    vf_around_t *around = vf_around_new (faults, count);
    char fault[256] = "";
    assert_int_equal (s_read (s_look, around, fault), 0);
    const char (*lines)[VF_AROUND_LEN] = vf_around_lines (around, 0, &line_count);
    assert_in_range (line_count, 3, VF_AROUND_LINES);
    unsigned stored = 0, given = 0;
    char seq[32];
    snprintf (seq, sizeof seq, "\"seq\":%u,", (unsigned)spoiled->seq);
    for (unsigned i = 0; i < line_count; i++) {
        stored += strstr (lines[i], "\"kind\":\"item\"") && strstr (lines[i], seq);
        given += strstr (lines[i], "\"kind\":\"recv\"") && strstr (lines[i], seq);
    }
    assert_int_equal (stored, 1);
    assert_in_range (given, 1, HISTORY_CLIENTS);
    assert_null (vf_around_lines (around, VF_AROUND_FAULTS, &line_count));
    vf_around_destroy (&around);
    vf_judge_destroy (&judge);
    free (history);
}

static int s_ignore (void *ctx, const vf_event_t *event, const char *line, size_t len)
{
    (void)event;
    (void)line;
    (void)len;
    ++*(unsigned *)ctx;
    return 0;
}

static void a_malformed_line_is_named (void **state)
{
    (void)state;
    static const char good[] = "{\"client\":\"c\",\"op\":\"ok\",\"kind\":\"conn\"}\n";
    char fault[256] = "";
    unsigned count = 0;
    s_write ("a.jsonl", good, sizeof good - 1, "a");
    s_write ("a.jsonl", "{oops}\n", 7, "a");
    assert_int_equal (s_read (s_ignore, &count, fault), -PT_E_malformed);
    assert_int_equal (count, 1);
    assert_non_null (strstr (fault, "/a.jsonl:2: "));
}

static void a_line_cut_off_by_a_kill_is_passed_over (void **state)
{
    (void)state;
    static const char good[] = "{\"client\":\"c\",\"op\":\"ok\",\"kind\":\"conn\"}\n";
    char fault[256] = "";
    unsigned count = 0;
    s_write ("a.jsonl", good, sizeof good - 1, "a");
    s_write ("a.jsonl", good, sizeof good - 9, "a");
    assert_int_equal (s_read (s_ignore, &count, fault), 0);
    assert_int_equal (count, 1);
}

static void a_line_without_end_is_refused (void **state)
{
    (void)state;
    char *line = malloc (3 * 1024 * 1024);
    memset (line, 'x', 3 * 1024 * 1024);
    char fault[256] = "";
    unsigned count = 0;
    s_write ("a.jsonl", line, 3 * 1024 * 1024, "w");
    assert_int_equal (s_read (s_ignore, &count, fault), -PT_E_too_large);
    free (line);
}

static void a_folder_without_logs_is_not_taken_for_a_good_run (void **state)
{
    (void)state;
    char fault[256] = "";
    unsigned count = 0;
    assert_int_equal (s_read (s_ignore, &count, fault), -PT_E_not_found);
    vf_reader_t reader = {s_ignore, NULL, &count};
    assert_int_equal (vf_folder_read ("/nonexistent", &reader, fault, sizeof fault), -PT_E_not_found);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_make_folder, s_remove_folder)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (logs_on_disk_are_judged_like_those_in_memory),
        TEST (a_counterexample_shows_everybody_at_that_seq),
        TEST (a_malformed_line_is_named),
        TEST (a_line_cut_off_by_a_kill_is_passed_over),
        TEST (a_line_without_end_is_refused),
        TEST (a_folder_without_logs_is_not_taken_for_a_good_run),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
