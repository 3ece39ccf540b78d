/*  store_hosts - the hosts of a connection string, begun at another one when the
    first does not answer. */

#include "store_hosts.h"
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void store_hosts_turn (const char *list, unsigned turn, char *out, size_t size)
{
    size_t len = strlen (list);
    out[0] = 0;
    if (len >= size)
        return;
    unsigned count = 1;
    for (const char *at = list; *at; at++)
        count += *at == ',';
    const char *first = list;
    for (unsigned i = turn % count; i > 0; i--)
        first = strchr (first, ',') + 1;
    if (first == list)
        snprintf (out, size, "%s", list);
    else
        snprintf (out, size, "%s,%.*s", first, (int)(first - list - 1), list);
}

static void s_read (const PQconninfoOption *options, const char *keyword, const char *variable, unsigned turn,
                    char *out)
{
    const char *list = NULL;
    for (const PQconninfoOption *at = options; at && at->keyword; at++)
        if (strcmp (at->keyword, keyword) == 0)
            list = at->val;
    if (!list)
        list = getenv (variable);
    out[0] = 0;
    if (list && strchr (list, ','))
        store_hosts_turn (list, turn, out, STORE_HOSTS_BYTES);
}

void store_hosts_read (store_hosts_t *self, const char *conninfo, unsigned turn)
{
    PQconninfoOption *options = PQconninfoParse (conninfo, NULL);
    s_read (options, "host", "PGHOST", turn, self->host);
    s_read (options, "hostaddr", "PGHOSTADDR", turn, self->hostaddr);
    s_read (options, "port", "PGPORT", turn, self->port);
    PQconninfoFree (options);
}
