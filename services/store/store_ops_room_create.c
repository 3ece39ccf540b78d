/*  store_ops_room_create - making a room.

    A native room is made in one step.  A room of a dialect is preceded by a look at the
    accounts: which of its people there are, and whether the maker is of staff.  An open room
    is made by whoever comes first to its address, and found by who comes at the same time. */

#include "store_create.h"
#include "store_detail.h"
#include "store_ops.h"
#include "store_shape.h"

typedef enum { S_LOOK, S_MAKE, S_FIND_DIRECT, S_FIND_OPEN, S_READ } s_stage_t;

/*  The room's first members, the maker in front; the key of a direct pair. */
typedef struct {
    pt_room_create_t ask; /* as it was asked, with its kind */
    uint64_t accounts[1 + LIM_ROOM_INVITES];
    unsigned count;
    char direct_key[STORE_DIRECT_KEY_BYTES]; /* "" unless direct */
    s_stage_t stage;                         /* what is being waited for */
} s_plan_t;

/*  What a dialect asks of a new room. */
static const struct {
    pt_room_kind_t kind;
    bool is_staffs;   /* staff alone makes them */
    bool needs_names; /* a name */
    unsigned people;  /* at least so many, the maker among them; 0: the maker alone */
    bool is_named;    /* by the address that the maker gives */
} s_dialects[] = {
    [PT_room_dialect_PUBLIC] = {PT_room_kind_PUBLIC, true, true, 0, false},
    [PT_room_dialect_CHAT] = {PT_room_kind_GROUP, false, true, 0, false},
    [PT_room_dialect_CLOCK] = {PT_room_kind_GROUP, false, false, 0, false},
    [PT_room_dialect_MEMBER] = {PT_room_kind_GROUP, false, true, 2, false},
    [PT_room_dialect_OPEN] = {PT_room_kind_PUBLIC, false, false, 0, true},
};

static void s_identify (store_op_t *op)
{
    const pt_room_create_t *msg = op->msg;
    op->caller = msg->account;
    op->key = msg->key;
    store_op_content (op, PT_MSG_room_create, msg);
}

/*  ---- check ---------------------------------------------------------------------- */

static void s_plan_add (s_plan_t *plan, uint64_t account)
{
    for (unsigned i = 0; i < plan->count; i++)
        if (plan->accounts[i] == account)
            return;
    if (plan->count < sizeof (plan->accounts) / sizeof (plan->accounts[0]))
        plan->accounts[plan->count++] = account;
}

static int s_refuse (store_op_t *op, const char *field, const char *code, const char *detail)
{
    int rc = store_ops_fault (op, field, code, detail);
    return rc < 0 ? rc : -PT_E_invalid;
}

static int s_check_dialect (store_op_t *op, s_plan_t *plan)
{
    pt_room_create_t *ask = &plan->ask;
    if ((size_t)ask->dialect >= sizeof (s_dialects) / sizeof (s_dialects[0]))
        return s_refuse (op, "dialect", "not_one_of", "rooms of this dialect are not made");
    ask->kind = s_dialects[ask->dialect].kind;
    unsigned people = s_dialects[ask->dialect].people;
    if (s_dialects[ask->dialect].needs_names && !ask->has_name)
        return s_refuse (op, "name", "missing", NULL);
    if (s_dialects[ask->dialect].is_named && !ask->has_room_address)
        return s_refuse (op, "room_address", "missing", NULL);
    if (plan->count < people)
        return s_refuse (op, "members", "too_short", "needs somebody beside the maker");
    if (people == 0 && plan->count > 1)
        return s_refuse (op, "members", "too_long", "begins with its maker alone");
    return 0;
}

static int s_check_direct (store_op_t *op, s_plan_t *plan)
{
    store_create_direct_key (plan->accounts[0], plan->accounts[1], plan->direct_key);
    op->detail = "a direct room is for oneself and exactly one other account";
    return plan->count == 2 && plan->ask.members.count == 1 ? 0 : -PT_E_invalid;
}

static int s_check (store_op_t *op)
{
    const pt_room_create_t *msg = op->msg;
    s_plan_t *plan = op->state = store_op_alloc (op, sizeof (*plan));
    if (!plan)
        return -PT_E_memory;
    plan->ask = *msg;
    plan->ask.kind = msg->has_kind ? msg->kind : PT_room_kind_GROUP;
    s_plan_add (plan, msg->account);
    for (uint32_t i = 0; msg->has_members && i < msg->members.count; i++)
        s_plan_add (plan, msg->members.at[i]);
    if (msg->has_room_address && !(msg->has_dialect && msg->dialect == PT_room_dialect_OPEN))
        return s_refuse (op, "room_address", "not_one_of", "open rooms alone are given one");
    if (msg->has_dialect)
        return s_check_dialect (op, plan);
    if (plan->ask.kind == PT_room_kind_DIRECT)
        return s_check_direct (op, plan);
    op->detail = "a room needs a name";
    return msg->has_name ? 0 : -PT_E_invalid;
}

/*  ---- steps ---------------------------------------------------------------------- */

static void s_send_make (s_plan_t *plan, store_pg_t *pg)
{
    plan->stage = S_MAKE;
    store_create_send (pg, &plan->ask, plan->direct_key, plan->accounts, plan->count);
}

static void s_send_read (s_plan_t *plan, store_pg_t *pg, uint64_t room)
{
    const pt_room_create_t *ask = &plan->ask;
    plan->stage = S_READ;
    if (!ask->has_dialect) {
        store_ops_send_ref (pg, STORE_SQL_room_get, ask->account, room);
        return;
    }
    const pt_room_find_t find = {
        .account = ask->account, .has_account = true, .room = room, .has_room = true, .dialect = ask->dialect};
    store_detail_send_room (pg, &find);
}

static store_next_t s_send (store_op_t *op, store_pg_t *pg)
{
    s_plan_t *plan = op->state;
    op->detail = NULL;
    op->fault_count = 0;
    if (!plan->ask.has_dialect) {
        s_send_make (plan, pg);
        return STORE_NEXT;
    }
    plan->stage = S_LOOK;
    store_args_t *args = store_pg_args (pg);
    store_args_ids (args, plan->accounts, plan->count);
    store_args_i64 (args, plan->ask.account);
    store_pg_send (pg, STORE_SQL_room_makers);
    return STORE_NEXT;
}

static bool s_has_account (const PGresult *result, uint64_t account)
{
    for (int i = 0; i < PQntuples (result); i++) {
        store_row_t row = store_row (result, i);
        if (store_row_u64 (&row) == account)
            return true;
    }
    return false;
}

static bool s_is_of_staff (const PGresult *result)
{
    for (int i = 0; i < PQntuples (result); i++) {
        store_row_t row = store_row (result, i);
        (void)store_row_u64 (&row);
        if (store_row_bool (&row))
            return true;
    }
    return false;
}

static int s_take_look (store_op_t *op, store_pg_t *pg, const PGresult *result)
{
    s_plan_t *plan = op->state;
    if (s_dialects[plan->ask.dialect].is_staffs && !s_is_of_staff (result)) {
        op->detail = "staff alone makes such rooms";
        return -PT_E_forbidden;
    }
    for (unsigned i = 0; i < plan->count; i++)
        if (!s_has_account (result, plan->accounts[i]))
            return s_refuse (op, "members", "not_found", store_ops_decimal (op, plan->accounts[i]).at);
    s_send_make (plan, pg);
    return STORE_NEXT;
}

/*  The statement that found the address taken saw what was there when it began; this one sees
    also the room of who was faster. */
static int s_find_open (s_plan_t *plan, store_pg_t *pg)
{
    const pt_room_create_t *ask = &plan->ask;
    const pt_room_find_t find = {.account = ask->account,
                                 .has_account = true,
                                 .address = ask->room_address,
                                 .has_address = true,
                                 .dialect = ask->dialect};
    plan->stage = S_FIND_OPEN;
    store_detail_send_room (pg, &find);
    return STORE_NEXT;
}

/*  The id of the new room; or nothing, when the direct room of the pair was there or no address
    was free. */
static int s_take_made (store_op_t *op, store_pg_t *pg, const PGresult *result)
{
    s_plan_t *plan = op->state;
    if (PQntuples (result) == 0 && plan->stage == S_MAKE && plan->direct_key[0]) {
        plan->stage = S_FIND_DIRECT;
        store_create_send_direct (pg, plan->direct_key);
        return STORE_NEXT;
    }
    if (PQntuples (result) == 0 && plan->stage == S_MAKE && plan->ask.has_room_address)
        return s_find_open (plan, pg);
    if (PQntuples (result) == 0 && plan->stage == S_MAKE && plan->ask.has_dialect) {
        op->detail = "no address was free; another key tries others";
        return -PT_E_taken;
    }
    store_row_t row = store_row (result, 0);
    uint64_t room = store_row_u64 (&row);
    if (row.is_bad)
        return -PT_E_internal;
    s_send_read (plan, pg, room);
    return STORE_NEXT;
}

static int s_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    const s_plan_t *plan = op->state;
    switch (plan->stage) {
    case S_LOOK:
        return s_take_look (op, pg, step->results[0]);
    case S_FIND_OPEN:
        op->detail = "the address is another room's";
        if (PQntuples (step->results[0]) == 0)
            return -PT_E_taken;
        op->detail = NULL;
        return store_ops_reply_row (op, step->results[0], store_shape_dialect_room);
    case S_READ:
        return store_ops_reply_row (op, step->results[0],
                                    plan->ask.has_dialect ? store_shape_dialect_room : store_shape_room);
    default:
        return s_take_made (op, pg, step->results[0]);
    }
}

const store_op_rule_t store_ops_room_create[] = {
    {PT_OP_store_room_create, s_send, s_take, s_identify, s_check},
    {0, NULL, NULL, NULL},
};
