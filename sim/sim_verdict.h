/*  sim_verdict - hands a history and what the database holds to the judge of
    verify/, the same that judges real runs. */

#ifndef SIM_VERDICT_H
#define SIM_VERDICT_H

#include "sim_history.h"
#include "sim_pg.h"

/*  Judges; what is wrong is blamed on the history.  0 or -PT_E_memory. */
int sim_verdict (sim_history_t *history, const sim_pg_t *pg);

#endif
