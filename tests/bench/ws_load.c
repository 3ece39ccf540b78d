/*  ws_load - the client side of `make bench`: many WebSockets on one thread,
    closed loop, counted from what arrives.

    usage: ws_load PORT fanout CLIENTS WINDOW SECONDS TOKEN ROOM
           ws_load PORT dialect CLIENTS WINDOW SECONDS TOKEN ADDRESS
           ws_load PORT durable CLIENTS WINDOW SECONDS TOKEN ROOM[,ROOM...]

    fanout: all clients subscribe to ROOM, the first keeps WINDOW messages in
    flight (sent, not yet back at itself); a delivery is one message at one client.
    dialect: the same on the sockets of the members' room with that address.
    durable: every client keeps WINDOW sends in flight in its room (rooms in
    turn) and counts acknowledgements; nobody subscribes.
    TOKEN `-` speaks to the yardstick server, which broadcasts whatever comes. Prints one
    JSON object. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CLIENTS 20000
#define MAX_WINDOW 4096
#define READ_SIZE (256 * 1024)
#define MAX_SAMPLES 2000000
#define WARM_UP_US 500000

typedef struct {
    int fd;
    bool is_open; /* upgraded, and subscribed where it has to be */
    char *left;   /* bytes of an unfinished frame */
    size_t left_len;
    uint64_t sent, done; /* own messages out; acknowledged or back */
    uint64_t seen;       /* messages of the room that arrived here */
    uint64_t times[MAX_WINDOW];
    const char *room;
} client_t;

typedef struct {
    int epoll;
    uint16_t port;
    bool is_fanout, is_raw;
    bool is_dialect; /* a fan-out, spoken in the members' dialect */
    unsigned count, window;
    const char *token;
    client_t *clients;
    unsigned open;
    uint64_t start_us, end_us, now_us;
    uint64_t measured_from; /* end of the warm-up */
    uint64_t deliveries, messages, acks, errors, frame_bytes, frames;
    uint32_t *samples;
    size_t sample_count;
    char *buffer;
} load_t;

static uint64_t s_now_us (void)
{
    struct timespec ts;
    clock_gettime (CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

static void s_fail (const char *what)
{
    fprintf (stderr, "ws_load: %s: %s\n", what, strerror (errno));
    exit (1);
}

static void s_write (client_t *client, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send (client->fd, bytes, len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN)
            continue;
        if (sent < 0)
            s_fail ("send");
        bytes += sent;
        len -= (size_t)sent;
    }
}

/*  A masked text frame with the zero mask, which is a mask like any other. */
static size_t s_frame (char *out, const char *text, size_t len)
{
    size_t at = 0;
    out[at++] = (char)0x81;
    if (len < 126)
        out[at++] = (char)(0x80 | len);
    else {
        out[at++] = (char)(0x80 | 126);
        out[at++] = (char)(len >> 8);
        out[at++] = (char)len;
    }
    memset (out + at, 0, 4);
    memcpy (out + at + 4, text, len);
    return at + 4 + len;
}

/*  What people write to each other. */
#define BODY "sixty-four bytes of text, as people write them to each other, ok."

static size_t s_format_send (const load_t *self, const client_t *client, uint64_t number, char *out, size_t size)
{
    if (self->is_dialect)
        return (size_t)snprintf (out, size, "{\"message\":\"" BODY "\"}");
    return (size_t)snprintf (out, size,
                             "{\"op\":\"send\",\"id\":%llu,\"room\":\"%s\",\"send_id\":\"%x-%x-%llx\",\"body\":"
                             "\"" BODY "\"}",
                             (unsigned long long)number + 2, client->room, (unsigned)(client - self->clients),
                             (unsigned)self->start_us, (unsigned long long)number);
}

/*  Keeps the window full; everything due goes out in one write. */
static void s_pump (load_t *self, client_t *client)
{
    char text[512], out[32 * 1024];
    size_t len = 0;
    while (client->sent - client->done < self->window && self->now_us < self->end_us && len < sizeof out - 600) {
        client->times[client->sent % MAX_WINDOW] = self->now_us;
        len += s_frame (out + len, text, s_format_send (self, client, client->sent, text, sizeof text));
        client->sent++;
    }
    if (len > 0)
        s_write (client, out, len);
}

static void s_sample (load_t *self, uint64_t since)
{
    if (self->now_us > self->measured_from && self->sample_count < MAX_SAMPLES)
        self->samples[self->sample_count++] = (uint32_t)(self->now_us - since);
}

static void s_opened (load_t *self, client_t *client)
{
    client->is_open = true;
    self->open++;
}

static bool s_starts (const char *text, size_t len, const char *with)
{
    size_t n = strlen (with);
    return len >= n && memcmp (text, with, n) == 0;
}

static void s_take_frame (load_t *self, client_t *client, const char *text, size_t len)
{
    bool measured = self->now_us > self->measured_from && self->measured_from > 0;
    if (s_starts (text, len, self->is_dialect ? "{\"message\":" : "{\"ev\":\"message\"")) {
        if (measured) {
            self->deliveries++;
            self->frames++;
            self->frame_bytes += len;
        }
        if (self->is_fanout && client == self->clients) {
            client->done++;
            self->messages += measured;
        }
        if (self->is_fanout && client == self->clients + self->count - 1)
            s_sample (self, self->clients->times[client->seen++ % MAX_WINDOW]);
        return;
    }
    if (s_starts (text, len, "{\"re\":1,")) {
        if (memmem (text, len, "\"error\"", 7))
            self->errors++;
        s_opened (self, client);
    } else if (s_starts (text, len, self->is_dialect ? "{\"error\":" : "{\"re\":")) {
        if (memmem (text, len, "\"error\"", 7)) {
            if (self->errors++ == 0)
                fprintf (stderr, "ws_load: %.*s\n", (int)len, text);
        } else
            self->acks += measured;
        if (!self->is_fanout) {
            s_sample (self, client->times[client->done % MAX_WINDOW]);
            client->done++;
        }
    }
}

/*  Takes whole frames off the front, keeps the rest. */
static void s_take_bytes (load_t *self, client_t *client, const char *bytes, size_t len)
{
    size_t at = 0;
    while (len - at >= 2) {
        size_t head = 2, size = (uint8_t)bytes[at + 1] & 127;
        if (size == 126) {
            head = 4;
            if (len - at < head)
                break;
            size = (size_t)(uint8_t)bytes[at + 2] << 8 | (uint8_t)bytes[at + 3];
        } else if (size == 127) {
            fprintf (stderr, "ws_load: a frame beyond 64 KiB\n");
            exit (1);
        }
        if (len - at < head + size)
            break;
        s_take_frame (self, client, bytes + at + head, size);
        at += head + size;
    }
    client->left_len = len - at;
    if (client->left_len > 0) {
        client->left = realloc (client->left, client->left_len);
        memcpy (client->left, bytes + at, client->left_len);
    }
}

static void s_subscribe (load_t *self, client_t *client)
{
    char text[256], out[300];
    if (self->is_raw || self->is_dialect || !self->is_fanout) {
        s_opened (self, client);
        return;
    }
    int len = snprintf (text, sizeof text, "{\"op\":\"subscribe\",\"id\":1,\"room\":\"%s\"}", client->room);
    s_write (client, out, s_frame (out, text, (size_t)len));
}

static void s_readable (load_t *self, client_t *client)
{
    size_t had = client->left_len;
    memcpy (self->buffer, client->left ? client->left : "", had);
    ssize_t got = recv (client->fd, self->buffer + had, READ_SIZE - had, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        fprintf (stderr, "ws_load: a connection was closed\n");
        exit (1);
    }
    if (got > 0)
        s_take_bytes (self, client, self->buffer, had + (size_t)got);
}

/*  Blocking connect and upgrade, one after the other: set-up is not measured. */
static void s_connect (load_t *self, client_t *client)
{
    char text[4096];
    struct sockaddr_in addr = {
        .sin_family = AF_INET, .sin_port = htons (self->port), .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    int one = 1;
    client->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0 || connect (client->fd, (struct sockaddr *)&addr, sizeof addr) != 0)
        s_fail ("connect");
    setsockopt (client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int len = snprintf (text, sizeof text,
                        "GET %s%s%s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                        "Authorization: Bearer %s\r\n\r\n",
                        self->is_dialect ? "/ws/chat/" : "/v1/ws", self->is_dialect ? client->room : "",
                        self->is_dialect ? "/" : "", self->token);
    s_write (client, text, (size_t)len);
    size_t got = 0;
    char *end = NULL;
    while (!end) {
        ssize_t n = recv (client->fd, text + got, sizeof text - 1 - got, 0);
        if (n <= 0)
            s_fail ("upgrade");
        got += (size_t)n;
        text[got] = 0;
        end = strstr (text, "\r\n\r\n");
    }
    if (strncmp (text, "HTTP/1.1 101", 12) != 0) {
        fprintf (stderr, "ws_load: %.*s\n", (int)(strcspn (text, "\r")), text);
        exit (1);
    }
    s_take_bytes (self, client, end + 4, got - (size_t)(end + 4 - text));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    epoll_ctl (self->epoll, EPOLL_CTL_ADD, client->fd, &event);
    s_subscribe (self, client);
}

static void s_turn (load_t *self, int timeout_ms)
{
    struct epoll_event events[256];
    int n = epoll_wait (self->epoll, events, 256, timeout_ms);
    self->now_us = s_now_us ();
    for (int i = 0; i < n; i++)
        s_readable (self, events[i].data.ptr);
}

static void s_run (load_t *self, double seconds)
{
    uint64_t limit = s_now_us () + 60000000u;
    while (self->open < self->count && s_now_us () < limit)
        s_turn (self, 100);
    if (self->open < self->count) {
        fprintf (stderr, "ws_load: only %u of %u are open\n", self->open, self->count);
        exit (1);
    }
    unsigned senders = self->is_fanout ? 1 : self->count;
    self->now_us = s_now_us ();
    self->measured_from = self->now_us + WARM_UP_US;
    self->end_us = self->measured_from + (uint64_t)(seconds * 1e6);
    while (self->now_us < self->end_us) {
        for (unsigned i = 0; i < senders; i++)
            s_pump (self, self->clients + i);
        s_turn (self, 10);
    }
}

static int s_compare (const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void s_report (load_t *self, double seconds)
{
    struct rusage usage;
    getrusage (RUSAGE_SELF, &usage);
    qsort (self->samples, self->sample_count, sizeof *self->samples, s_compare);
    size_t n = self->sample_count;
    printf (
        "{\"seconds\":%.3f,\"messages\":%llu,\"deliveries\":%llu,\"acks\":%llu,\"errors\":%llu,\"frame_bytes\":%llu,"
        "\"p50_us\":%u,\"p99_us\":%u,\"client_cpu_s\":%.3f}\n",
        seconds, (unsigned long long)self->messages, (unsigned long long)self->deliveries,
        (unsigned long long)self->acks, (unsigned long long)self->errors,
        (unsigned long long)(self->frames ? self->frame_bytes / self->frames : 0), n ? self->samples[n / 2] : 0,
        n ? self->samples[n * 99 / 100] : 0,
        (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6 + (double)usage.ru_stime.tv_sec +
            (double)usage.ru_stime.tv_usec / 1e6);
}

static void s_assign_rooms (load_t *self, char *list)
{
    char *rooms[1024];
    unsigned count = 0;
    for (char *room = strtok_r (list, ",", &list); room && count < 1024; room = strtok_r (NULL, ",", &list))
        rooms[count++] = room;
    for (unsigned i = 0; i < self->count; i++)
        self->clients[i].room = rooms[i % count];
}

int main (int argc, char **argv)
{
    if (argc != 8) {
        fprintf (stderr, "usage: ws_load PORT fanout|dialect|durable CLIENTS WINDOW SECONDS TOKEN ROOM[,ROOM...]\n");
        return 2;
    }
    load_t self = {.port = (uint16_t)strtoul (argv[1], NULL, 10),
                   .is_fanout = strcmp (argv[2], "durable") != 0,
                   .is_dialect = strcmp (argv[2], "dialect") == 0,
                   .count = (unsigned)strtoul (argv[3], NULL, 10),
                   .window = (unsigned)strtoul (argv[4], NULL, 10),
                   .token = argv[6],
                   .is_raw = strcmp (argv[6], "-") == 0,
                   .epoll = epoll_create1 (EPOLL_CLOEXEC),
                   .start_us = s_now_us ()};
    double seconds = strtod (argv[5], NULL);
    if (self.count < 1 || self.count > MAX_CLIENTS || self.window < 1 || self.window > MAX_WINDOW || seconds <= 0) {
        fprintf (stderr, "ws_load: CLIENTS up to %d, WINDOW up to %d\n", MAX_CLIENTS, MAX_WINDOW);
        return 2;
    }
    struct rlimit limit;
    getrlimit (RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit (RLIMIT_NOFILE, &limit);
    self.clients = calloc (self.count, sizeof *self.clients);
    self.samples = malloc (MAX_SAMPLES * sizeof *self.samples);
    self.buffer = malloc (READ_SIZE);
    s_assign_rooms (&self, argv[7]);
    for (unsigned i = 0; i < self.count; i++)
        s_connect (&self, self.clients + i);
    s_run (&self, seconds);
    s_report (&self, seconds);
    return 0;
}
