/*  sv_forward - operations that the service behind this one answers as they
    are: the body is passed on and back without being encoded again. */

#ifndef SV_FORWARD_H
#define SV_FORWARD_H

#include "sv_bus.h"

/*  A check beyond the schema: 0, or a negative error with the fields at fault
    added to `error` (memory from `arena`). */
typedef int (sv_check_fn) (const void *msg, pt_arena_t *arena, pt_error_t *error);

typedef struct {
    uint16_t opcode;    /* ours */
    uint16_t to;        /* the same question to the service behind */
    sv_check_fn *check; /* NULL: the schema says it all */
} sv_route_t;

/*  Checks the request and passes it on by its route; without one it is refused
    with `unknown_op`.  Consumes the request. */
void sv_forward (const sv_route_t *routes, size_t count, sv_request_t **request_p, const void *msg);

#endif
