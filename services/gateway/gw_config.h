/*  gw_config - the settings of the gateway. */

#ifndef GW_CONFIG_H
#define GW_CONFIG_H

#include "sv_config.h"
#include <stdbool.h>

typedef struct gw_config {
    sv_common_t common;          /* first: sv_config relies on it */
    uint64_t http_port;          /* of the first bind address and all others */
    const char *bind;            /* comma separated addresses */
    bool share_port;             /* SO_REUSEPORT: several gateways on one port */
    uint64_t internal_port;      /* metrics, loopback only; 0: none */
    const char *allowed_origins; /* comma separated, exact; NULL: the request's own host */
    const char *allowed_hosts;   /* comma separated; NULL: any */
    const char *tls_cert;        /* files; both or none */
    const char *tls_key;
    uint64_t connections;
    uint64_t send_buffer; /* of each client's socket; 0: the kernel's own measure */
    uint64_t head_ms;     /* a request's head must be whole by then */
    uint64_t body_ms;
    uint64_t idle_ms;              /* between two requests of one connection */
    uint64_t ping_ms;              /* between two of our pings; a silent peer is gone after two of them */
    uint64_t call_ms;              /* deadline of a request to a service */
    uint64_t upload_max;           /* bytes of one file */
    uint64_t upload_ms;            /* a client that sends less than 1 KiB/s of a file for so long is given up */
    uint64_t download_ms;          /* one that takes nothing of a file for so long is */
    uint64_t ws_rate;              /* frames a second a WebSocket may send; 0: no limit */
    const char *pages;             /* folder of the pages that show the documents; NULL: none */
    bool rate_limits;              /* also for clients on this machine */
    bool compat_open_admin_signup; /* who registers in the dialect `public` may ask to be staff */
    bool compat_trust_userid;      /* who shows no credential on a socket of `public` speaks for whom it names */
    bool compat_refresh_rotate;    /* refresh tokens of the dialect `clock` are good for one use */
    uint64_t spread_ms;            /* closing many sockets on a drain takes so long */
} gw_config_t;

extern const sv_setting_t gw_settings[];
extern const size_t gw_setting_count;

#endif
