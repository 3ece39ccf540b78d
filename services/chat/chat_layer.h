/*  chat_layer - the channel layer of this instance: channels and groups, and the bus around them.

    Operations arrive where their name has its home: the affinity of a channel's is the hash of
    its name, of a group's that of the group's (pt_affinity).  What is sent to a group goes from the
    group's home over the bus to the homes of its members' channels.  Its handlers are in chat_ops.h. */

#ifndef CHAT_LAYER_H
#define CHAT_LAYER_H

#include "chat.h"

/*  Sends to groups under way: an eighth of LIM_CALLS with all members; `busy` beyond. */
#define CHAT_LAYER_SENDS 4

/*  NULL when out of memory.  `chat` is borrowed, its configuration and bus have to be there. */
chat_layer_t *chat_layer_new (chat_t *chat);
void chat_layer_destroy (chat_layer_t **self_p);

/*  Nobody waits any longer: who did is refused with `draining`. */
void chat_layer_drain (chat_layer_t *self);

#endif
