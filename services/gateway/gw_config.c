/*  gw_config - the settings of the gateway. */

#include "gw_config.h"
#include "pt_limits.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF (x)
#define AT(member) offsetof (gw_config_t, member)

/*  Loopback is the default on purpose: without TLS, passwords and tokens would
    cross the network in the clear.  Behind a proxy that ends TLS, or with
    tls-cert and tls-key, set `bind` to what the clients reach. */
const sv_setting_t gw_settings[] = {
    {"http-port", SV_TYPE_U64, AT (http_port), "8000", 1, 65535, 0, "public port", NULL},
    {"bind", SV_TYPE_STR, AT (bind), "127.0.0.1", 1, 1024, 0, "addresses to listen on, comma separated", NULL},
    {"share-port", SV_TYPE_BOOL, AT (share_port), "off", 0, 0, 0,
     "let other gateways of this user listen on the same port; the kernel spreads the clients", NULL},
    {"internal-port", SV_TYPE_U64, AT (internal_port), "0", 0, 65535, 0, "port for /metrics on 127.0.0.1; 0: none",
     NULL},
    {"allowed-origins", SV_TYPE_STR, AT (allowed_origins), NULL, 1, 8192, SV_RELOADABLE,
     "exact origins of browsers, comma separated; unset: the host the request names", NULL},
    {"allowed-hosts", SV_TYPE_STR, AT (allowed_hosts), NULL, 1, 8192, SV_RELOADABLE,
     "names the Host header may have, comma separated, with the port if it is not 80 or 443; unset: any", NULL},
    {"tls-cert", SV_TYPE_STR, AT (tls_cert), NULL, 1, 4096, 0, "certificate chain, PEM file; unset: no TLS", NULL},
    {"tls-key", SV_TYPE_STR, AT (tls_key), NULL, 1, 4096, 0, "key of the certificate, PEM file", NULL},
    {"connections", SV_TYPE_U64, AT (connections), TEXT (LIM_CONNECTIONS), 1, 1000000, 0,
     "clients at one time, cut to what RLIMIT_NOFILE leaves", NULL},
    {"send-buffer", SV_TYPE_SIZE, AT (send_buffer), "0", 0, 64 * 1024 * 1024, 0,
     "bytes the kernel keeps for one client; 0: its own measure, up to megabytes for one that reads slowly", NULL},
    {"head-timeout", SV_TYPE_DURATION, AT (head_ms), "10s", 100, 60000, SV_RELOADABLE, "a whole request head", NULL},
    {"body-timeout", SV_TYPE_DURATION, AT (body_ms), TEXT (LIM_HTTP_BODY_MS) "ms", 100, 600000, SV_RELOADABLE,
     "a whole request body", NULL},
    {"idle-timeout", SV_TYPE_DURATION, AT (idle_ms), TEXT (LIM_HTTP_IDLE_MS) "ms", 100, 600000, SV_RELOADABLE,
     "a kept connection without a request", NULL},
    {"ping-interval", SV_TYPE_DURATION, AT (ping_ms), TEXT (LIM_WS_PING_MS) "ms", 100, 600000, SV_RELOADABLE,
     "between two pings on a WebSocket", NULL},
    {"call-timeout", SV_TYPE_DURATION, AT (call_ms), "10s", 100, LIM_DEADLINE_MS, SV_RELOADABLE,
     "deadline of a request to a service", NULL},
    {"upload-max", SV_TYPE_SIZE, AT (upload_max), "1GiB", 1, LIM_SEQ, SV_RELOADABLE,
     "bytes of one file, as clients are told it; parley-drive has the last word", NULL},
    {"upload-patience", SV_TYPE_DURATION, AT (upload_ms), "30s", 100, 3600000, SV_RELOADABLE,
     "a client that sends less than 1 KiB/s of a file for so long is given up", NULL},
    {"download-patience", SV_TYPE_DURATION, AT (download_ms), "60s", 100, 3600000, SV_RELOADABLE,
     "a client that takes nothing of a file for so long is given up", NULL},
    {"ws-rate", SV_TYPE_U64, AT (ws_rate), TEXT (LIM_WS_RATE), 0, 1000000, SV_RELOADABLE,
     "frames a second a WebSocket may send, sustained; 0: no limit", NULL},
    {"rate-limits", SV_TYPE_BOOL, AT (rate_limits), "on", 0, 0, 0,
     "how often a client's network and account may ask; off: not on this machine, where a proxy or a test may be",
     NULL},
    {"pages", SV_TYPE_STR, AT (pages), NULL, 1, 4096 - 128, 0,
     "folder of Swagger UI and ReDoc, services/gateway/documents/pages of the source; unset: /swagger/ and /redoc/ are "
     "404",
     NULL},
    {"compat-open-admin-signup", SV_TYPE_BOOL, AT (compat_open_admin_signup), "off", 0, 0, SV_RELOADABLE,
     "let whoever registers at /register/ become staff by asking for it", NULL},
    {"compat-trust-userid", SV_TYPE_BOOL, AT (compat_trust_userid), "off", 0, 0, SV_RELOADABLE,
     "let who shows no credential at /ws/chat/<number>/ speak for the account that its frames name", NULL},
    {"compat-refresh-rotate", SV_TYPE_BOOL, AT (compat_refresh_rotate), "off", 0, 0, SV_RELOADABLE,
     "exchange the refresh token at /api/token/refresh/, so that each is good for one use", NULL},
    {"drain-spread", SV_TYPE_DURATION, AT (spread_ms), "3s", 0, 600000, SV_RELOADABLE,
     "on SIGTERM a thousand sockets or more are closed over this time, fewer in proportion", NULL},
};

const size_t gw_setting_count = sizeof gw_settings / sizeof gw_settings[0];
