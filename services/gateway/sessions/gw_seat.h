/*  gw_seat - a session that speaks a dialect: its place in one room, what is told there, and what
    voices (gw_voice.h) need to answer their clients.

    A dialect's client knows nothing of seqs: it can't be told that it lags and asks for nothing twice.
    So a seat is told everything from its place on, fetched where it must be (gw_feed), and what it posts
    gets a send_id here and is repeated until its outcome is certain (gw_sendq). */

#ifndef GW_SEAT_H
#define GW_SEAT_H

#include "gw_voice.h"
#include "gw_ws.h"

/*  Where a socket was let in. */
typedef struct {
    const gw_voice_t *voice;
    char address[LIM_ROOM_ADDRESS + 1]; /* as in the path */
    uint64_t room;                      /* 0: an open room that nobody has entered in the books */
    uint64_t head;                      /* of the room, when it was let in */
    uint64_t floor;
} gw_place_t;

typedef struct gw_seat gw_seat_t;

/*  Makes the session one that speaks dialects, still without a place: nothing is told and nothing
    may be heard.  0 or -PT_E_memory. */
PT_MUSTCHECK int gw_seat_reserve (gw_ws_t *ws);

/*  Takes the place: the voice is told that the socket is open, and the room is followed. */
void gw_seat_take (gw_ws_t *ws, const gw_place_t *place);

/*  Ends what the seat has under way. */
void gw_seat_leave (gw_ws_t *ws);

/*  One message of the client, while the session is open. */
void gw_seat_heard (gw_ws_t *ws, pt_str_t text, bool is_binary);

/* ---- for voices ---------------------------------------------------------------------- */

const gw_place_t *gw_seat_place (const gw_ws_t *ws);

/*  What the session is part of. */
gw_t *gw_seat_gw (const gw_ws_t *ws);

/*  Who speaks; 0: nobody who is signed in. */
uint64_t gw_seat_account (const gw_ws_t *ws);

/*  Speaks for that account from here on, for sockets without an identity (PARLEY_COMPAT_TRUST_USERID);
    0: for nobody again. */
void gw_seat_speak_for (gw_ws_t *ws, uint64_t account);

/*  The buffer in which a frame of one's own is written, cleared; gw_seat_tell queues it as a text
    message. */
pt_buf_t *gw_seat_begin (gw_ws_t *ws);
void gw_seat_tell (gw_ws_t *ws);

/*  Queues a message as it is: valid UTF-8 unless it is binary. */
void gw_seat_tell_as (gw_ws_t *ws, pt_str_t bytes, bool is_binary);

/*  `{"error":"<text>"}` */
void gw_seat_error (gw_ws_t *ws, pt_str_t text);

/*  Posts a text to the room, where the credential is good for that; what refuses it comes back as an error
    frame, and the room tells it. */
void gw_seat_post (gw_ws_t *ws, pt_str_t body);

/*  Asks the bus; `fn` gets the reply, what fails is told as an error frame.  The message is encoded
    before this returns.  `fn` may close the session. */
typedef void (gw_seat_reply_fn) (gw_ws_t *ws, const void *msg);
void gw_seat_ask (gw_ws_t *ws, uint16_t opcode, const void *msg, uint64_t affinity, gw_seat_reply_fn *fn);

/*  The same, for who has to know that it failed: `fn` gets NULL then, after the error frame.  False, after
    an error frame too: it can't be asked, and `fn` is not called. */
bool gw_seat_try (gw_ws_t *ws, uint16_t opcode, const void *msg, uint64_t affinity, gw_seat_reply_fn *fn);

/*  Asks for messages of the room that were sent before a time, the nearest ones, in rising order; what
    fails is told as an error frame.  Questions are asked one after the other, each when the client has
    taken nearly all it was told before.  `note` (the first GW_SEAT_NOTE bytes of it) is kept meanwhile and
    comes back with the page. */
#define GW_SEAT_NOTE 48
typedef void (gw_seat_page_fn) (gw_ws_t *ws, pt_str_t note, const pt_history_page_t *page);
void gw_seat_look_back (gw_ws_t *ws, int64_t before_at, uint32_t limit, pt_str_t note, gw_seat_page_fn *fn);

/*  Ends the session, which can't be served at this time; its client may come again. */
void gw_seat_end (gw_ws_t *ws, const char *reason);

/*  Follows the room from behind `since` on, which must not be followed yet; for voices whose room
    comes to be while they sit there (`room` becomes the place's), or that tell what was said before. */
void gw_seat_follow (gw_ws_t *ws, uint64_t room, uint64_t since);

/*  Memory of the voice's own, freed with the seat. */
void *gw_seat_own (const gw_ws_t *ws);
void gw_seat_keep (gw_ws_t *ws, void *own);

/* ---- for the session --------------------------------------------------------------------- */

const gw_voice_t *gw_seat_voice (const gw_ws_t *ws);

/*  The last seq that it has been told, for a room that stands there; NULL: it is told what comes from
    then on.  Of what retention has taken it is not told. */
const uint64_t *gw_seat_since (gw_ws_t *ws, const pt_membership_t *membership);

/*  It has joined; it could not join or may not stay (its subscription is still there); it has been
    removed, as a flush has found; a second has passed; something was written. */
void gw_seat_joined (gw_ws_t *ws, uint64_t head, uint64_t epoch);
void gw_seat_parted (gw_ws_t *ws, int why);
void gw_seat_removed (gw_ws_t *ws);
void gw_seat_tick (gw_ws_t *ws);
void gw_seat_flushed (gw_ws_t *ws);

#endif
