/*  chat_name - a table of things that are known by the name of a channel or group.

    Intrusive: the node is the first member of the caller's record, so that a found
    node is the record.  The caller bounds how many there are. */

#ifndef CHAT_NAME_H
#define CHAT_NAME_H

#include "pt_message.h"

#define CHAT_NAME_SLOTS 1024

typedef struct chat_name {
    struct chat_name *next;
    uint64_t hash;
    uint32_t len;
    char at[LIM_CHANNEL];
} chat_name_t;

/*  Embedded; all zeros is an empty table. */
typedef struct {
    chat_name_t *slots[CHAT_NAME_SLOTS];
    size_t count;
} chat_names_t;

/*  Names the node, whose text is copied: LIM_CHANNEL bytes at most, as the schema has it. */
void chat_name_set (chat_name_t *self, pt_str_t text);

/*  The text, borrowed from the node; and whether it is this one. */
pt_str_t chat_name_text (const chat_name_t *self);
bool chat_name_is (const chat_name_t *self, pt_str_t text);

/*  The node of that name; NULL when there is none. */
chat_name_t *chat_names_find (const chat_names_t *self, pt_str_t text);

/*  Enters a node that was named, under a name that is not there yet; and takes one out
    that is in the table. */
void chat_names_add (chat_names_t *self, chat_name_t *name);
void chat_names_remove (chat_names_t *self, chat_name_t *name);

/*  Any node at or behind `*slot`, which begins at 0 and is moved on; NULL when there is
    none.  To walk on behind a node, take its `next` first: the node may be removed. */
chat_name_t *chat_names_first (const chat_names_t *self, size_t *slot);

#endif
