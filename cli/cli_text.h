/*  cli_text - numbers and tables for people, JSON for machines. */

#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include "pt_buf.h"

#define CLI_CELL_LEN 256
#define CLI_COLUMNS_MAX 12

/*  "3m 12s", "2d 4h"; "4.1 MiB". */
void cli_print_time (uint64_t ms, char *out, size_t size);
void cli_print_bytes (uint64_t bytes, char *out, size_t size);

/*  ---- tables ----------------------------------------------------------------- */

typedef struct cli_table cli_table_t;

/*  `columns`: headings separated by `|`; one that begins with `>` is aligned to
    the right.  NULL when out of memory. */
cli_table_t *cli_table_new (const char *columns);
void cli_table_destroy (cli_table_t **self_p);

/*  Adds a row, then fills its cells from the left.  Control characters are
    shown as `?`, what is too long is cut. */
void cli_table_row (cli_table_t *self);
void cli_table_cell (cli_table_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

/*  Columns as wide as their widest cell, two spaces between, no spaces at the
    ends of lines. */
void cli_table_print (const cli_table_t *self, pt_buf_t *out);

/*  ---- JSON ---------------------------------------------------------------------- */

/*  A writer that keeps the commas: `key` is NULL inside arrays. */
typedef struct {
    pt_buf_t *out;
    bool needs_comma;
} cli_json_t;

void cli_json_open (cli_json_t *self, const char *key, char bracket);
void cli_json_close (cli_json_t *self, char bracket);
void cli_json_text (cli_json_t *self, const char *key, const char *text);
void cli_json_number (cli_json_t *self, const char *key, uint64_t number);
void cli_json_bool (cli_json_t *self, const char *key, bool is_true);

#endif
