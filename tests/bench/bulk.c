/*  bulk - how fast streams of bytes go between two processes, beside a bare
    ZeroMQ pipeline of the same frames; and what memory many of them take.

        bulk speed MIB ENDPOINT STREAMS   moves so much, in streams side by side
        bulk memory STREAMS               all of them full: the taker keeps its
                                          bytes, then the taker reads none

    ENDPOINT: ipc or tcp.  Prints JSON.  The child gives, this process takes. */

#include "sv_bulk.h"
#include <czmq.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STREAMS_MAX = LIM_BULK_STREAMS, SETTLE_MS = 1000 };

typedef struct bench bench_t;

typedef struct {
    bench_t *bench;
    sv_bulk_flow_t *flow;
    uint64_t left; /* giver: to be given */
} stream_t;

struct bench {
    sv_loop_t *loop;
    sv_metrics_t *metrics;
    sv_bulk_t *bulk;
    stream_t streams[STREAMS_MAX];
    unsigned count, open;
    bool keeps; /* taker: says of no byte that it has left */
    zmq_msg_t kept[STREAMS_MAX * LIM_BULK_FRAMES];
    unsigned kept_count;
    uint64_t bytes;
};

static void s_die (const char *what)
{
    fprintf (stderr, "bulk: %s\n", what);
    exit (1);
}

static void s_on_room (void *arg)
{
    stream_t *self = arg;
    while (self->left > 0) {
        size_t len = self->left < LIM_BULK_CHUNK ? (size_t)self->left : LIM_BULK_CHUNK;
        if (sv_bulk_room (self->flow) < len)
            return;
        uint8_t *bytes = sv_bulk_buffer_new (len);
        if (!bytes)
            s_die ("out of memory");
        memset (bytes, 'x', len);
        self->left -= len;
        if (sv_bulk_give (self->flow, &bytes, len, self->left == 0) != 0)
            return;
    }
}

static void s_on_data (void *arg, zmq_msg_t *frame, bool is_last)
{
    stream_t *self = arg;
    bench_t *bench = self->bench;
    size_t len;
    (void)sv_bulk_body (frame, &len);
    bench->bytes += len;
    if (bench->keeps) {
        zmq_msg_init (&bench->kept[bench->kept_count]);
        zmq_msg_move (&bench->kept[bench->kept_count++], frame);
        if (bench->bytes == (uint64_t)bench->count * LIM_BULK_WINDOW)
            sv_loop_stop (bench->loop);
        return;
    }
    sv_bulk_taken (self->flow, len);
    if (!is_last)
        return;
    sv_bulk_finish (&self->flow, NULL);
    if (--bench->open == 0)
        sv_loop_stop (bench->loop);
}

static void s_on_ended (void *arg, int status, const pt_bulk_end_t *end)
{
    stream_t *self = arg;
    (void)end;
    self->flow = NULL;
    self->left = 0;
    if (status != 0 && status != -PT_E_worker_lost)
        s_die (pt_error_name (status));
}

static const sv_bulk_ops_t s_ops = {.room = s_on_room, .data = s_on_data, .ended = s_on_ended};

static bench_t *s_new (unsigned count)
{
    bench_t *self = calloc (1, sizeof *self);
    if (!self || count > STREAMS_MAX)
        s_die ("no memory, or too many streams");
    self->loop = sv_zloop_new ();
    self->metrics = sv_metrics_new ();
    self->count = self->open = count;
    return self;
}

/*  The child: offers all streams, tells where and which, and gives until it is
    killed. */
static void s_give (const char *endpoint, unsigned count, uint64_t total, int out)
{
    bench_t *self = s_new (count);
    sv_bulk_config_t config = {.loop = self->loop, .metrics = self->metrics};
    int err;
    if (sv_bulk_serve (&config, endpoint, &self->bulk) != 0)
        s_die ("can't bind");
    dprintf (out, "%s\n", sv_bulk_endpoint (self->bulk));
    for (unsigned i = 0; i < count; i++) {
        self->streams[i] = (stream_t){.bench = self, .left = total / count};
        self->streams[i].flow = sv_bulk_offer (self->bulk, SV_BULK_GIVES, &s_ops, &self->streams[i], &err);
        dprintf (out, "%llu\n", (unsigned long long)sv_bulk_id (self->streams[i].flow));
    }
    if (sv_loop_run (self->loop) != 0)
        s_die ("the loop broke");
}

static void s_join (bench_t *self, FILE *in)
{
    char endpoint[LIM_ENDPOINT + 1];
    sv_bulk_config_t config = {.loop = self->loop, .metrics = self->metrics};
    if (fscanf (in, "%256s", endpoint) != 1 || sv_bulk_connect (&config, endpoint, &self->bulk) != 0)
        s_die ("can't connect");
    for (unsigned i = 0; i < self->count; i++) {
        unsigned long long id = 0;
        int err = 0;
        self->streams[i].bench = self;
        if (fscanf (in, "%llu", &id) == 1)
            self->streams[i].flow = sv_bulk_join (self->bulk, SV_BULK_TAKES, &(pt_bulk_grant_t){.stream = id}, &s_ops,
                                                  &self->streams[i], &err);
        if (!self->streams[i].flow)
            s_die ("can't join");
    }
}

/*  ---- the yardstick --------------------------------------------------------- */

static void s_free (void *bytes, void *hint)
{
    (void)hint;
    free (bytes);
}

static void s_push (const char *endpoint, uint64_t total, int out)
{
    char bound[LIM_ENDPOINT + 1];
    size_t size = sizeof bound;
    void *socket = zmq_socket (zmq_ctx_new (), ZMQ_PUSH);
    int hwm = 2 * LIM_BULK_WINDOW / LIM_BULK_CHUNK;
    zmq_setsockopt (socket, ZMQ_SNDHWM, &hwm, sizeof hwm);
    if (zmq_bind (socket, endpoint) != 0 || zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, bound, &size) != 0)
        s_die ("can't bind");
    dprintf (out, "%s\n", bound);
    for (uint64_t sent = 0; sent < total; sent += LIM_BULK_CHUNK) {
        zmq_msg_t frame;
        char *bytes = malloc (LIM_BULK_CHUNK + SV_BULK_HEAD);
        if (!bytes)
            s_die ("out of memory");
        memset (bytes, 'x', LIM_BULK_CHUNK);
        zmq_msg_init_data (&frame, bytes, LIM_BULK_CHUNK + SV_BULK_HEAD, s_free, NULL);
        if (zmq_msg_send (&frame, socket, 0) < 0)
            return;
    }
    pause ();
}

static void s_pull (FILE *in, uint64_t total)
{
    char endpoint[LIM_ENDPOINT + 1];
    void *context = zmq_ctx_new (), *socket = zmq_socket (context, ZMQ_PULL);
    int hwm = 2 * LIM_BULK_WINDOW / LIM_BULK_CHUNK;
    zmq_setsockopt (socket, ZMQ_RCVHWM, &hwm, sizeof hwm);
    if (fscanf (in, "%256s", endpoint) != 1 || zmq_connect (socket, endpoint) != 0)
        s_die ("can't connect");
    for (uint64_t got = 0; got < total; got += LIM_BULK_CHUNK) {
        zmq_msg_t frame;
        zmq_msg_init (&frame);
        if (zmq_msg_recv (&frame, socket, 0) < 0)
            s_die ("can't receive");
        zmq_msg_close (&frame);
    }
    zmq_close (socket);
    zmq_ctx_term (context);
}

/*  ---- runs ------------------------------------------------------------------ */

typedef struct {
    pid_t pid;
    FILE *in;
    char endpoint[64];
    char folder[32];
} child_t;

/*  Forked before this process has used ZeroMQ. */
static child_t s_start (const char *kind, unsigned streams, uint64_t total, bool is_plain)
{
    child_t self = {.folder = "/tmp/bench_bulk_XXXXXX"};
    int fds[2];
    if (!mkdtemp (self.folder) || pipe (fds) != 0)
        s_die ("no folder or pipe");
    snprintf (self.endpoint, sizeof self.endpoint, "ipc://%s/bulk", self.folder);
    if (strcmp (kind, "tcp") == 0)
        snprintf (self.endpoint, sizeof self.endpoint, "tcp://127.0.0.1:*");
    self.pid = fork ();
    if (self.pid == 0) {
        prctl (PR_SET_PDEATHSIG, SIGKILL);
        if (is_plain)
            s_push (self.endpoint, total, fds[1]);
        else
            s_give (self.endpoint, streams, total, fds[1]);
        _exit (1);
    }
    close (fds[1]);
    self.in = fdopen (fds[0], "r");
    return self;
}

static void s_end (child_t *self)
{
    char path[64];
    kill (self->pid, SIGKILL);
    waitpid (self->pid, NULL, 0);
    fclose (self->in);
    snprintf (path, sizeof path, "%s/bulk", self->folder);
    unlink (path);
    rmdir (self->folder);
}

static double s_speed (uint64_t total, uint64_t begin_us)
{
    return (double)total / (double)(sv_now_us () - begin_us);
}

static void s_measure_speed (uint64_t total, const char *kind, unsigned streams)
{
    child_t plain = s_start (kind, 1, total, true), bulk = s_start (kind, streams, total, false);
    uint64_t begin_us = sv_now_us ();
    s_pull (plain.in, total);
    double plain_speed = s_speed (total, begin_us);
    bench_t *self = s_new (streams);
    begin_us = sv_now_us ();
    s_join (self, bulk.in);
    if (sv_loop_run (self->loop) != 0)
        s_die ("the loop broke");
    double speed = s_speed (self->bytes, begin_us);
    printf ("{\"mb_s\": %.0f, \"plain_mb_s\": %.0f}\n", speed, plain_speed);
    s_end (&plain);
    s_end (&bulk);
    sv_bulk_destroy (&self->bulk);
}

static uint64_t s_rss (pid_t pid)
{
    char path[64];
    unsigned long long size = 0, pages = 0;
    snprintf (path, sizeof path, "/proc/%d/statm", (int)pid);
    FILE *file = fopen (path, "r");
    if (!file || fscanf (file, "%llu %llu", &size, &pages) != 2)
        s_die ("can't read statm");
    fclose (file);
    return pages * (uint64_t)sysconf (_SC_PAGESIZE);
}

/*  Memory grown to its most: unchanged for SETTLE_MS. */
static uint64_t s_settled_rss (pid_t pid)
{
    uint64_t most = 0, since_ms = sv_now_ms ();
    while (sv_now_ms () - since_ms < SETTLE_MS) {
        uint64_t rss = s_rss (pid);
        if (rss > most) {
            most = rss;
            since_ms = sv_now_ms ();
        }
        usleep (10000);
    }
    return most;
}

static void s_measure_memory (unsigned streams)
{
    uint64_t total = (uint64_t)streams * 8 * LIM_BULK_WINDOW;
    child_t keeping = s_start ("ipc", streams, total, false), stuck = s_start ("ipc", streams, total, false);
    bench_t *taker = s_new (streams);
    taker->keeps = true;
    s_join (taker, keeping.in);
    uint64_t before = s_rss (getpid ());
    if (sv_loop_run (taker->loop) != 0)
        s_die ("the loop broke");
    uint64_t taken = s_rss (getpid ()) - before;
    bench_t *idle = s_new (streams);
    before = s_rss (stuck.pid);
    s_join (idle, stuck.in);
    uint64_t given = s_settled_rss (stuck.pid) - before;
    printf ("{\"window\": %d, \"taker_bytes\": %llu, \"giver_bytes\": %llu}\n", LIM_BULK_WINDOW,
            (unsigned long long)taken, (unsigned long long)given);
    s_end (&keeping);
    s_end (&stuck);
    sv_bulk_destroy (&taker->bulk);
    sv_bulk_destroy (&idle->bulk);
}

int main (int argc, char **argv)
{
    if (argc == 5 && strcmp (argv[1], "speed") == 0)
        s_measure_speed (strtoull (argv[2], NULL, 10) << 20, argv[3], (unsigned)strtoul (argv[4], NULL, 10));
    else if (argc == 3 && strcmp (argv[1], "memory") == 0)
        s_measure_memory ((unsigned)strtoul (argv[2], NULL, 10));
    else
        s_die ("usage: bulk speed MIB ipc|tcp STREAMS | bulk memory STREAMS");
    return 0;
}
