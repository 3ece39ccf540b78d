/*  gw_identity - who is asking: which of the credentials of a request counts, of
    what shape it is, and what the identity it proves may do; pure.

    The first that is present counts: the Authorization header (Bearer, Token or
    Basic; any other scheme counts as none), then on a WebSocket ?token=, the
    subprotocol behind `bearer` and the cookie `access`, then the cookie
    `sessionid`.  One that was shown on purpose and is no good is refused; a cookie
    that is no good counts as absent, for browsers send what they have. */

#ifndef GW_IDENTITY_H
#define GW_IDENTITY_H

#include "pt_message.h"
#include <stdbool.h>
#include <stdint.h>

/*  What a credential may be used for; a set. */
enum {
    GW_SCOPE_READ = 1,
    GW_SCOPE_WRITE = 2,
    GW_SCOPE_ACCOUNT = 4, /* profile, password, sessions, tokens */
    GW_SCOPE_ADMIN = 8,   /* what staff may; staff alone has it */
    GW_SCOPE_ALL = 15,
};

/*  The credential of who has none that could be named: Basic, and access tokens of
    an older deployment. */
#define GW_IDENTITY_UNNAMED LIM_ID

typedef struct {
    uint64_t account;
    uint64_t session;          /* id of the credential, whatever its kind */
    uint64_t generation;       /* of the account, when the credential was judged */
    int64_t expires_us;        /* wall clock; the identity ends then, INT64_MAX: never */
    int64_t issued_us;         /* wall clock; when this was true: of a token, when it was signed */
    pt_credential_kind_t kind; /* SESSION: an access token */
    unsigned scopes;
    bool is_staff;
} gw_identity_t;

/*  What a request shows; `at` is NULL where it shows nothing. */
typedef struct {
    pt_str_t authorization; /* value of the header */
    pt_str_t query;         /* ?token= */
    pt_str_t subprotocol;   /* what follows `bearer` */
    pt_str_t cookies;       /* value of the Cookie header */
    bool is_socket;         /* a WebSocket's handshake or first frame */
} gw_shown_t;

typedef enum {
    GW_CREDENTIAL_LOCAL, /* an access token of ours: its signature is checked here */
    GW_CREDENTIAL_ASKED, /* only auth can tell whose it is */
    GW_CREDENTIAL_NEVER, /* of a shape that none of ours has */
} gw_credential_shape_t;

typedef struct {
    pt_scheme_t scheme;
    pt_str_t secret; /* BASIC: still in base64 */
    gw_credential_shape_t shape;
    bool is_cookie; /* when it is no good it counts as absent */
} gw_credential_t;

/*  One credential after the other, the first that counts first; starts with *at = 0.
    False at the end.  Behind one that is no cookie there is no next. */
bool gw_identity_next (const gw_shown_t *shown, unsigned *at, gw_credential_t *out);

/*  `user:password` out of base64 into `out`; its length, or 0 when it is not
    canonical base64 of UTF-8 with a colon in it, or is longer than `size`. */
size_t gw_identity_basic (pt_str_t base64, char *out, size_t size);

/*  Affinity of all that concerns who signs in under a name: FNV-1a of it in lower
    case, never 0. */
uint64_t gw_identity_affinity (pt_str_t name);

/*  A set out of words separated by spaces; words that are not known give nothing. */
unsigned gw_identity_scopes (pt_str_t words);

/*  The other way round; `out` takes LIM_SCOPES bytes and a NUL. */
void gw_identity_words (unsigned scopes, char out[LIM_SCOPES + 1]);

/*  0, -PT_E_scope_missing when one of `scopes` is not there, or -PT_E_forbidden when
    they need staff and this is none. */
PT_MUSTCHECK int gw_identity_may (const gw_identity_t *self, unsigned scopes);

#endif
