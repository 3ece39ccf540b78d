/*  chat_forward - the operations that store answers as they are. */

#include "chat_ops.h"
#include "chat_policy.h"

const sv_route_t chat_routes[] = {
    {PT_OP_chat_room_get, PT_OP_store_room_get, NULL},
    {PT_OP_chat_room_update, PT_OP_store_room_update, chat_policy_room_update},
    {PT_OP_chat_room_list, PT_OP_store_room_list, NULL},
    {PT_OP_chat_member_list, PT_OP_store_member_list, NULL},
    {PT_OP_chat_membership, PT_OP_store_membership, NULL},
    {PT_OP_chat_history, PT_OP_store_history, chat_policy_history},
    {PT_OP_chat_read, PT_OP_store_read, NULL},
    {PT_OP_chat_sync, PT_OP_store_sync, NULL},
    {PT_OP_chat_range, PT_OP_store_range, NULL},
    {PT_OP_chat_heads, PT_OP_store_heads, NULL},
    {PT_OP_chat_revoked, PT_OP_store_revoked, NULL},
    {PT_OP_chat_room_find, PT_OP_store_room_find, NULL},
    {PT_OP_chat_room_index, PT_OP_store_room_index, NULL},
    {PT_OP_chat_people, PT_OP_store_people, NULL},
    {PT_OP_chat_person, PT_OP_store_person, NULL},
    {PT_OP_chat_people_find, PT_OP_store_people_find, NULL},
    {PT_OP_chat_contact_create, PT_OP_store_contact_create, NULL},
    {PT_OP_chat_contact_list, PT_OP_store_contact_list, NULL},
    {PT_OP_chat_contact_answer, PT_OP_store_contact_answer, NULL},
    {PT_OP_chat_friend_list, PT_OP_store_friend_list, NULL},
};

const size_t chat_route_count = sizeof chat_routes / sizeof chat_routes[0];

void chat_forward_on_request (void *ctx, sv_request_t *request, const void *msg)
{
    (void)ctx;
    sv_forward (chat_routes, chat_route_count, &request, msg);
}
