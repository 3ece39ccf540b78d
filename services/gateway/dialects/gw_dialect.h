/*  gw_dialect - routes for clients of other chat systems: what a handler of a dialect needs.

    A dialect is a vocabulary, not a set of rules: its handlers turn a body into an operation that
    native clients could ask for as well, and the reply, or the refusal, into its words.

    A handler reads the body with gw_dialect_read, checks its fields (gw_dialect_check.h), asks
    gw_dialect_passes, calls with gw_dialect_call, and in the reply function asks
    gw_dialect_succeeded before it writes an answer (gw_dialect_json.h).  What the schema refuses of
    a message is worded as request->refusals say when it is called. */

#ifndef GW_DIALECT_H
#define GW_DIALECT_H

#include "gw_call.h"
#include "gw_dialect_check.h"
#include "gw_dialect_json.h"

/*  The most that one answer takes. */
#define GW_DIALECT_ANSWER GW_HTTP_ARENA

/*  What the gateway serves of each dialect. */
extern const gw_route_set_t gw_dialect_chat_routes;
extern const gw_route_set_t gw_dialect_chat_profile_routes;
extern const gw_route_set_t gw_dialect_chat_people_routes;
extern const gw_route_set_t gw_dialect_chat_rooms_routes;
extern const gw_route_set_t gw_dialect_clock_routes;
extern const gw_route_set_t gw_dialect_clock_chat_routes;
extern const gw_route_set_t gw_dialect_public_routes;
extern const gw_route_set_t gw_dialect_member_routes;
extern const gw_route_set_t gw_dialect_member_knox_routes;
extern const gw_route_set_t gw_dialect_member_room_routes;
extern const gw_route_set_t gw_dialect_public_rooms_routes;
extern const gw_route_set_t gw_dialect_public_messages_routes;

/*  Dialects of several sets. */
extern const gw_dialect_t gw_dialect_clock;
extern const gw_dialect_t gw_dialect_public;

/*  Where a path without its final slash leads: GET is sent on to the path with it. */
extern const gw_route_t gw_dialect_slash;

/* ---- the request ------------------------------------------------------------------ */

/*  The body; false after answering that it can't be read. */
bool gw_dialect_read (gw_request_t *request, gw_dialect_body_t *out);

/*  A page without scripts repeats the cookie `csrftoken` in a field of its form, not in a header.
    Of a whole request whose proof is missing: takes the fault away when the form has it. */
void gw_dialect_prove_form (gw_request_t *request);

/*  Whether the checks found nothing; else all they found has been answered (400). */
bool gw_dialect_passes (gw_request_t *request, const gw_dialect_body_t *body);

/*  A parameter of the query, as Django reads it: the last of that name.  NULL when there is none. */
const gw_pair_t *gw_dialect_query (const gw_request_t *request, const char *name);

/*  A variable of the path; empty when there is none of that name. */
pt_str_t gw_dialect_var (const gw_request_t *request, const char *name);

/*  The same as an id (of an {int:name}); 0, which is no id, when it is larger than any. */
uint64_t gw_dialect_id (const gw_request_t *request, const char *name);

/*  Which piece of a list is asked for; `usual` when the client leaves the size open. */
void gw_dialect_page (const gw_request_t *request, uint64_t usual, gw_dialect_page_t *out);

/* ---- calling ------------------------------------------------------------------------- */

/*  Fills the inner fields of `msg` and calls; `fn` gets the request as its argument.  Answers
    when it can't. */
void gw_dialect_call (gw_request_t *request, uint16_t opcode, void *msg, sv_reply_fn *fn);

/*  False after answering a reply that is an error, in the words of `refusals` (NULL: the usual ones). */
bool gw_dialect_succeeded (gw_request_t *request, const sv_reply_t *reply, const gw_dialect_refusal_t *refusals);

/* ---- answering ----------------------------------------------------------------------- */

/*  Each answers; the request is gone after. */

/*  What was written to `body`, which is empty after: 204, and any status without a body when nothing was;
    an error when it could not all be written. */
void gw_dialect_answer (gw_request_t *request, int status, pt_buf_t *body);

/*  {"key":"text"}; no body when `key` is NULL. */
void gw_dialect_say (gw_request_t *request, int status, const char *key, const char *text);

/*  A member of an answer; null when there is no text. */
typedef struct {
    const char *name;
    bool has;
    pt_str_t text;
} gw_dialect_member_t;

/*  201 {"id":7,..} to who registered, with two members. */
void gw_dialect_answer_account (gw_request_t *request, uint64_t id, const gw_dialect_member_t members[2]);

/*  OPTIONS: what the path takes and gives. */
void gw_dialect_describe (gw_request_t *request, const char *extra);

#endif
