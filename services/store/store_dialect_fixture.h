/*  store_dialect_fixture.h - what the tests of rooms of dialects share. */

#ifndef STORE_DIALECT_FIXTURE_H
#define STORE_DIALECT_FIXTURE_H

#include "store_fixture.h"

S_HELPER pt_room_create_t room_of (bench_t *bench, pt_room_dialect_t dialect, uint64_t owner, const char *name)
{
    return (pt_room_create_t){
        .account = owner,
        .name = pt_str (name),
        .has_name = true,
        .key = key (bench->store),
        .dialect = dialect,
        .has_dialect = true,
    };
}

S_HELPER const pt_room_t *make_room_of (bench_t *bench, pt_room_dialect_t dialect, uint64_t owner,
                                        const uint64_t *members, unsigned count)
{
    pt_room_create_t create = room_of (bench, dialect, owner, "Team");
    create.members.at = members;
    create.members.count = count;
    create.has_members = count > 0;
    return must (bench->store, PT_OP_store_room_create, &create);
}

S_HELPER pt_room_find_t finding (uint64_t account, pt_room_dialect_t dialect, uint64_t room)
{
    return (pt_room_find_t){
        .account = account, .has_account = account != 0, .room = room, .has_room = room != 0, .dialect = dialect};
}

/*  The error that a request met, with its fields. */
S_HELPER const pt_error_t *refusal (bench_t *bench, uint16_t opcode, const void *msg, int err)
{
    const harness_frame_t *frame = harness_reply (bench->store, harness_request (bench->store, opcode, msg));
    assert_string_equal (pt_error_name (frame->envelope.status), pt_error_name (err));
    return frame->msg;
}

S_HELPER void assert_fault (const pt_error_t *error, const char *field, const char *code)
{
    assert_int_equal (error->errors.count, 1);
    assert_true (pt_str_eq (error->errors.at[0].field, pt_str (field)));
    assert_true (pt_str_eq (error->errors.at[0].code, pt_str (code)));
}

#endif
