/*  chat_fanout - tells the gateways what was committed to a room, and what is kept nowhere.

    An event is a hint: a gateway that misses one finds the items by their seq.
    So a failure here is counted and logged, and never turns a commit into an
    error. */

#ifndef CHAT_FANOUT_H
#define CHAT_FANOUT_H

#include "chat.h"

/*  Sorts by seq and drops repeats in place; returns how many are left. */
size_t chat_fanout_order (pt_item_t *items, size_t count);

/*  How many of the first items fit one event: at most LIM_EVENT_ITEMS, and
    with envelope and topic within LIM_FRAME.  At least 1 unless `count` is 0. */
size_t chat_fanout_cut (const pt_item_t *items, size_t count);

/*  Publishes the items (reordered in place) of one room as room_items events;
    nothing when there are none.  `trace` names the request in the log. */
void chat_fanout_items (chat_t *chat, uint64_t room, uint64_t epoch, pt_item_t *items, size_t count, const char *trace);

/*  Publishes that a room is gone. */
void chat_fanout_gone (chat_t *chat, uint64_t room, const char *trace);

/*  Publishes a signal.  0, or an error of encoding: nobody will find this event
    otherwise. */
PT_MUSTCHECK int chat_fanout_signal (chat_t *chat, const pt_room_signal_t *signal, const char *trace);

#endif
