/*  store_ops - the table of operations. */

#include "store_ops.h"
#include "store_shape.h"

static const store_op_rule_t *const s_tables[] = {store_ops_account, store_ops_session, store_ops_room,
                                                  store_ops_item,    store_ops_sync,    store_ops_verify};

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
