/*  store_sql - the named queries and the migrations, embedded in the program.

    Each file of sql/ is one query STORE_SQL_<name>; each file of migrations/ is
    one step of the schema. */

#ifndef STORE_SQL_H
#define STORE_SQL_H

#include <stddef.h>

typedef enum {
#define SQL(name, text) STORE_SQL_##name,
#define MIGRATION(number, name, text)
#include "store_sql.inc"
#undef SQL
#undef MIGRATION
    STORE_SQL_COUNT
} store_sql_t;

/*  Name and text of a query; both live for ever. */
const char *store_sql_name (store_sql_t sql);
const char *store_sql_text (store_sql_t sql);

typedef struct {
    unsigned number;  /* 1 for the first, rising by one */
    const char *name; /* file name without .sql */
    const char *text; /* statements, without BEGIN and COMMIT */
} store_migration_t;

/*  The i-th migration (from 0), NULL past the last. */
const store_migration_t *store_migration_at (size_t i);

/*  Version of the schema this program knows: the number of the last one. */
unsigned store_migration_latest (void);

#endif
