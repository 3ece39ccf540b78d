/*  gw_track - see gw_track.h. */

#include "gw_track.h"
#include "gw_frame.h"

int gw_tracks_init (gw_tracks_t *self)
{
    self->pool = gw_ring_pool_new (GW_RING_POOL);
    self->senders = gw_senders_new (GW_SENDERS);
    pt_buf_init (&self->text, GW_TRACK_TEXT);
    return self->pool && self->senders ? 0 : -PT_E_memory;
}

void gw_tracks_fini (gw_tracks_t *self)
{
    gw_ring_pool_destroy (&self->pool);
    gw_senders_destroy (&self->senders);
    pt_buf_fini (&self->text);
}

int gw_track_open (gw_track_t *self, gw_tracks_t *tracks, const gw_voice_t *voice, uint64_t room, uint64_t last)
{
    self->voice = voice;
    self->ring = gw_ring_new (tracks->pool, room, last);
    return self->ring ? 0 : -PT_E_memory;
}

void gw_track_close (gw_track_t *self)
{
    gw_track_forget (self);
    gw_ring_unref (&self->ring);
}

void gw_track_skip (gw_track_t *self, uint64_t last)
{
    gw_ring_restart (self->ring, last);
}

/* ---- items ------------------------------------------------------------------------ */

static const gw_sender_t *s_sender (gw_tracks_t *tracks, const pt_item_t *item, uint64_t now_ms)
{
    return item->has_sender ? gw_senders_get (tracks->senders, item->sender, now_ms) : NULL;
}

/*  False when memory is out. */
static bool s_write (const gw_track_t *self, gw_tracks_t *tracks, const pt_item_t *item, const gw_sender_t *sender)
{
    pt_buf_clear (&tracks->text);
    self->voice->put (&tracks->text, item, sender);
    return pt_buf_error (&tracks->text) == 0;
}

static pt_str_t s_text (const gw_tracks_t *tracks)
{
    return (pt_str_t){tracks->text.at, (uint32_t)tracks->text.len};
}

void gw_track_add (gw_track_t *self, gw_tracks_t *tracks, const pt_item_t *item, uint64_t now_ms)
{
    if (!self->voice) {
        gw_ring_append (self->ring, item, now_ms);
        return;
    }
    const gw_sender_t *sender = s_sender (tracks, item, now_ms);
    bool is_known = sender || !self->voice->needs_sender || !item->has_sender;
    if (is_known && s_write (self, tracks, item, sender))
        gw_ring_append_text (self->ring, item->seq, s_text (tracks), now_ms);
    else
        gw_ring_restart (self->ring, item->seq);
}

/* ---- pages ------------------------------------------------------------------------ */

static bool s_has (const gw_ring_t *page, uint64_t seq)
{
    return page && seq >= gw_ring_first (page) && seq <= gw_ring_last (page);
}

gw_ring_t *gw_track_find (const gw_track_t *self, uint64_t seq)
{
    for (unsigned i = 0; i < GW_TRACK_PAGES; i++)
        if (s_has (self->pages[i], seq))
            return self->pages[i];
    return NULL;
}

/*  False: the page ends before it. */
static bool s_add_to_page (gw_track_t *self, gw_tracks_t *tracks, gw_ring_t *page, const pt_item_t *item,
                           uint64_t now_ms)
{
    if (!self->voice) {
        if (gw_ring_is_full_for (page, gw_frame_item_max (item)))
            return false;
        gw_ring_append (page, item, now_ms);
        return true;
    }
    if (!s_write (self, tracks, item, s_sender (tracks, item, now_ms)) ||
        gw_ring_is_full_for (page, gw_frame_wire_len (tracks->text.len)))
        return false;
    gw_ring_append_text (page, item->seq, s_text (tracks), now_ms);
    return true;
}

static void s_keep (gw_track_t *self, gw_ring_t *page)
{
    gw_ring_unref (&self->pages[GW_TRACK_PAGES - 1]);
    memmove (&self->pages[1], &self->pages[0], (GW_TRACK_PAGES - 1) * sizeof self->pages[0]);
    self->pages[0] = page;
}

gw_ring_t *gw_track_page (gw_track_t *self, gw_tracks_t *tracks, const pt_history_page_t *msg, uint64_t now_ms)
{
    gw_ring_t *page = gw_ring_new (tracks->pool, gw_ring_room (self->ring), msg->items.at[0].seq - 1);
    for (uint32_t i = 0; page && i < msg->items.count; i++) {
        const pt_item_t *item = &msg->items.at[i];
        if (item->seq != gw_ring_last (page) + 1 || !s_add_to_page (self, tracks, page, item, now_ms))
            break;
    }
    if (page)
        s_keep (self, page);
    return page;
}

void gw_track_sweep (gw_track_t *self)
{
    for (unsigned i = 0; i < GW_TRACK_PAGES; i++)
        if (self->pages[i] && gw_ring_first (self->pages[i]) > gw_ring_last (self->pages[i]))
            gw_ring_unref (&self->pages[i]);
}

void gw_track_forget (gw_track_t *self)
{
    for (unsigned i = 0; i < GW_TRACK_PAGES; i++)
        gw_ring_unref (&self->pages[i]);
}
