/*  sv_log_test - what a line looks like, what never leaves, and what happens
    when nobody reads. */

#include "sv_log.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct {
    int pipe[2];
    sv_log_t *log;
    char text[64 * 1024];
} fixture_t;

static int s_setup (void **state)
{
    static fixture_t self;
    memset (&self, 0, sizeof (self));
    assert_int_equal (pipe (self.pipe), 0);
    *state = &self;
    return 0;
}

static int s_teardown (void **state)
{
    fixture_t *self = *state;
    sv_log_destroy (&self->log);
    assert_null (self->log);
    close (self->pipe[0]);
    close (self->pipe[1]);
    return 0;
}

static void s_open (fixture_t *self, const char *format)
{
    self->log = sv_log_new ("parley-test", self->pipe[1], SV_INFO, format);
    assert_non_null (self->log);
}

/*  What was logged since the last call. */
static const char *s_logged (fixture_t *self)
{
    struct pollfd item = {.fd = self->pipe[0], .events = POLLIN};
    size_t len = 0;
    while (poll (&item, 1, 0) > 0 && len < sizeof (self->text) - 1)
        len += (size_t)read (self->pipe[0], self->text + len, sizeof (self->text) - 1 - len);
    self->text[len] = '\0';
    return self->text;
}

/*  The line without its time stamp, which must be well-formed. */
static const char *s_json_tail (fixture_t *self)
{
    const char *text = s_logged (self);
    static const char shape[] = "{\"ts\":\"dddd-dd-ddTdd:dd:dd.ddddddZ\"";
    for (size_t i = 0; i < sizeof (shape) - 1; i++)
        if (shape[i] == 'd')
            assert_in_range (text[i], '0', '9');
        else
            assert_int_equal (text[i], shape[i]);
    return text + sizeof (shape) - 1;
}

static void a_line_is_one_json_object (void **state)
{
    fixture_t *self = *state;
    s_open (self, "json");
    sv_log (self->log, SV_WARN, "req-1", "hello %d", 7);
    assert_string_equal (s_json_tail (self), ",\"level\":\"warn\",\"service\":\"parley-test\",\"request_id\":\"req-1\","
                                             "\"msg\":\"hello 7\"}\n");
    sv_log (self->log, SV_ERROR, "", "no trace");
    assert_string_equal (s_json_tail (self),
                         ",\"level\":\"error\",\"service\":\"parley-test\",\"msg\":\"no trace\"}\n");
}

static void auto_is_json_where_there_is_no_terminal (void **state)
{
    fixture_t *self = *state;
    s_open (self, "auto");
    sv_log (self->log, SV_INFO, NULL, "x");
    assert_int_equal (s_logged (self)[0], '{');
}

static void text_is_for_people (void **state)
{
    fixture_t *self = *state;
    s_open (self, "text");
    sv_log (self->log, SV_INFO, "req-1", "hello");
    assert_string_equal (s_logged (self) + strlen ("12:00:00.000"), " info  parley-test: hello [req-1]\n");
}

static void lines_below_the_level_are_left_out (void **state)
{
    fixture_t *self = *state;
    s_open (self, "text");
    sv_log (self->log, SV_DEBUG, NULL, "x");
    assert_string_equal (s_logged (self), "");
    sv_log_set_level (self->log, SV_DEBUG);
    assert_int_equal (sv_log_level (self->log), SV_DEBUG);
    sv_log (self->log, SV_DEBUG, NULL, "x");
    assert_string_not_equal (s_logged (self), "");
    sv_log_set_level (self->log, SV_ERROR);
    sv_log (self->log, SV_WARN, NULL, "x");
    assert_string_equal (s_logged (self), "");
}

static void what_could_harm_a_reader_is_escaped (void **state)
{
    static const struct {
        const char *given;
        const char *json;
        const char *text;
    } cases[] = {
        {"a\nb\tc\rd", "a\\nb\\tc\\rd", "a\\nb\\tc\\rd"},
        {"\033[31mred\x7f", "\\u001b[31mred\\u007f", "\\x1b[31mred\\x7f"},
        {"quote \" back \\ slash", "quote \\\" back \\\\ slash", "quote \" back \\ slash"},
        {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8e\x89", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8e\x89",
         "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8e\x89"},
        {"bad \xff\xc3", "bad \\ufffd\\ufffd", "bad \\xff\\xc3"},
        {"overlong \xc0\xaf", "overlong \\ufffd\\ufffd", "overlong \\xc0\\xaf"},
        {"surrogate \xed\xa0\x80", "surrogate \\ufffd\\ufffd\\ufffd", "surrogate \\xed\\xa0\\x80"},
        {"C1 \xc2\x9b", "C1 \\ufffd\\ufffd", "C1 \\xc2\\x9b"},
        {"separator \xe2\x80\xa8", "separator \\ufffd\\ufffd\\ufffd", "separator \\xe2\\x80\\xa8"},
    };
    fixture_t *self = *state;
    for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++) {
        char wanted[256];
        s_open (self, "json");
        sv_log (self->log, SV_INFO, NULL, "%s", cases[i].given);
        snprintf (wanted, sizeof (wanted), "\"msg\":\"%s\"}\n", cases[i].json);
        assert_string_equal (strstr (s_logged (self), "\"msg\""), wanted);
        sv_log_destroy (&self->log);
        s_open (self, "text");
        sv_log (self->log, SV_INFO, NULL, "%s", cases[i].given);
        snprintf (wanted, sizeof (wanted), "parley-test: %s\n", cases[i].text);
        assert_string_equal (strstr (s_logged (self), "parley-test"), wanted);
        sv_log_destroy (&self->log);
    }
}

static void no_byte_below_space_ever_leaves (void **state)
{
    fixture_t *self = *state;
    char all[256];
    for (int i = 0; i < 255; i++)
        all[i] = (char)(i + 1);
    all[255] = '\0';
    static const char *const formats[] = {"json", "text"};
    for (int f = 0; f < 2; f++) {
        s_open (self, formats[f]);
        sv_log (self->log, SV_INFO, all, "%s", all);
        const char *text = s_logged (self);
        size_t len = strlen (text);
        assert_int_equal (text[len - 1], '\n');
        for (size_t i = 0; i + 1 < len; i++)
            assert_true ((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
        sv_log_destroy (&self->log);
    }
}

static void a_long_line_is_cut_and_still_whole (void **state)
{
    fixture_t *self = *state;
    static char huge[8192];
    memset (huge, '\n', sizeof (huge) - 1);
    s_open (self, "json");
    sv_log (self->log, SV_INFO, "req-1", "%s", huge);
    const char *text = s_logged (self);
    size_t len = strlen (text);
    assert_in_range (len, 3000, 4096);
    assert_string_equal (text + len - 6, "...\"}\n");
    memset (huge, 'x', sizeof (huge) - 1);
    sv_log (self->log, SV_INFO, huge, "%s", huge);
    text = s_logged (self);
    len = strlen (text);
    assert_in_range (len, 3000, 4096);
    assert_string_equal (text + len - 6, "...\"}\n");
}

static void lines_nobody_reads_are_counted_and_never_block (void **state)
{
    fixture_t *self = *state;
    s_open (self, "json");
    for (int i = 0; i < 10000; i++)
        sv_log (self->log, SV_INFO, NULL, "line %d", i);
    uint64_t lost = sv_log_lost (self->log);
    assert_in_range (lost, 1, 9999);
    s_logged (self);
    sv_log (self->log, SV_INFO, NULL, "after");
    assert_non_null (strstr (s_logged (self), "after"));
    assert_int_equal (sv_log_lost (self->log), lost);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (a_line_is_one_json_object),
        TEST (auto_is_json_where_there_is_no_terminal),
        TEST (text_is_for_people),
        TEST (lines_below_the_level_are_left_out),
        TEST (what_could_harm_a_reader_is_escaped),
        TEST (no_byte_below_space_ever_leaves),
        TEST (a_long_line_is_cut_and_still_whole),
        TEST (lines_nobody_reads_are_counted_and_never_block),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
