/*  gw_limit - how often one network and one account may ask.

    A network is an IPv4 address or the /64 of an IPv6 one: what one client is
    given.  Each has a bucket of tokens for each class of what it asks; see the table
    of rules.  The number of buckets is fixed (sv_limiter.h).  A pure structure. */

#ifndef GW_LIMIT_H
#define GW_LIMIT_H

#include "pt_error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sockaddr_storage;

typedef struct gw_limit gw_limit_t;

/*  Buckets; where it gets narrow the fullest make room. */
#define GW_LIMIT_KEYS 65536

/*  However many wrong credentials came, waiting takes no longer. */
#define GW_LIMIT_DEBT_MS 60000

/*  Room for the headers of a refusal. */
#define GW_LIMIT_HEADERS 128

typedef enum {
    GW_LIMIT_SIGN_IN, /* what makes or tries credentials, or sends mail; wrong credentials */
    GW_LIMIT_CHECK,   /* a question to auth whose credential it is */
    GW_LIMIT_REQUEST, /* any request of a network */
    GW_LIMIT_SOCKET,  /* a WebSocket's handshake */
    GW_LIMIT_ACCOUNT, /* any request of an account */
    GW_LIMIT_CLASSES
} gw_limit_class_t;

/*  All zeros: of unknown origin, which counts as one network. */
typedef struct {
    uint8_t bytes[8]; /* the address, or its first half */
    uint8_t family;   /* 4 or 6 */
    bool is_loopback;
} gw_network_t;

/*  The network of a peer; an IPv4 address in IPv6's clothes is one of IPv4. */
void gw_limit_network (const struct sockaddr_storage *address, gw_network_t *out);

/*  `spares_loopback`: peers on this machine are not limited.  NULL when out of memory. */
gw_limit_t *gw_limit_new (const uint64_t seed[2], bool spares_loopback);
void gw_limit_destroy (gw_limit_t **self_p);

/*  Takes a token for a network, or for an account that asks from there.  0, or the
    milliseconds until there is one. */
uint64_t gw_limit_take (gw_limit_t *self, gw_limit_class_t class, const gw_network_t *from, uint64_t now_ms);
uint64_t gw_limit_take_account (gw_limit_t *self, uint64_t account, const gw_network_t *from, uint64_t now_ms);

/*  What gw_limit_take would say of a network; takes nothing. */
uint64_t gw_limit_wait (const gw_limit_t *self, gw_limit_class_t class, const gw_network_t *from, uint64_t now_ms);

/*  A wrong credential takes a token of GW_LIMIT_SIGN_IN, whether there is one or not. */
void gw_limit_charge (gw_limit_t *self, const gw_network_t *from, uint64_t now_ms);

/*  RateLimit and RateLimit-Policy of a refusal, whole lines. */
const char *gw_limit_headers (gw_limit_class_t class, uint64_t wait_ms, char out[GW_LIMIT_HEADERS]);

#endif
