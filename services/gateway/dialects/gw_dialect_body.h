/*  gw_dialect_body - the body of a request to a dialect as fields, whichever way it was written:
    JSON, application/x-www-form-urlencoded or multipart/form-data; pure. */

#ifndef GW_DIALECT_BODY_H
#define GW_DIALECT_BODY_H

#include "gw_dialect_problem.h"
#include "gw_multipart.h"
#include "pt_arena.h"

/*  Fields of one body; a body with more is refused. */
#define GW_DIALECT_FIELDS 64

typedef enum {
    GW_MEDIA_OTHER,
    GW_MEDIA_JSON,
    GW_MEDIA_FORM,
    GW_MEDIA_MULTIPART,
} gw_media_t;

typedef enum {
    GW_VALUE_TEXT,
    GW_VALUE_INTEGER,
    GW_VALUE_REAL,
    GW_VALUE_BOOL,
    GW_VALUE_NULL,
    GW_VALUE_LIST,
    GW_VALUE_OBJECT, /* what is in it is not kept */
    GW_VALUE_FILE,
} gw_value_kind_t;

typedef struct gw_value {
    gw_value_kind_t kind;
    bool truth;                   /* BOOL */
    pt_str_t name;                /* of a field */
    pt_str_t text;                /* TEXT; INTEGER and REAL: in digits; FILE: its bytes */
    pt_str_t file_name;           /* FILE */
    const struct gw_value *items; /* LIST */
    uint32_t count;
} gw_value_t;

typedef struct {
    bool is_form;       /* a list is a field that comes several times */
    gw_value_t *fields; /* in order; of several with one name the last counts */
    uint32_t count;
    gw_dialect_faults_t faults; /* what gw_dialect_check.h found */
    pt_arena_t *arena;          /* of the request */
    bool is_short;              /* memory was out while something was checked */
} gw_dialect_body_t;

/*  What a Content-Type says; NULL: OTHER. */
gw_media_t gw_dialect_body_media (const char *type);

/*  Reads a body; all of it is copied to `arena` or is in `bytes`.  An empty one has no fields.
    0; -PT_E_malformed, with a sentence in `*out_detail`; -PT_E_invalid when it is JSON but no object,
    with that as a fault under `loose_key`; -PT_E_unsupported_media; -PT_E_memory. */
PT_MUSTCHECK int gw_dialect_body_read (gw_dialect_body_t *self, const char *type, pt_str_t bytes, const char *loose_key,
                                       pt_arena_t *arena, const char **out_detail);

/*  The same of a form whose parts come one by one (gw_multipart.h, where all are wanted).  Begins with no
    fields; 0 or -PT_E_memory. */
PT_MUSTCHECK int gw_dialect_body_open (gw_dialect_body_t *self, pt_arena_t *arena);

/*  A part has begun: a field of its name, without content, which is the caller's to add.  0;
    -PT_E_malformed, with a sentence in `*out_detail`; -PT_E_memory. */
PT_MUSTCHECK int gw_dialect_body_part (gw_dialect_body_t *self, const gw_multipart_t *form, gw_value_t **out_field,
                                       const char **out_detail);

/*  The field of that name that counts; NULL when there is none. */
const gw_value_t *gw_dialect_body_field (const gw_dialect_body_t *self, const char *name);

/*  What Python calls the type of a value. */
const char *gw_dialect_body_type (const gw_value_t *value);

#endif
