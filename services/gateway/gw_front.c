/*  gw_front - the first bytes of a connection, read before lws has the socket. */

#include "gw_front.h"
#include "gw_config.h"
#include "gw_header.h"
#include "gw_server.h"
#include "pt_limits.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static const char s_start[] = "GET /v1/ws";
#define START (sizeof s_start - 1)

static const char s_list[] = "Sec-WebSocket-Protocol:";
#define LIST (sizeof s_list - 1)

struct gw_front {
    gw_link_t *link;
    sv_loop_t *loop; /* outlives the link */
    int fd;
    sv_watch_t *watch;
    pt_buf_t bytes;
};

/* ---- pure -------------------------------------------------------------------- */

gw_front_kind_t gw_front_judge (const char *bytes, size_t len)
{
    if (memcmp (bytes, s_start, len < START ? len : START) != 0)
        return GW_FRONT_OTHER;
    return len >= START && memmem (bytes, len, "\r\n\r\n", 4) ? GW_FRONT_WHOLE : GW_FRONT_MORE;
}

/*  The one line of the head with the list, without its end; NULL when there is
    none or more than one. */
static const char *s_find_list (const char *bytes, size_t head_len, size_t *out_len)
{
    const char *found = NULL, *end = bytes + head_len;
    for (const char *line = bytes; line < end;) {
        const char *next = memmem (line, (size_t)(end - line), "\r\n", 2);
        size_t len = (size_t)((next ? next : end) - line);
        if (len > LIST && strncasecmp (line, s_list, LIST) == 0) {
            if (found)
                return NULL;
            found = line;
            *out_len = len;
        }
        line += len + 2;
    }
    return found;
}

void gw_front_take_token (const char *bytes, size_t len, pt_buf_t *out, const char **out_token, size_t *out_len)
{
    const char *end = memmem (bytes, len, "\r\n\r\n", 4), *entry;
    size_t line_len = 0, at = 0, entry_len;
    const char *line = end ? s_find_list (bytes, (size_t)(end - bytes), &line_len) : NULL;
    bool is_token = false, is_first = true;
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
        } else if (!*out_token && entry_len == 6 && memcmp (entry, "bearer", 6) == 0) {
            is_token = true;
        } else {
            pt_buf_puts (out, is_first ? " " : ", ");
            pt_buf_put (out, entry, entry_len);
            is_first = false;
        }
    }
    pt_buf_put (out, line + line_len, len - (size_t)(line + line_len - bytes));
}

/* ---- the socket ----------------------------------------------------------------- */

void gw_front_destroy (gw_front_t **self_p)
{
    gw_front_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    sv_watch_cancel (self->loop, &self->watch);
    if (self->fd >= 0)
        close (self->fd);
    pt_buf_fini (&self->bytes);
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

static void s_hand_on_handshake (gw_front_t *self)
{
    gw_link_t *link = self->link;
    const char *token;
    size_t token_len = 0;
    pt_buf_t head;
    pt_buf_init (&head, 2 * LIM_HTTP_HEADERS);
    gw_front_take_token (self->bytes.at, self->bytes.len, &head, &token, &token_len);
    link->is_fronted = true;
    link->token = token ? strndup (token, token_len) : NULL;
    if (pt_buf_error (&head) == 0 && (!token || link->token))
        s_hand_on (self, head.at, head.len);
    else
        gw_link_free (link);
    pt_buf_fini (&head);
}

/*  Judged by a look that leaves the bytes in the socket: nearly all connections
    are handed on after it with nothing read. */
static gw_front_kind_t s_peek (gw_front_t *self)
{
    char first[START];
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
        s_hand_on_handshake (self);
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
