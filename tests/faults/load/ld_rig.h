/*  ld_rig - for tests of one client without a socket: frames go in, its rooms and its
    log tell what it made of them. */

#ifndef LD_RIG_H
#define LD_RIG_H

#include "ld.h"
#include "pt_test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    ld_t ld;
    ld_client_t *client; /* c0, account 5, in room 7 */
    ld_room_t *room;
    char folder[32];
} ld_rig_t;

/*  `more` are further members of the client in the plan. */
static inline int ld_rig_new (void **state, const char *more)
{
    ld_rig_t *rig = calloc (1, sizeof *rig);
    char path[64], fault[LD_FAULT];
    assert_non_null (rig);
    snprintf (rig->folder, sizeof rig->folder, "/tmp/ld_rig_XXXXXX");
    assert_non_null (mkdtemp (rig->folder));
    snprintf (path, sizeof path, "%s/plan.json", rig->folder);
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    fprintf (
        file,
        "{\"gateways\":[\"127.0.0.1:1\"],\"logs\":\"%s\",\"clients\":[{\"name\":\"c0\",\"account\":\"5\",\"token\":"
        "\"t\",\"rooms\":[\"7\"],\"sends\":true,%s}]}",
        rig->folder, more);
    fclose (file);
    assert_int_equal (ld_plan_read (&rig->ld.plan, path, fault), 0);
    unlink (path);
    assert_int_equal (ld_net_init (&rig->ld.net), 0);
    assert_int_equal (ld_run_init (&rig->ld), 0);
    rig->client = rig->ld.clients;
    rig->room = rig->client->rooms;
    rig->client->is_open = true;
    *state = rig;
    return 0;
}

static inline int ld_rig_destroy (void **state)
{
    ld_rig_t *rig = *state;
    char path[64];
    ld_run_fini (&rig->ld);
    ld_net_fini (&rig->ld.net);
    snprintf (path, sizeof path, "%s/c0.jsonl", rig->folder);
    unlink (path);
    rmdir (rig->folder);
    free (rig);
    return 0;
}

static inline void ld_rig_hear (ld_rig_t *rig, const char *text)
{
    rig->client->tongue->message (rig->client, text, strlen (text));
}

/*  The body of a message, as a JSON string without its quotes. */
static inline void ld_rig_body (char out[2 * LD_BODY_MAX + 1], const char *sender, uint64_t number)
{
    char body[LD_BODY_MAX];
    size_t len = ld_body_put (body, &(ld_body_t){.sender = pt_str (sender), .number = number}, 1);
    ld_body_escape (out, body, len);
}

#endif
