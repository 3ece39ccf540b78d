/*  sv_config_print - the table of settings for people: --help, Markdown, and
    what is in force. */

#include "sv_config_priv.h"

#include "sv_version.h"
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define HELP_COLUMN 30 /* where the sentences start */
#define HELP_WIDTH_MIN 60
#define HELP_WIDTH_MAX 110

typedef struct {
    FILE *out;
    size_t width;
    const char *bold;
    const char *plain;
} s_page_t;

static s_page_t s_page_of (FILE *out)
{
    s_page_t page = {.out = out, .width = 80, .bold = "", .plain = ""};
    struct winsize size;
    int fd = fileno (out);
    if (fd < 0 || !isatty (fd))
        return page;
    if (ioctl (fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        page.width = size.ws_col;
    page.width = page.width < HELP_WIDTH_MIN   ? HELP_WIDTH_MIN
                 : page.width > HELP_WIDTH_MAX ? HELP_WIDTH_MAX
                                               : page.width;
    const char *no_colour = getenv ("NO_COLOR");
    if (!no_colour || !*no_colour) {
        page.bold = "\033[1m";
        page.plain = "\033[0m";
    }
    return page;
}

static void s_print_spaces (FILE *out, size_t count)
{
    fprintf (out, "%*s", (int)count, "");
}

/*  Words from `column` on, wrapped into the same column. */
static void s_print_wrapped (const s_page_t *page, size_t column, const char *text)
{
    size_t at = column;
    while (*text) {
        size_t len = strcspn (text, " ");
        if (at > column && at + 1 + len > page->width) {
            fputc ('\n', page->out);
            s_print_spaces (page->out, column);
            at = column;
        }
        if (at > column) {
            fputc (' ', page->out);
            at++;
        }
        fwrite (text, 1, len, page->out);
        at += len;
        text += len;
        text += strspn (text, " ");
    }
    fputc ('\n', page->out);
}

static void s_print_option (const s_page_t *page, const char *flag, const char *placeholder, const char *help)
{
    int len = fprintf (page->out, "  %s%s%s%s%s", page->bold, flag, page->plain, *placeholder ? " " : "", placeholder);
    size_t shown = (size_t)len - strlen (page->bold) - strlen (page->plain);
    if (shown + 2 > HELP_COLUMN) {
        fputc ('\n', page->out);
        shown = 0;
    }
    s_print_spaces (page->out, HELP_COLUMN - shown);
    s_print_wrapped (page, HELP_COLUMN, help);
}

/*  `auto|json|text` as `(auto, json or text)`. */
static void s_print_choices (const char *choices, FILE *out)
{
    const char *before = " (";
    while (*choices) {
        size_t len = strcspn (choices, "|");
        fprintf (out, "%s%.*s", before, (int)len, choices);
        choices += len + (choices[len] == '|');
        before = strchr (choices, '|') ? ", " : " or ";
    }
    fputc (')', out);
}

static void s_print_default (const sv_setting_t *setting, FILE *out)
{
    if (setting->flags & SV_NEEDED)
        fputs (" [needed]", out);
    else if (setting->deflt && setting->deflt[0] && !(setting->flags & SV_SECRET))
        fprintf (out, " [default: %s]", setting->deflt);
}

static void s_print_setting (const s_page_t *page, const sv_setting_t *setting)
{
    char flag[80];
    char help[512] = "";
    FILE *text = fmemopen (help, sizeof (help), "w");
    if (!text)
        return;
    fputs (setting->help, text);
    if (setting->choices)
        s_print_choices (setting->choices, text);
    s_print_default (setting, text);
    fclose (text);
    help[sizeof (help) - 1] = '\0';
    snprintf (flag, sizeof (flag), "--%s", setting->name);
    s_print_option (page, flag,
                    setting->type == SV_TYPE_BOOL ? ""
                    : setting->choices            ? "<word>"
                                                  : sv_value_placeholder (setting->type),
                    help);
    if (setting->flags & SV_SECRET) {
        snprintf (flag, sizeof (flag), "--%s-file", setting->name);
        s_print_option (page, flag, "<path>", "the same, read from a file only its owner may read");
    }
}

void sv_config_print_help (const sv_config_t *self, FILE *out)
{
    s_page_t page = s_page_of (out);
    fprintf (out, "%s%s%s %s - %s\n\n%sUsage:%s %s [option]...\n\n%sSettings:%s\n", page.bold, self->program,
             page.plain, SV_VERSION, self->summary, page.bold, page.plain, self->program, page.bold, page.plain);
    for (size_t i = 0; i < self->count; i++)
        s_print_setting (&page, &self->table[i]);
    fprintf (out, "\n%sOther:%s\n", page.bold, page.plain);
    s_print_option (&page, "--check-config", "", "judge the settings, print them with their origin, and exit");
    s_print_option (&page, "--print-doc", "", "print the settings as Markdown and exit");
    s_print_option (&page, "-h, --help", "", "print this text and exit");
    s_print_option (&page, "-V, --version", "", "print the version and exit");
    fprintf (out, "\nEach setting is also a variable and a line of the file that --config names:\n"
                  "--log-level warn, PARLEY_LOG_LEVEL=warn, or `log_level = warn`. A flag wins\n"
                  "over a variable, a variable over the file, the file over the default.\n"
                  "SIGHUP reads the file again; SIGTERM drains and ends; a second one ends at once.\n");
}

void sv_config_print_doc (const sv_config_t *self, FILE *out)
{
    fprintf (out,
             "## %s\n\n%s\n\n| setting | type | default | from | to | reload | what it is "
             "|\n|---|---|---|---|---|---|---|\n",
             self->program, self->summary);
    for (size_t i = 0; i < self->count; i++) {
        const sv_setting_t *setting = &self->table[i];
        char low[32] = "";
        char high[32] = "";
        if (setting->type != SV_TYPE_BOOL && setting->max > 0) {
            sv_value_print (setting->type == SV_TYPE_STR ? SV_TYPE_U64 : setting->type, setting->min, low,
                            sizeof (low));
            sv_value_print (setting->type == SV_TYPE_STR ? SV_TYPE_U64 : setting->type, setting->max, high,
                            sizeof (high));
        }
        static const char *const types[] = {"text", "number", "switch", "duration", "size"};
        fprintf (out, "| `%s` | %s | ", setting->name, (setting->flags & SV_SECRET) ? "secret" : types[setting->type]);
        if (setting->flags & SV_NEEDED)
            fputs ("needed", out);
        else if (setting->deflt && setting->deflt[0])
            fprintf (out, "`%s`", setting->deflt);
        const char *unit = setting->type == SV_TYPE_STR && *high ? " bytes" : "";
        fprintf (out, " | %s%s | %s%s | %s | %s |\n", low, *low ? unit : "", high, unit,
                 (setting->flags & SV_RELOADABLE) ? "yes" : "no", setting->help);
    }
    fputc ('\n', out);
}

static void s_print_value (const sv_config_t *self, const sv_setting_t *setting, FILE *out)
{
    const char *member = self->target + setting->offset;
    if (setting->type == SV_TYPE_STR) {
        const char *text;
        memcpy (&text, member, sizeof (text));
        fprintf (out, "%s", !text ? "" : (setting->flags & SV_SECRET) ? "***" : text);
        return;
    }
    uint64_t number = 0;
    if (setting->type == SV_TYPE_BOOL) {
        bool is_on;
        memcpy (&is_on, member, sizeof (is_on));
        number = is_on;
    } else
        memcpy (&number, member, sizeof (number));
    char text[32];
    sv_value_print (setting->type, number, text, sizeof (text));
    fputs ((setting->flags & SV_SECRET) ? "***" : text, out);
}

void sv_config_print (const sv_config_t *self, FILE *out)
{
    for (size_t i = 0; i < self->count; i++) {
        const sv_entry_t *entry = &self->entries[i];
        for (const char *at = self->table[i].name; *at; at++)
            fputc (*at == '-' ? '_' : *at, out);
        fputs (" = ", out);
        s_print_value (self, &self->table[i], out);
        fprintf (out, "  # %s\n", entry->source == SOURCE_NONE ? "not set" : entry->origin);
    }
}
