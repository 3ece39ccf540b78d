/*  gw_schema - messages, fields and shapes as JSON Schema, as gw_json writes and reads them.

    Bounds are those of the tables.  proto counts bytes and JSON Schema characters, of which a
    text has at most as many, so that whatever is allowed is valid here too. */

#ifndef GW_SCHEMA_H
#define GW_SCHEMA_H

#include "gw_doc.h"
#include "gw_shape.h"

/*  Where schemas stand, in OpenAPI and AsyncAPI alike. */
#define GW_SCHEMA_AT "#/components/schemas/"

/*  The messages that are referred to, with all that they hold. */
typedef struct {
    bool has[PT_MSG_COUNT];
} gw_schema_uses_t;

void gw_schema_use (gw_schema_uses_t *self, pt_msg_t type);
void gw_schema_use_shapes (gw_schema_uses_t *self, const gw_shape_t *shapes);

/*  One member for each of them, into the object that is open. */
void gw_schema_components (gw_doc_t *doc, const gw_schema_uses_t *uses);

/*  A schema as the member `key`: of one field; of a message, without the fields that `path`
    (may be NULL) has variables for; a reference to a message; of shapes. */
void gw_schema_field (gw_doc_t *doc, const char *key, const pt_field_t *field);
void gw_schema_message (gw_doc_t *doc, const char *key, pt_msg_t type, const char *path);
void gw_schema_ref (gw_doc_t *doc, const char *key, pt_msg_t type);
void gw_schema_shapes (gw_doc_t *doc, const char *key, const gw_shape_t *shapes);
void gw_schema_shape (gw_doc_t *doc, const char *key, const gw_shape_t *shape);

/*  Whether the message has a field that is a variable of the path. */
bool gw_schema_meets_path (pt_msg_t type, const char *path);

/*  Whether a table of shapes is one value, not an object with members. */
bool gw_schema_is_value (const gw_shape_t *shapes);

/*  The variables of a path, one after the other, beginning with *at = path; false after the
    last. */
typedef struct {
    char name[32], kind[8]; /* kind: "" or what it takes alone, such as "int" */
} gw_schema_var_t;

bool gw_schema_next_var (const char **at, gw_schema_var_t *out);
bool gw_schema_has_var (const char *path, const char *name);

#endif
