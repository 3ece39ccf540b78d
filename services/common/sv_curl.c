/*  sv_curl - libcurl's multi interface on our loop.

    libcurl says which sockets it waits for and when it wants to be called; we
    tell it what happened, and then collect what has ended.  Callbacks of the
    caller run after that, so they may start other transfers. */

#include "sv_curl.h"
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/*  Answers larger than this end a transfer that has not said otherwise. */
#define S_ANSWER_MAX (64 * 1024)

typedef struct s_transfer {
    CURL *handle;
    sv_curl_fn *fn;
    void *arg;
    size_t answer_len;
    curl_socket_t fd; /* that it waits for; CURL_SOCKET_BAD: none */
    struct s_transfer *next, **link;
} s_transfer_t;

struct sv_curl {
    sv_loop_t *loop;
    CURLM *multi;
    sv_timer_t *timer;
    unsigned most, count;
    s_transfer_t *transfers;
    struct s_socket *sockets;
};

typedef struct s_socket {
    sv_curl_t *self;
    curl_socket_t fd;
    sv_watch_t *watch;
    struct s_socket *next, **link;
} s_socket_t;

/*  ---- the end of a transfer ------------------------------------------------- */

static void s_free_transfer (sv_curl_t *self, s_transfer_t *transfer)
{
    *transfer->link = transfer->next;
    if (transfer->next)
        transfer->next->link = transfer->link;
    curl_multi_remove_handle (self->multi, transfer->handle);
    curl_easy_cleanup (transfer->handle);
    free (transfer);
    self->count--;
}

static void s_collect (sv_curl_t *self)
{
    CURLMsg *message;
    int left = 0;
    while ((message = curl_multi_info_read (self->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        s_transfer_t *transfer = NULL;
        sv_curl_result_t result = {.code = message->data.result, .text = curl_easy_strerror (message->data.result)};
        curl_easy_getinfo (message->easy_handle, CURLINFO_RESPONSE_CODE, &result.response);
        curl_easy_getinfo (message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        sv_curl_fn *fn = transfer->fn;
        void *arg = transfer->arg;
        s_free_transfer (self, transfer);
        fn (arg, &result);
    }
}

static void s_act (sv_curl_t *self, curl_socket_t fd, int events)
{
    int running = 0;
    curl_multi_socket_action (self->multi, fd, events, &running);
    s_collect (self);
}

/*  ---- what libcurl waits for --------------------------------------------------- */

static void s_on_ready (void *arg, int events)
{
    const s_socket_t *socket = arg;
    int ready = (events & SV_IN ? CURL_CSELECT_IN : 0) | (events & SV_OUT ? CURL_CSELECT_OUT : 0);
    s_act (socket->self, socket->fd, ready);
}

static void s_on_timer (void *arg)
{
    s_act (arg, CURL_SOCKET_TIMEOUT, 0);
}

static int s_on_timeout (CURLM *multi, long timeout_ms, void *arg)
{
    sv_curl_t *self = arg;
    (void)multi;
    /*  A timer of 0 would be stopped; libcurl must not be called from within. */
    uint32_t wait_ms = timeout_ms < 0 ? 0 : timeout_ms < 1 ? 1 : (uint32_t)timeout_ms;
    sv_timer_set (self->loop, self->timer, wait_ms, 0);
    return 0;
}

static void s_forget_socket (s_socket_t *socket)
{
    sv_watch_cancel (socket->self->loop, &socket->watch);
    *socket->link = socket->next;
    if (socket->next)
        socket->next->link = socket->link;
    free (socket);
}

static s_socket_t *s_add_socket (sv_curl_t *self, curl_socket_t fd, int events)
{
    s_socket_t *socket = calloc (1, sizeof *socket);
    if (!socket)
        return NULL;
    *socket = (s_socket_t){.self = self, .fd = fd, .next = self->sockets, .link = &self->sockets};
    socket->watch = sv_loop_watch_fd (self->loop, fd, events, s_on_ready, socket);
    if (!socket->watch) {
        free (socket);
        return NULL;
    }
    if (socket->next)
        socket->next->link = &socket->next;
    self->sockets = socket;
    curl_multi_assign (self->multi, fd, socket);
    return socket;
}

static int s_on_socket (CURL *handle, curl_socket_t fd, int what, void *arg, void *known)
{
    sv_curl_t *self = arg;
    s_socket_t *socket = known;
    s_transfer_t *transfer = NULL;
    curl_easy_getinfo (handle, CURLINFO_PRIVATE, (char **)&transfer);
    if (transfer && what != CURL_POLL_REMOVE)
        transfer->fd = fd;
    else if (transfer && transfer->fd == fd)
        transfer->fd = CURL_SOCKET_BAD;
    if (what == CURL_POLL_REMOVE) {
        if (socket)
            s_forget_socket (socket);
        return 0;
    }
    int events = (what & CURL_POLL_IN ? SV_IN : 0) | (what & CURL_POLL_OUT ? SV_OUT : 0);
    if (!socket)
        return s_add_socket (self, fd, events) ? 0 : -1;
    return sv_watch_set (self->loop, socket->watch, events) == 0 ? 0 : -1;
}

/*  ---- transfers -------------------------------------------------------------------- */

static size_t s_on_answer (char *bytes, size_t size, size_t count, void *arg)
{
    s_transfer_t *transfer = arg;
    (void)bytes;
    transfer->answer_len += size * count;
    return transfer->answer_len > S_ANSWER_MAX ? 0 : size * count;
}

/*  After QUIT libcurl blocks until the server has answered it, for two minutes at most;
    the transfer has ended by then, well or not.  So the connection is shut as soon as
    QUIT is out: it finds the end of it instead.  Nothing else is looked at. */
static int s_on_line (CURL *handle, curl_infotype type, char *text, size_t len, void *arg)
{
    const s_transfer_t *transfer = arg;
    (void)handle;
    if (type == CURLINFO_HEADER_OUT && len >= 4 && memcmp (text, "QUIT", 4) == 0 && transfer->fd != CURL_SOCKET_BAD)
        shutdown (transfer->fd, SHUT_RDWR);
    return 0;
}

/*  A name is looked up by a thread of libcurl's, which would be waited for when the
    transfer ends before; QUICK_EXIT leaves it to itself, to be gone with the resolver's
    own deadline. */
CURL *sv_curl_open (const char *url, const char *protocols, uint32_t deadline_ms)
{
    CURL *handle = curl_easy_init ();
    if (!handle)
        return NULL;
    long connect_ms = deadline_ms < SV_CURL_CONNECT_MS ? (long)deadline_ms : SV_CURL_CONNECT_MS;
    bool is_ok = curl_easy_setopt (handle, CURLOPT_URL, url) == CURLE_OK &&
                 curl_easy_setopt (handle, CURLOPT_PROTOCOLS_STR, protocols) == CURLE_OK &&
                 curl_easy_setopt (handle, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
                 curl_easy_setopt (handle, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
                 curl_easy_setopt (handle, CURLOPT_PROXY, "") == CURLE_OK &&
                 curl_easy_setopt (handle, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
                 curl_easy_setopt (handle, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
                 curl_easy_setopt (handle, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
                 curl_easy_setopt (handle, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
                 curl_easy_setopt (handle, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK &&
                 curl_easy_setopt (handle, CURLOPT_NOPROGRESS, 1L) == CURLE_OK &&
                 curl_easy_setopt (handle, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
                 curl_easy_setopt (handle, CURLOPT_TIMEOUT_MS, (long)deadline_ms) == CURLE_OK &&
                 curl_easy_setopt (handle, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) == CURLE_OK &&
                 curl_easy_setopt (handle, CURLOPT_WRITEFUNCTION, s_on_answer) == CURLE_OK;
    if (!is_ok) {
        curl_easy_cleanup (handle);
        return NULL;
    }
    return handle;
}

static s_transfer_t *s_make_transfer (CURL *handle, sv_curl_fn *fn, void *arg)
{
    s_transfer_t *transfer = calloc (1, sizeof *transfer);
    if (!transfer)
        return NULL;
    *transfer = (s_transfer_t){.handle = handle, .fn = fn, .arg = arg, .fd = CURL_SOCKET_BAD};
    if (curl_easy_setopt (handle, CURLOPT_WRITEDATA, transfer) != CURLE_OK ||
        curl_easy_setopt (handle, CURLOPT_DEBUGFUNCTION, s_on_line) != CURLE_OK ||
        curl_easy_setopt (handle, CURLOPT_DEBUGDATA, transfer) != CURLE_OK ||
        curl_easy_setopt (handle, CURLOPT_VERBOSE, 1L) != CURLE_OK ||
        curl_easy_setopt (handle, CURLOPT_PRIVATE, transfer) != CURLE_OK) {
        free (transfer);
        return NULL;
    }
    return transfer;
}

int sv_curl_start (sv_curl_t *self, CURL **handle_p, sv_curl_fn *fn, void *arg)
{
    CURL *handle = *handle_p;
    *handle_p = NULL;
    bool is_full = self->count >= self->most;
    s_transfer_t *transfer = is_full ? NULL : s_make_transfer (handle, fn, arg);
    if (!transfer || curl_multi_add_handle (self->multi, handle) != CURLM_OK) {
        free (transfer);
        curl_easy_cleanup (handle);
        return is_full ? -PT_E_busy : -PT_E_memory;
    }
    transfer->next = self->transfers;
    transfer->link = &self->transfers;
    if (transfer->next)
        transfer->next->link = &transfer->next;
    self->transfers = transfer;
    self->count++;
    return 0;
}

unsigned sv_curl_open_count (const sv_curl_t *self)
{
    return self->count;
}

/*  ---- life -------------------------------------------------------------------------- */

static bool s_open (sv_curl_t *self)
{
    self->multi = curl_multi_init ();
    self->timer = sv_loop_timer (self->loop, 0, 0, s_on_timer, self);
    return self->multi && self->timer &&
           curl_multi_setopt (self->multi, CURLMOPT_SOCKETFUNCTION, s_on_socket) == CURLM_OK &&
           curl_multi_setopt (self->multi, CURLMOPT_SOCKETDATA, self) == CURLM_OK &&
           curl_multi_setopt (self->multi, CURLMOPT_TIMERFUNCTION, s_on_timeout) == CURLM_OK &&
           curl_multi_setopt (self->multi, CURLMOPT_TIMERDATA, self) == CURLM_OK;
}

sv_curl_t *sv_curl_new (sv_loop_t *loop, unsigned most)
{
    sv_curl_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    if (curl_global_init (CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free (self);
        return NULL;
    }
    self->loop = loop;
    self->most = most;
    if (!s_open (self))
        sv_curl_destroy (&self);
    return self;
}

void sv_curl_destroy (sv_curl_t **self_p)
{
    sv_curl_t *self = *self_p;
    if (!self)
        return;
    for (s_transfer_t *transfer = self->transfers, *next; transfer; transfer = next) {
        next = transfer->next;
        s_free_transfer (self, transfer);
    }
    if (self->multi)
        curl_multi_cleanup (self->multi);
    for (s_socket_t *socket = self->sockets, *next; socket; socket = next) {
        next = socket->next;
        s_forget_socket (socket);
    }
    sv_timer_cancel (self->loop, &self->timer);
    curl_global_cleanup ();
    free (self);
    *self_p = NULL;
}
