/*  store_fault - from PostgreSQL's SQLSTATE to how to go on and what to tell. */

#include "store_fault.h"

/*  The first row whose code begins the SQLSTATE counts. */
static const struct {
    const char *code;
    store_fault_t fault;
    int err;
} s_rows[] = {
    {"23505", STORE_FAULT_GUARD, -PT_E_taken},      /* unique violation */
    {"23503", STORE_FAULT_DATA, -PT_E_not_found},   /* names a row that is not there */
    {"22", STORE_FAULT_DATA, -PT_E_invalid},        /* data exceptions */
    {"23", STORE_FAULT_DATA, -PT_E_invalid},        /* other constraints */
    {"54", STORE_FAULT_DATA, -PT_E_too_large},      /* program limits */
    {"40", STORE_FAULT_AGAIN, -PT_E_busy},          /* deadlock, serialisation */
    {"55P03", STORE_FAULT_WAIT, -PT_E_busy},        /* lock timeout */
    {"57014", STORE_FAULT_WAIT, -PT_E_busy},        /* statement timeout */
    {"57", STORE_FAULT_LOST, -PT_E_unavailable},    /* shutting down, crashed, idle in transaction */
    {"25P03", STORE_FAULT_LOST, -PT_E_unavailable}, /* idle in transaction for too long */
    {"25006", STORE_FAULT_LOST, -PT_E_unavailable}, /* became a standby: look for the primary */
    {"08", STORE_FAULT_LOST, -PT_E_unavailable},    /* connection exceptions */
    {"26000", STORE_FAULT_LOST, -PT_E_unavailable}, /* prepared statement is gone */
    {"0A000", STORE_FAULT_LOST, -PT_E_unavailable}, /* cached plan changed its result: prepare anew */
    {"53", STORE_FAULT_AWAY, -PT_E_unavailable},    /* disk full, memory, connections */
    {"58", STORE_FAULT_AWAY, -PT_E_unavailable},    /* I/O errors */
    {"", STORE_FAULT_DATA, -PT_E_internal},
};

store_fault_t store_fault (const char *sqlstate, int *out_err)
{
    size_t i = 0;
    while (strncmp (sqlstate, s_rows[i].code, strlen (s_rows[i].code)) != 0)
        i++;
    *out_err = s_rows[i].err;
    return s_rows[i].fault;
}
