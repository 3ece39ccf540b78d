/*  write_logs - the logs of a large good run, for measuring `parley verify --logs`.

    usage: write_logs FOLDER EVENTS

    Every room is read by ROOM_CLIENTS clients, who are its members from the beginning and take turns
    in sending.  Prints how many lines were written. */

#include "vf_line.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { ROOMS = 64, ROOM_CLIENTS = 16, CLIENTS = 256, FILES = CLIENTS + 1, FINAL = CLIENTS, BUFFER = 1 << 16 };

typedef struct {
    FILE *files[FILES];
    char names[FILES][16];
    uint64_t heads[ROOMS];
    uint64_t now_ns, events;
} run_t;

static void s_die (const char *what)
{
    fprintf (stderr, "write_logs: %s: %s\n", what, strerror (errno));
    exit (1);
}

/*  The clients of a room are neighbours; every client is in several rooms. */
static unsigned s_client (unsigned room, unsigned i)
{
    return (room * 4 + i) % CLIENTS;
}

static void s_write (run_t *run, unsigned file, vf_event_t event)
{
    char line[VF_LINE_MAX];
    event.mono_ns = run->now_ns += 1000;
    event.wall_ns = (int64_t)(1790000000000000000u + run->now_ns);
    event.client = pt_str (run->names[file]);
    size_t len = vf_line_write (line, sizeof line, &event);
    if (len == 0 || fwrite (line, 1, len, run->files[file]) != len)
        s_die (run->names[file]);
    run->events++;
}

static void s_open (run_t *run, const char *folder)
{
    if (mkdir (folder, 0700) < 0 && errno != EEXIST)
        s_die (folder);
    for (unsigned i = 0; i < FILES; i++) {
        char path[4096];
        snprintf (run->names[i], sizeof run->names[i], i == FINAL ? "final" : "c%u", i);
        snprintf (path, sizeof path, "%s/%s.jsonl", folder, run->names[i]);
        run->files[i] = fopen (path, "we");
        if (!run->files[i] || setvbuf (run->files[i], NULL, _IOFBF, BUFFER) != 0)
            s_die (path);
        if (i != FINAL)
            s_write (run, i, (vf_event_t){.op = VF_OK, .kind = VF_CLIENT, .account = i + 1});
    }
}

/*  An item as the store has it, given to all members of its room. */
static void s_item (run_t *run, unsigned room, vf_event_t item)
{
    item.op = VF_OK;
    item.room = room + 1;
    item.seq = ++run->heads[room];
    item.kind = VF_ITEM;
    s_write (run, FINAL, item);
    item.kind = VF_RECV;
    for (unsigned i = 0; i < ROOM_CLIENTS; i++)
        if (item.cmid.len) /* of joins nothing is delivered: clients subscribe behind them */
            s_write (run, s_client (room, i), item);
}

static void s_begin (run_t *run)
{
    for (unsigned room = 0; room < ROOMS; room++) {
        for (unsigned i = 0; i < ROOM_CLIENTS; i++)
            s_item (run, room, (vf_event_t){.account = s_client (room, i) + 1, .what = PT_LIT ("joined")});
        vf_event_t sub = {.op = VF_INVOKE, .kind = VF_SUB, .room = room + 1, .seq = ROOM_CLIENTS};
        vf_event_t ok = sub;
        ok.op = VF_OK;
        ok.epoch = 1;
        ok.head = ROOM_CLIENTS;
        ok.recovered = true;
        for (unsigned i = 0; i < ROOM_CLIENTS; i++) {
            s_write (run, s_client (room, i), sub);
            s_write (run, s_client (room, i), ok);
        }
    }
}

static void s_send (run_t *run, uint64_t number)
{
    unsigned room = (unsigned)(number % ROOMS);
    unsigned sender = s_client (room, (unsigned)(number / ROOMS % ROOM_CLIENTS));
    char cmid[32];
    snprintf (cmid, sizeof cmid, "%u-%" PRIu64, sender, number);
    vf_event_t send = {.op = VF_INVOKE,
                       .kind = VF_SEND,
                       .room = room + 1,
                       .cmid = pt_str (cmid),
                       .bodyhash = vf_hash (cmid, strlen (cmid))};
    s_write (run, sender, send);
    s_item (run, room, (vf_event_t){.account = sender + 1, .cmid = send.cmid, .bodyhash = send.bodyhash});
    send.op = VF_OK;
    send.seq = run->heads[room];
    send.bodyhash = 0;
    s_write (run, sender, send);
}

static void s_end (run_t *run)
{
    for (unsigned room = 0; room < ROOMS; room++)
        for (unsigned i = 0; i < ROOM_CLIENTS; i++)
            s_write (run, s_client (room, i),
                     (vf_event_t){.op = VF_OK, .kind = VF_END, .room = room + 1, .seq = run->heads[room]});
    for (unsigned i = 0; i < FILES; i++)
        if (fclose (run->files[i]) != 0)
            s_die (run->names[i]);
}

int main (int argc, char **argv)
{
    char *end = NULL;
    unsigned long long events = argc == 3 ? strtoull (argv[2], &end, 10) : 0;
    if (!end || *end || events == 0) {
        fprintf (stderr, "usage: write_logs FOLDER EVENTS\n");
        return 2;
    }
    static run_t run;
    s_open (&run, argv[1]);
    s_begin (&run);
    for (uint64_t number = 0; run.events < events; number++)
        s_send (&run, number);
    s_end (&run);
    printf ("%" PRIu64 "\n", run.events);
    return 0;
}
