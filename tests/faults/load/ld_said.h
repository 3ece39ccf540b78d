/*  ld_said - what the server said: one text frame, read with bounds.  Nothing
    in it is trusted: whatever is not as documented is `malformed`.  Pure. */

#ifndef LD_SAID_H
#define LD_SAID_H

#include "pt_message.h"
#include <jansson.h>

/*  Items in one page of history. */
#define LD_ITEMS_MAX 200

typedef enum {
    LD_SAID_OK,
    LD_SAID_ERROR,
    LD_SAID_ITEM,
    LD_SAID_HELLO,
    LD_SAID_LAG,
    LD_SAID_RESET,
    LD_SAID_GONE,
    LD_SAID_DRAIN,
    LD_SAID_OTHER /* an event without meaning for us */
} ld_said_kind_t;

/*  Texts are borrowed from `json`; absent ones are empty, absent numbers 0. */
typedef struct {
    ld_said_kind_t kind;
    uint64_t re;
    bool has_re;      /* an error of an unreadable request has none */
    pt_str_t code;    /* ERROR */
    uint64_t room;    /* ITEM, LAG, RESET, GONE */
    uint64_t seq;     /* ITEM; OK of a send */
    uint64_t account; /* ITEM: the sender, or whose membership */
    uint64_t epoch, head;
    bool recovered, duplicate, more;
    bool is_message; /* ITEM */
    pt_str_t send_id, body, what;
    uint64_t retry_ms; /* DRAIN */
    uint64_t rate;     /* HELLO: frames a second, 0 for no limit */
    uint64_t heartbeat_s;
    const json_t *items; /* OK of a history: an array */
    json_t *json;        /* owned */
} ld_said_t;

/*  0 (ld_said_fini then frees), or -PT_E_malformed. */
PT_MUSTCHECK int ld_said_read (ld_said_t *self, const char *text, size_t len);
void ld_said_fini (ld_said_t *self);

/*  The i-th item of a page; borrows from the page.  0 or -PT_E_malformed. */
PT_MUSTCHECK int ld_said_item (const ld_said_t *page, size_t i, ld_said_t *out);
size_t ld_said_items (const ld_said_t *page);

#endif
