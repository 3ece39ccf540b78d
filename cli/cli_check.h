/*  cli_check - a list of checks and their outcome, and the checks that look at
    files, sockets and HTTP of this machine. */

#ifndef CLI_CHECK_H
#define CLI_CHECK_H

#include "cli_options.h"
#include "pt_buf.h"

#define CLI_CHECKS_MAX 64

typedef enum { CHECK_OK, CHECK_FAIL, CHECK_SKIP } cli_outcome_t;

typedef struct {
    cli_outcome_t outcome;
    char name[96];
    char detail[512];
    char hint[512]; /* how to mend it; "" when there is nothing to mend */
} cli_check_t;

/*  Later checks than the maximum are dropped. */
typedef struct {
    cli_check_t list[CLI_CHECKS_MAX];
    unsigned count;
} cli_checks_t;

/*  Begins a check with its outcome and what was seen. */
void cli_check_add (cli_checks_t *self, cli_outcome_t outcome, const char *name, const char *format, ...)
    __attribute__ ((format (printf, 4, 5)));

/*  Says how to mend the check added last. */
void cli_check_hint (cli_checks_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

unsigned cli_checks_failed (const cli_checks_t *self);

void cli_checks_print (const cli_checks_t *self, bool is_colour, pt_buf_t *out);
void cli_checks_print_json (const cli_checks_t *self, pt_buf_t *out);

/*  The state directory is there and private, and so is each file in it. */
void cli_check_state_dir (cli_checks_t *self, const char *state_dir);

/*  Each socket of the broker with this base is there and somebody listens. */
void cli_check_sockets (cli_checks_t *self, const char *base);

/*  GET /readyz on a port of this machine answers 200. */
void cli_check_http (cli_checks_t *self, uint16_t port, uint32_t timeout_ms);

/*  Status of an HTTP response's first line and a line of its body for people;
    -1 when it is none.  Pure. */
int cli_http_parse (const char *response, char *out_body, size_t size);

#endif
