/*  gw_front - the first bytes of a connection, read before lws has the socket.

    Browsers can't set headers on a WebSocket, so they bring their token in the
    list of subprotocols; lws 4.1 reads that list into 127 bytes and drops the
    connection when it is longer, as one with a token always is.  So a handshake
    for /v1/ws is read here, the token taken out of the list, and the rest given
    to lws.  Whatever begins otherwise is handed on unread.

    Its identity is proven here too, because lws can't wait for auth: the head is
    kept until there is an outcome, so that gw_upgrade can refuse it in HTTP.

    Behind TLS the bytes can't be seen: gw_upgrade reads the credentials then, but
    for a token in the list. */

#ifndef GW_FRONT_H
#define GW_FRONT_H

#include "gw_link.h"
#include "pt_buf.h"

typedef struct gw_front gw_front_t;

/*  Begins to watch `fd`, which it owns from here on; the link is in FIRST until
    gw_server_adopt has it.  0 or -PT_E_memory (the fd is then still the caller's). */
PT_MUSTCHECK int gw_front_start (gw_link_t *link, int fd);

/*  Closes the socket and forgets; accepts NULL. */
void gw_front_destroy (gw_front_t **self_p);

/*  ---- pure ------------------------------------------------------------------ */

typedef enum {
    GW_FRONT_OTHER, /* not a handshake for the WebSocket */
    GW_FRONT_MORE,  /* can't be told yet, or not whole yet */
    GW_FRONT_WHOLE, /* a whole head for the WebSocket */
} gw_front_kind_t;

gw_front_kind_t gw_front_judge (const char *bytes, size_t len);

/*  Writes the bytes (a whole head, and what follows it) to `out` without
    `bearer, <token>` in the subprotocol list, for a dialect's socket without the token.  The token, when there is one,
    points into `bytes`.  A head without such a list, or with several, is
    written as it is. */
void gw_front_take_token (const char *bytes, size_t len, pt_buf_t *out, const char **out_token, size_t *out_len);

/*  Whether a whole head asks for /ws/chat/<name>/; the name then, within `bytes`. */
bool gw_front_name (const char *bytes, size_t len, pt_str_t *out_name);

/*  What a whole head shows of credentials but for the list of subprotocols; points
    into `bytes`.  False when it is for another path, or lws has to read it: a
    header is repeated, the query is escaped. */
bool gw_front_show (const char *bytes, size_t len, gw_shown_t *out);

#endif
