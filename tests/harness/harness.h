/*  harness - starts one daemon against fakes of its peers on ipc:// and drives
    it through the schema, for tests.

    The harness plays the broker: it binds the req/pub/sub endpoints of the
    daemon's role in a fresh folder under /tmp (0700), so a test sees each call
    the daemon makes and answers it as auth, chat or store would, and sends it
    requests as a gateway would.  Everything waits on sockets with a deadline;
    nothing sleeps. */

#ifndef HARNESS_H
#define HARNESS_H

#include "pt_codec.h"
#include "pt_envelope.h"

typedef struct harness harness_t;

/*  Longest wait of any step; a test that needs more is broken. */
#define HARNESS_WAIT_MS 10000

/*  Starts `program` (path of an executable; PARLEY_BIN/<program> when it has
    no slash) as a child with `args` (NULL-terminated, may be NULL; the harness
    adds --bus) and waits until it announced itself (READY or heartbeat).
    Aborts the test with a message when it does not come up. */
harness_t *harness_new (const char *program, pt_peer_t role, const char *const *args);

/*  Ends the child (SIGTERM, then SIGKILL after 3 s), removes the folder. */
void harness_destroy (harness_t **self_p);

/*  Folder of the sockets, pid of the child. */
const char *harness_dir (const harness_t *self);
int harness_pid (const harness_t *self);

/*  Sends the daemon a request and returns its correlation id. */
uint64_t harness_request (harness_t *self, uint16_t opcode, const void *msg);

/*  As above with everything in the caller's hands: raw body, own envelope. */
uint64_t harness_request_raw (harness_t *self, const pt_envelope_t *envelope, const void *body, size_t len);

/*  A frame from the daemon; decoded where it has a body of known type.  Valid
    until the next harness_ call that receives. */
typedef struct {
    pt_envelope_t envelope;
    const void *msg;  /* request, reply or event body; pt_error_t when status is not 0 */
    const void *body; /* raw bytes */
    size_t body_len;
} harness_frame_t;

/*  Waits for the answer to `correlation`; calls the daemon makes meanwhile are
    answered by the fakes or kept for harness_expect.  Fails the test after HARNESS_WAIT_MS. */
const harness_frame_t *harness_reply (harness_t *self, uint64_t correlation);

/*  Waits for the daemon's next call of `opcode`. */
const harness_frame_t *harness_expect (harness_t *self, uint16_t opcode);

/*  Waits for the daemon's next event of `opcode`. */
const harness_frame_t *harness_event (harness_t *self, uint16_t opcode);

/*  Answers a call received by harness_expect (or by a fake). */
void harness_answer (harness_t *self, const harness_frame_t *call, const void *msg);
void harness_refuse (harness_t *self, const harness_frame_t *call, int err, const char *detail);
void harness_refuse_with (harness_t *self, const harness_frame_t *call, int err, const pt_error_t *error);

/*  Publishes an event to the daemon. */
void harness_publish (harness_t *self, const void *topic, size_t len, uint16_t opcode, const void *msg);

/*  A fake peer: answers every call of `opcode` from within harness_reply,
    harness_expect and harness_event; it must answer or refuse. */
typedef void (harness_fake_fn) (harness_t *self, const harness_frame_t *call, void *ctx);
void harness_fake (harness_t *self, uint16_t opcode, harness_fake_fn *fn, void *ctx);

/*  Answers a <service>_status call for an instance that is ready or not; and a
    fake that says it is. */
void harness_answer_status (harness_t *self, const harness_frame_t *call, bool is_ready);
harness_fake_fn harness_fake_ready;

/*  Arena whose content lives until the harness is destroyed. */
pt_arena_t *harness_arena (harness_t *self);

#endif
