/*  gw_http - one HTTP request from its head to its answer.

    What lws has parsed is judged again by strict rules (gw_header.h) before
    anything else is done with it; what breaks the framing is answered and the
    connection ends.  Answers go out as head and body in one write. */

#ifndef GW_HTTP_H
#define GW_HTTP_H

#include "gw_csrf.h"
#include "gw_dialect_problem.h"
#include "gw_link.h"
#include "gw_prove.h"
#include "gw_route.h"
#include "pt_arena.h"
#include "pt_codec.h"

/*  Query parameters of one request; more are `malformed`. */
#define GW_HTTP_QUERY 32

/*  The most that lws hands over at once. */
#define GW_HTTP_SLICE (64 * 1024)

/*  Memory one request may take beside its body. */
#define GW_HTTP_ARENA (4 * 1024 * 1024)

/*  Which limit it was that a request went beyond. */
typedef struct {
    uint64_t wait_ms; /* 0: none */
    gw_limit_class_t class;
} gw_limited_t;

/*  What a request on a route of GW_STREAM does with a body as it comes, and with an answer as
    the socket takes it. */
typedef struct {
    /*  Bytes of the body, as they are on the wire; also while reading is paused, what had
        been read by then: at most GW_HTTP_SLICE.  May answer. */
    void (*body) (gw_request_t *request, const char *bytes, size_t len);
    void (*body_end) (gw_request_t *request);

    /*  The socket takes more of the answer, as was wanted. */
    void (*writable) (gw_request_t *request);

    /*  The patience set last is over.  Answers, ends it, or sets another. */
    void (*late) (gw_request_t *request);

    /*  The request is going: nothing of it may be touched after. */
    void (*drop) (gw_request_t *request);
} gw_stream_t;

struct gw_request {
    gw_t *gw;
    gw_link_t *link;
    pt_arena_t *arena;                    /* lives as long as the request */
    const gw_route_t *route;              /* NULL: OPTIONS, or none found */
    const gw_route_t *first;              /* of the rows of the path; NULL: there is no such path */
    const gw_dialect_t *dialect;          /* that answers are written in; NULL: none, the native way */
    const gw_dialect_refusal_t *refusals; /* how it words what the operation under way refuses; NULL: as usual */
    unsigned methods;                     /* that the path takes */
    gw_method_t method;
    bool is_head; /* HEAD: the answer has no body */
    bool keeps_alive;
    bool has_length;
    bool expects_continue;
    bool is_chunked;    /* instead of a length */
    bool is_stream;     /* its body, or its answer, goes piece by piece */
    bool has_more_body; /* not all of it has been read */
    uint64_t length;
    const char *path;
    const char *host;
    const char *origin; /* to be allowed in the answer; NULL: none */
    const char *idempotency_key;
    gw_pair_t query[GW_HTTP_QUERY];
    unsigned query_count;
    gw_pair_t vars[GW_ROUTE_VARS];
    unsigned var_count;
    const char *content_type; /* NULL: none */
    gw_proof_t proof;
    gw_identity_t identity;
    bool has_identity;
    bool is_waiting;     /* whole, but for the outcome of the proof */
    int csrf;            /* what gw_csrf.h says, where a cookie counts */
    gw_csrf_t csrf_seen; /* what it was asked about */
    const char *cookies; /* Set-Cookie lines of the answer; NULL: none */
    const char *lines;   /* other header lines of whatever is answered; NULL: none */
    int fault;           /* found at the head, answered once the body is in */
    gw_limited_t limited;
    pt_buf_t body;
    const gw_stream_t *stream; /* NULL: body and answer are whole pieces */
    void *stream_ctx;          /* its handler's */
    void *steps;               /* of a handler that calls more than once, in the arena */
    sv_watch_t *watch;         /* of a socket that is written to here */
    size_t head_sent;          /* of the head of a streamed answer, which is in `body` then */
    uint64_t call;
    uint64_t started_us;
    char trace[LIM_TRACE + 1];
};

typedef struct {
    int status;
    const char *type;     /* Content-Type; NULL: no body */
    const char *extra;    /* whole header lines, or NULL */
    const char *security; /* instead of the usual lines about caches and content; NULL: those */
    const char *body;
    size_t len;
    bool ends; /* the connection ends with this answer */
} gw_answer_t;

/*  Called by gw_events; 0, or -1: end the connection. */
int gw_http_head (gw_link_t *link);
int gw_http_body (gw_link_t *link, const void *bytes, size_t len);
int gw_http_body_end (gw_link_t *link);
int gw_http_unreadable (gw_link_t *link, const void *bytes, size_t len);

/*  Notes how far lws has read, before an answer goes out; and whether the request at hand
    was already in lws's memory then: it had been pipelined. */
void gw_http_mark_read (gw_link_t *link);
bool gw_http_was_pipelined (const gw_link_t *link);

/*  Answered before the body was whole: the rest of it is read for a while and dropped, so
    that the client gets to see the answer. */
void gw_http_linger (gw_link_t *link);

/*  Called by gw_link. */
void gw_http_body_timeout (gw_link_t *link);
void gw_http_late (gw_link_t *link);
void gw_http_forget (gw_link_t *link);

/*  The request of this head, with everything but its body; NULL and the error
    when the head can't stand.  Also used by the upgrade. */
gw_request_t *gw_http_read_head (gw_link_t *link, int *out_err);

/*  Answers; the request is gone after. */
void gw_http_answer (gw_request_t *request, const gw_answer_t *answer);

/*  ---- streams -------------------------------------------------------------- */

/*  Goes on to read the body of a stream, sending `100 Continue` where it is waited
    for; and stops.  Either may be repeated. */
void gw_http_read_on (gw_request_t *request);
void gw_http_read_off (gw_request_t *request);

/*  Whether whose request it is still counts: 0, or as gw_revoked_judge.  A body and an answer take as
    long as they like, so both ask before each piece. */
PT_MUSTCHECK int gw_http_stands (const gw_request_t *request);

/*  How long until gw_stream_t.late is called; 0: not at all. */
void gw_http_patience (gw_request_t *request, uint64_t ms);

/*  Begins an answer whose body of `length` bytes the handler will write; the socket is not read
    meanwhile.  0, -PT_E_memory, or -PT_E_gone when lws still holds an earlier answer. */
PT_MUSTCHECK int gw_http_begin (gw_request_t *request, const gw_answer_t *answer, uint64_t length);

/*  Writes bytes of that body behind the head; how many the socket took.  When it is lost the
    request will be dropped. */
size_t gw_http_write (gw_request_t *request, const void *bytes, size_t len);

/*  Whether the head is out; else it tries. */
bool gw_http_flush (gw_request_t *request);

/*  Has `writable` called once, when the socket takes more.  False when out of memory. */
PT_MUSTCHECK bool gw_http_want_writable (gw_request_t *request);

/*  The body is whole: the request is gone after. */
void gw_http_finish (gw_request_t *request);

/*  The body can't be completed: the connection is cut, so that nobody takes it for whole. */
void gw_http_cut (gw_request_t *request);

/*  Answers with a problem document.  `error` may be NULL. */
void gw_http_fail (gw_request_t *request, int err, const char *detail, const pt_error_t *error);

/*  What the head shows of credentials but for the WebSocket's own ways; what is
    absent is left alone.  0, -PT_E_malformed or -PT_E_memory. */
PT_MUSTCHECK int gw_http_read_shown (gw_request_t *request, gw_shown_t *out);

/*  Answers with the message as JSON, or without a body when it is `empty`. */
void gw_http_reply (gw_request_t *request, int status, pt_msg_t type, const void *msg);

/*  Counts the request against a limit of its network (GW_LIMIT_ACCOUNT: of its
    account).  0, or -PT_E_too_many, noted for the answer. */
int gw_http_limit (gw_request_t *request, gw_limit_class_t class);

/*  Value of a header that may come once; NULL when absent, `*out_err` is set
    when it is repeated, holds a NUL, or memory is out.  `token` is an enum
    lws_token_indexes. */
const char *gw_http_header (gw_request_t *request, int token, size_t *out_len, int *out_err);

/*  The same for a header lws has no token for; `name` in lower case with its colon.
    NULL too when it is longer than `max`, or memory is out. */
const char *gw_http_custom (gw_request_t *request, const char *name, size_t max, size_t *out_len);

/*  The query parameter of that name, NULL when there is none. */
const gw_pair_t *gw_http_query (const gw_request_t *request, const char *name);

#endif
