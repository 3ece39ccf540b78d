/*  gw_ui - pages for people: a beginning, signing in, open chats and numbered rooms.

    A page is a file of pages/ with its places filled in (gw_ui_text.h); what it loads is in files/, named by its
   content. No script and no style stands in a page, nothing comes from elsewhere, and what others have written gets in
   as text alone.  Two forms work without scripts: signing in, and the name of an open chat.  Both repeat the cookie
   `csrftoken` (gw_csrf.h), which a page with a form sets; what is wrong with one of them is said in the form itself,
   with what was typed. */

#ifndef GW_UI_H
#define GW_UI_H

#include "gw_dialect.h"

/*  Refusals of the routes of pages are pages. */
extern const gw_dialect_t gw_ui_dialect;
extern const gw_route_set_t gw_ui_routes;

/*  Answers with the page a browser gets at `/`. */
gw_route_fn gw_ui_home;

/*  Whether `next` may be led to after signing in: a path of this host, in printable ASCII.  Browsers take a backslash
    for a slash, and two slashes for another host. */
bool gw_ui_is_own (pt_str_t next);

/*  Whether it can be the name of a chat that anybody may ask for: 1 to 100 letters, digits, `_` and `-`.  One of
    another dialect's shape (sv_address.h) leads to a socket of that dialect. */
bool gw_ui_is_room (pt_str_t name);

/*  ---- for handlers of these routes --------------------------------------------------- */

/*  A field of the form that was sent, or of the query; empty when there is none. */
pt_str_t gw_ui_field (gw_request_t *request, const char *name);

/*  Where to go after signing in. */
pt_str_t gw_ui_next (gw_request_t *request);

/*  Answers: 302; the form of this path once more, with a sentence about what is wrong. */
void gw_ui_go (gw_request_t *request, pt_str_t place);
void gw_ui_again (gw_request_t *request, const char *sentence);

/*  gw_ui_session.c */
gw_route_fn gw_ui_sign_in, gw_ui_sign_out;

#endif
