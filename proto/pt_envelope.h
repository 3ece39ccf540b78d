/*  pt_envelope - the first frame of everything on the bus: a msgpack array of
    exactly nine elements, all that a broker reads. */

#ifndef PT_ENVELOPE_H
#define PT_ENVELOPE_H

#include "pt_error.h"
#include "pt_limits.h"
#include <stddef.h>
#include <stdint.h>

#define PT_VERSION 1

typedef enum {
    PT_KIND_REQUEST = 1,
    PT_KIND_REPLY = 2,
    PT_KIND_EVENT = 3,
    PT_KIND_READY = 4,      /* body: presence; a peer enters, or changes its credit to 0 and back */
    PT_KIND_HEARTBEAT = 5,  /* body: presence; both ways */
    PT_KIND_DISCONNECT = 6, /* broker: I do not know you, send READY; peer: I leave */
    PT_KIND_CREDIT = 7,     /* body: presence; a worker's new credit */
    PT_KIND_DIRECT = 8,     /* a request for one instance alone; the broker delivers it as REQUEST */
} pt_kind_t;

typedef struct {
    uint8_t version;           /* PT_VERSION */
    uint8_t kind;              /* pt_kind_t */
    uint8_t service;           /* pt_service_t; 0 where it means nothing */
    uint16_t opcode;           /* 0 in control frames */
    uint64_t correlation;      /* stable id of a request, counter of an event */
    uint32_t deadline_ms;      /* what remains; 0 in everything but requests */
    uint64_t affinity;         /* key of a request (0: none); generation of who gets a DIRECT, or published an event */
    uint16_t status;           /* of a reply: 0 or a pt_err_t */
    char trace[LIM_TRACE + 1]; /* request id, printable ASCII, may be empty */
} pt_envelope_t;

/*  Encodes into `out` (at least LIM_ENVELOPE bytes) and returns the length. */
size_t pt_envelope_encode (const pt_envelope_t *self, uint8_t *out);

/*  0 or -PT_E_malformed; `out` is untouched on failure.  Strict: canonical or
    not, exactly nine elements of the right types, known kind, no trailing
    bytes.  A different version gives -PT_E_version_unsupported. */
PT_MUSTCHECK int pt_envelope_decode (pt_envelope_t *out, const void *bytes, size_t len);

#endif
