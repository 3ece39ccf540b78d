/*  gw_room_priv - the insides shared by gw_room.c (registry, subscribers,
    order), gw_room_fetch.c (questions for items) and gw_room_heads.c. */

#ifndef GW_ROOM_PRIV_H
#define GW_ROOM_PRIV_H

#include "gw_idmap.h"
#include "gw_order.h"
#include "gw_room.h"

/*  Publishers whose start is remembered; a forgotten one costs one question
    for heads. */
#define GW_GENERATIONS 64

struct gw_room {
    gw_rooms_t *rooms;
    uint64_t id;
    gw_order_t *order;
    gw_track_t native, spoken; /* `spoken` is opened by the first subscriber of its dialect */
    gw_sub_t **subs;
    uint32_t sub_count, sub_cap;
    gw_room_t *next, *prev;         /* all rooms */
    gw_room_t *due_next, *due_prev; /* those with a due_ms */
    bool is_gone;
    bool is_head_wanted; /* in the list of rooms->heads_first */
    gw_room_t *head_next, *head_prev;
    uint64_t head_ms;      /* when its head was last asked for */
    uint64_t active_ms;    /* last item or new subscription */
    uint64_t empty_ms;     /* since when without subscribers; 0: has some */
    uint64_t order_due_ms; /* 0: none */

    /*  Questions for items: one repair, one page at a time. */
    uint64_t repair_call;
    uint64_t page_call;
    uint64_t page_after;
    bool has_page_senders; /* the question asks who they are */
    uint64_t page_due_ms;  /* not before; 0: at once */
    unsigned page_tries;
    gw_sub_t *wait_first, *wait_last;
    bool is_queued; /* for its page, in rooms->queue */
    gw_room_t *queue_next;
};

struct gw_rooms {
    gw_t *gw;
    gw_idmap_t map;
    gw_room_t *first;
    gw_room_t *visit; /* next one that the tick looks at */
    gw_room_t *due_first;
    gw_tracks_t tracks;
    sv_timer_t *due_timer;
    sv_timer_t *tick_timer;
    uint64_t armed_ms; /* when due_timer fires; 0: stopped */
    uint64_t random;
    unsigned repair_calls; /* open; at most GW_REPAIR_CALLS */
    unsigned page_calls;   /* open; at most GW_PAGE_CALLS */
    gw_room_t *queue_first, *queue_last;

    uint64_t heads_call;
    uint64_t heads_due_ms; /* when those wanted are asked for; 0: none wanted */
    gw_room_t *heads_first, *heads_last;
    uint32_t heads_asked;
    uint64_t *heads_rooms; /* LIM_HEADS ids of the question at hand */
    uint64_t generations[GW_GENERATIONS];
    unsigned generation_next;

    gw_order_out_t out; /* of the step at hand */
    sv_metric_t *m_rooms, *m_items, *m_repairs, *m_pages, *m_resets;
};

/*  One event of a room's order, and what follows from it. */
void gw_room_step (gw_room_t *self, const gw_order_event_t *event, uint64_t now_ms);

/*  Puts the room on the list of those with a due time, and arms the timer. */
void gw_room_set_due (gw_room_t *self, uint64_t now_ms);

/*  Gives free places to the rooms that wait to ask for a page. */
void gw_rooms_start_pages (gw_rooms_t *rooms, uint64_t now_ms);

/*  Asks for what the order lacks; reports a failure when it can't. */
void gw_room_repair (gw_room_t *self, uint64_t after, uint32_t limit, uint64_t now_ms);

/*  Time has come to ask for a page again.  Lets go of all questions and pages.
    Takes a subscriber off the list of those who need a page. */
void gw_room_page_due (gw_room_t *self, uint64_t now_ms);
void gw_room_forget_fetches (gw_room_t *self);
void gw_room_unwait (gw_sub_t *sub);

/*  Ends the bus topic and frees the room, which must have no subscribers. */
void gw_room_destroy (gw_room_t **self_p);

/*  Notes that a head is wanted soon, that of one room or all; forgets it.
    gw_rooms_ask_heads asks for those noted unless a question is under way. */
void gw_room_want_head (gw_room_t *self, uint64_t now_ms);
void gw_room_unwant_head (gw_room_t *self);
void gw_rooms_want_all_heads (gw_rooms_t *self, uint64_t now_ms);
void gw_rooms_ask_heads (gw_rooms_t *self, uint64_t now_ms);

/*  Wants the head of a room that has not been asked for lately. */
void gw_room_head_tick (gw_room_t *self, uint64_t now_ms);

/*  Has gw_rooms_due called then. */
void gw_rooms_arm (gw_rooms_t *self, uint64_t due_ms, uint64_t now_ms);

#endif
