/*  gw_dialect_problem - what a dialect says when something is wrong; pure.

    The native answer is a problem document.  A dialect's clients know the answers of Django REST
    framework: {"detail": sentence}, or the sentences of all fields at fault at once. */

#ifndef GW_DIALECT_PROBLEM_H
#define GW_DIALECT_PROBLEM_H

#include "gw_identity.h"
#include "gw_route.h"
#include "pt_arena.h"
#include "pt_buf.h"

/*  Sentences of one answer; later ones are left out. */
#define GW_DIALECT_FAULTS 64

/*  What is asked of who shows no credential, or none that is good. */
typedef enum {
    GW_CHALLENGE_NONE, /* nothing: 403 instead of 401 */
    GW_CHALLENGE_TOKEN,
    GW_CHALLENGE_BEARER,
} gw_challenge_t;

typedef struct gw_dialect_problem gw_dialect_problem_t;

struct gw_dialect {
    const char *name;
    gw_challenge_t challenge;
    const char *loose_key; /* under which stands what is wrong with no field in particular */

    /*  For people: appends what is wrong as a page, or nothing when memory is out.  NULL: it is JSON. */
    void (*write_page) (pt_buf_t *out, gw_request_t *request, const gw_dialect_problem_t *problem);
    const char *security; /* lines about caches and content of such a page */
};

/*  Content-Type of pages. */
#define GW_DIALECT_HTML "text/html; charset=utf-8"

/*  A sentence and the field it is about. */
typedef struct {
    pt_str_t field, sentence;
    bool is_plain; /* stands by itself, not in a list */
} gw_dialect_fault_t;

typedef struct {
    gw_dialect_fault_t at[GW_DIALECT_FAULTS];
    unsigned count;
} gw_dialect_faults_t;

/*  Neither text is copied. */
void gw_dialect_faults_add (gw_dialect_faults_t *self, pt_str_t field, pt_str_t sentence, bool is_plain);

/*  {"field":["sentence","sentence"],"other":"sentence"} */
void gw_dialect_faults_write (pt_buf_t *out, const gw_dialect_faults_t *self);

/*  One row of how a dialect words what an operation refuses.  The first row that fits counts;
    a table ends with a row of zeros. */
typedef struct {
    int err;              /* PT_E_...; 0: any */
    const char *field;    /* of a field error; NULL: any, and an error without fields */
    const char *code;     /* of a field error; NULL: any */
    int status;           /* 0: 400 */
    const char *key;      /* member of the answer; NULL: no body */
    const char *sentence; /* %s: the detail of the field error */
    bool is_plain;
    const char *beside; /* further members, as JSON; NULL: none */
} gw_dialect_refusal_t;

/*  Adds what an operation refused of fields, as the table words it; nothing of `error` is kept.  False when
    memory is out. */
bool gw_dialect_faults_refused (gw_dialect_faults_t *self, const pt_error_t *error,
                                const gw_dialect_refusal_t *refusals, pt_arena_t *arena);

/*  Everything an answer depends on. */
struct gw_dialect_problem {
    const gw_dialect_t *dialect;
    const gw_credential_t *shown; /* what was shown of credentials */
    int err;
    const char *detail;      /* instead of the usual sentence; NULL: that */
    const pt_error_t *error; /* NULL: nothing more is known */
    const char *method;
    const char *media;                    /* Content-Type of the request; NULL: none */
    uint64_t retry_ms;                    /* with -PT_E_too_many; 0: not known */
    pt_arena_t *arena;                    /* NULL: no `refusals` */
    const gw_dialect_refusal_t *refusals; /* NULL: none */
};

/*  The status of what is worded as usual. */
int gw_dialect_problem_status (const gw_dialect_problem_t *self);

/*  Appends the body, or none, and gives the status. */
int gw_dialect_problem_write (pt_buf_t *out, const gw_dialect_problem_t *self);

/*  Header lines that belong to it: WWW-Authenticate with 401, Retry-After with 429 and 503; "" when none.
    `out` takes GW_PROBLEM_HEADERS (gw_problem.h). */
const char *gw_dialect_problem_headers (const gw_dialect_problem_t *self, int status, char *out);

#endif
