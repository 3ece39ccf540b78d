/*  chat_ops - the table of operations that chat serves. */

#include "chat_ops.h"

const sv_handler_t chat_ops[] = {
    {PT_OP_chat_status, sv_daemon_on_status},
    {PT_OP_chat_room_create, chat_room_on_create},
    {PT_OP_chat_room_get, chat_forward_on_request},
    {PT_OP_chat_room_update, chat_forward_on_request},
    {PT_OP_chat_room_delete, chat_room_on_delete},
    {PT_OP_chat_room_list, chat_forward_on_request},
    {PT_OP_chat_room_join, chat_member_on_join},
    {PT_OP_chat_room_leave, chat_member_on_leave},
    {PT_OP_chat_member_list, chat_forward_on_request},
    {PT_OP_chat_member_set, chat_member_on_set},
    {PT_OP_chat_member_remove, chat_member_on_remove},
    {PT_OP_chat_membership, chat_forward_on_request},
    {PT_OP_chat_send, chat_send_on_send},
    {PT_OP_chat_history, chat_forward_on_request},
    {PT_OP_chat_read, chat_forward_on_request},
    {PT_OP_chat_sync, chat_forward_on_request},
    {PT_OP_chat_range, chat_forward_on_request},
    {PT_OP_chat_heads, chat_forward_on_request},
    {PT_OP_chat_revoked, chat_forward_on_request},
    {PT_OP_chat_signal, chat_signal_on_request},
    {PT_OP_chat_room_find, chat_forward_on_request},
    {PT_OP_chat_room_index, chat_forward_on_request},
    {PT_OP_chat_members_add, chat_member_on_add},
    {PT_OP_chat_people, chat_forward_on_request},
    {PT_OP_chat_person, chat_forward_on_request},
    {PT_OP_chat_people_find, chat_forward_on_request},
    {PT_OP_chat_contact_create, chat_forward_on_request},
    {PT_OP_chat_contact_list, chat_forward_on_request},
    {PT_OP_chat_contact_answer, chat_forward_on_request},
    {PT_OP_chat_friend_list, chat_forward_on_request},
    {PT_OP_chat_invite, chat_invite_on_request},
    {PT_OP_chat_trace, sv_daemon_on_trace},
};

const size_t chat_op_count = sizeof chat_ops / sizeof chat_ops[0];
