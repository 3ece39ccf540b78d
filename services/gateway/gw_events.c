/*  gw_events - the one callback libwebsockets has: each event becomes one call.

    Returning -1 has lws end the connection; its close of a WebSocket then carries
    the reason that was set. */

#include "gw_events.h"
#include "gw_http.h"
#include "gw_link.h"
#include "gw_server.h"
#include "gw_upgrade.h"

/*  What lws may hand up in one slice, and the most one write takes before lws
    splits it; see limits in README.md. */
#define RX_BYTES 4096
#define TX_BYTES (64 * 1024)

/*  A wsi is tied to its link the first time it is seen, while it is being adopted. */
static gw_link_t *s_link (struct lws *wsi)
{
    gw_link_t *link = lws_get_opaque_user_data (wsi);
    if (!link) {
        gw_server_t *server = lws_context_user (lws_get_context (wsi));
        link = server ? gw_server_adopting (server) : NULL;
        if (link && link->wsi)
            return NULL;
        lws_set_opaque_user_data (wsi, link);
    }
    if (link)
        link->wsi = wsi;
    return link;
}

static int s_on_event (struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    (void)user;
    gw_link_t *link = wsi && reason != LWS_CALLBACK_WSI_CREATE ? s_link (wsi) : NULL;
    if (!link)
        return 0;
    switch (reason) {
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return gw_upgrade (link);
    case LWS_CALLBACK_HTTP:
        return gw_http_head (link);
    case LWS_CALLBACK_HTTP_BODY:
        return gw_http_body (link, in, len);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return gw_http_body_end (link);
    case LWS_CALLBACK_RAW_RX:
        return gw_http_unreadable (link, in, len);
    case LWS_CALLBACK_HTTP_WRITEABLE:
    case LWS_CALLBACK_SERVER_WRITEABLE:
    case LWS_CALLBACK_RAW_WRITEABLE:
        return gw_link_writable (link);
    case LWS_CALLBACK_ESTABLISHED:
        return gw_link_opened (link);
    case LWS_CALLBACK_RECEIVE:
        return gw_link_received (link, in, len);
    case LWS_CALLBACK_RECEIVE_PONG:
        gw_link_pong (link);
        return 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return gw_link_peer_closes (link, len);
    case LWS_CALLBACK_CLOSED:
        gw_link_closed (link);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        lws_set_opaque_user_data (wsi, NULL);
        gw_link_free (link);
        return 0;
    default:
        return 0;
    }
}

const struct lws_protocols gw_protocols[] = {
    {.name = "http", .callback = s_on_event, .rx_buffer_size = RX_BYTES, .tx_packet_size = TX_BYTES},
    {.name = GW_BEARER, .callback = s_on_event, .rx_buffer_size = RX_BYTES, .tx_packet_size = TX_BYTES},
    {.name = GW_SUBPROTOCOL, .callback = s_on_event, .rx_buffer_size = RX_BYTES, .tx_packet_size = TX_BYTES},
    {0},
};
