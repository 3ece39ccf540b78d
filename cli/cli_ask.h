/*  cli_ask - puts questions to every broker, and to each instance behind them. */

#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "cli_report.h"

/*  Asks each broker of the report, by a bus of its own, for its state, and then
    each instance it lists how it is; writes what comes back into the report.
    Blocks, for at most twice `timeout_ms`.  0, or -PT_E_memory or -PT_E_invalid
    with a line on stderr. */
PT_MUSTCHECK int cli_ask (cli_report_t *report, uint32_t timeout_ms);

#endif
