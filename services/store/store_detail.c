/*  store_detail - a room of a dialect with its people. */

#include "store_detail.h"
#include "store_ops.h"
#include "store_shape.h"

static store_args_t *s_put_names (store_pg_t *pg, const pt_room_find_t *ask)
{
    store_args_t *args = store_pg_args (pg);
    store_args_opt_i64 (args, ask->has_account, ask->account);
    store_args_opt_i64 (args, ask->has_room, ask->room);
    store_args_opt_str (args, ask->has_uuid, ask->uuid);
    store_args_opt_str (args, ask->has_address, ask->address);
    store_args_i16 (args, ask->dialect);
    return args;
}

void store_detail_send_room (store_pg_t *pg, const pt_room_find_t *ask)
{
    s_put_names (pg, ask);
    store_pg_send (pg, STORE_SQL_room_find);
}

void store_detail_send (store_pg_t *pg, const pt_room_find_t *ask)
{
    store_detail_send_room (pg, ask);
    store_args_i64 (s_put_names (pg, ask), ask->has_brief && ask->brief ? 0 : LIM_ROOM_PEOPLE);
    store_pg_send (pg, STORE_SQL_room_people);
}

int store_detail_read (store_op_t *op, const PGresult *const *results, pt_room_detail_t **out)
{
    pt_room_detail_t *detail = store_op_alloc (op, sizeof (*detail));
    pt_room_t *room = store_op_alloc (op, sizeof (*room));
    pt_person_t *creator = store_op_alloc (op, sizeof (*creator));
    store_ops_list_t people;
    if (!detail || !room || !creator)
        return -PT_E_memory;
    if (PQntuples (results[0]) == 0)
        return -PT_E_not_found;
    store_row_t row = store_row (results[0], 0);
    store_shape_dialect_room (&row, room);
    bool may_see = store_row_bool (&row);
    store_shape_person (&row, creator);
    if (row.is_bad)
        return -PT_E_internal;
    if (!may_see)
        return -PT_E_not_member;
    int rc = store_ops_list (op, results[1], LIM_ROOM_PEOPLE, sizeof (pt_person_t), store_shape_person, &people);
    if (rc < 0)
        return rc;
    *detail =
        (pt_room_detail_t){.room = room, .people = {people.at, people.count}, .creator = creator, .has_creator = true};
    *out = detail;
    return 0;
}
