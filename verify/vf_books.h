/*  vf_books - what the judge remembers: clients, rooms and what each seq holds,
    one stream per client and room, sends, memberships, faults. */

#ifndef VF_BOOKS_H
#define VF_BOOKS_H

#include "vf_judge.h"
#include "vf_map.h"
#include "vf_tape.h"

/*  A seq this far beyond all others is taken for nonsense, not for a reason to
    reserve memory. */
#define VF_SEQ_LEAP (1u << 24)

/*  Holes remembered per stream, to tell late from doubled. */
#define VF_HOLES_MAX 64

typedef struct {
    pt_str_t name; /* kept */
    uint64_t account;
    uint64_t sends;   /* so far */
    uint64_t last_ns; /* of its last line */
    uint32_t life;    /* of its connection, counted from 1; 0: none that tells its session */
} vf_client_t;

/*  What one seq of a room holds, as first seen by anybody. */
typedef struct {
    uint64_t account;
    uint64_t cmid; /* vf_hash of it; 0: a change of membership */
    uint64_t hash;
    uint64_t what;   /* vf_hash of it; 0: a message */
    uint32_t client; /* who saw it first */
    bool is_seen;
    bool is_stored;
} vf_record_t;

typedef struct {
    uint64_t id;
    vf_tape_t records; /* vf_record_t by seq - 1 */
    uint64_t head;     /* of the final store */
    bool has_final;
    bool is_heard; /* by clients that are told no seqs */
} vf_room_t;

typedef struct {
    uint64_t from, to;
} vf_hole_t;

/*  What one client was given of one room. */
typedef struct {
    uint32_t client, room;
    bool is_begun;
    uint64_t expected; /* next seq it is owed, when begun */
    uint64_t greatest; /* ever given */
    uint64_t replay;   /* head when it subscribed: what comes up to here is the past */
    bool is_out;       /* saw its own leave, at `left`, and has not come back */
    uint64_t left;
    bool has_end;
    uint64_t end;
    vf_hole_t holes[VF_HOLES_MAX];
    uint32_t hole_count;
    uint64_t opened_ns;            /* without seqs: the socket at hand */
    bool is_heard;                 /* without seqs */
    uint64_t last_order, last_seq; /* I6: of the last acknowledged send met in the room's order */
} vf_stream_t;

typedef struct {
    uint64_t account, cmid, hash;
    uint32_t room, client, stream;
    uint64_t order; /* of the first try, in its client */
    uint64_t first_ns, ack_ns;
    uint64_t seq;    /* acknowledged */
    uint64_t stored; /* first seq in the final store */
    bool is_acked, is_failed, has_unknown;
    bool is_open; /* tried, without an outcome yet */
    bool is_said; /* without a send_id, and acknowledged without a seq */
} vf_send_t;

/*  What a client without seqs was told, or the beginning of its socket. */
typedef struct {
    uint32_t stream;
    bool is_beginning;
    uint64_t ns, account, hash;
} vf_heard_t;

/*  One account in one room, as the final store tells it. */
typedef struct {
    bool is_known, is_member;
    uint64_t left; /* seq of the last end of membership */
} vf_member_t;

typedef struct {
    uint64_t begun, healed, flowing; /* ns; 0: not yet */
    bool is_blind;                   /* meanwhile nobody could read what was revoked */
    pt_str_t name;                   /* kept: row and target */
} vf_window_t;

typedef struct {
    uint32_t room, client;
    uint64_t seq, hash;
} vf_look_t;

/*  One connection under one session. */
typedef struct {
    uint32_t client, next;      /* of the same session, counted from 1 */
    uint64_t begun, closed;     /* ns; closed 0: not yet */
    uint64_t given_ns, took_ns; /* last item, last answer that said ok */
    bool is_told;               /* closed as one that is signed out */
} vf_life_t;

typedef struct {
    uint64_t id;
    uint64_t revoked_ns; /* certainly revoked since; 0: not */
    uint64_t used_ns;    /* last request beside the socket that was accepted */
    uint32_t user;       /* client of that request */
    uint32_t lives;      /* the newest of its connections, counted from 1 */
} vf_session_t;

#define VF_BUCKETS 512

struct vf_judge {
    vf_limits_t limits;
    vf_counts_t counts;
    vf_tape_t clients, rooms, streams, sends, members, windows, looks, faults, texts, lives, sessions, heard;
    vf_map_t client_of, room_of, stream_of, send_of, member_of, unbounded_of, session_of, heard_of;
    uint64_t latency[VF_BUCKETS];
    bool is_out_of_memory;
};

#define VF_AT(tape, type, i) (&((type *)(tape).at)[i])

/*  A copy of two texts with a space between (none when one is empty) that lives as
    long as the judge; its `at` is NULL when out of memory. */
pt_str_t vf_keep (vf_judge_t *self, pt_str_t a, pt_str_t b);

/*  Finds or makes; NULL, and the judge knows, when out of memory. */
vf_client_t *vf_client (vf_judge_t *self, pt_str_t name, uint32_t *out_index);
vf_room_t *vf_room (vf_judge_t *self, uint64_t id, uint32_t *out_index);
vf_stream_t *vf_stream (vf_judge_t *self, uint32_t client, uint32_t room, uint32_t *out_index);
vf_member_t *vf_member (vf_judge_t *self, uint64_t room, uint64_t account);

/*  The record of a seq, grown to; NULL for a seq that makes no sense. */
vf_record_t *vf_record (vf_judge_t *self, vf_room_t *room, uint64_t seq);

/*  The send with this key; NULL when there is none. */
vf_send_t *vf_send (const vf_judge_t *self, uint64_t account, uint64_t room, uint64_t cmid);

/*  What a send is known by: its send_id, or its text where it has none, which must
    then be the only one of its sender. */
uint64_t vf_send_key (const vf_event_t *event);

/*  The send that a message came from; NULL: nobody's. */
vf_send_t *vf_send_of (const vf_judge_t *self, uint64_t room, const vf_record_t *record);

/*  Notes that something is wrong. */
void vf_find (vf_judge_t *self, vf_finding_t finding, const vf_fault_t *where, const char *format, ...)
    __attribute__ ((format (printf, 4, 5)));

/*  What a delivery or an item says of its seq must be what everybody else saw there. */
void vf_see (vf_judge_t *self, uint32_t room, uint32_t client, const vf_event_t *event);

/*  Rules of one client's way through one room. */
void vf_stream_sub (vf_judge_t *self, vf_stream_t *stream, const vf_event_t *event);
void vf_stream_recv (vf_judge_t *self, vf_stream_t *stream, const vf_event_t *event);

/*  Rules of clients that are told texts without seqs; vf_heard_settle when all
    rooms are known, before streams are settled. */
void vf_heard_add (vf_judge_t *self, uint32_t stream, const vf_event_t *event);
void vf_heard_settle (vf_judge_t *self);

/*  I9: what sessions and their connections do, and when they are revoked. */
void vf_revoke_add (vf_judge_t *self, uint32_t client, const vf_event_t *event);
void vf_revoke_settle (vf_judge_t *self);

/*  Rules that need all events. */
void vf_settle (vf_judge_t *self);

#endif
