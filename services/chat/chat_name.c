/*  chat_name - a table of things that are known by the name of a channel or group. */

#include "chat_name.h"

void chat_name_set (chat_name_t *self, pt_str_t text)
{
    self->hash = pt_affinity (text);
    self->len = text.len < LIM_CHANNEL ? text.len : LIM_CHANNEL;
    memcpy (self->at, text.at, self->len);
}

pt_str_t chat_name_text (const chat_name_t *self)
{
    return (pt_str_t){self->at, self->len};
}

bool chat_name_is (const chat_name_t *self, pt_str_t text)
{
    return pt_str_eq (chat_name_text (self), text);
}

chat_name_t *chat_names_find (const chat_names_t *self, pt_str_t text)
{
    chat_name_t *name = self->slots[pt_affinity (text) % CHAT_NAME_SLOTS];
    while (name && !chat_name_is (name, text))
        name = name->next;
    return name;
}

void chat_names_add (chat_names_t *self, chat_name_t *name)
{
    chat_name_t **slot = &self->slots[name->hash % CHAT_NAME_SLOTS];
    name->next = *slot;
    *slot = name;
    self->count++;
}

void chat_names_remove (chat_names_t *self, chat_name_t *name)
{
    chat_name_t **link = &self->slots[name->hash % CHAT_NAME_SLOTS];
    while (*link != name)
        link = &(*link)->next;
    *link = name->next;
    self->count--;
}

chat_name_t *chat_names_first (const chat_names_t *self, size_t *slot)
{
    while (*slot < CHAT_NAME_SLOTS && !self->slots[*slot])
        (*slot)++;
    return *slot < CHAT_NAME_SLOTS ? self->slots[*slot] : NULL;
}
