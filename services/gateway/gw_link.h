/*  gw_link - one client's connection behind libwebsockets: what state it is in,
    when its patience ends, and how it is brought down.

    A link is made at accept, before lws knows the socket, and freed when lws
    says the wsi is destroyed.  In between it is in one phase at a time:

      FIRST    its first bytes are looked at (gw_front.h), lws has not seen it yet
      HEAD     waiting for a request head (or the next one, kept alive)
      BODY     reading a request body
      CALL     a request is with a service; the socket is not read
      STREAM   a body comes, or an answer goes, as the other end takes it
      LINGER   answered with an error, the rest of the body is thrown away
      OPEN     upgraded to a WebSocket
      CLOSING  the WebSocket's closing handshake has begun: nothing is written
      DEAD     the socket is lost; lws has been told to end it

    Each phase but CALL, and STREAM for as long as others are waited for, has a deadline in the server's wheel. */

#ifndef GW_LINK_H
#define GW_LINK_H

#include "gw.h"
#include "gw_assemble.h"
#include "gw_conn.h"
#include "gw_gate.h"
#include "gw_limit.h"
#include "gw_prove.h"
#include "gw_ws.h"
#include "sv_wheel.h"

struct lws;

typedef enum {
    GW_PHASE_FIRST,
    GW_PHASE_HEAD,
    GW_PHASE_BODY,
    GW_PHASE_CALL,
    GW_PHASE_STREAM,
    GW_PHASE_LINGER,
    GW_PHASE_OPEN,
    GW_PHASE_CLOSING,
    GW_PHASE_DEAD,
} gw_phase_t;

typedef struct gw_request gw_request_t;
typedef struct gw_front gw_front_t;

typedef struct gw_link {
    gw_conn_t conn; /* first: what the session holds */
    gw_t *gw;
    struct lws *wsi;              /* NULL until lws shows it */
    struct gw_link *next, **link; /* all links of the server */
    struct gw_link *next_dirty;
    sv_wheel_node_t patience;
    gw_phase_t phase;
    bool is_dirty;
    bool is_internal; /* came in on the internal port */
    bool is_paused;   /* lws has been told not to read */
    bool must_end;    /* end at the next writable callback */

    gw_front_t *front; /* FIRST */
    bool is_fronted;   /* its first request was read by gw_front, not by lws */
    bool is_judged;    /* gw_front has the outcome of the handshake's identity */
    bool is_in_pace;   /* gw_front has counted the handshake, and there was room for it */

    gw_request_t *request; /* HEAD to STREAM, while there is one */
    size_t lingered;       /* bytes thrown away in LINGER */
    uint64_t read_mark;    /* bytes lws had read when the last request was answered */
    bool has_mark;

    bool is_seat;     /* its socket speaks a dialect */
    gw_gate_t gate;   /* of a seat: whether it is let in, and where */
    gw_ws_t *session; /* OPEN and CLOSING, until the session is told */
    gw_assemble_t in;
    gw_identity_t identity; /* of the handshake */
    bool has_identity;
    int refusal;       /* why its credential is no good; 0: it is, or there is none */
    uint32_t retry_ms; /* when it may be tried again; 0: not known */
    gw_limit_class_t limit;
    pt_scheme_t scheme; /* how that was shown */
    bool was_shown;     /* its credential is one that no browser sends by itself */
    bool heard;         /* anything came since the last ping */
    uint16_t close_code;
    char close_reason[64];
    uint64_t drain_due_ms; /* when a drain closes it; 0: not yet decided */
    char peer[46];
    gw_network_t network; /* that counts for its limits */
} gw_link_t;

/*  A link of the server's list; NULL when out of memory. */
gw_link_t *gw_link_new (gw_t *gw, bool is_internal);

/*  Ends session, call and timer and frees; lws must have let go of the wsi. */
void gw_link_free (gw_link_t *self);

/*  Sets the phase and its deadline from now; 0: none. */
void gw_link_enter (gw_link_t *self, gw_phase_t phase, uint64_t patience_ms);

/*  The deadline has passed. */
void gw_link_expired (gw_link_t *self);

/*  End of the turn for a dirty link: flushes its session. */
void gw_link_turn (gw_link_t *self);

/*  Ends it from the next writable callback: what was written goes out first. */
void gw_link_end_soon (gw_link_t *self);

/*  Ends it at once; safe from anywhere but a callback of the same wsi, which
    should return -1 instead. */
void gw_link_kill (gw_link_t *self);

/*  Takes the outcome of a handshake's identity, and forgets it, and what the gate said to it: they are
    good for one request. */
void gw_link_judge (gw_link_t *self, const gw_proof_t *proof);
void gw_link_unjudge (gw_link_t *self);

/*  Asks whether the socket of a seat is let in (gw_gate_enter), with `gate` begun and the identity
    judged.  `fn` is called later when GW_GATE_LATER is returned. */
PT_MUSTCHECK int gw_link_enter_gate (gw_link_t *self, void (*fn) (void *arg), void *arg);

/*  ---- WebSocket side, called by gw_events --------------------------------- */

/*  The handshake is done.  0, or -1: end it. */
int gw_link_opened (gw_link_t *self);

/*  The identity that was asked about during the handshake has an outcome: the
    session goes on, or is closed. */
void gw_link_proved (gw_link_t *self);

/*  A slice of a message, from lws_callback; 0, or -1: end it. */
int gw_link_received (gw_link_t *self, const void *bytes, size_t len);

/*  A pong came. */
void gw_link_pong (gw_link_t *self);

/*  The peer has sent a close frame with `len` bytes in it.  0 lets lws echo it,
    -1: end it with our own code. */
int gw_link_peer_closes (gw_link_t *self, size_t len);

/*  The socket can be written to.  0, or -1: end it. */
int gw_link_writable (gw_link_t *self);

/*  The WebSocket is gone. */
void gw_link_closed (gw_link_t *self);

/*  Asks the session to say goodbye, to be closed at `due_ms`. */
void gw_link_drain (gw_link_t *self, uint32_t retry_ms, uint64_t due_ms);

#endif
