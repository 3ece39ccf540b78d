/*  gw_dialect_chat - the dialect of friends and their chats: what its files share. */

#ifndef GW_DIALECT_CHAT_H
#define GW_DIALECT_CHAT_H

#include "gw_dialect.h"
#include "gw_shape.h"

/*  Entries of a page when the client leaves the size open. */
#define GW_DIALECT_CHAT_PAGE 8

extern const gw_dialect_t gw_dialect_chat;

/*  Document the object that gw_dialect_chat_put_room writes, and the parameters of a page. */
extern const gw_shape_t gw_dialect_chat_room_shape[];
extern const gw_shape_t gw_dialect_chat_page_shape[];

/*  Members of the object that gw_dialect_page_write begins, for a table of shapes. */
#define GW_DIALECT_CHAT_PAGE_OF(entry)                                                                                 \
    {"count", GW_SHAPE_INT, 0, "how many there are in all"},                                                           \
        {"next", GW_SHAPE_URL, GW_SHAPE_NULL, "the page behind this"},                                                 \
        {"previous", GW_SHAPE_URL, GW_SHAPE_NULL, "the page before this"},                                             \
    {                                                                                                                  \
        "results", GW_SHAPE_OBJ, GW_SHAPE_LIST, "this page", entry                                                     \
    }

/*  Appends a room with its people as an object. */
void gw_dialect_chat_put_room (pt_buf_t *out, const gw_request_t *request, const pt_room_detail_t *detail);

/*  As gw_dialect_passes, but what is wrong is not told: 400 without a body. */
bool gw_dialect_chat_passes_mute (gw_request_t *request, const gw_dialect_body_t *body);

#endif
