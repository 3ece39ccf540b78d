/*  gw_words - see gw_words.h. */

#include "gw_words.h"
#include <stdlib.h>

static gw_word_t *s_new (gw_word_kind_t kind, pt_str_t text, bool is_binary)
{
    gw_word_t *word = calloc (1, sizeof *word + text.len);
    if (!word)
        return NULL;
    word->kind = kind;
    word->is_binary = is_binary;
    word->text = (pt_str_t){word->bytes, text.len};
    if (text.len)
        memcpy (word->bytes, text.at, text.len);
    return word;
}

int gw_words_add (gw_words_t *self, gw_word_kind_t kind, pt_str_t text, bool is_binary)
{
    if (self->count >= GW_WORDS || self->bytes + text.len > GW_WORDS_BYTES)
        return -PT_E_too_many;
    gw_word_t *word = s_new (kind, text, is_binary);
    if (!word)
        return -PT_E_memory;
    if (self->last)
        self->last->next = word;
    else
        self->first = word;
    self->last = word;
    self->count++;
    self->bytes += text.len;
    return 0;
}

int gw_words_add_first (gw_words_t *self, gw_word_kind_t kind)
{
    gw_word_t *word = s_new (kind, (pt_str_t){0}, false);
    if (!word)
        return -PT_E_memory;
    word->next = self->first;
    self->first = word;
    if (!self->last)
        self->last = word;
    self->count++;
    return 0;
}

void gw_words_drop (gw_words_t *self)
{
    gw_word_t *word = self->first;
    self->first = word->next;
    if (!self->first)
        self->last = NULL;
    self->count--;
    self->bytes -= word->text.len;
    free (word);
}

void gw_words_fini (gw_words_t *self)
{
    while (self->first)
        gw_words_drop (self);
}
