/*  drive_forward - the operations that store answers as they are. */

#include "drive_ops.h"
#include "drive_policy.h"

const sv_route_t drive_routes[] = {
    {PT_OP_drive_file_list, PT_OP_store_file_list, NULL},
    {PT_OP_drive_file_update, PT_OP_store_file_update, drive_policy_update},
};

const size_t drive_route_count = sizeof drive_routes / sizeof drive_routes[0];

void drive_forward_on_request (void *ctx, sv_request_t *request, const void *msg)
{
    (void)ctx;
    sv_forward (drive_routes, drive_route_count, &request, msg);
}
