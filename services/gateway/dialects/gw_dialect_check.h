/*  gw_dialect_check - what a field of a body must be, in the sentences of Django REST framework; pure.

    Each call notes what is wrong among the faults of the body, so that all fields at fault are told
    at once, and is true when there is a value and it is good.  A field that is absent and need not be there
    is no fault, and has no value. */

#ifndef GW_DIALECT_CHECK_H
#define GW_DIALECT_CHECK_H

#include "gw_dialect_body.h"

#define GW_DIALECT_REQUIRED "This field is required."

typedef struct {
    bool is_required;
    bool keeps_space; /* around it */
    bool may_be_blank;
    bool may_be_null;  /* null is the same as absent */
    unsigned min, max; /* characters; 0: any number */
} gw_text_rule_t;

/*  A sentence about a field that only the caller can judge; both texts must live as long as the body. */
void gw_dialect_fault (gw_dialect_body_t *self, const char *field, const char *sentence);

/*  Whether nothing was found so far. */
bool gw_dialect_is_good (const gw_dialect_body_t *self);

/*  UTF-8 without U+0000. */
bool gw_dialect_text (gw_dialect_body_t *self, const char *field, const gw_text_rule_t *rule, pt_str_t *out);

/*  Looks like a mail address. */
bool gw_dialect_email (gw_dialect_body_t *self, const char *field, bool is_required, pt_str_t *out);

/*  true, yes, on, 1 and their like, in any case. */
bool gw_dialect_flag (gw_dialect_body_t *self, const char *field, bool is_required, bool *out);

bool gw_dialect_integer (gw_dialect_body_t *self, const char *field, bool is_required, int64_t *out);

/*  In any form that Python knows; `out` is the canonical one. */
bool gw_dialect_uuid (gw_dialect_body_t *self, const char *field, bool is_required, pt_str_t *out);

/*  The id of something that is somewhere else; digits will do.  Whether it exists is for others to say. */
bool gw_dialect_pk (gw_dialect_body_t *self, const char *field, bool is_required, uint64_t *out);

/*  A list of ids; in a form the field comes several times. */
bool gw_dialect_pks (gw_dialect_body_t *self, const char *field, bool is_required, pt_ids_t *out);

#endif
