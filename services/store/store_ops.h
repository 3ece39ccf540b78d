/*  store_ops - the table of operations: opcode to rule. */

#ifndef STORE_OPS_H
#define STORE_OPS_H

#include "store_op.h"

/*  The rules of one file each, ended by opcode 0. */
extern const store_op_rule_t store_ops_account[];
extern const store_op_rule_t store_ops_session[];
extern const store_op_rule_t store_ops_room[];
extern const store_op_rule_t store_ops_item[];
extern const store_op_rule_t store_ops_sync[];
extern const store_op_rule_t store_ops_verify[];

/*  The rule of an operation, NULL when it is not in the table. */
const store_op_rule_t *store_ops_find (uint16_t opcode);

/*  The i-th rule of all, NULL past the last. */
const store_op_rule_t *store_ops_at (size_t i);

/*  Bytes that the items of one page may take, as the queries count them: a body
    and 256 for the rest of an item. */
#define STORE_PAGE_BYTES LIM_PAGE_BYTES

/*  A limit as asked, or the default. */
static inline uint64_t store_ops_limit (bool has, uint64_t limit)
{
    return has ? limit : LIM_PAGE_DEFAULT;
}

/*  For `check`: reads a cursor into `state`, an uint64_t. 0 or an error. */
int store_ops_cursor (store_op_t *op, bool has, pt_str_t cursor);

/*  Cursor of the page after the one that ended with `id`.  Empty when the arena is full. */
static inline pt_str_t store_ops_next (store_op_t *op, uint64_t id)
{
    const char *text = pt_arena_printf (op->arena, "%llu", (unsigned long long)id);
    return text ? pt_str (text) : PT_LIT ("");
}

#endif
