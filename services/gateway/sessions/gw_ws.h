/*  gw_ws - one WebSocket session of /v1/ws: what the client asks, what it is
    told.  Knows JSON frames and rooms, nothing of libwebsockets (gw_conn does).

    Flow out: whatever is queued for a session makes its connection dirty
    (gw_conn_dirty); at the end of the loop turn gw_conn calls gw_ws_flush once. */

#ifndef GW_WS_H
#define GW_WS_H

#include "gw_token.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct gw gw_t;
typedef struct gw_conn gw_conn_t;
typedef struct gw_ws gw_ws_t;
typedef struct gw_sessions gw_sessions_t;

/*  What all sessions share: the list of them with its timer, the scratch in
    which a write is composed, the counters.  NULL when out of memory.  Every
    session must be closed before it is destroyed. */
gw_sessions_t *gw_sessions_new (gw_t *gw);
void gw_sessions_destroy (gw_sessions_t **self_p);

/*  The end of a loop turn, called before connections are flushed: all that the
    turn's frames asked to send goes out, one array for each socket and room.
    A burst that arrived together is thus one append, not two. */
void gw_sessions_turn (gw_sessions_t *self);

/*  What was revoked just now: the sockets that it hits are told, get nothing more,
    and are closed with 4401.  Nothing is scanned but the sockets of that account. */
void gw_sessions_revoke (gw_sessions_t *self, const pt_revocation_t *what);

/*  How far a transfer of an account's has come: its sockets are told, unless it is unknown who
    is signed out.  Nothing is scanned but the sockets of that account. */
void gw_sessions_progress (gw_sessions_t *self, const pt_drive_progress_t *progress);

/*  Nobody was given anything of a room while it was unknown who is signed out: now
    whoever waits is. */
void gw_sessions_resume (gw_sessions_t *self);

/*  A socket has been upgraded.  `identity` is NULL when no credential came
    with the handshake: the first frame must then be `auth`.  The identity is
    copied.  One that `is_seat` speaks a dialect, once it has a place (gw_seat_take), and
    needs no identity by itself.  NULL when out of memory: the caller closes. */
gw_ws_t *gw_ws_open (gw_t *gw, gw_conn_t *conn, const gw_identity_t *identity, bool is_seat);

/*  The session is that identity's from here on; also again, with another credential
    of the same account.  0; -PT_E_forbidden for another account, what
    gw_revoked_judge says, or -PT_E_memory: nothing has changed then. */
PT_MUSTCHECK int gw_ws_sign_in (gw_ws_t *self, const gw_identity_t *identity);

/*  Tells the request id of the handshake: the ids of the session's calls begin
    with it. */
void gw_ws_set_trace (gw_ws_t *self, const char *trace);

/*  The socket is gone; open calls are cancelled, subscriptions ended. */
void gw_ws_close (gw_ws_t **self_p);

/*  One whole message, reassembled, within LIM_WS_MESSAGE, valid UTF-8 unless it is binary. */
void gw_ws_message (gw_ws_t *self, const char *bytes, size_t len, bool is_binary);

/*  Writes what is pending, at most `budget` bytes, through gw_conn_send.
    Returns true when more is left. */
bool gw_ws_flush (gw_ws_t *self, size_t budget);

/*  Tells the session that the gateway drains: one `drain` event. */
void gw_ws_drain (gw_ws_t *self, uint32_t retry_ms);

#endif
