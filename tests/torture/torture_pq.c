/*  torture_pq - the calls of libpq.

    PQgetResult is left alone: NULL means "no more" there, never a failure; that
    of memory comes as a result with an error. */

#include "torture.h"
#include <libpq-fe.h>

TORTURE_CALL (QUERY, PGconn *, PQconnectStartParams, (const char *const *names, const char *const *values, int expand),
              (names, values, expand), NULL, ENOMEM)
TORTURE_CALL (QUERY, PostgresPollingStatusType, PQconnectPoll, (PGconn * conn), (conn), PGRES_POLLING_FAILED, EIO)
TORTURE_CALL (QUERY, int, PQsetnonblocking, (PGconn * conn, int is_on), (conn, is_on), -1, EIO)
TORTURE_CALL (QUERY, int, PQenterPipelineMode, (PGconn * conn), (conn), 0, EIO)
TORTURE_CALL (QUERY, int, PQexitPipelineMode, (PGconn * conn), (conn), 0, EIO)
TORTURE_CALL (QUERY, int, PQpipelineSync, (PGconn * conn), (conn), 0, EIO)
TORTURE_CALL (QUERY, int, PQsendFlushRequest, (PGconn * conn), (conn), 0, EIO)
TORTURE_CALL (QUERY, int, PQconsumeInput, (PGconn * conn), (conn), 0, EIO)
TORTURE_CALL (QUERY, int, PQflush, (PGconn * conn), (conn), -1, EIO)
TORTURE_CALL (QUERY, int, PQsendQuery, (PGconn * conn, const char *text), (conn, text), 0, EIO)
TORTURE_CALL (QUERY, int, PQsendPrepare,
              (PGconn * conn, const char *name, const char *text, int count, const Oid *types),
              (conn, name, text, count, types), 0, EIO)
TORTURE_CALL (QUERY, int, PQsendQueryParams,
              (PGconn * conn, const char *text, int count, const Oid *types, const char *const *values,
               const int *lengths, const int *formats, int format),
              (conn, text, count, types, values, lengths, formats, format), 0, EIO)
TORTURE_CALL (QUERY, int, PQsendQueryPrepared,
              (PGconn * conn, const char *name, int count, const char *const *values, const int *lengths,
               const int *formats, int format),
              (conn, name, count, values, lengths, formats, format), 0, EIO)
