/*  gw_server - listening sockets, the lws context on our loop, all links, and the
    drain. */

#include "gw_server.h"
#include "gw_config.h"
#include "gw_events.h"
#include "gw_front.h"
#include "gw_header.h"
#include "gw_http.h"
#include "gw_loop.h"
#include "pt_limits.h"
#include <arpa/inet.h>
#include <errno.h>
#include <libwebsockets.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/*  Addresses to listen on, the internal one included. */
#define LISTENERS 8

/*  Connections taken from one listener a turn, so that a storm of them does not
    starve those that are there. */
#define ACCEPTS_PER_TURN 64

/*  How often the wheel is looked at: what timeouts are exact to. */
#define TICK_MS 50

/*  Files the process needs beside its clients. */
#define SPARE_FILES 128

/*  Header tables, 16 KiB each, that may be in use at one time; connections
    beyond wait for one.  Only the pages written to take memory. */
#define HEADER_TABLES 16384

/*  Sockets that a drain closes at once, and how many the spread is meant for. */
#define DRAIN_AT_ONCE 16
#define DRAIN_FULL 1000

typedef struct {
    gw_server_t *server;
    int fd;
    sv_watch_t *watch;
    bool is_internal;
    bool is_paused;
} listener_t;

struct gw_server {
    gw_t *gw;
    struct lws_context *context;
    struct lws_vhost *public_vhost, *internal_vhost;
    listener_t listeners[LISTENERS];
    unsigned listener_count;
    gw_link_t *links;
    size_t link_count, link_max;
    gw_link_t *dirty;
    gw_link_t *adopting; /* set to NULL when lws destroys it at once */
    sv_wheel_t wheel;
    sv_timer_t *tick;
    pt_buf_t scratch;
    gw_counters_t counters;
};

/* ---- links ------------------------------------------------------------------- */

void gw_server_add (gw_server_t *self, gw_link_t *link)
{
    link->next = self->links;
    link->link = &self->links;
    if (link->next)
        link->next->link = &link->next;
    self->links = link;
    self->link_count++;
    sv_metric_set (self->counters.links, self->link_count);
}

static void s_forget_dirty (gw_server_t *self, gw_link_t *link)
{
    for (gw_link_t **at = &self->dirty; *at; at = &(*at)->next_dirty)
        if (*at == link) {
            *at = link->next_dirty;
            return;
        }
}

static void s_resume_listeners (gw_server_t *self)
{
    for (unsigned i = 0; i < self->listener_count; i++) {
        listener_t *listener = &self->listeners[i];
        if (listener->is_paused && listener->watch)
            listener->is_paused = sv_watch_set (self->gw->loop, listener->watch, SV_IN) != 0;
    }
}

void gw_server_remove (gw_server_t *self, gw_link_t *link)
{
    *link->link = link->next;
    if (link->next)
        link->next->link = link->link;
    self->link_count--;
    sv_metric_set (self->counters.links, self->link_count);
    sv_wheel_unset (&self->wheel, &link->patience);
    if (link->is_dirty)
        s_forget_dirty (self, link);
    if (self->adopting == link)
        self->adopting = NULL;
    s_resume_listeners (self);
}

void gw_server_mark_dirty (gw_server_t *self, gw_link_t *link)
{
    if (link->is_dirty)
        return;
    link->is_dirty = true;
    link->next_dirty = self->dirty;
    self->dirty = link;
}

/*  End of the turn: whoever has something to send sends it once. */
static void s_on_turn (void *arg)
{
    gw_server_t *self = arg;
    gw_sessions_turn (self->gw->sessions);
    while (self->dirty) {
        gw_link_t *link = self->dirty;
        self->dirty = link->next_dirty;
        link->is_dirty = false;
        gw_link_turn (link);
    }
}

void gw_server_set_patience (gw_server_t *self, gw_link_t *link, uint64_t ms)
{
    uint64_t now = sv_now_ms ();
    if (ms == 0)
        sv_wheel_unset (&self->wheel, &link->patience);
    else
        sv_wheel_set (&self->wheel, &link->patience, now + ms, now);
}

static void s_on_tick (void *arg)
{
    gw_server_t *self = arg;
    sv_wheel_node_t *node;
    while ((node = sv_wheel_pop (&self->wheel, sv_now_ms ())))
        gw_link_expired ((gw_link_t *)((char *)node - offsetof (gw_link_t, patience)));
}

void gw_server_nudge (gw_server_t *self)
{
    lws_cancel_service (self->context);
}

pt_buf_t *gw_server_scratch (gw_server_t *self)
{
    pt_buf_clear (&self->scratch);
    return &self->scratch;
}

gw_counters_t *gw_server_counters (gw_server_t *self)
{
    return &self->counters;
}

size_t gw_server_links (const gw_server_t *self)
{
    return self->link_count;
}

/* ---- accepting ----------------------------------------------------------------- */

static void s_name_peer (gw_link_t *link, const struct sockaddr_storage *address)
{
    const struct sockaddr *any = (const struct sockaddr *)address;
    socklen_t len = any->sa_family == AF_INET6 ? sizeof (struct sockaddr_in6) : sizeof (struct sockaddr_in);
    if (getnameinfo (any, len, link->peer, sizeof link->peer, NULL, 0, NI_NUMERICHOST) != 0)
        snprintf (link->peer, sizeof link->peer, "?");
}

gw_link_t *gw_server_adopting (gw_server_t *self)
{
    return self->adopting;
}

void gw_server_adopt (gw_server_t *self, gw_link_t *link, int fd, const char *bytes, size_t len)
{
    struct lws_vhost *vhost = link->is_internal ? self->internal_vhost : self->public_vhost;
    self->adopting = link;
    gw_link_enter (link, GW_PHASE_HEAD, self->gw->config->head_ms);
    struct lws *wsi = lws_adopt_socket_vhost_readbuf (vhost, fd, bytes, len);
    bool is_alive = self->adopting == link;
    self->adopting = NULL;
    /*  lws closes the fd when it fails, and then may or may not have told us. */
    if (is_alive && !wsi && !link->wsi)
        gw_link_free (link);
}

static void s_take (gw_server_t *self, listener_t *listener, int fd, const struct sockaddr_storage *address)
{
    int on = 1;
    sv_metric_add (self->counters.accepted, 1);
    gw_link_t *link = gw_link_new (self->gw, listener->is_internal);
    if (!link) {
        close (fd);
        return;
    }
    s_name_peer (link, address);
    gw_limit_network (address, &link->network);
    setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt (fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on); /* gw_http.c counts on it */
    int buffer = (int)self->gw->config->send_buffer;
    if (buffer > 0)
        setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    bool can_look = !listener->is_internal && !self->gw->config->tls_cert;
    if (!can_look || gw_front_start (link, fd) != 0)
        gw_server_adopt (self, link, fd, NULL, 0);
}

static void s_pause (listener_t *listener)
{
    listener->is_paused = sv_watch_set (listener->server->gw->loop, listener->watch, 0) == 0;
}

static void s_on_acceptable (void *arg, int events)
{
    (void)events;
    listener_t *listener = arg;
    gw_server_t *self = listener->server;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        if (self->link_count >= self->link_max) {
            s_pause (listener);
            return;
        }
        struct sockaddr_storage address = {0};
        socklen_t len = sizeof address;
        int fd = accept4 (listener->fd, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            s_take (self, listener, fd, &address);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            /*  Someone else used up the files; the next link that goes resumes. */
            sv_log (self->gw->log, SV_WARN, NULL, "can't accept: %s", strerror (errno));
            s_pause (listener);
            return;
        }
        if (errno != EINTR && errno != ECONNABORTED)
            return;
    }
}

/* ---- listening ------------------------------------------------------------------- */

static int s_bind (const struct addrinfo *info, bool is_shared)
{
    int on = 1;
    int fd = socket (info->ai_family, info->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, info->ai_protocol);
    if (fd < 0)
        return -1;
    setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (is_shared)
        setsockopt (fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (info->ai_family == AF_INET6)
        setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind (fd, info->ai_addr, info->ai_addrlen) == 0 && listen (fd, 4096) == 0)
        return fd;
    int saved = errno;
    close (fd);
    errno = saved;
    return -1;
}

static int s_listen (gw_server_t *self, const char *address, uint64_t port, bool is_internal, int *out_exit)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *info = NULL;
    char service[8];
    snprintf (service, sizeof service, "%u", (unsigned)port);
    if (self->listener_count == LISTENERS || getaddrinfo (address, service, &hints, &info) != 0) {
        sv_log (self->gw->log, SV_ERROR, NULL, "bind: `%s` is not an address, or one too many", address);
        *out_exit = 78;
        return -PT_E_invalid;
    }
    int fd = s_bind (info, self->gw->config->share_port && !is_internal);
    freeaddrinfo (info);
    if (fd < 0) {
        sv_log (self->gw->log, SV_ERROR, NULL, "can't listen on %s port %s: %s", address, service, strerror (errno));
        *out_exit = 69;
        return -PT_E_unavailable;
    }
    self->listeners[self->listener_count++] = (listener_t){.server = self, .fd = fd, .is_internal = is_internal};
    return 0;
}

static int s_listen_all (gw_server_t *self, int *out_exit)
{
    const gw_config_t *config = self->gw->config;
    const char *entry;
    size_t len, at = 0;
    int err = 0;
    while (err == 0 && gw_header_next (config->bind, strlen (config->bind), &at, &entry, &len)) {
        char address[64];
        snprintf (address, sizeof address, "%.*s", len < 63 ? (int)len : 63, entry);
        err = s_listen (self, address, config->http_port, false, out_exit);
    }
    if (err == 0 && config->internal_port != 0)
        err = s_listen (self, "127.0.0.1", config->internal_port, true, out_exit);
    return err;
}

/* ---- lws --------------------------------------------------------------------------- */

static void s_lws_log (int level, const char *line)
{
    (void)level;
    (void)line;
}

static struct lws_vhost *s_make_vhost (gw_server_t *self, const char *name, bool has_tls)
{
    const gw_config_t *config = self->gw->config;
    /*  Liveness is gw_link's: lws's own pings and hang-ups stay off. */
    static const lws_retry_bo_t no_pings = {0};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .vhost_name = name,
        .protocols = gw_protocols,
        .timeout_secs = 10,
        .keepalive_timeout = 60,
        .alpn = "http/1.1",
        .retry_and_idle_policy = &no_pings,
        .options = LWS_SERVER_OPTION_FALLBACK_TO_APPLY_LISTEN_ACCEPT_CONFIG,
    };
    if (has_tls) {
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        info.ssl_cert_filepath = config->tls_cert;
        info.ssl_private_key_filepath = config->tls_key;
    }
    return lws_create_vhost (self->context, &info);
}

static int s_make_context (gw_server_t *self, int *out_exit)
{
    const gw_config_t *config = self->gw->config;
    void *loops[1] = {gw_loop_ev (self->gw->loop)};
    const struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_LIBEV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   (config->tls_cert ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0),
        .foreign_loops = loops,
        .max_http_header_data2 = LIM_HTTP_HEADERS,
        .max_http_header_pool2 = HEADER_TABLES,
        .pt_serv_buf_size = GW_HTTP_SLICE,
        .user = self,
        .gid = (int)-1,
        .uid = (int)-1,
    };
    lws_set_log_level (LLL_ERR, s_lws_log);
    self->context = lws_create_context (&info);
    if (!self->context) {
        sv_log (self->gw->log, SV_ERROR, NULL,
                "libwebsockets could not start (is the package libwebsockets-evlib-ev installed?)");
        *out_exit = 78;
        return -PT_E_internal;
    }
    self->public_vhost = s_make_vhost (self, "public", config->tls_cert != NULL);
    self->internal_vhost = s_make_vhost (self, "internal", false);
    if (!self->public_vhost || !self->internal_vhost) {
        sv_log (self->gw->log, SV_ERROR, NULL, config->tls_cert ? "tls-cert or tls-key can't be used" : "no vhost");
        *out_exit = 78;
        return -PT_E_internal;
    }
    return 0;
}

/* ---- life ---------------------------------------------------------------------------- */

static void s_register (gw_server_t *self)
{
    sv_metrics_t *metrics = self->gw->metrics;
    self->counters = (gw_counters_t){
        .accepted = sv_metrics_counter (metrics, "parley_gateway_accepted_total", NULL, "connections accepted"),
        .refused = sv_metrics_counter (metrics, "parley_gateway_upgrades_refused_total", NULL, "handshakes refused"),
        .links = sv_metrics_gauge (metrics, "parley_gateway_connections", NULL, "connections now"),
        .sockets = sv_metrics_gauge (metrics, "parley_gateway_websockets", NULL, "WebSockets now"),
        .requests = sv_metrics_counter (metrics, "parley_gateway_http_requests_total", NULL, "requests answered"),
        .errors = sv_metrics_counter (metrics, "parley_gateway_http_errors_total", NULL, "answers of 500 and above"),
        .latency = sv_metrics_histogram (metrics, "parley_gateway_http_seconds", NULL, "from head to answer"),
        .killed = sv_metrics_counter (metrics, "parley_gateway_silent_total", NULL, "WebSockets that missed a pong"),
        .written = sv_metrics_counter (metrics, "parley_gateway_websocket_bytes_total", NULL, "bytes to WebSockets"),
        .limited = sv_metrics_counter (metrics, "parley_gateway_limited_total", NULL,
                                       "requests and handshakes of who asked too often"),
    };
}

static size_t s_link_max (const gw_config_t *config)
{
    struct rlimit limit;
    size_t most = config->connections;
    if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        most = limit.rlim_cur <= 2 * SPARE_FILES     ? limit.rlim_cur / 2
               : most > limit.rlim_cur - SPARE_FILES ? limit.rlim_cur - SPARE_FILES
                                                     : most;
    return most > 0 ? most : 1;
}

/*  What one setting alone can't tell. */
static bool s_settings_fit (const gw_t *gw)
{
    const gw_config_t *config = gw->config;
    const char *origin;
    size_t len, at = 0;
    if ((config->tls_cert != NULL) != (config->tls_key != NULL)) {
        sv_log (gw->log, SV_ERROR, NULL, "tls-cert and tls-key go together");
        return false;
    }
    while (config->allowed_origins &&
           gw_header_next (config->allowed_origins, strlen (config->allowed_origins), &at, &origin, &len))
        if (!gw_header_is_origin (origin, len)) {
            sv_log (gw->log, SV_ERROR, NULL, "allowed-origins: `%.*s` is not an origin such as https://app.example",
                    (int)len, origin);
            return false;
        }
    return true;
}

gw_server_t *gw_server_new (gw_t *gw, int *out_exit)
{
    gw_server_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->gw = gw;
    self->link_max = s_link_max (gw->config);
    sv_wheel_init (&self->wheel);
    pt_buf_init (&self->scratch, 8 * 1024 * 1024);
    s_register (self);
    if (!s_settings_fit (gw)) {
        *out_exit = 78;
    } else if (s_listen_all (self, out_exit) == 0 && s_make_context (self, out_exit) == 0) {
        self->tick = sv_loop_timer (gw->loop, TICK_MS, TICK_MS, s_on_tick, self);
        if (self->tick)
            return self;
    }
    gw_server_destroy (&self);
    return NULL;
}

static void s_stop_listening (gw_server_t *self)
{
    for (unsigned i = 0; i < self->listener_count; i++) {
        sv_watch_cancel (self->gw->loop, &self->listeners[i].watch);
        if (self->listeners[i].fd >= 0)
            close (self->listeners[i].fd);
        self->listeners[i].fd = -1;
    }
    self->listener_count = 0;
}

void gw_server_destroy (gw_server_t **self_p)
{
    gw_server_t *self = *self_p;
    if (!self) {
        *self_p = NULL;
        return;
    }
    s_stop_listening (self);
    gw_loop_on_turn (self->gw->loop, NULL, NULL);
    /*  Links are freed by the callbacks of this, and look at the server then. */
    if (self->context)
        lws_context_destroy (self->context);
    *self_p = NULL;
    sv_timer_cancel (self->gw->loop, &self->tick);
    pt_buf_fini (&self->scratch);
    free (self);
}

int gw_server_start (gw_server_t *self)
{
    gw_loop_on_turn (self->gw->loop, s_on_turn, self);
    for (unsigned i = 0; i < self->listener_count; i++) {
        listener_t *listener = &self->listeners[i];
        listener->watch = sv_loop_watch_fd (self->gw->loop, listener->fd, SV_IN, s_on_acceptable, listener);
        if (!listener->watch)
            return -PT_E_memory;
    }
    sv_log (self->gw->log, SV_INFO, NULL, "listening on %s port %u, at most %zu connections", self->gw->config->bind,
            (unsigned)self->gw->config->http_port, self->link_max);
    return 0;
}

/*  A few sockets go at once; many over the spread, so that they don't all
    reconnect in one moment. */
void gw_server_drain (gw_server_t *self)
{
    s_stop_listening (self);
    uint64_t now = sv_now_ms (), spread = self->gw->config->spread_ms;
    size_t count = self->link_count, i = 0;
    if (count <= DRAIN_AT_ONCE)
        spread = 0;
    else if (count < DRAIN_FULL)
        spread = spread * count / DRAIN_FULL;
    for (gw_link_t *link = self->links, *next; link; link = next, i++) {
        next = link->next;
        uint64_t due = now + 1 + spread * i / count;
        gw_link_drain (link, (uint32_t)(spread / 2 + 100), due);
    }
}
