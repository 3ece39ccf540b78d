/*  gw_words - what one socket of an open room wants said, waiting to be told one after the other; pure. */

#ifndef GW_WORDS_H
#define GW_WORDS_H

#include "pt_message.h"

/*  Words that wait at a time, and their bytes. */
#define GW_WORDS 256
#define GW_WORDS_BYTES (1024 * 1024)

/*  To tell that somebody joined; to tell what somebody said; to post a message. */
typedef enum { GW_WORD_JOINED, GW_WORD_SAID, GW_WORD_POST } gw_word_kind_t;

typedef struct gw_word {
    struct gw_word *next;
    gw_word_kind_t kind;
    bool is_binary;
    pt_str_t text;
    char bytes[];
} gw_word_t;

/*  Embedded; zeroed at first. */
typedef struct {
    gw_word_t *first, *last;
    unsigned count;
    size_t bytes;
} gw_words_t;

/*  Adds one, copied, behind the others.  0, -PT_E_too_many or -PT_E_memory. */
PT_MUSTCHECK int gw_words_add (gw_words_t *self, gw_word_kind_t kind, pt_str_t text, bool is_binary);

/*  Adds one without a text in front of the others, whatever waits.  0 or -PT_E_memory. */
PT_MUSTCHECK int gw_words_add_first (gw_words_t *self, gw_word_kind_t kind);

/*  Drops the first, which there must be. */
void gw_words_drop (gw_words_t *self);
void gw_words_fini (gw_words_t *self);

#endif
