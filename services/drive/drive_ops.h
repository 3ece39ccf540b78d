/*  drive_ops - the table of operations that drive serves, and their handlers.

    Every handler has the type sv_handler_fn: ctx is the drive_t, the request is
    consumed now or later. */

#ifndef DRIVE_OPS_H
#define DRIVE_OPS_H

#include "drive.h"
#include "sv_forward.h"

extern const sv_handler_t drive_ops[];
extern const size_t drive_op_count;

sv_handler_fn drive_file_on_usage, drive_file_on_get, drive_file_on_delete, drive_file_on_avatar_delete;
sv_handler_fn drive_upload_on_create, drive_upload_on_get, drive_upload_on_delete;
sv_handler_fn drive_read_on_open, drive_write_on_open;

/*  Serves every operation of drive_routes. */
sv_handler_fn drive_forward_on_request;

/*  What store answers unchanged. */
extern const sv_route_t drive_routes[];
extern const size_t drive_route_count;

#endif
