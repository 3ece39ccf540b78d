/*  sim_pg_read - the reads of store: one snapshot, taken some time after the
    question and some time before the answer. */

#include "sim_pg_priv.h"
#include <stdio.h>
#include <stdlib.h>

/*  How long a question waits for a server that is away. */
#define S_WAIT_US 1000000
#define S_RETRY_US 50000

/*  What an item counts in a page beside its body, as in range.sql. */
#define S_ITEM_BYTES 256

static const pt_membership_t *s_membership (const sim_pg_t *self, pt_arena_t *arena, const void *msg)
{
    const pt_room_ref_t *asked = msg;
    const sim_pg_room_t *room = sim_pg_room (self, asked->room);
    pt_membership_t *reply = room ? pt_arena_alloc (arena, sizeof *reply) : NULL;
    if (!reply)
        return NULL;
    pt_role_t role = asked->account <= SIM_PG_ACCOUNTS ? room->roles[asked->account] : PT_role_none;
    *reply = (pt_membership_t){.room = room->id,
                               .account = asked->account,
                               .role = role,
                               .has_role = role != PT_role_none,
                               .seq = room->head,
                               .epoch = 1};
    return reply;
}

/*  How many items behind `after` one page takes: it ends where its bytes do. */
static uint64_t s_fit (const sim_pg_room_t *room, uint64_t after, uint64_t limit)
{
    uint64_t count = 0, bytes = 0;
    while (count < limit && after + count < room->head) {
        bytes += room->items[after + count].body.len + S_ITEM_BYTES;
        if (bytes > LIM_PAGE_BYTES)
            break;
        count++;
    }
    return count;
}

static const pt_history_page_t *s_page (const sim_pg_t *self, pt_arena_t *arena, uint64_t id, uint64_t after,
                                        uint64_t limit)
{
    const sim_pg_room_t *room = sim_pg_room (self, id);
    pt_history_page_t *reply = room ? pt_arena_alloc (arena, sizeof *reply) : NULL;
    if (!reply)
        return NULL;
    uint64_t count = s_fit (room, after, limit);
    pt_item_t *items = pt_arena_alloc (arena, (count + 1) * sizeof *items);
    if (!items)
        return NULL;
    if (count)
        memcpy (items, room->items + after, count * sizeof *items);
    *reply = (pt_history_page_t){
        .items = {items, (uint32_t)count}, .more = count && after + count < room->head, .head = room->head, .epoch = 1};
    return reply;
}

const char *sim_pg_email (uint64_t account, char out[SIM_PG_EMAIL])
{
    snprintf (out, SIM_PG_EMAIL, "a%llu@example.com", (unsigned long long)account);
    return out;
}

/*  Everybody, as those who are members now are not all who sent. */
static const pt_history_page_t *s_range (const sim_pg_t *self, pt_arena_t *arena, const pt_range_query_t *asked)
{
    const pt_history_page_t *page = s_page (self, arena, asked->room, asked->after, asked->limit);
    pt_history_page_t *reply = page ? pt_arena_alloc (arena, sizeof *reply) : NULL;
    pt_person_t *people = reply ? pt_arena_alloc (arena, SIM_PG_ACCOUNTS * sizeof *people) : NULL;
    char (*emails)[SIM_PG_EMAIL] = people ? pt_arena_alloc (arena, SIM_PG_ACCOUNTS * sizeof *emails) : NULL;
    if (!emails || !asked->senders)
        return emails ? page : NULL;
    for (uint32_t i = 0; i < SIM_PG_ACCOUNTS; i++)
        people[i] = (pt_person_t){.id = i + 1,
                                  .uuid = PT_LIT ("00000000-0000-4000-8000-000000000000"),
                                  .email = pt_str (sim_pg_email (i + 1, emails[i])),
                                  .has_email = true};
    *reply = *page;
    reply->senders.at = people;
    reply->senders.count = SIM_PG_ACCOUNTS;
    reply->has_senders = true;
    return reply;
}

static const pt_heads_t *s_heads (const sim_pg_t *self, pt_arena_t *arena, const void *msg)
{
    const pt_head_query_t *asked = msg;
    pt_heads_t *reply = pt_arena_alloc (arena, sizeof *reply);
    pt_head_t *heads = pt_arena_alloc (arena, (asked->rooms.count + 1) * sizeof *heads);
    if (!reply || !heads)
        return NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; i < asked->rooms.count; i++) {
        const sim_pg_room_t *room = sim_pg_room (self, asked->rooms.at[i]);
        if (room)
            heads[count++] = (pt_head_t){.room = room->id, .seq = room->head, .epoch = 1};
    }
    reply->heads.at = heads;
    reply->heads.count = count;
    return reply;
}

static bool s_is_member (const sim_pg_t *self, uint64_t id, uint64_t account)
{
    const sim_pg_room_t *room = sim_pg_room (self, id);
    return room && account <= SIM_PG_ACCOUNTS && room->roles[account] != PT_role_none;
}

/*  NULL with the reason in `*out_err`. */
static const void *s_read (const sim_pg_t *self, pt_arena_t *arena, uint16_t opcode, const void *msg, int *out_err)
{
    const pt_history_query_t *history = msg;
    *out_err = -PT_E_not_found;
    switch (opcode) {
    case PT_OP_store_membership:
        return s_membership (self, arena, msg);
    case PT_OP_store_revoked:
        return sim_pg_revoked_page (self, arena, ((const pt_revoked_query_t *)msg)->cursor);
    case PT_OP_store_heads:
        return s_heads (self, arena, msg);
    case PT_OP_store_range:
        return s_range (self, arena, msg);
    default:
        *out_err = -PT_E_not_member;
        if (!s_is_member (self, history->room, history->account))
            return NULL;
        return s_page (self, arena, history->room, history->has_after ? history->after : 0,
                       history->has_limit ? history->limit : LIM_PAGE_DEFAULT);
    }
}

static bool s_is_moot (const sim_pg_job_t *job)
{
    return job->server->net->nodes[job->process->node].life != job->life;
}

static void s_on_reply (void *ctx, uint64_t arg)
{
    (void)arg;
    sim_pg_job_t *job = ctx;
    sim_process_enter (job->process);
    if (job->reply)
        sv_request_reply (&job->request, job->reply);
    else
        sv_request_fail (&job->request, job->err, NULL);
    sim_process_end_turn (job->process);
}

static void s_on_read (void *ctx, uint64_t arg)
{
    (void)arg;
    sim_pg_job_t *job = ctx;
    sim_net_t *net = job->server->net;
    if (s_is_moot (job))
        return;
    if (job->server->is_up)
        job->reply = s_read (job->server, sv_request_arena (job->request), sv_request_opcode (job->request), job->msg,
                             &job->err);
    else if (net->now_us < job->since_us + S_WAIT_US) {
        sim_net_after (net, job->server->node, S_RETRY_US, s_on_read, job, 0);
        return;
    }
    sim_net_after (net, job->process->node, sim_random_between (net->random, 50, 1500), s_on_reply, job, 0);
}

void sim_pg_read (sim_pg_t *self, sim_process_t *process, sv_request_t *request, const void *msg)
{
    sim_pg_job_t *job = calloc (1, sizeof *job);
    if (!job) {
        sv_request_fail (&request, -PT_E_memory, NULL);
        return;
    }
    *job = (sim_pg_job_t){.next = self->jobs,
                          .server = self,
                          .process = process,
                          .life = self->net->nodes[process->node].life,
                          .request = request,
                          .msg = msg,
                          .err = -PT_E_unavailable,
                          .since_us = self->net->now_us};
    self->jobs = job;
    sim_net_after (self->net, self->node, sim_random_between (self->net->random, 50, 1500), s_on_read, job, 0);
}
