/*  gw_room - the rooms that have subscribers on this gateway.

    A room keeps the order of its items (gw_order), its recent past (gw_ring)
    and who listens.  It subscribes the bus topic with its first subscriber,
    asks for heads and repairs holes, applies changes of membership in the order
    of the room: who is removed gets that item as the last one.

    Bounds: GW_ROOMS rooms (further subscriptions are `busy`), GW_REPAIR_CALLS
    and GW_PAGE_CALLS questions for items at a time (repairs back off, pages
    wait their turn). */

#ifndef GW_ROOM_H
#define GW_ROOM_H

#include "gw.h"
#include "gw_feed.h"
#include "gw_track.h"

#define GW_ROOMS 262144
#define GW_REPAIR_CALLS 64
#define GW_PAGE_CALLS 64

/*  A room without subscribers is kept for so long: reconnects are common. */
#define GW_ROOM_LINGER_MS 5000

typedef struct gw_room gw_room_t;
typedef struct gw_sub gw_sub_t;

/*  What a subscriber is told.  Neither is called from within gw_sub_new. */
typedef struct {
    /*  The feed has something to read: put it into its queue. */
    void (*ready) (gw_sub_t *sub);
    /*  The subscription is void, because the room is gone (-PT_E_gone) or its
        items can't be continued (-PT_E_conflict: epoch or retention); the
        owner destroys it now or soon. */
    void (*ended) (gw_sub_t *sub, int why);
} gw_sub_ops_t;

/*  One subscription; `feed` comes first so that a feed leads to it.  The owner
    reads, gw_room writes. */
struct gw_sub {
    gw_feed_t feed;
    gw_room_t *room;
    gw_track_t *track; /* what its feed reads */
    const gw_sub_ops_t *ops;
    void *owner;
    uint64_t account;
    uint64_t judged;  /* seq up to which `role` is known */
    uint64_t removed; /* seq of the account's last removal that was seen */
    pt_role_t role;   /* PT_role_none: no member */
    uint32_t index;   /* among the room's subscribers */
    bool is_joined;
    bool is_waiting; /* in the room's list of those who need a page */
    gw_sub_t *wait_next, *wait_prev;
};

/*  The rooms with local subscribers.  Takes the bus' events of rooms and changes
    (sv_bus_on_event, sv_bus_on_change).  NULL when out of memory. */
gw_rooms_t *gw_rooms_new (gw_t *gw);
void gw_rooms_destroy (gw_rooms_t **self_p);

/*  What is subscribed: a room, for an account (0: for anybody, whose membership does not count), as
    native JSON (NULL) or as the room's dialect speaks. */
typedef struct {
    uint64_t room, account;
    const gw_voice_t *voice;
} gw_sub_want_t;

/*  A subscription that is not yet joined: the room's topic is subscribed and
    changes of the account's membership are noted, so that nothing is missed
    while its membership is being asked for.  NULL with the reason in
    `*out_err` (busy, memory). */
gw_sub_t *gw_sub_new (gw_rooms_t *rooms, const gw_sub_want_t *want, const gw_sub_ops_t *ops, void *owner, int *out_err);

/*  Ends a subscription.  Its feed must not be in a queue.  Accepts NULL. */
void gw_sub_destroy (gw_sub_t **self_p);

/*  What the subscriber is told when it has joined. */
typedef struct {
    uint64_t head, epoch, floor;
    pt_role_t role;
    bool is_recovered; /* all from `since` to head follows */
    bool has_floor;    /* `since` lies below the floor */
} gw_joined_t;

/*  Joins, or joins again from another place, with what chat said of the
    account's membership.  `since`: the last seq the client has, NULL for none.
    The feed must not be in a queue; the ready callback comes from within.
    A removal of the account behind the head that is told ends the feed with
    that item, one before it does not: so the client can tell them apart.
    0; -PT_E_not_member (also when the account was removed meanwhile);
    -PT_E_unavailable when the answer is of an epoch that is over, or when the
    account was removed and came back meanwhile; -PT_E_gone. */
PT_MUSTCHECK int gw_sub_join (gw_sub_t *self, const pt_membership_t *membership, const uint64_t *since,
                              gw_joined_t *out_joined);

/*  The feed needs a page: it will be made ready when it is there. */
void gw_sub_page (gw_sub_t *self);

uint64_t gw_room_id (const gw_room_t *self);
uint64_t gw_room_epoch (const gw_room_t *self);
uint64_t gw_room_last (const gw_room_t *self);

/*  ---- for tests: what timers and the bus call ------------------------------ */

void gw_rooms_tick (gw_rooms_t *self, uint64_t now_ms);
void gw_rooms_due (gw_rooms_t *self, uint64_t now_ms);
unsigned gw_rooms_count (const gw_rooms_t *self);

#endif
