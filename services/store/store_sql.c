/*  store_sql - the named queries and the migrations, embedded in the program. */

#include "store_sql.h"

/*  A query is one literal, however long; C17 promises only 4095 bytes. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

static const struct {
    const char *name;
    const char *text;
} s_queries[] = {
#define SQL(name, text) {#name, text},
#define MIGRATION(number, name, text)
#include "store_sql.inc"
#undef SQL
#undef MIGRATION
};

static const store_migration_t s_migrations[] = {
#define SQL(name, text)
#define MIGRATION(number, name, text) {number, name, text},
#include "store_sql.inc"
#undef SQL
#undef MIGRATION
};

static const size_t s_migration_count = sizeof (s_migrations) / sizeof (s_migrations[0]);

const char *store_sql_name (store_sql_t sql)
{
    return s_queries[sql].name;
}
const char *store_sql_text (store_sql_t sql)
{
    return s_queries[sql].text;
}

const store_migration_t *store_migration_at (size_t i)
{
    return i < s_migration_count ? &s_migrations[i] : NULL;
}

unsigned store_migration_latest (void)
{
    return s_migrations[s_migration_count - 1].number;
}
