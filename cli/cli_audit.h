/*  cli_audit - whether an installation holds what it should: which questions to
    ask of store, and what its answers come to.  Pure: the asking is elsewhere. */

#ifndef CLI_AUDIT_H
#define CLI_AUDIT_H

#include "cli_options.h"
#include "pt_buf.h"
#include "pt_message.h"
#include "vf_acks.h"

/*  Faults that are shown; all are counted. */
#define CLI_AUDIT_SHOWN 20

typedef enum {
    CLI_AUDIT_LOST,      /* acknowledged, and not there */
    CLI_AUDIT_CHANGED,   /* acknowledged, and something else stands there */
    CLI_AUDIT_MISSING,   /* numbers that no item has */
    CLI_AUDIT_DOUBLED,   /* a send_id, or a number, twice */
    CLI_AUDIT_UNORDERED, /* an item not younger than the one before it */
    CLI_AUDIT_UNKNOWN,   /* an item of an account that does not exist */
    CLI_AUDIT_STRAY,     /* a member that can't be one */
    CLI_AUDIT_ORPHANED,  /* items or members of a room that is not there */
    CLI_AUDIT_UNGUARDED, /* the unique keys of items are not in force */
    CLI_AUDIT_ABSENT,    /* a room that was named, and is not there */
    CLI_AUDIT_FINDINGS
} cli_audit_finding_t;

typedef struct cli_audit cli_audit_t;

/*  Audits these rooms, or all when `count` is 0, and then `acks` (NULL: none; borrowed).
    `rooms` is borrowed.  NULL when out of memory. */
cli_audit_t *cli_audit_new (const uint64_t *rooms, unsigned count, vf_acks_t *acks);
void cli_audit_destroy (cli_audit_t **self_p);

typedef struct {
    uint16_t opcode; /* PT_OP_store_verify or PT_OP_store_range */
    union {
        pt_verify_query_t verify;
        pt_range_query_t range;
    } msg;
} cli_audit_question_t;

/*  The next question; false when there are none left. */
bool cli_audit_next (cli_audit_t *self, cli_audit_question_t *out);

/*  Takes the answer to it, of the operation's reply; NULL: not found. */
void cli_audit_take (cli_audit_t *self, const void *reply);

/*  How far it has come. */
uint64_t cli_audit_rooms (const cli_audit_t *self);
uint64_t cli_audit_items (const cli_audit_t *self);

uint64_t cli_audit_found (const cli_audit_t *self, cli_audit_finding_t finding);
bool cli_audit_is_good (const cli_audit_t *self);

void cli_audit_print (const cli_audit_t *self, pt_buf_t *out);
void cli_audit_print_json (const cli_audit_t *self, pt_buf_t *out);

#endif
