/*  store_append - decides, in plain C and without any I/O, what becomes of a
    batch of rows that want to be appended to rooms.

    Use: open a batch; read what it names (rooms, keys, pairs of room and
    account) while the rooms are locked, and tell it; decide; write what is new
    and the changed memberships in the same transaction.  The daemon asks
    PostgreSQL, a simulator its model; the decision is the same.

    Invariants: entries are judged in array order, each against the state that
    those before it left; only rows that will be written get a seq, so that a
    refused one leaves no hole; times rise strictly within a room. */

#ifndef STORE_APPEND_H
#define STORE_APPEND_H

#include "pt_arena.h"
#include "pt_message.h"

/*  Entries of one batch at most; more does not open. */
#define STORE_APPEND_MAX LIM_BATCH
#define STORE_APPEND_PAIRS (2 * STORE_APPEND_MAX)

typedef enum {
    STORE_REFUSED, /* `error` says why */
    STORE_NEW,     /* to be written, with seq, id and at */
    STORE_KNOWN,   /* its key was used before for the same thing: the first answer */
    STORE_SAME,    /* nothing had to change: no row */
} store_verdict_t;

/*  What an item says, apart from its key: equal content under an equal key is
    the same request again. */
typedef struct {
    pt_item_kind_t kind;
    pt_str_t body;          /* message */
    uint64_t reply_to;      /* message; 0 for none */
    pt_attachment_t *files; /* message; `file` alone says what is asked */
    unsigned file_count;
    uint64_t account; /* member: whose membership */
    pt_change_t what; /* member */
    pt_role_t role;   /* member; 0 for none */
} store_content_t;

typedef struct {
    /*  Asked.  Bytes are borrowed. */
    uint64_t room;
    uint64_t sender;
    pt_str_t send_id;
    store_content_t asked;
    pt_arena_t *arena; /* what is told of files is copied into it; NULL where none are named */

    /*  Decided. */
    store_verdict_t verdict;
    int error;          /* negative, of a refused entry */
    const char *detail; /* a sentence for people, or NULL */
    uint64_t seq, id;   /* of a new or known one */
    int64_t at;
    pt_change_t what;             /* member: what happened */
    pt_role_t role;               /* member: the role it ended with, 0 for none */
    const pt_attachment_t *files; /* message, new or known: as many as asked, as they are stored */

    /*  The core's own. */
    uint16_t slot; /* of the room */
    uint16_t sender_pair;
    uint16_t account_pair; /* member */
    uint16_t told;         /* a bit for each file that is the sender's own */
} store_entry_t;

typedef struct {
    uint64_t id;
    bool has_changes; /* membership changes are asked: counts and accounts are needed */

    /*  Told, after the lock; a room that is not told does not exist. */
    bool exists;
    pt_room_kind_t kind;
    pt_room_dialect_t dialect; /* none: a native room */
    uint64_t epoch, floor, head;
    int64_t last_at;          /* time of the last item, 0 when there is none */
    uint64_t owners, members; /* exact up to STORE_APPEND_MAX + 2 */
} store_room_t;

/*  One account in one room. */
typedef struct {
    uint64_t account;
    uint16_t slot;
    bool is_target;   /* a membership change names it: whether it exists is needed */
    bool is_asker;    /* a membership change is its wish: whether it is staff is needed */
    bool exists;      /* told; meaningful for targets */
    bool is_staff;    /* told; meaningful for askers */
    pt_role_t before; /* told, 0 for a stranger */
    pt_role_t role;   /* after the decisions */
    bool has_joined;  /* joined anew in this batch */
    uint64_t joined_seq;
    int64_t joined_at;
} store_pair_t;

/*  Ids to give out: two blocks, the second when the first is used up. */
typedef struct {
    uint64_t next, end;
    uint64_t spare_next, spare_end;
} store_ids_t;

typedef struct store_append store_append_t;

/*  Reusable for any number of batches, one at a time.  NULL when out of memory. */
store_append_t *store_append_new (void);
void store_append_destroy (store_append_t **self_p);

/*  Begins with these entries, which stay the caller's and must live until the
    answers are read.  Finds the rooms and pairs they name.  0, or -PT_E_too_large
    beyond STORE_APPEND_MAX. */
PT_MUSTCHECK int store_append_open (store_append_t *self, store_entry_t *const *entries, unsigned count);

/*  What has to be read: rooms by slot, pairs by index, the keys (room,
    sender, send_id) of the entries by index.  The caller fills in what it was
    told directly. */
store_room_t *store_append_rooms (store_append_t *self, unsigned *out_count);
store_pair_t *store_append_pairs (store_append_t *self, unsigned *out_count);

/*  Whether any entry changes a membership. */
bool store_append_has_changes (const store_append_t *self);

/*  The i-th entry, NULL past the last; whether any names a file. */
store_entry_t *store_append_entry (const store_append_t *self, unsigned i);
bool store_append_has_files (const store_append_t *self);

/*  Tells what the `n`-th file of entry `i` is, which is the sender's own; what is not told is
    not.  Copied; a place out of range is ignored.  0 or -PT_E_memory. */
PT_MUSTCHECK int store_append_file (store_append_t *self, unsigned i, unsigned n, const pt_attachment_t *file);

/*  Tells that entry `i`'s key is taken by this row; its bytes are borrowed until the
    decision, its files until the answers are read.  An index out of range is ignored. */
void store_append_known (store_append_t *self, unsigned i, const store_content_t *content, uint64_t seq, uint64_t id,
                         int64_t at);

/*  Ids still to be given out. */
uint64_t store_ids_left (const store_ids_t *ids);

/*  Judges all entries at time `now`; returns how many are new.  There must be
    an id for every entry. */
unsigned store_append_decide (store_append_t *self, int64_t now, store_ids_t *ids);

#endif
