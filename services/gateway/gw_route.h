/*  gw_route - the one table of what the gateway serves: method, path, who may,
    which operation it becomes, what success is called.

    Dispatch, 404, 405 with Allow, OPTIONS and preflight all read it.  The rows are in sets:
    a path belongs to the first set that has it, and to the dialect that set is written in. */

#ifndef GW_ROUTE_H
#define GW_ROUTE_H

#include "pt_error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*  Variables of one path. */
#define GW_ROUTE_VARS 4

typedef enum {
    GW_GET,
    GW_POST,
    GW_PUT,
    GW_PATCH,
    GW_DELETE,
    GW_OPTIONS,
    GW_METHODS,
} gw_method_t;

enum {
    GW_OPEN = 1,      /* no identity needed, none looked at */
    GW_BODY = 2,      /* takes a JSON body */
    GW_INTERNAL = 4,  /* on the internal port alone */
    GW_ANYWHERE = 8,  /* on the public and the internal port */
    GW_NO_CALL = 16,  /* answered here */
    GW_MAYBE = 32,    /* takes a JSON body or none */
    GW_COSTLY = 64,   /* makes or tries credentials, or sends mail: the limit is that of signing in */
    GW_STREAM = 128,  /* body or answer are bytes of a file: the handler starts at the head (gw_http.h) */
    GW_PAGE = 256,    /* the handler chooses the media type: Accept is not judged */
    GW_ANYBODY = 512, /* who shows nothing goes on without an identity; what is shown must be good */
    GW_FORM = 1024,   /* as GW_STREAM where the body is multipart/form-data, which may hold a file */
    GW_PROVEN = 2048, /* the form of a page: needs the proof of gw_csrf.h, also from who is not signed in */
};

typedef struct gw_request gw_request_t;
typedef struct gw_dialect gw_dialect_t; /* gw_dialect_problem.h */
typedef struct gw_spec gw_spec_t;       /* gw_shape.h */
typedef void (gw_route_fn) (gw_request_t *request);

typedef struct gw_route {
    gw_method_t method;
    const char *path; /* segments; {name} takes one and fills the field `name`; see below */
    uint16_t opcode;  /* 0: `fn` does it all */
    uint16_t status;  /* of success; 204 where the reply is empty */
    unsigned flags;
    unsigned scope;  /* GW_SCOPE_*, of which the credential needs all */
    gw_route_fn *fn; /* NULL: gw_call_route */
    const char *doc;
    const gw_spec_t *spec; /* what it takes and gives, for the documents; NULL: what its operation does */
} gw_route_t;

/*  In a path, {int:name} takes digits alone, {uuid:name} a UUID; what follows the brace ends the
    segment.  A path that ends in a slash is also found without it. */

/*  Rows that begin alike.  Rows of one path are in one set. */
typedef struct {
    const char *under; /* what all their paths begin with */
    const gw_route_t *at;
    size_t count;
    const gw_dialect_t *dialect; /* NULL: native */
} gw_route_set_t;

/*  A name and a value, not terminated: of a path variable or a query. */
typedef struct {
    const char *name, *value;
    size_t name_len, value_len;
} gw_pair_t;

typedef struct {
    const gw_route_t *route;     /* NULL: no such path, or not that method */
    const gw_route_t *first;     /* of the rows of the path; NULL: no such path */
    const gw_dialect_t *dialect; /* of the path */
    unsigned methods;            /* set of 1 << gw_method_t the path takes; 0: no such path */
    bool lacks_slash;            /* the final one, of which the path in the table has one */
    gw_pair_t vars[GW_ROUTE_VARS];
    unsigned var_count;
} gw_route_match_t;

/*  Looks a path up.  HEAD is looked up as GET.  A literal segment wins over a variable when its
    row comes first.  `is_internal`: the request came in on the internal port. */
void gw_route_find (const gw_route_set_t *const *sets, size_t count, gw_method_t method, const char *path,
                    bool is_internal, gw_route_match_t *out);

/*  What the gateway serves (gw_api.c). */
extern const gw_route_set_t *const gw_route_sets[];
extern const size_t gw_route_set_count;

/*  All of it row by row, NULL past the last; and the dialect of a row, NULL: native. */
const gw_route_t *gw_route_at (size_t i);
const gw_dialect_t *gw_route_dialect (const gw_route_t *route);

/*  "GET", and the value of an Allow header for a set of methods: HEAD comes with
    GET, OPTIONS always.  `out` takes at least 64 bytes. */
const char *gw_method_name (gw_method_t method);
void gw_route_allow (unsigned methods, char *out, size_t size);

#endif
