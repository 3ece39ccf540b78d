/*  cli_text - numbers and tables for people, JSON for machines. */

#include "cli_text.h"

#include "pt_codec.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*  More rows than instances of a full installation. */
#define ROWS_MAX 1024

/*  ---- numbers ------------------------------------------------------------------ */

void cli_print_time (uint64_t ms, char *out, size_t size)
{
    static const struct {
        const char *name;
        uint64_t ms;
    } units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}};
    if (ms < 1000) {
        snprintf (out, size, "%" PRIu64 "ms", ms);
        return;
    }
    size_t i = 0;
    while (ms < units[i].ms)
        i++;
    uint64_t rest = ms % units[i].ms;
    if (i < 3 && rest >= units[i + 1].ms)
        snprintf (out, size, "%" PRIu64 "%s %" PRIu64 "%s", ms / units[i].ms, units[i].name, rest / units[i + 1].ms,
                  units[i + 1].name);
    else
        snprintf (out, size, "%" PRIu64 "%s", ms / units[i].ms, units[i].name);
}

void cli_print_bytes (uint64_t bytes, char *out, size_t size)
{
    static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    uint64_t tenths = bytes;
    size_t i = 0;
    if (bytes >= 1024)
        for (tenths = bytes * 10; tenths >= 10240 && i < 4; i++)
            tenths /= 1024;
    if (i == 0)
        snprintf (out, size, "%" PRIu64 " B", bytes);
    else
        snprintf (out, size, "%" PRIu64 ".%u %s", tenths / 10, (unsigned)(tenths % 10), names[i]);
}

/*  ---- tables ---------------------------------------------------------------------- */

struct cli_table {
    unsigned columns;
    bool is_right[CLI_COLUMNS_MAX];
    unsigned rows;   /* the headings included */
    unsigned filled; /* cells of the last row */
    char *(*cells)[CLI_COLUMNS_MAX];
};

/*  Characters, not bytes; wide and combining ones are not told apart. */
static size_t s_width (const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

void cli_table_destroy (cli_table_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    cli_table_t *self = *self_p;
    for (unsigned row = 0; row < self->rows; row++)
        for (unsigned column = 0; column < self->columns; column++)
            free (self->cells[row][column]);
    free (self->cells);
    free (self);
    *self_p = NULL;
}

cli_table_t *cli_table_new (const char *columns)
{
    cli_table_t *self = calloc (1, sizeof (*self));
    if (!self)
        return NULL;
    self->columns = CLI_COLUMNS_MAX;
    cli_table_row (self);
    unsigned count = 0;
    for (const char *at = columns; count < CLI_COLUMNS_MAX; at++) {
        self->is_right[count] = *at == '>';
        at += *at == '>';
        size_t len = strcspn (at, "|");
        cli_table_cell (self, "%.*s", (int)len, at);
        count++;
        at += len;
        if (!*at)
            break;
    }
    self->columns = count;
    return self;
}

void cli_table_row (cli_table_t *self)
{
    if (self->rows == ROWS_MAX)
        return;
    void *cells = realloc (self->cells, (self->rows + 1) * sizeof (*self->cells));
    if (!cells)
        return;
    self->cells = cells;
    memset (self->cells[self->rows++], 0, sizeof (*self->cells));
    self->filled = 0;
}

void cli_table_cell (cli_table_t *self, const char *format, ...)
{
    if (self->rows == 0 || self->filled == self->columns)
        return;
    char text[CLI_CELL_LEN];
    va_list args;
    va_start (args, format);
    vsnprintf (text, sizeof (text), format, args);
    va_end (args);
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
    self->cells[self->rows - 1][self->filled++] = strdup (text);
}

static const char *s_cell (const cli_table_t *self, unsigned row, unsigned column)
{
    const char *text = self->cells[row][column];
    return text ? text : "";
}

static void s_print_row (const cli_table_t *self, unsigned row, const size_t *widths, pt_buf_t *out)
{
    size_t owed = 0; /* spaces that are printed when something follows */
    for (unsigned column = 0; column < self->columns; column++) {
        const char *text = s_cell (self, row, column);
        size_t room = widths[column] - s_width (text);
        if (self->is_right[column])
            owed += room;
        if (*text) {
            pt_buf_printf (out, "%*s%s", (int)owed, "", text);
            owed = 0;
        }
        owed += 2 + (self->is_right[column] ? (*text ? 0 : s_width (text)) : room);
    }
    pt_buf_puts (out, "\n");
}

void cli_table_print (const cli_table_t *self, pt_buf_t *out)
{
    size_t widths[CLI_COLUMNS_MAX] = {0};
    for (unsigned row = 0; row < self->rows; row++)
        for (unsigned column = 0; column < self->columns; column++) {
            size_t width = s_width (s_cell (self, row, column));
            widths[column] = width > widths[column] ? width : widths[column];
        }
    for (unsigned row = 0; row < self->rows; row++)
        s_print_row (self, row, widths, out);
}

/*  ---- JSON -------------------------------------------------------------------------- */

static void s_put_text (pt_buf_t *out, const char *text)
{
    pt_buf_puts (out, "\"");
    bool is_utf8 = pt_utf8_valid (text, strlen (text));
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (*at == '"' || *at == '\\')
            pt_buf_printf (out, "\\%c", *at);
        else if (*at < 0x20 || *at == 0x7f || (*at >= 0x80 && !is_utf8))
            pt_buf_printf (out, *at < 0x80 ? "\\u%04x" : "\\ufffd", *at);
        else
            pt_buf_put (out, at, 1);
    }
    pt_buf_puts (out, "\"");
}

static void s_begin (cli_json_t *self, const char *key)
{
    if (self->needs_comma)
        pt_buf_puts (self->out, ",");
    self->needs_comma = true;
    if (!key)
        return;
    s_put_text (self->out, key);
    pt_buf_puts (self->out, ":");
}

void cli_json_open (cli_json_t *self, const char *key, char bracket)
{
    s_begin (self, key);
    pt_buf_put (self->out, &bracket, 1);
    self->needs_comma = false;
}

void cli_json_close (cli_json_t *self, char bracket)
{
    pt_buf_put (self->out, &bracket, 1);
    self->needs_comma = true;
}

void cli_json_text (cli_json_t *self, const char *key, const char *text)
{
    s_begin (self, key);
    s_put_text (self->out, text);
}

void cli_json_number (cli_json_t *self, const char *key, uint64_t number)
{
    s_begin (self, key);
    pt_buf_printf (self->out, "%" PRIu64, number);
}

void cli_json_bool (cli_json_t *self, const char *key, bool is_true)
{
    s_begin (self, key);
    pt_buf_puts (self->out, is_true ? "true" : "false");
}
