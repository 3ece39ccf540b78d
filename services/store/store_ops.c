/*  store_ops - the table of operations, and what several of them share. */

#include "store_ops.h"
#include "pt_field.h"
#include "store_shape.h"

static const store_op_rule_t *const s_tables[] = {
    store_ops_account,     store_ops_password,  store_ops_session, store_ops_credential, store_ops_revoked,
    store_ops_mail,        store_ops_admin,     store_ops_audit,   store_ops_room,       store_ops_item,
    store_ops_sync,        store_ops_verify,    store_ops_file,    store_ops_upload,     store_ops_sweep,
    store_ops_room_create, store_ops_room_find, store_ops_person,  store_ops_contact};

const char store_ops_last_of_staff[] = "somebody of staff must be left";

const store_op_rule_t *store_ops_at (size_t i)
{
    for (size_t t = 0; t < sizeof (s_tables) / sizeof (s_tables[0]); t++)
        for (const store_op_rule_t *rule = s_tables[t]; rule->opcode; rule++)
            if (i-- == 0)
                return rule;
    return NULL;
}

const store_op_rule_t *store_ops_find (uint16_t opcode)
{
    const store_op_rule_t *rule;
    for (size_t i = 0; (rule = store_ops_at (i)) && rule->opcode != opcode;)
        i++;
    return rule;
}

int store_ops_cursor (store_op_t *op, bool has, pt_str_t cursor)
{
    uint64_t *after = op->state = store_op_alloc (op, sizeof (*after));
    if (!after)
        return -PT_E_memory;
    op->detail = "the cursor is none of ours";
    int rc = store_shape_cursor (has, cursor, after);
    if (rc == 0)
        op->detail = NULL;
    return rc;
}

void store_ops_lock (store_pg_t *pg, bool has_account, uint64_t account, bool has_mail, uint64_t mail)
{
    store_args_t *args = store_pg_args (pg);
    store_args_opt_i64 (args, has_account, account);
    store_args_opt_i64 (args, has_mail, mail);
    store_pg_send (pg, STORE_SQL_account_lock);
}

void store_ops_send_ref (store_pg_t *pg, store_sql_t sql, uint64_t account, uint64_t id)
{
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, account);
    store_args_i64 (args, id);
    store_pg_send (pg, sql);
}

static const pt_desc_t *s_reply_desc (const store_op_t *op)
{
    return pt_desc (pt_call_find (op->rule->opcode)->reply);
}

int store_ops_reply_row (store_op_t *op, const PGresult *result, store_ops_read_fn *read)
{
    void *reply = store_op_alloc (op, s_reply_desc (op)->size);
    if (!reply)
        return -PT_E_memory;
    if (PQntuples (result) == 0)
        return -PT_E_not_found;
    store_row_t row = store_row (result, 0);
    read (&row, reply);
    op->reply = reply;
    return row.is_bad ? -PT_E_internal : STORE_DONE;
}

int store_ops_list (store_op_t *op, const PGresult *result, uint64_t limit, size_t size, store_ops_read_fn *read,
                    store_ops_list_t *out)
{
    uint64_t rows = (uint64_t)PQntuples (result);
    if (rows > 0 && PQgetisnull (result, 0, 0))
        rows = 0;
    out->has_more = rows > limit;
    out->count = (uint32_t)(out->has_more ? limit : rows);
    out->at = store_op_alloc (op, (out->count + 1) * size);
    if (!out->at)
        return -PT_E_memory;
    for (uint32_t i = 0; i < out->count; i++) {
        store_row_t row = store_row (result, (int)i);
        read (&row, (char *)out->at + i * size);
        if (row.is_bad)
            return -PT_E_internal;
    }
    return 0;
}

int store_ops_reply_list (store_op_t *op, const PGresult *result, uint64_t limit, store_ops_read_fn *read)
{
    const pt_desc_t *desc = s_reply_desc (op);
    const pt_field_t *items = &desc->fields[0], *next = pt_desc_field (desc, "next", strlen ("next"));
    const pt_desc_t *item = pt_desc (items->elem);
    store_ops_list_t list;
    void *reply = store_op_alloc (op, desc->size);
    int rc = reply ? store_ops_list (op, result, limit, item->size, read, &list) : -PT_E_memory;
    if (rc < 0)
        return rc;
    const pt_list_t page = {list.at, list.count};
    pt_field_store (items, reply, &page, sizeof (page));
    if (list.count > 0)
        pt_field_set_has (items, reply);
    if (next && list.has_more) {
        uint64_t id = pt_field_u64 (&item->fields[0], pt_list_element (page, item, list.count - 1));
        pt_str_t cursor = store_ops_decimal (op, id);
        pt_field_store (next, reply, &cursor, sizeof (cursor));
        pt_field_set_has (next, reply);
    }
    op->reply = reply;
    return STORE_DONE;
}

void store_ops_delete_identify (store_op_t *op, uint64_t account, uint64_t id, pt_msg_t type)
{
    op->caller = account;
    op->key = store_ops_decimal (op, id);
    store_op_content (op, type, op->msg);
}

store_next_t store_ops_delete_send (store_pg_t *pg, store_sql_t sql, uint64_t account, uint64_t id)
{
    store_ops_lock (pg, true, account, false, 0);
    store_ops_send_ref (pg, sql, account, id);
    return STORE_NEXT;
}

int store_ops_delete_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    return PQntuples (step->results[1]) == 0 ? -PT_E_not_found : store_ops_reply_empty (op);
}

int store_ops_take_empty (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    (void)step;
    return store_ops_reply_empty (op);
}

int store_ops_reply_empty (store_op_t *op)
{
    op->reply = store_op_alloc (op, sizeof (pt_empty_t));
    return op->reply ? STORE_DONE : -PT_E_memory;
}

int store_ops_reply_revocation (store_op_t *op, const pt_revocation_t *revocation)
{
    pt_revocations_t *reply = store_op_alloc (op, sizeof (*reply));
    pt_revocation_t *item = store_op_alloc (op, sizeof (*item));
    if (!reply || !item)
        return -PT_E_memory;
    *item = *revocation;
    reply->items.at = item;
    reply->items.count = 1;
    reply->has_items = true;
    op->reply = reply;
    return STORE_DONE;
}

int store_ops_fault (store_op_t *op, const char *field, const char *code, const char *detail)
{
    enum { FAULTS = 2 };
    pt_field_error_t *faults = store_op_alloc (op, FAULTS * sizeof (*faults));
    if (!faults || op->fault_count == FAULTS)
        return -PT_E_memory;
    for (uint32_t i = 0; i < op->fault_count; i++)
        faults[i] = op->faults[i];
    faults[op->fault_count++] = (pt_field_error_t){.field = pt_str (field),
                                                   .code = pt_str (code),
                                                   .detail = pt_str (detail ? detail : ""),
                                                   .has_detail = detail != NULL};
    op->faults = faults;
    return 0;
}

int store_ops_fault_taken (store_op_t *op, const char *field)
{
    return store_ops_fault (op, field, "taken", NULL);
}
