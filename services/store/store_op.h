/*  store_op - one operation of the store other than append: a job that sends its
    SQL, reads the rows and answers the request.

    A keyed operation is a mutation that is idempotent by a row of request_key,
    written in the same transaction: claim the key; if it is taken, answer as the
    first time (or `conflict` when something else was asked under it); else do the work, save the
    encoded reply, commit.  A refused mutation leaves no key behind.  Others are
    reads, or idempotent by nature, and are whole transactions themselves. */

#ifndef STORE_OP_H
#define STORE_OP_H

#include "pt_codec.h"
#include "store_pool.h"

typedef struct store_op store_op_t;

/*  Ends of `take` beside STORE_DONE, STORE_NEXT, STORE_LAST: a negative error,
    which is what the asker gets. */
typedef struct {
    uint16_t opcode;

    /*  Sends the statements of the first step and says whether it is the last:
        STORE_LAST, or STORE_NEXT with BEGIN among them.  In a keyed operation
        BEGIN and COMMIT are not its business; it always says STORE_NEXT. */
    store_next_t (*send) (store_op_t *op, store_pg_t *pg);

    /*  Reads the answer.  STORE_DONE: `reply` is set (its bytes may point into
        the step); STORE_NEXT or STORE_LAST: more was sent; or an error, with `detail`
        set where there is something to say. */
    int (*take) (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step);

    /*  Keyed: whose key it is, the key, and what must be the same on a repeat:
        a message to be encoded, or bytes.  NULL: not keyed. */
    void (*identify) (store_op_t *op);

    /*  Judges the request before anything is asked: 0 or an error, with `detail`.
        May prepare `state`.  NULL: the schema has said it all. */
    int (*check) (store_op_t *op);

    /*  Never writes: may use the connection that is kept free of commits. */
    bool is_read;
} store_op_rule_t;

struct store_op {
    store_job_t job; /* first */
    const store_op_rule_t *rule;
    store_pool_t *pool;
    pt_codec_t *codec;
    sv_log_t *log;
    pt_arena_t *arena;
    const void *msg;                /* the request */
    const void *reply;              /* set by take */
    const char *detail;             /* for people, when the operation is refused */
    const pt_field_error_t *faults; /* the fields at fault then, in the arena */
    uint32_t fault_count;
    unsigned step; /* steps of this run that the operation has taken */
    void *state;   /* the operation's own, in the arena */

    /*  Keyed operations. */
    uint64_t caller;
    pt_str_t key;
    pt_str_t content; /* hashed in SQL */
    unsigned phase;
    int failure; /* to be told once ROLLBACK is through */
};

/*  What an operation may need, borrowed. */
typedef struct {
    store_pool_t *pool;
    pt_codec_t *codec;
    sv_log_t *log;
} store_op_env_t;

/*  Runs an operation for a request, which it answers. */
void store_op_run (const store_op_env_t *env, const store_op_rule_t *rule, sv_request_t *request, const void *msg);

/*  For `identify`: lets the content be a message, encoded.  Leaves it empty on a
    failure, which fails the operation. */
void store_op_content (store_op_t *op, pt_msg_t type, const void *msg);

/*  Zeroed memory for a reply, of the arena; NULL when it is full. */
void *store_op_alloc (store_op_t *op, size_t size);

/*  Sends a statement without arguments. */
void store_op_send_plain (store_pg_t *pg, store_sql_t sql);

#endif
