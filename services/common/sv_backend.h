/*  sv_backend - asking the service behind this one on behalf of a request:
    deadline, trace and every kind of failure are handled in this one place. */

#ifndef SV_BACKEND_H
#define SV_BACKEND_H

#include "sv_bus.h"

/*  Left of a caller's deadline for the way back, milliseconds. */
#define SV_BACKEND_MARGIN_MS 20

/*  For `takes`: `fn` gets every outcome, and passes on what it does not know. */
#define SV_BACKEND_ALL (-1)

/*  Set up once by the role; all is borrowed and lives as long as calls may be
    open. */
typedef struct {
    sv_bus_t *bus;
    void *ctx;                  /* the role's, which every `fn` gets */
    const uint64_t *longest_ms; /* the setting: longest wait for one answer */
} sv_backend_t;

/*  Goes on with an operation after the backend answered: well, or with an
    error that the call takes.  `reply` is borrowed for the call; `op` is what
    the call was given.  Consumes the request. */
typedef void (sv_backend_fn) (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply);

typedef struct {
    uint16_t opcode;   /* of the backend */
    uint64_t affinity; /* 0: none */
    const void *msg;   /* borrowed for the call */
    int takes;         /* a pt_err_t that `fn` gets too; 0: none; SV_BACKEND_ALL: whatever came of it */
    sv_backend_fn *fn;
    void *op; /* lives in the request's arena */
} sv_backend_call_t;

/*  Asks within what is left of the request's deadline, and in its trace.  Any
    other refusal, by the backend, a broker or our own bus, goes to the caller as
    the same typed error; `fn` then is not called.  Consumes the request, now or
    later; does not block. */
void sv_backend_call (const sv_backend_t *self, sv_request_t **request_p, const sv_backend_call_t *call);

/*  Deadline of such a call, given what is left of the caller's and our own
    longest wait; 0 when there is no time left to ask. */
uint32_t sv_backend_deadline (uint32_t remaining_ms, uint64_t longest_ms);

#endif
