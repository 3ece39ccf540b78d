/*  gw_shape - what requests and replies look like where no message of proto says it:
    small tables beside the routes, from which the API documents are written.

        static const gw_shape_t s_key[] = {{"key", GW_SHAPE_TEXT, 0, "the token"}, {0}};
        static const gw_spec_t s_login = {.takes = s_credentials, .gives = s_key};

    and `.spec = &s_login` in the row of the route.  A table ends with a row of zeros. */

#ifndef GW_SHAPE_H
#define GW_SHAPE_H

#include "pt_message.h"

typedef enum {
    GW_SHAPE_TEXT,
    GW_SHAPE_SECRET, /* text that is shown nowhere, such as a password */
    GW_SHAPE_EMAIL,
    GW_SHAPE_URL,
    GW_SHAPE_UUID,
    GW_SHAPE_TIME,  /* RFC 3339 */
    GW_SHAPE_STAMP, /* text that tells a time in another form */
    GW_SHAPE_ID,    /* digits as text */
    GW_SHAPE_INT,   /* not negative */
    GW_SHAPE_BOOL,
    GW_SHAPE_BYTES, /* of a file */
    GW_SHAPE_OBJ,   /* `of` */
    GW_SHAPE_ANY,
    GW_SHAPE_FIELD, /* as the field of the same name in the message `msg` */
    GW_SHAPE_MSG,   /* the message `msg` */
    GW_SHAPE_TYPES
} gw_shape_type_t;

enum {
    GW_SHAPE_OPTIONAL = 1,
    GW_SHAPE_NULL = 2, /* it may be null */
    GW_SHAPE_LIST = 4, /* a list of these */
    GW_SHAPE_MAP = 8,  /* an object that has these under any name */
};

/*  One member of an object.  A table of one row with the name "" is the value itself: a
    list, a text, a message; of several such rows it is one of them. */
typedef struct gw_shape {
    const char *name;
    gw_shape_type_t type;
    unsigned flags;
    const char *doc;
    const struct gw_shape *of;
    pt_msg_t msg;
    const char *const *one_of; /* TEXT: the values it can have, then NULL */
} gw_shape_t;

/*  What a route takes and gives beside its operation; all may be NULL.  Where `takes` or
    `gives` is, the operation's message does not count. */
struct gw_spec {
    const gw_shape_t *takes;   /* the body */
    const gw_shape_t *gives;   /* the reply; of a status without a body none */
    const gw_shape_t *query;   /* parameters, beside those of the operation's message where it is a GET */
    const gw_shape_t *headers; /* of the request */
    const gw_shape_t *tells;   /* headers of the reply */
    const char *takes_media;   /* other than JSON; several with a comma and a space between them */
    const char *gives_media;
    uint16_t also;        /* another status of success, with the same reply */
    uint16_t refuses;     /* another status of refusal, with the same reply */
    bool may_miss;        /* the body names something that may not be there: 404 */
    const uint16_t *mute; /* statuses that come without a body, those of refusals not always; ends with 0 */
};

#endif
