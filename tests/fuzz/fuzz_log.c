/*  fuzz_log - any text as message and request id of a log line.

    What comes out is one line, valid UTF-8, without control bytes; in JSON it
    parses, and says what was put in as far as it was text and fitted.
    Covers: services/common/sv_log.c */

#include "fuzz.h"
#include "pt_codec.h"
#include "sv_log.h"
#include <jansson.h>
#include <sys/mman.h>
#include <unistd.h>

enum { S_LINE = 16384, S_FITS = 1000 };

typedef struct {
    int fd;
    char text[S_LINE];
    size_t len;
} s_out_t;

static void s_check_line (s_out_t *out)
{
    ssize_t len = pread (out->fd, out->text, sizeof out->text - 1, 0);
    fuzz_must (len > 1 && out->text[len - 1] == '\n');
    out->len = (size_t)len - 1;
    out->text[out->len] = '\0';
    fuzz_must (pt_utf8_valid (out->text, out->len));
    for (size_t i = 0; i < out->len; i++)
        fuzz_must ((uint8_t)out->text[i] >= 0x20 && out->text[i] != 0x7f);
    fuzz_must (ftruncate (out->fd, 0) == 0 && lseek (out->fd, 0, SEEK_SET) == 0);
}

/*  Other characters may be shown as escapes. */
static bool s_is_ascii (const char *text)
{
    while (*text > 0 && *text < 0x7f)
        text++;
    return *text == '\0';
}

static void s_check_json (const s_out_t *out, const char *msg)
{
    json_t *json = json_loadb (out->text, out->len, JSON_REJECT_DUPLICATES, NULL);
    fuzz_must (json_is_object (json));
    const char *said = json_string_value (json_object_get (json, "msg"));
    fuzz_must (said && json_string_length (json_object_get (json, "level")) > 0);
    fuzz_must (!s_is_ascii (msg) || strlen (msg) > S_FITS || strcmp (said, msg) == 0);
    json_decref (json);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static s_out_t out = {.fd = -1};
    if (out.fd < 0)
        out.fd = memfd_create ("log", MFD_CLOEXEC);
    fuzz_must (out.fd >= 0);
    fuzz_input_t in = {data, size};
    uint8_t shape = fuzz_u8 (&in);
    char *trace = fuzz_string (&in, fuzz_u8 (&in) % 80u);
    char *msg = fuzz_string (&in, in.left);
    sv_log_t *log = sv_log_new ("fuzz", out.fd, SV_DEBUG, shape & 1 ? "json" : "text");
    fuzz_must (log != NULL);
    sv_log (log, (sv_level_t)(shape >> 1 & 3), trace, "%s", msg);
    fuzz_must (sv_log_lost (log) == 0);
    s_check_line (&out);
    if (shape & 1)
        s_check_json (&out, msg);
    sv_log_destroy (&log);
    free (trace);
    free (msg);
    return 0;
}
