/*  gw_api_spec - what native routes take and give where it is more than their operation:
    streams of files, uploads by tus, what the gateway answers itself. */

#ifndef GW_API_SPEC_H
#define GW_API_SPEC_H

#include "gw_route.h"
#include "gw_shape.h"

/*  Messages. */
extern const gw_spec_t gw_spec_message;

/*  Files: a new upload or a whole file, how far one is, going on, giving up; a picture; bytes. */
extern const gw_spec_t gw_spec_upload, gw_spec_progress, gw_spec_go_on, gw_spec_give_up, gw_spec_picture,
    gw_spec_content, gw_spec_avatar;

/*  What needs no service. */
extern const gw_spec_t gw_spec_socket, gw_spec_live, gw_spec_ready, gw_spec_metrics;

/*  The documents: one as JSON or YAML, a page that shows one, a file of such a page. */
extern const gw_spec_t gw_spec_json, gw_spec_yaml, gw_spec_page, gw_spec_page_file;

#endif
