/*  gw_dialect_public - what the files of that dialect share. */

#ifndef GW_DIALECT_PUBLIC_H
#define GW_DIALECT_PUBLIC_H

#include "gw_dialect.h"

/*  Asks for a room of the dialect (chat_room_find); `fn` gets the reply.  Answers when there can be
    none of that id. */
void gw_dialect_public_find (gw_request_t *request, uint64_t room, sv_reply_fn *fn);

/*  Asks which of these accounts there are (chat_people), but for deleted ones. */
void gw_dialect_public_ask_people (gw_request_t *request, const uint64_t *ids, uint32_t count, sv_reply_fn *fn);

/*  The one of this id; NULL: not among them. */
const pt_person_t *gw_dialect_public_person (const pt_people_t *people, uint64_t id);

/*  Notes that what a field names does not exist. */
void gw_dialect_public_note_missing (gw_dialect_body_t *body, const char *field, uint64_t id);

#endif
