/*  gw_home - the page a browser gets at `/`: no script and no style, as the usual
    Content-Security-Policy asks for. */

#include "gw_home.h"
#include "sv_version.h"

void gw_home (gw_request_t *request)
{
    static const char page[] = "<!DOCTYPE html>\n"
                               "<html lang=\"en\">\n"
                               "<head><meta charset=\"utf-8\"><title>Parley</title></head>\n"
                               "<body>\n"
                               "<h1>Parley</h1>\n"
                               "<p>A self-hosted real-time chat backend, version " SV_VERSION ".</p>\n"
                               "<ul>\n"
                               "<li><a href=\"/readyz?verbose\">whether it can serve</a></li>\n"
                               "<li>REST below <code>/v1</code>, the WebSocket at <code>/v1/ws</code></li>\n"
                               "</ul>\n"
                               "</body>\n"
                               "</html>\n";
    gw_http_answer (
        request,
        &(gw_answer_t){.status = 200, .type = "text/html; charset=utf-8", .body = page, .len = sizeof page - 1});
}
