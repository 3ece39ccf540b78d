/*  chat_ops - the table of operations that chat serves, and their handlers.

    Every handler has the type sv_handler_fn: ctx is the chat_t, the request is
    consumed now or when store has answered. */

#ifndef CHAT_OPS_H
#define CHAT_OPS_H

#include "chat.h"
#include "sv_forward.h"

extern const sv_handler_t chat_ops[];
extern const size_t chat_op_count;

sv_handler_fn chat_room_on_create, chat_room_on_delete;
sv_handler_fn chat_member_on_join, chat_member_on_leave, chat_member_on_set, chat_member_on_remove;
sv_handler_fn chat_member_on_add;
sv_handler_fn chat_send_on_send, chat_invite_on_request, chat_signal_on_request;
sv_handler_fn chat_layer_on_send, chat_layer_on_receive;
sv_handler_fn chat_layer_on_group_add, chat_layer_on_group_discard, chat_layer_on_group_send;

/*  Serves every operation of chat_routes. */
sv_handler_fn chat_forward_on_request;

/*  What store answers unchanged. */
extern const sv_route_t chat_routes[];
extern const size_t chat_route_count;

#endif
