/*  gw_asyncapi_priv - the insides of the document, shared by gw_asyncapi.c (the native socket, the whole) and
    gw_asyncapi_dialects.c (the sockets of dialects). */

#ifndef GW_ASYNCAPI_PRIV_H
#define GW_ASYNCAPI_PRIV_H

#include "gw_asyncapi.h"
#include "gw_schema.h"

/*  Longest name of a message. */
#define GW_ASYNCAPI_NAME 64

/*  A message as the member `name`; JSON when `media` is NULL. */
void gw_asyncapi_message (gw_doc_t *doc, const char *name, const char *what, const gw_shape_t *shapes,
                          const char *media);

/*  `{"$ref": to}` as the member `key`; of the component of that name and ending, which is the key too. */
void gw_asyncapi_refer (gw_doc_t *doc, const char *key, const char *to);
void gw_asyncapi_carry (gw_doc_t *doc, const char *name, const char *ending);

/*  What dialects add to the object that is open: one channel each; what is received and sent there; the
    messages; credentials.  And the messages of proto that they refer to. */
void gw_asyncapi_dialect_channels (gw_doc_t *doc);
void gw_asyncapi_dialect_operations (gw_doc_t *doc);
void gw_asyncapi_dialect_messages (gw_doc_t *doc);
void gw_asyncapi_dialect_credentials (gw_doc_t *doc);
void gw_asyncapi_dialect_use (gw_schema_uses_t *uses);

#endif
