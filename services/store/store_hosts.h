/*  store_hosts - the hosts of a connection string, begun at another one when the
    first does not answer.

    libpq goes on to the next host when one refuses, but a host that is silent
    (its power is gone, its server is frozen) takes all the time that an attempt
    has; the next attempt must not begin with it again. */

#ifndef STORE_HOSTS_H
#define STORE_HOSTS_H

#include <stddef.h>

/*  Bytes of one comma-separated list; a longer one stays as it is. */
#define STORE_HOSTS_BYTES 1024

/*  The lists that were turned; "" for one that has less than two entries. */
typedef struct {
    char host[STORE_HOSTS_BYTES];
    char hostaddr[STORE_HOSTS_BYTES];
    char port[STORE_HOSTS_BYTES];
} store_hosts_t;

/*  Reads the lists out of a libpq string (else of PGHOST, PGHOSTADDR, PGPORT) and
    lets each begin `turn` entries later. */
void store_hosts_read (store_hosts_t *self, const char *conninfo, unsigned turn);

/*  Copies a comma-separated list so that it begins `turn` entries later; "" when it
    does not fit. */
void store_hosts_turn (const char *list, unsigned turn, char *out, size_t size);

#endif
