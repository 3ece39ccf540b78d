/*  gw_probe - a client for tests that says exactly what it is told to, byte by
    byte, and a gateway behind fakes to say it to. */

#ifndef GW_PROBE_H
#define GW_PROBE_H

#include "gw_forge.h"
#include "harness.h"
#include "sv_loop.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/*  No probe waits longer. */
#define PROBE_WAIT_MS 8000

/*  What proves that nothing more comes, where only silence can prove it. */
#define PROBE_QUIET_MS 150

typedef struct {
    harness_t *harness;
    uint16_t port, internal_port;
    int kept[2]; /* keep the ports */
    cjose_jwk_t *key;
    char *token;
    char key_text[1024];
} probe_t;

/* ---- sockets ------------------------------------------------------------------ */

/*  A port that nobody else is given while the descriptor is open, and that the gateway
    may listen on: both sides say SO_REUSEADDR, and this one does not listen. */
static inline int probe_keep_port (uint16_t *out)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int on = 1; /* said afterwards: the kernel may give a port to two that say so before */
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true (fd >= 0 && bind (fd, (struct sockaddr *)&at, len) == 0);
    assert_int_equal (setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    assert_int_equal (getsockname (fd, (struct sockaddr *)&at, &len), 0);
    *out = ntohs (at.sin_port);
    return fd;
}

/*  From another address of this machine, 127.0.0.1 and so on. */
static inline int probe_connect_from (uint32_t host, uint16_t port)
{
    const struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK), .sin_port = htons (port)};
    const struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl (host)};
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1; /* as many connections as without an address */
    assert_true (fd >= 0 && setsockopt (fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) == 0);
    assert_int_equal (bind (fd, (const struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal (connect (fd, (const struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static inline int probe_connect (uint16_t port)
{
    return probe_connect_from (INADDR_LOOPBACK, port);
}

/*  Sends all; a peer that closes meanwhile is no fault of the probe. */
static inline void probe_send (int fd, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t n = send (fd, at, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        at += n;
        len -= (size_t)n;
    }
}

static inline void probe_say (int fd, const char *text)
{
    probe_send (fd, text, strlen (text));
}

/*  What came, with a NUL behind it, and how it ended. */
typedef struct {
    char bytes[1024 * 1024];
    size_t len;
    bool is_closed;
    uint64_t took_ms;
} probe_got_t;

/*  Reads until the peer closes, or has been silent for `quiet_ms`. */
static inline probe_got_t *probe_read (int fd, uint64_t quiet_ms)
{
    static probe_got_t got;
    uint64_t start = sv_now_ms ();
    memset (&got, 0, sizeof got);
    while (got.len < sizeof got.bytes - 1 && sv_now_ms () - start < PROBE_WAIT_MS) {
        struct pollfd item = {.fd = fd, .events = POLLIN};
        if (poll (&item, 1, (int)quiet_ms) <= 0)
            break;
        ssize_t n = recv (fd, got.bytes + got.len, sizeof got.bytes - 1 - got.len, 0);
        if (n <= 0) {
            got.is_closed = true;
            break;
        }
        got.len += (size_t)n;
    }
    got.took_ms = sv_now_ms () - start;
    return &got;
}

/*  Says it on a fresh connection and reads all there is to come. */
static inline probe_got_t *probe_ask (uint16_t port, const char *text, size_t len, uint64_t quiet_ms)
{
    int fd = probe_connect (port);
    probe_send (fd, text, len);
    probe_got_t *got = probe_read (fd, quiet_ms);
    close (fd);
    return got;
}

/* ---- answers -------------------------------------------------------------------- */

/*  Status of the first answer, 0 when there is none. */
static inline int probe_status (const probe_got_t *got)
{
    return got->len > 12 && memcmp (got->bytes, "HTTP/1.", 7) == 0 ? (int)strtol (got->bytes + 9, NULL, 10) : 0;
}

static inline unsigned probe_count (const probe_got_t *got, const char *text)
{
    unsigned count = 0;
    for (const char *at = got->bytes; (at = strstr (at, text)); at++)
        count++;
    return count;
}

/*  Whole answers among the bytes, by Content-Length. */
static inline bool probe_is_whole (const probe_got_t *got)
{
    const char *end = strstr (got->bytes, "\r\n\r\n");
    if (!end)
        return false;
    const char *length = strstr (got->bytes, "Content-Length: ");
    size_t need = length && length < end ? (size_t)strtoul (length + 16, NULL, 10) : 0;
    return got->len >= (size_t)(end + 4 - got->bytes) + need;
}

/*  Reads one whole answer from a connection that stays open. */
static inline probe_got_t *probe_answer (int fd)
{
    static probe_got_t got;
    memset (&got, 0, sizeof got);
    uint64_t end_ms = sv_now_ms () + PROBE_WAIT_MS;
    while (!probe_is_whole (&got) && sv_now_ms () < end_ms && got.len < sizeof got.bytes - 1) {
        struct pollfd item = {.fd = fd, .events = POLLIN};
        if (poll (&item, 1, PROBE_WAIT_MS) <= 0)
            break;
        ssize_t n = recv (fd, got.bytes + got.len, sizeof got.bytes - 1 - got.len, 0);
        if (n <= 0) {
            got.is_closed = true;
            break;
        }
        got.len += (size_t)n;
    }
    return &got;
}

/*  Asks on a fresh connection and reads one answer. */
static inline probe_got_t *probe_get (uint16_t port, const char *text)
{
    int fd = probe_connect (port);
    probe_say (fd, text);
    probe_got_t *got = probe_answer (fd);
    close (fd);
    return got;
}

/* ---- WebSocket -------------------------------------------------------------------- */

#define PROBE_SOCKET                                                                                                   \
    "Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"                                                         \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
#define PROBE_UPGRADE "GET /v1/ws HTTP/1.1\r\n" PROBE_SOCKET

/*  A socket that has been upgraded; what came behind the 101 is dropped with the
    hello frame. */
static inline int probe_upgrade (uint16_t port, const char *extra)
{
    char text[4096];
    int fd = probe_connect (port);
    snprintf (text, sizeof text, "%s%s\r\n", PROBE_UPGRADE, extra);
    probe_say (fd, text);
    probe_got_t *got = probe_answer (fd);
    if (probe_status (got) != 101)
        fail_msg ("no upgrade: %s", got->bytes);
    return fd;
}

typedef struct {
    unsigned opcode;
    const char *payload;
    size_t len;
    bool is_continued; /* not the last of its message */
    bool is_bare;      /* not masked */
    unsigned reserved;
    uint64_t claim; /* length in the header, when it is not `len` */
} probe_frame_t;

/*  Appends a client's frame; the mask is fixed. */
static inline void probe_frame (pt_buf_t *out, const probe_frame_t *frame)
{
    static const unsigned char mask[4] = {0x12, 0x34, 0x56, 0x78};
    uint64_t len = frame->claim ? frame->claim : frame->len;
    unsigned char head[14] = {(unsigned char)((frame->is_continued ? 0 : 0x80) | frame->reserved << 4 | frame->opcode),
                              frame->is_bare ? 0 : 0x80};
    size_t at = 2;
    unsigned bytes = len < 126 ? 0 : len < 65536 ? 2 : 8;
    head[1] = (unsigned char)(head[1] | (bytes == 0 ? len : bytes == 2 ? 126 : 127));
    for (unsigned i = 0; i < bytes; i++)
        head[at++] = (unsigned char)(len >> (8 * (bytes - 1 - i)));
    if (!frame->is_bare) {
        memcpy (head + at, mask, 4);
        at += 4;
    }
    pt_buf_put (out, head, at);
    char *to = pt_buf_reserve (out, frame->len);
    assert_non_null (to);
    for (size_t i = 0; i < frame->len; i++)
        to[i] = (char)(frame->is_bare ? frame->payload[i] : frame->payload[i] ^ mask[i & 3]);
    out->len += frame->len;
}

/*  Says one text message. */
static inline void probe_text (int fd, const char *text)
{
    pt_buf_t out;
    pt_buf_init (&out, 256 * 1024);
    probe_frame (&out, &(probe_frame_t){.opcode = 1, .payload = text, .len = strlen (text)});
    assert_int_equal (pt_buf_error (&out), 0);
    probe_send (fd, out.at, out.len);
    pt_buf_fini (&out);
}

/*  Close code among the server's frames; 0 when it sent no close frame, 1005 when
    it sent one without a code. */
static inline unsigned probe_close_code (const probe_got_t *got)
{
    const unsigned char *at = (const unsigned char *)got->bytes, *end = at + got->len;
    while (end - at >= 2) {
        size_t len = at[1] & 127, head = 2;
        if (len == 126 && end - at >= 4) {
            len = (size_t)at[2] << 8 | at[3];
            head = 4;
        }
        if ((at[0] & 15) == 8)
            return len >= 2 && (size_t)(end - at) >= head + 2 ? (unsigned)at[head] << 8 | at[head + 1] : 1005;
        if ((size_t)(end - at) < head + len)
            return 0;
        at += head + len;
    }
    return 0;
}

/* ---- the gateway ------------------------------------------------------------------- */

static inline void probe_on_keys (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    probe_t *self = ctx;
    const pt_public_key_t key = {.kid = PT_LIT ("k1"), .jwk = pt_str (self->key_text)};
    const pt_key_set_t keys = {.keys = {&key, 1}};
    harness_answer (harness, call, &keys);
}

/*  Nothing was ever revoked. */
static inline void probe_on_revoked (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    (void)ctx;
    const pt_revoked_page_t page = {.cursor = PT_LIT ("c")};
    harness_answer (harness, call, &page);
}

/*  Starts a gateway with `extra` arguments (NULL-terminated, may be NULL) that
    has keys and a token it would take (account 7, session 42), but has not been told
    what was revoked. */
static inline probe_t *probe_new_unswept (const char *const *extra)
{
    char port[8], internal_port[8];
    const char *args[24] = {"--http-port", port, "--internal-port", internal_port, "--rate-limits=off"};
    probe_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    self->kept[0] = probe_keep_port (&self->port);
    self->kept[1] = probe_keep_port (&self->internal_port);
    snprintf (port, sizeof port, "%u", self->port);
    snprintf (internal_port, sizeof internal_port, "%u", self->internal_port);
    for (size_t i = 5; extra && *extra && i < 23; i++)
        args[i] = *extra++;
    self->key = forge_key ();
    forge_public (self->key, "k1", self->key_text);
    self->token = forge_token (&(forge_t){.key = self->key, .claims = FORGE_CLAIMS});
    self->harness = harness_new ("parley-gateway", PT_PEER_gateway, args);
    probe_on_keys (self->harness, harness_expect (self->harness, PT_OP_auth_keys), self);
    harness_answer_status (self->harness, harness_expect (self->harness, PT_OP_chat_status), true);
    harness_fake (self->harness, PT_OP_auth_keys, probe_on_keys, self);
    harness_fake (self->harness, PT_OP_chat_status, harness_fake_ready, NULL);
    return self;
}

/*  The same, and nothing was. */
static inline probe_t *probe_new_quiet (const char *const *extra)
{
    probe_t *self = probe_new_unswept (extra);
    probe_on_revoked (self->harness, harness_expect (self->harness, PT_OP_chat_revoked), NULL);
    harness_fake (self->harness, PT_OP_chat_revoked, probe_on_revoked, NULL);
    return self;
}

/*  The same, and waits until it is ready. */
static inline probe_t *probe_new (const char *const *extra)
{
    probe_t *self = probe_new_quiet (extra);
    while (probe_status (probe_get (self->port, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")) != 200)
        ;
    return self;
}

/*  Tells that the token's session was signed out, until the gateway goes by it; whether it does. */
static inline bool probe_sign_out (const probe_t *self)
{
    char text[2048];
    const pt_revocation_t what = {.account = 7, .session = 42, .has_session = true};
    const pt_revocations_t told = {.items = {&what, 1}, .has_items = true};
    uint64_t end_ms = sv_now_ms () + PROBE_WAIT_MS;
    bool is_out = false;
    /*  An identity is judged before the path is found to name nobody. */
    snprintf (text, sizeof text, "GET /v1/accounts/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
              self->token);
    while (!is_out && sv_now_ms () < end_ms) {
        harness_publish (self->harness, "a", 1, PT_EV_revoked, &told);
        is_out = probe_status (probe_get (self->port, text)) == 401;
    }
    return is_out;
}

static inline void probe_destroy (probe_t **self_p)
{
    probe_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    harness_destroy (&self->harness);
    close (self->kept[0]);
    close (self->kept[1]);
    cjose_jwk_release (self->key);
    free (self->token);
    free (self);
}

/*  Processor time the gateway has used, in clock ticks. */
static inline unsigned long probe_cpu (const probe_t *self)
{
    char path[64], text[1024] = "";
    unsigned long user = 0, system = 0;
    snprintf (path, sizeof path, "/proc/%d/stat", harness_pid (self->harness));
    FILE *file = fopen (path, "r");
    assert_non_null (file);
    size_t len = fread (text, 1, sizeof text - 1, file);
    fclose (file);
    text[len] = '\0';
    const char *at = strrchr (text, ')');
    assert_non_null (at);
    assert_int_equal (sscanf (at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system), 2);
    return user + system;
}

#endif
