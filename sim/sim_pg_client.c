/*  sim_pg_client - store's connections to the server: the functions of
    store_pg.h and store_statement.h that store_batch calls. */

#include "sim_pg_priv.h"
#include "store_fault.h"
#include "store_statement.h"
#include <stdlib.h>

/*  Between attempts to connect, and until the loss of a connection is seen. */
#define S_CONNECT_MIN_US 1000
#define S_CONNECT_MAX_US 80000
#define S_LOSS_US 3000

/*  Ids that one value of the sequence opens. */
#define S_BLOCK 512

struct store_pg {
    store_pg_config_t config;
    sim_pg_t *server;
    sim_process_t *process;
    sim_pg_session_t *session; /* NULL: not up */
    bool is_losing;            /* the connection is gone, which is not yet known here */
    bool is_busy, in_transaction;
    store_pg_step_fn *fn;
    void *arg;
    store_entry_t *const *run; /* of the transaction */
    unsigned run_count;
    bool needs_ids;
};

/*  The server of the schedule at hand, for connections that are made deep inside
    the daemons. */
static sim_pg_t *s_server;

void sim_pg_serve (sim_pg_t *self)
{
    s_server = self;
}

static void s_connect_later (store_pg_t *self);

static void s_on_connect (void *ctx, uint64_t arg)
{
    (void)arg;
    store_pg_t *self = ctx;
    sim_net_t *net = self->server->net;
    sim_process_enter (self->process);
    bool is_cut = net->blocked_us[self->process->node][self->server->node] > net->now_us ||
                  sim_net_is_asleep (net, self->server->node);
    self->session = is_cut ? NULL : sim_pg_open (self->server, self, 1000 * self->config.lock_timeout_ms);
    if (!self->session) {
        s_connect_later (self);
        return;
    }
    self->config.on_state (self->config.ctx, true);
}

static void s_connect_later (store_pg_t *self)
{
    sim_net_t *net = self->server->net;
    sim_net_after (net, self->process->node, sim_random_between (net->random, S_CONNECT_MIN_US, S_CONNECT_MAX_US),
                   s_on_connect, self, 0);
}

store_pg_t *store_pg_new (const store_pg_config_t *config)
{
    store_pg_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->config = *config;
    self->server = s_server;
    self->process = sim_process_current ();
    s_connect_later (self);
    return self;
}

void store_pg_destroy (store_pg_t **self_p)
{
    store_pg_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    if (self->session && !self->is_losing)
        sim_pg_orphan (self->server, self->session);
    free (self);
}

/*  Connections come up at times of their own here. */
void store_pg_hurry (store_pg_t *self)
{
    (void)self;
}

bool store_pg_is_up (const store_pg_t *self)
{
    return self->session != NULL;
}

bool store_pg_is_idle (const store_pg_t *self)
{
    return self->session && !self->is_busy && !self->in_transaction;
}

const char *store_pg_reason (const store_pg_t *self)
{
    return self->session ? "" : "not connected";
}

const char *store_pg_message (const store_pg_t *self)
{
    (void)self;
    return "simulated";
}

store_args_t *store_pg_args (store_pg_t *self)
{
    (void)self;
    return NULL;
}

void store_pg_send (store_pg_t *self, store_sql_t sql)
{
    (void)self, (void)sql;
}

/*  ---- steps ------------------------------------------------------------------------ */

void store_pg_step (store_pg_t *self, bool is_last, store_pg_step_fn *fn, void *arg)
{
    self->is_busy = true;
    self->in_transaction = !is_last;
    self->fn = fn;
    self->arg = arg;
    if (!self->is_losing)
        sim_pg_ask (self->server, self->session, is_last);
}

static void s_tell (store_pg_t *self, const store_pg_step_t *step)
{
    store_pg_step_fn *fn = self->fn;
    self->is_busy = false;
    if (step->fault != STORE_FINE)
        self->in_transaction = false;
    self->fn = NULL;
    fn (self->arg, step);
}

static void s_on_answer (void *ctx, uint64_t serial)
{
    store_pg_t *self = ctx;
    if (!self->session || self->is_losing || self->session->serial != serial)
        return;
    sim_process_enter (self->process);
    store_pg_step_t step = {.sqlstate = self->session->sqlstate,
                            .results = (const PGresult *const *)(const void *)self};
    if (*step.sqlstate)
        step.fault = store_fault (step.sqlstate, &step.err);
    if (step.fault == STORE_FAULT_LOST) {
        sim_pg_t *server = self->server;
        sim_pg_close (server, self->session);
        sim_pg_client_lose (self);
        return;
    }
    s_tell (self, &step);
    sim_process_end_turn (self->process);
}

void sim_pg_client_answer (store_pg_t *self, uint64_t us)
{
    sim_net_t *net = self->server->net;
    uint64_t until_us = net->blocked_us[self->server->node][self->process->node];
    if (until_us > net->now_us)
        us += until_us - net->now_us;
    sim_net_after (net, self->process->node, us, s_on_answer, self, self->session->serial);
}

static void s_on_loss (void *ctx, uint64_t arg)
{
    (void)arg;
    store_pg_t *self = ctx;
    sim_process_enter (self->process);
    self->session = NULL;
    self->is_losing = false;
    if (self->is_busy)
        s_tell (self, &(store_pg_step_t){.fault = STORE_FAULT_LOST, .err = -PT_E_unavailable, .sqlstate = ""});
    self->in_transaction = false;
    self->config.on_state (self->config.ctx, false);
    sim_process_end_turn (self->process);
    s_connect_later (self);
}

void sim_pg_client_lose (store_pg_t *self)
{
    sim_net_t *net = self->server->net;
    if (self->is_losing)
        return;
    self->is_losing = true;
    sim_net_after (net, self->process->node, sim_random_below (net->random, S_LOSS_US), s_on_loss, self, 0);
}

/*  ---- store_statement.h ---------------------------------------------------------------- */

void store_statement_ask (store_append_t *append, store_pg_t *pg, store_entry_t *const *run, unsigned count,
                          bool needs_ids)
{
    unsigned room_count;
    const store_room_t *rooms = store_append_rooms (append, &room_count);
    pg->run = run;
    pg->run_count = count;
    pg->needs_ids = needs_ids;
    if (pg->is_losing)
        return;
    pg->session->rooms = 0;
    for (unsigned i = 0; i < room_count; i++) {
        const sim_pg_room_t *room = sim_pg_room (pg->server, rooms[i].id);
        if (room)
            pg->session->rooms |= 1u << (room - sim_pg_room_at (pg->server, 0));
    }
}

static void s_read_rooms (const sim_pg_t *server, store_append_t *append)
{
    unsigned count;
    store_room_t *rooms = store_append_rooms (append, &count);
    for (unsigned i = 0; i < count; i++) {
        const sim_pg_room_t *room = sim_pg_room (server, rooms[i].id);
        if (!room)
            continue;
        rooms[i].exists = true;
        rooms[i].kind = PT_room_kind_PUBLIC;
        rooms[i].epoch = 1;
        rooms[i].head = room->head;
        rooms[i].last_at = room->head ? room->items[room->head - 1].at : 0;
        for (unsigned account = 1; rooms[i].has_changes && account <= SIM_PG_ACCOUNTS; account++) {
            rooms[i].owners += room->roles[account] == PT_role_OWNER;
            rooms[i].members += room->roles[account] != PT_role_none;
        }
    }
}

static void s_read_pairs (const sim_pg_t *server, store_append_t *append)
{
    unsigned count, room_count;
    store_pair_t *pairs = store_append_pairs (append, &count);
    const store_room_t *rooms = store_append_rooms (append, &room_count);
    for (unsigned i = 0; i < count; i++) {
        const sim_pg_room_t *room = sim_pg_room (server, rooms[pairs[i].slot].id);
        bool is_known = room && pairs[i].account <= SIM_PG_ACCOUNTS;
        pairs[i].before = is_known ? room->roles[pairs[i].account] : PT_role_none;
        pairs[i].exists = pairs[i].is_target && pairs[i].account <= SIM_PG_ACCOUNTS;
    }
}

/*  Tells the batch the rows that carry its keys. */
static void s_read_known (store_pg_t *self, store_append_t *append)
{
    for (unsigned i = 0; i < self->run_count; i++) {
        const store_entry_t *entry = self->run[i];
        bool has_room = sim_pg_room (self->server, entry->room) != NULL;
        const pt_item_t *item =
            has_room ? sim_pg_find (self->server, entry->room, entry->sender, entry->send_id) : NULL;
        if (!item)
            continue;
        store_content_t content = {.kind = item->kind,
                                   .body = item->body,
                                   .reply_to = item->reply_to,
                                   .account = item->account,
                                   .what = item->what,
                                   .role = item->role};
        store_append_known (append, i, &content, item->seq, item->id, item->at);
    }
}

static void s_read_ids (sim_pg_t *server, store_ids_t *ids)
{
    uint64_t first = server->next_id;
    server->next_id += S_BLOCK;
    if (ids->next == ids->end) {
        ids->next = first;
        ids->end = first + S_BLOCK;
    } else {
        ids->spare_next = first;
        ids->spare_end = first + S_BLOCK;
    }
}

/*  The results of a step are its connection itself: nobody else reads them. */
int store_statement_read (store_append_t *append, const store_pg_step_t *step, pt_codec_t *codec, store_ids_t *ids,
                          int64_t *out_now)
{
    (void)codec; /* nobody posts files here */
    store_pg_t *self = (store_pg_t *)(uintptr_t)step->results;
    s_read_rooms (self->server, append);
    s_read_pairs (self->server, append);
    s_read_known (self, append);
    if (self->needs_ids)
        s_read_ids (self->server, ids);
    *out_now = sv_wall_us ();
    return 0;
}

void store_statement_write (store_append_t *append, store_pg_t *pg, store_entry_t *const *run, unsigned count,
                            unsigned new_count)
{
    (void)append, (void)new_count;
    for (unsigned i = 0; i < count && !pg->is_losing; i++)
        if (run[i]->verdict == STORE_NEW)
            sim_pg_add_row (pg->server, pg->session, run[i]);
}
