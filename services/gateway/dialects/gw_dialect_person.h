/*  gw_dialect_person - what dialects call an account; pure. */

#ifndef GW_DIALECT_PERSON_H
#define GW_DIALECT_PERSON_H

#include "pt_message.h"

/*  The name by which answers and frames tell of an account: its login, else its nickname, else its
    name, else what stands before the @ of its address; empty when it has none of these, as a deleted
    one.  Borrowed from `person`. */
pt_str_t gw_dialect_person_name (const pt_person_t *person);

#endif
