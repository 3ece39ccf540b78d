/*  store_ops - the table of operations: opcode to rule. */

#ifndef STORE_OPS_H
#define STORE_OPS_H

#include "store_op.h"

/*  The rules of one file each, ended by opcode 0. */
extern const store_op_rule_t store_ops_account[];
extern const store_op_rule_t store_ops_password[];
extern const store_op_rule_t store_ops_session[];
extern const store_op_rule_t store_ops_credential[];
extern const store_op_rule_t store_ops_revoked[];
extern const store_op_rule_t store_ops_mail[];
extern const store_op_rule_t store_ops_admin[];
extern const store_op_rule_t store_ops_audit[];
extern const store_op_rule_t store_ops_room[];
extern const store_op_rule_t store_ops_room_create[];
extern const store_op_rule_t store_ops_room_find[];
extern const store_op_rule_t store_ops_person[];
extern const store_op_rule_t store_ops_item[];
extern const store_op_rule_t store_ops_sync[];
extern const store_op_rule_t store_ops_verify[];
extern const store_op_rule_t store_ops_file[];
extern const store_op_rule_t store_ops_upload[];
extern const store_op_rule_t store_ops_sweep[];
extern const store_op_rule_t store_ops_contact[];

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

/*  Sends the lock of an account, or of a mail's; whoever gives or takes credentials
    takes it first.  Its row: active, generation, authtoken; none: no such account. */
void store_ops_lock (store_pg_t *pg, bool has_account, uint64_t account, bool has_mail, uint64_t mail);

/*  Sends a statement about a thing as somebody sees it. */
void store_ops_send_ref (store_pg_t *pg, store_sql_t sql, uint64_t account, uint64_t id);

/*  Reads a row, from where it stands, into a message; the caller checks `is_bad`. */
typedef void (store_ops_read_fn) (store_row_t *row, void *out);

/*  Reads the only row of a result as the operation's reply; no row is not_found.  STORE_DONE or
    an error. */
int store_ops_reply_row (store_op_t *op, const PGresult *result, store_ops_read_fn *read);

/*  Reads at most `limit` rows into elements of `size` bytes, of the arena.  A first row that begins
    with NULL counts as none: the asker may ask, and there is nothing.  0 or an error. */
typedef struct {
    void *at;
    uint32_t count;
    bool has_more; /* there were more rows than `limit` */
} store_ops_list_t;
PT_MUSTCHECK int store_ops_list (store_op_t *op, const PGresult *result, uint64_t limit, size_t size,
                                 store_ops_read_fn *read, store_ops_list_t *out);

/*  The same, as the list that is the first member of the operation's reply.  Where that has a `next` and there
    were more rows it is the cursor of the last item, by the item's first member.  STORE_DONE or an error. */
int store_ops_reply_list (store_op_t *op, const PGresult *result, uint64_t limit, store_ops_read_fn *read);

/*  Deleting what belongs to an account, under its lock, by an id.  Ids are never given twice, so the id is key
    enough.  `take` reads the row of the statement; none: not_found. */
void store_ops_delete_identify (store_op_t *op, uint64_t account, uint64_t id, pt_msg_t type);
store_next_t store_ops_delete_send (store_pg_t *pg, store_sql_t sql, uint64_t account, uint64_t id);
int store_ops_delete_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step);

/*  For `take` of what has nothing to say. */
int store_ops_take_empty (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step);

/*  Lets an empty message be the reply.  STORE_DONE or an error. */
int store_ops_reply_empty (store_op_t *op);

/*  Lets one revocation be the reply.  STORE_DONE or an error. */
int store_ops_reply_revocation (store_op_t *op, const pt_revocation_t *revocation);

/*  The sentence for who would leave nobody of staff: `forbidden`. */
extern const char store_ops_last_of_staff[];

/*  Says what is wrong with a field, up to twice; `detail` may be NULL, both texts live as long as the
    operation.  0 or -PT_E_memory. */
int store_ops_fault (store_op_t *op, const char *field, const char *code, const char *detail);

/*  Says that a field's value is taken.  As above. */
int store_ops_fault_taken (store_op_t *op, const char *field);

/*  An id as a text: the cursor of the page after the one that ended with it, or a key.  Empty when the arena
    is full. */
static inline pt_str_t store_ops_decimal (store_op_t *op, uint64_t id)
{
    const char *text = pt_arena_printf (op->arena, "%llu", (unsigned long long)id);
    return text ? pt_str (text) : PT_LIT ("");
}

#endif
