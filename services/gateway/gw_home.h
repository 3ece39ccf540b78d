/*  gw_home - the page a browser gets at `/`. */

#ifndef GW_HOME_H
#define GW_HOME_H

#include "gw_http.h"

/*  Answers with the page. */
void gw_home (gw_request_t *request);

#endif
