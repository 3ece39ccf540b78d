/*  drive_ops - the table of operations that drive serves. */

#include "drive_ops.h"

const sv_handler_t drive_ops[] = {
    {PT_OP_drive_status, sv_daemon_on_status},
    {PT_OP_drive_usage, drive_file_on_usage},
    {PT_OP_drive_file_list, drive_forward_on_request},
    {PT_OP_drive_file_get, drive_file_on_get},
    {PT_OP_drive_file_update, drive_forward_on_request},
    {PT_OP_drive_file_delete, drive_file_on_delete},
    {PT_OP_drive_upload_create, drive_upload_on_create},
    {PT_OP_drive_upload_get, drive_upload_on_get},
    {PT_OP_drive_upload_delete, drive_upload_on_delete},
    {PT_OP_drive_read, drive_read_on_open},
    {PT_OP_drive_write, drive_write_on_open},
    {PT_OP_drive_avatar_delete, drive_file_on_avatar_delete},
    {PT_OP_drive_trace, sv_daemon_on_trace},
};

const size_t drive_op_count = sizeof drive_ops / sizeof drive_ops[0];
