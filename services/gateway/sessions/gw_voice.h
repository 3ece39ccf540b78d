/*  gw_voice - how a dialect speaks on a WebSocket: its frames, out and in.

    One constant table for each dialect, in dialects/gw_voice_<name>.c.  A room with sockets of its
    dialect keeps its items in that dialect's frames beside the native ones (gw_track.h), so each frame
    is built once for all who get it. */

#ifndef GW_VOICE_H
#define GW_VOICE_H

#include "gw_senders.h"
#include "pt_buf.h"

typedef struct gw_ws gw_ws_t;

/*  One kind of frames, for the documents: its name, which no other of the dialect has, what it is, its members,
    and its media type where that is not JSON. */
typedef struct {
    const char *name, *doc;
    const struct gw_shape *shapes;
    const char *media;
} gw_voice_frame_t;

/*  What a dialect's sockets are for, what its rooms are called, and the frames that come in and go out beside
    errors, which all dialects have; each table ends with a row of zeros. */
typedef struct {
    const char *doc, *name_doc;
    const gw_voice_frame_t *takes, *tells;
} gw_voice_spec_t;

typedef struct {
    pt_room_dialect_t dialect;
    const gw_voice_spec_t *spec;
    bool is_open;       /* anybody may listen, and an account need not be a member to speak */
    bool needs_account; /* nobody may come in without an identity */
    bool has_items;     /* what is said in the room is told; else `put` is NULL and nothing is read */
    bool needs_sender;  /* `put` shows a name or an address */
    bool takes_empty;   /* a message may have no text */
    bool takes_binary;  /* else a binary frame is an error like other frames that can't be read */

    /*  Writes the payload of the frame that tells an item; nothing: it is not told.  `sender` is NULL
        for who has no account any more, and for items that nobody sent.  Pure. */
    void (*put) (pt_buf_t *out, const pt_item_t *item, const gw_sender_t *sender);

    /*  The socket is open; nothing has been told.  May be NULL. */
    void (*opened) (gw_ws_t *ws);

    /*  All that had been said when the socket opened has been told.  May be NULL. */
    void (*caught_up) (gw_ws_t *ws);

    /*  One message of the client: valid UTF-8 unless it is binary. */
    void (*heard) (gw_ws_t *ws, pt_str_t text, bool is_binary);

    /*  A second has passed, while the session is open.  May be NULL. */
    void (*ticked) (gw_ws_t *ws);

    /*  The socket is about to go, for whatever reason.  May be NULL. */
    void (*closing) (gw_ws_t *ws);
} gw_voice_t;

#endif
