/*  insert - the yardstick of durability: batched inserts into the same table,
    with the same indexes and durability, and nothing else in the way.

    usage: insert CONNINFO-FILE BATCH SECONDS

    One connection; each transaction is one unnest INSERT of BATCH rows, prepared, into a
    room id nobody uses; the rows are removed at the end.  Prints one JSON object. */

#include <inttypes.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROOM "9000000000000000000"
#define MAX_BATCH 1024

static const char statement[] = "INSERT INTO item (room, seq, id, created_at, sender, kind, send_id, body) "
                                "SELECT " ROOM ", g.seq, g.seq, clock_timestamp (), 1, 1, g.send_id, g.body "
                                "FROM unnest ($1::bigint[], $2::text[], $3::text[]) AS g (seq, send_id, body)";

static double s_now (void)
{
    struct timespec ts;
    clock_gettime (CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void s_check (PGconn *pg, PGresult *result, const char *what)
{
    ExecStatusType status = PQresultStatus (result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        fprintf (stderr, "insert: %s: %s", what, PQerrorMessage (pg));
        exit (1);
    }
    PQclear (result);
}

/*  Three array literals for one batch. */
static void s_fill (char *seqs, char *ids, char *bodies, uint64_t first, unsigned batch)
{
    for (unsigned i = 0; i < batch; i++) {
        char comma = i ? ',' : '{';
        seqs += snprintf (seqs, 24, "%c%" PRIu64, comma, first + i);
        ids += snprintf (ids, 32, "%c1-6f00-%" PRIx64, comma, first + i);
        bodies +=
            snprintf (bodies, 128, "%c\"sixty-four bytes of text, as people write them to each other %" PRIu64 "\"",
                      comma, first + i);
    }
    memcpy (seqs, "}", 2);
    memcpy (ids, "}", 2);
    memcpy (bodies, "}", 2);
}

int main (int argc, char **argv)
{
    static char info[4096], seqs[MAX_BATCH * 24], ids[MAX_BATCH * 32], bodies[MAX_BATCH * 128];
    FILE *file = argc == 4 ? fopen (argv[1], "r") : NULL;
    unsigned batch = argc == 4 ? (unsigned)strtoul (argv[2], NULL, 10) : 0;
    if (!file || !fgets (info, sizeof info, file) || batch < 1 || batch > MAX_BATCH) {
        fprintf (stderr, "usage: insert CONNINFO-FILE BATCH SECONDS\n");
        return 2;
    }
    fclose (file);
    PGconn *pg = PQconnectdb (info);
    if (PQstatus (pg) != CONNECTION_OK) {
        fprintf (stderr, "insert: %s", PQerrorMessage (pg));
        return 1;
    }
    s_check (pg, PQexec (pg, "DELETE FROM item WHERE room = " ROOM), "clean");
    s_check (pg, PQprepare (pg, "row", statement, 3, NULL), "prepare");
    uint64_t rows = 0;
    double start = s_now (), end = start + strtod (argv[3], NULL);
    while (s_now () < end) {
        s_fill (seqs, ids, bodies, rows + 1, batch);
        const char *values[] = {seqs, ids, bodies};
        s_check (pg, PQexecPrepared (pg, "row", 3, values, NULL, NULL, 0), "insert");
        rows += batch;
    }
    double seconds = s_now () - start;
    s_check (pg, PQexec (pg, "DELETE FROM item WHERE room = " ROOM), "clean");
    PQfinish (pg);
    printf ("{\"rows\":%" PRIu64 ",\"seconds\":%.3f}\n", rows, seconds);
    return 0;
}
