/*  cli_links - a bus to each broker, on one loop that runs until every question
    has its answer.

    A bus of several brokers picks one by itself; an operator asks each, and
    each instance behind them, so there is a bus for each. */

#ifndef CLI_LINKS_H
#define CLI_LINKS_H

#include "cli_options.h"
#include "sv_bus.h"

typedef struct cli_links cli_links_t;

/*  What came back for a question; `reply` and what hangs on it are borrowed.
    May ask more. */
typedef void (cli_answer_fn) (void *ctx, unsigned broker, const sv_reply_t *reply);

/*  Connects to the brokers with these bases, without waiting for them.  NULL
    with a line on stderr. */
cli_links_t *cli_links_new (const char *const *bases, unsigned count, uint32_t timeout_ms, void *ctx);
void cli_links_destroy (cli_links_t **self_p);

/*  Asks through one broker; `instance`: generation of the one that shall answer, 0
    for any.  0, or a negative error: then `fn` is not called. */
PT_MUSTCHECK int cli_links_ask (cli_links_t *self, unsigned broker, uint16_t opcode, uint64_t instance, const void *msg,
                                cli_answer_fn *fn);

/*  Runs until nothing is open any more.  Blocks, for at most the time-out of the
    last question.  0 or a negative error with a line on stderr. */
PT_MUSTCHECK int cli_links_run (cli_links_t *self);

#endif
