/*  gw_track - one room's items in one form: the native JSON, or the frames of its dialect.

    Its recent past is a ring, some of what lies further back are pages.  The frames of most dialects
    show a name, which items do not carry: an item whose sender is not known here is left out of the
    ring, and whoever reads there notices the gap and asks for a page, with which the names come. */

#ifndef GW_TRACK_H
#define GW_TRACK_H

#include "gw_ring.h"
#include "gw_voice.h"

/*  Pages of the past that are kept for the next who needs them. */
#define GW_TRACK_PAGES 4

/*  Longest text of a dialect's frame: a body of which each byte takes six, and what is beside it. */
#define GW_TRACK_TEXT (6 * LIM_BODY + 4096)

/*  Embedded in its room; all zeros: closed. */
typedef struct {
    gw_ring_t *ring;         /* NULL: nobody has asked for this form */
    const gw_voice_t *voice; /* NULL: native */
    gw_ring_t *pages[GW_TRACK_PAGES];
} gw_track_t;

/*  What the tracks of all rooms share. */
typedef struct {
    gw_ring_pool_t *pool;
    gw_senders_t *senders;
    pt_buf_t text; /* of the frame at hand */
} gw_tracks_t;

/*  0 or -PT_E_memory. */
PT_MUSTCHECK int gw_tracks_init (gw_tracks_t *self);
void gw_tracks_fini (gw_tracks_t *self);

/*  Opens it behind seq `last`.  0 or -PT_E_memory. */
PT_MUSTCHECK int gw_track_open (gw_track_t *self, gw_tracks_t *tracks, const gw_voice_t *voice, uint64_t room,
                                uint64_t last);
void gw_track_close (gw_track_t *self);

/*  The items up to `last` will not come: they are left out. */
void gw_track_skip (gw_track_t *self, uint64_t last);

/*  Adds the item with the next seq. */
void gw_track_add (gw_track_t *self, gw_tracks_t *tracks, const pt_item_t *item, uint64_t now_ms);

/*  The page that has `seq`, or NULL. */
gw_ring_t *gw_track_find (const gw_track_t *self, uint64_t seq);

/*  Items as a page, kept; it ends where it is full or where they do not adjoin.  NULL when out of
    memory.  There is at least one item. */
gw_ring_t *gw_track_page (gw_track_t *self, gw_tracks_t *tracks, const pt_history_page_t *msg, uint64_t now_ms);

/*  Lets go of pages that hold nothing any more; of all. */
void gw_track_sweep (gw_track_t *self);
void gw_track_forget (gw_track_t *self);

#endif
