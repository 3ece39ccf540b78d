/*  gw_front - the first bytes of a connection, read before lws has the socket. */

#include "gw_front.h"
#include "gw_config.h"
#include "gw_header.h"
#include "gw_server.h"
#include "gw_upgrade.h"
#include "pt_limits.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

/*  What the heads of handshakes begin with. */
static const char *const s_starts[] = {"GET /v1/ws", "GET " GW_GATE_PATH};
#define STARTS (sizeof s_starts / sizeof *s_starts)
#define METHOD (sizeof "GET " - 1)
#define FIRST 16 /* more than the longest of them */

static const char s_list[] = "Sec-WebSocket-Protocol:";
static const char s_authorization[] = "Authorization:";
static const char s_cookie[] = "Cookie:";
#define LIST (sizeof s_list - 1)

struct gw_front {
    gw_link_t *link;
    sv_loop_t *loop; /* outlives the link */
    int fd;
    sv_watch_t *watch;
    pt_buf_t bytes;
    pt_buf_t head; /* the handshake, for lws */
    gw_proof_t proof;
};

/* ---- pure -------------------------------------------------------------------- */

gw_front_kind_t gw_front_judge (const char *bytes, size_t len)
{
    for (size_t i = 0; i < STARTS; i++) {
        size_t start = strlen (s_starts[i]);
        if (memcmp (bytes, s_starts[i], len < start ? len : start) == 0)
            return len >= start && memmem (bytes, len, "\r\n\r\n", 4) ? GW_FRONT_WHOLE : GW_FRONT_MORE;
    }
    return GW_FRONT_OTHER;
}

/*  The one line of the head that begins so, without its end; NULL when there is
    none or, as `*out_count` tells, more than one. */
static const char *s_find_line (const char *bytes, size_t head_len, const char *name, size_t *out_len,
                                unsigned *out_count)
{
    const char *found = NULL, *end = bytes + head_len;
    size_t name_len = strlen (name);
    *out_count = 0;
    for (const char *line = bytes; line < end;) {
        const char *next = memmem (line, (size_t)(end - line), "\r\n", 2);
        size_t len = (size_t)((next ? next : end) - line);
        if (len > name_len && strncasecmp (line, name, name_len) == 0) {
            found = line;
            *out_len = len;
            ++*out_count;
        }
        line += len + 2;
    }
    return *out_count == 1 ? found : NULL;
}

/*  The path and, behind it, the query of a handshake's head (empty: none). */
static bool s_read_target (const char *bytes, size_t len, pt_str_t *out_path, pt_str_t *out_query)
{
    const char *line_end = memmem (bytes, len, "\r\n", 2);
    if (!line_end || gw_front_judge (bytes, len) != GW_FRONT_WHOLE)
        return false;
    const char *at = bytes + METHOD, *end = memchr (at, ' ', (size_t)(line_end - at));
    if (!end)
        return false;
    const char *mark = memchr (at, '?', (size_t)(end - at));
    *out_path = (pt_str_t){at, (uint32_t)((mark ? mark : end) - at)};
    *out_query = mark ? (pt_str_t){mark + 1, (uint32_t)(end - mark - 1)} : (pt_str_t){0};
    return true;
}

bool gw_front_name (const char *bytes, size_t len, pt_str_t *out_name)
{
    pt_str_t path, query;
    return s_read_target (bytes, len, &path, &query) && gw_gate_name (path, out_name);
}

void gw_front_take_token (const char *bytes, size_t len, pt_buf_t *out, const char **out_token, size_t *out_len)
{
    const char *end = memmem (bytes, len, "\r\n\r\n", 4), *entry;
    size_t line_len = 0, at = 0, entry_len;
    unsigned count;
    const char *line = end ? s_find_line (bytes, (size_t)(end - bytes), s_list, &line_len, &count) : NULL;
    pt_str_t name;
    bool is_token = false, is_first = true, is_seat = gw_front_name (bytes, len, &name);
    *out_token = NULL;
    if (!line) {
        pt_buf_put (out, bytes, len);
        return;
    }
    pt_buf_put (out, bytes, (size_t)(line - bytes));
    pt_buf_puts (out, s_list);
    while (gw_header_next (line + LIST, line_len - LIST, &at, &entry, &entry_len)) {
        if (is_token) {
            *out_token = entry;
            *out_len = entry_len;
            is_token = false;
            continue;
        }
        is_token = !*out_token && entry_len == 6 && memcmp (entry, GW_BEARER, 6) == 0;
        if (!is_token || is_seat) {
            pt_buf_puts (out, is_first ? " " : ", ");
            pt_buf_put (out, entry, entry_len);
            is_first = false;
        }
    }
    pt_buf_put (out, line + line_len, len - (size_t)(line + line_len - bytes));
}

/*  The value of a header that comes once, trimmed; false when it is repeated. */
static bool s_show_header (const char *bytes, size_t head_len, const char *name, pt_str_t *out)
{
    unsigned count;
    size_t len = 0, at = strlen (name);
    const char *line = s_find_line (bytes, head_len, name, &len, &count);
    if (!line)
        return count == 0;
    while (at < len && (line[at] == ' ' || line[at] == '\t'))
        at++;
    while (len > at && (line[len - 1] == ' ' || line[len - 1] == '\t'))
        len--;
    *out = (pt_str_t){line + at, (uint32_t)(len - at)};
    return true;
}

/*  `token` of the query; false when lws has to unescape it. */
static bool s_show_query (const char *query, size_t len, pt_str_t *out)
{
    static const char name[] = "token=";
    const size_t name_len = sizeof name - 1;
    for (size_t at = 0, part; at < len && !out->at; at += part + 1) {
        const char *end = memchr (query + at, '&', len - at);
        part = end ? (size_t)(end - query) - at : len - at;
        if (part >= name_len && memcmp (query + at, name, name_len) == 0)
            *out = (pt_str_t){query + at + name_len, (uint32_t)(part - name_len)};
    }
    return !out->at || !memchr (out->at, '%', out->len);
}

bool gw_front_show (const char *bytes, size_t len, gw_shown_t *out)
{
    pt_str_t path, query, name;
    *out = (gw_shown_t){.is_socket = true};
    if (!s_read_target (bytes, len, &path, &query))
        return false;
    if (!pt_str_eq (path, PT_LIT ("/v1/ws")) && !gw_gate_name (path, &name))
        return false;
    if (query.len && !s_show_query (query.at, query.len, &out->query))
        return false;
    size_t head_len = (size_t)((const char *)memmem (bytes, len, "\r\n\r\n", 4) - bytes);
    /*  Cookies in several headers are none, as in gw_http_identity.c. */
    (void)s_show_header (bytes, head_len, s_cookie, &out->cookies);
    return s_show_header (bytes, head_len, s_authorization, &out->authorization);
}

/* ---- the socket ----------------------------------------------------------------- */

void gw_front_destroy (gw_front_t **self_p)
{
    gw_front_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    gw_prove_cancel (&self->proof);
    sv_watch_cancel (self->loop, &self->watch);
    if (self->fd >= 0)
        close (self->fd);
    pt_buf_fini (&self->bytes);
    pt_buf_fini (&self->head);
    free (self);
}

/*  Hands the socket and what was read of it to lws. */
static void s_hand_on (gw_front_t *self, const char *bytes, size_t len)
{
    gw_link_t *link = self->link;
    int fd = self->fd;
    self->fd = -1;
    sv_watch_cancel (self->loop, &self->watch);
    link->front = NULL;
    gw_server_adopt (link->gw->server, link, fd, bytes, len); /* the link may be gone after */
    gw_front_destroy (&self);
}

/*  What comes meanwhile waits in the socket. */
static void s_wait (gw_front_t *self)
{
    if (sv_watch_set (self->loop, self->watch, 0) != 0)
        gw_link_free (self->link);
}

static void s_on_gate (void *arg)
{
    gw_front_t *self = arg;
    s_hand_on (self, self->head.at, self->head.len);
}

/*  Whoever speaks a dialect is let in, or not, before lws can say 101. */
static bool s_waits_at_gate (gw_front_t *self)
{
    gw_link_t *link = self->link;
    pt_str_t name;
    if (!gw_front_name (self->bytes.at, self->bytes.len, &name) || gw_gate_begin (&link->gate, name) != 0)
        return false;
    link->is_in_pace = gw_limit_take (link->gw->limit, GW_LIMIT_SOCKET, &link->network, sv_now_ms ()) == 0;
    return link->is_in_pace && link->refusal == 0 && gw_link_enter_gate (link, s_on_gate, self) == GW_GATE_LATER;
}

static void s_on_proved (void *arg)
{
    gw_front_t *self = arg;
    gw_link_judge (self->link, &self->proof);
    if (s_waits_at_gate (self))
        s_wait (self);
    else
        s_hand_on (self, self->head.at, self->head.len);
}

static void s_take_handshake (gw_front_t *self)
{
    gw_link_t *link = self->link;
    const char *token;
    size_t token_len = 0;
    gw_front_take_token (self->bytes.at, self->bytes.len, &self->head, &token, &token_len);
    link->is_fronted = true;
    if (pt_buf_error (&self->head) != 0) {
        gw_link_free (link);
        return;
    }
    self->proof =
        (gw_proof_t){.gw = link->gw, .peer = link->peer, .network = &link->network, .fn = s_on_proved, .arg = self};
    if (!gw_front_show (self->bytes.at, self->bytes.len, &self->proof.shown)) {
        s_hand_on (self, self->head.at, self->head.len);
        return;
    }
    self->proof.shown.subprotocol = (pt_str_t){token, (uint32_t)token_len};
    gw_link_enter (link, GW_PHASE_FIRST, link->gw->config->head_ms);
    if (gw_prove (&self->proof) != GW_PROVE_LATER)
        s_on_proved (self);
    else
        s_wait (self);
}

/*  Judged by a look that leaves the bytes in the socket: nearly all connections
    are handed on after it with nothing read. */
static gw_front_kind_t s_peek (gw_front_t *self)
{
    char first[FIRST];
    ssize_t n = recv (self->fd, first, sizeof first, MSG_PEEK | MSG_DONTWAIT);
    return n > 0 ? gw_front_judge (first, (size_t)n) : GW_FRONT_MORE;
}

static void s_on_readable (void *arg, int events)
{
    (void)events;
    gw_front_t *self = arg;
    if (self->bytes.len == 0 && s_peek (self) == GW_FRONT_OTHER) {
        s_hand_on (self, NULL, 0);
        return;
    }
    size_t room = LIM_HTTP_HEADERS - self->bytes.len;
    char *to = pt_buf_reserve (&self->bytes, room < 2048 ? room : 2048);
    ssize_t n = to && room > 0 ? recv (self->fd, to, room < 2048 ? room : 2048, MSG_DONTWAIT) : 0;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        gw_link_free (self->link);
        return;
    }
    self->bytes.len += (size_t)n;
    switch (gw_front_judge (self->bytes.at, self->bytes.len)) {
    case GW_FRONT_WHOLE:
        s_take_handshake (self);
        return;
    case GW_FRONT_OTHER:
        /*  Less than a head was read, so lws will have used it up before the rest
            comes: this is no pipelined request. */
        s_hand_on (self, self->bytes.at, self->bytes.len);
        return;
    case GW_FRONT_MORE:
        return;
    }
}

int gw_front_start (gw_link_t *link, int fd)
{
    gw_front_t *self = calloc (1, sizeof *self);
    if (!self)
        return -PT_E_memory;
    self->link = link;
    self->loop = link->gw->loop;
    self->fd = -1;
    pt_buf_init (&self->bytes, LIM_HTTP_HEADERS);
    pt_buf_init (&self->head, 2 * LIM_HTTP_HEADERS);
    self->watch = sv_loop_watch_fd (self->loop, fd, SV_IN, s_on_readable, self);
    if (!self->watch) {
        gw_front_destroy (&self);
        return -PT_E_memory;
    }
    self->fd = fd;
    link->front = self;
    gw_link_enter (link, GW_PHASE_FIRST, link->gw->config->head_ms);
    return 0;
}
