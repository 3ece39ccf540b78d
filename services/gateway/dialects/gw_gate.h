/*  gw_gate - who is let in at /ws/chat/<name>/: the shape of the name tells the dialect, store tells
    the room and who is in it.

    The room, not the path, decides the dialect (sv_address.h).  A name that may be one of two
    dialects is looked for in both. */

#ifndef GW_GATE_H
#define GW_GATE_H

#include "gw.h"
#include "gw_identity.h"
#include "gw_seat.h"

#define GW_GATE_PATH "/ws/chat/"

/*  Of gw_gate_enter: the outcome comes later. */
#define GW_GATE_LATER 1

/*  Embedded; zeroed at first. */
typedef struct {
    gw_t *gw;
    const gw_identity_t *identity; /* who asks; NULL: nobody who is signed in */
    bool was_shown;                /* by a credential that no browser sends by itself */
    const char *trace;
    void (*fn) (void *arg);
    void *arg;
    gw_place_t place; /* the outcome when `err` is 0; its address is the name */
    int err;          /* 0: let in; -PT_E_forbidden: not; transient: it could not be told */
    bool is_asking;
    bool is_decided;
    pt_room_dialect_t dialect;
    uint64_t call;
} gw_gate_t;

/*  Whether a path is of this kind; its name then. */
bool gw_gate_name (pt_str_t path, pt_str_t *out_name);

/*  Begins with a name: 0, or -PT_E_not_found when no room can have it. */
PT_MUSTCHECK int gw_gate_begin (gw_gate_t *self, pt_str_t name);

/*  Asks; with `gw`, `identity`, `was_shown`, `trace`, `fn` and `arg` set.  The outcome, or
    GW_GATE_LATER: `fn` is called once then. */
PT_MUSTCHECK int gw_gate_enter (gw_gate_t *self);

/*  No outcome is wanted any more; may be repeated. */
void gw_gate_cancel (gw_gate_t *self);

#endif
