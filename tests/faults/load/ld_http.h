/*  ld_http - one small HTTP request on a connection of its own, for what the API
    offers over REST alone. */

#ifndef LD_HTTP_H
#define LD_HTTP_H

#include "ld_net.h"
#include "pt_buf.h"

/*  Requests at one time; a further one is refused. */
#define LD_HTTP_MAX 32
#define LD_HTTP_HEAD 8192
#define LD_HTTP_ANSWER (64 * 1024)
#define LD_HTTP_TIMEOUT_US 10000000

/*  `status` 0: no whole answer came, the outcome is unknown.  `body` may be
    empty and is borrowed. */
typedef void (ld_http_fn) (void *arg, unsigned status, pt_str_t body);

typedef struct ld_https ld_https_t;

typedef struct {
    ld_poll_t poll;
    ld_https_t *owner;
    ld_http_fn *fn;
    void *arg;
    pt_buf_t out, in;
    size_t written;
    uint64_t due_us;
    bool is_used;
} ld_http_t;

struct ld_https {
    ld_net_t *net;
    ld_http_t slots[LD_HTTP_MAX];
};

typedef struct {
    const struct sockaddr_in *to;
    const char *host;
    const char *method; /* with the path: "POST /v1/rooms/7/join" */
    const char *token;  /* NULL: without */
    const char *key;    /* Idempotency-Key */
    const char *body;   /* JSON, or empty */
} ld_http_call_t;

void ld_https_init (ld_https_t *self, ld_net_t *net);
void ld_https_fini (ld_https_t *self);

/*  Begins; `fn` follows from a later turn.  0, -PT_E_busy (all slots are used),
    -PT_E_unavailable (nothing follows). */
PT_MUSTCHECK int ld_https_call (ld_https_t *self, const ld_http_call_t *call, uint64_t now_us, ld_http_fn *fn,
                                void *arg);

/*  Ends what takes too long. */
void ld_https_tick (ld_https_t *self, uint64_t now_us);

#endif
