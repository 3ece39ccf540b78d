/*  sv_forward - operations that the service behind this one answers as they are. */

#include "sv_forward.h"

static const sv_route_t *s_find_route (const sv_route_t *routes, size_t count, uint16_t opcode)
{
    for (size_t i = 0; i < count; i++)
        if (routes[i].opcode == opcode)
            return &routes[i];
    return NULL;
}

void sv_forward (const sv_route_t *routes, size_t count, sv_request_t **request_p, const void *msg)
{
    sv_request_t *request = *request_p;
    const sv_route_t *route = s_find_route (routes, count, sv_request_opcode (request));
    if (!route) {
        sv_request_fail (request_p, PT_E_unknown_op, NULL);
        return;
    }
    pt_error_t error = {0};
    int rc = route->check ? route->check (msg, sv_request_arena (request), &error) : 0;
    if (rc != 0)
        sv_request_fail_with (request_p, rc, &error);
    else
        sv_request_forward (request_p, route->to);
}
