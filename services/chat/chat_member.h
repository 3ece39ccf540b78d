/*  chat_member - changes of membership that another operation has prepared. */

#ifndef CHAT_MEMBER_H
#define CHAT_MEMBER_H

#include "chat.h"

/*  Has store append that the account of `invite` joined, publishes it, and answers with a
    room_invited.  `asked` lives as long as the request, which is consumed. */
void chat_member_invite (chat_t *chat, sv_request_t **request_p, const pt_room_invite_t *asked,
                         const pt_invite_t *invite);

#endif
