/*  sim_daemon - see sim_daemon.h.  Broker, store, chat and what there is of auth are
    set up here; the gateway in sim_gateway.c. */

#include "sim_daemon.h"
#include "broker_shell.h"
#include "chat_ops.h"
#include "store_batch.h"
#include <stdlib.h>

static const char *const s_bases[] = {"tcp://127.0.0.1:9000", "tcp://127.0.0.1:9100", "tcp://127.0.0.1:9200"};

const char *sim_role_name (sim_role_t role)
{
    static const char *const names[] = {"broker", "store", "chat", "auth", "gateway"};
    return role < SIM_ROLES ? names[role] : "?";
}

/*  ---- broker ---------------------------------------------------------------------- */

static bool s_open_broker (sim_daemon_t *self)
{
    int exit_code = 0;
    self->ctx = broker_shell_new ((sv_daemon_t *)(void *)self, s_bases[self->index], &exit_code);
    return self->ctx != NULL;
}

static void s_close_broker (sim_daemon_t *self)
{
    broker_shell_t *shell = self->ctx;
    broker_shell_destroy (&shell);
}

/*  ---- store ------------------------------------------------------------------------ */

typedef struct {
    sim_daemon_t *daemon;
    store_batch_t *batch;
} store_t;

static void s_on_append (void *ctx, sv_request_t *request, const void *msg)
{
    store_batch_append (((store_t *)ctx)->batch, request, msg);
}

static void s_on_read (void *ctx, sv_request_t *request, const void *msg)
{
    store_t *self = ctx;
    sim_pg_read (self->daemon->pg, &self->daemon->process, request, msg);
}

static void s_on_state (void *ctx, bool is_up)
{
    (void)ctx;
    (void)is_up;
}

static bool s_open_store (sim_daemon_t *self)
{
    static const sv_handler_t handlers[] = {
        {PT_OP_store_append, s_on_append}, {PT_OP_store_membership, s_on_read}, {PT_OP_store_range, s_on_read},
        {PT_OP_store_heads, s_on_read},    {PT_OP_store_history, s_on_read},    {PT_OP_store_revoked, s_on_read},
    };
    store_t *store = calloc (1, sizeof *store);
    if (!store)
        return false;
    self->ctx = store;
    store->daemon = self;
    store->batch = store_batch_new (&(store_batch_config_t){.connections = 2,
                                                            .statement_timeout_ms = 5000,
                                                            .lock_timeout_ms = 1000,
                                                            .loop = &self->process.loop,
                                                            .on_state = s_on_state});
    return store->batch && store_batch_start (store->batch) == 0 &&
           sv_bus_serve (self->bus, handlers, sizeof handlers / sizeof *handlers, 1024, store) == 0;
}

static void s_close_store (sim_daemon_t *self)
{
    store_t *store = self->ctx;
    if (store)
        store_batch_destroy (&store->batch);
    free (store);
}

/*  ---- chat -------------------------------------------------------------------------- */

static bool s_open_chat (sim_daemon_t *self)
{
    static const chat_config_t config = {.credit = 512, .store_deadline_ms = 10000};
    chat_t *chat = calloc (1, sizeof *chat);
    if (!chat)
        return false;
    self->ctx = chat;
    chat->daemon = (sv_daemon_t *)(void *)self;
    chat->config = &config;
    chat->bus = self->bus;
    chat->store = (sv_backend_t){self->bus, chat, &config.store_deadline_ms};
    return sv_bus_serve (self->bus, chat_ops, chat_op_count, (unsigned)config.credit, chat) == 0;
}

static void s_close_chat (sim_daemon_t *self)
{
    free (self->ctx);
}

/*  ---- auth: what it tells gateways -------------------------------------------------- */

static bool s_open_auth (sim_daemon_t *self)
{
    return self->bus != NULL;
}

static void s_close_auth (sim_daemon_t *self)
{
    (void)self;
}

void sim_auth_tell (sim_daemon_t *self, const pt_revocation_t *what)
{
    const pt_revocations_t told = {.items = {what, 1}, .has_items = true};
    sim_process_enter (&self->process);
    int lost = sv_bus_publish (self->bus, "a", 1, PT_EV_revoked, &told);
    (void)lost; /* it is a hint */
    sim_process_end_turn (&self->process);
}

/*  ---- life ---------------------------------------------------------------------------- */

static const struct {
    pt_peer_t peer;
    bool (*open) (sim_daemon_t *self);
    void (*close) (sim_daemon_t *self);
} s_roles[] = {
    [SIM_BROKER] = {PT_PEER_none, s_open_broker, s_close_broker},
    [SIM_STORE] = {PT_PEER_store, s_open_store, s_close_store},
    [SIM_CHAT] = {PT_PEER_chat, s_open_chat, s_close_chat},
    [SIM_AUTH] = {PT_PEER_auth, s_open_auth, s_close_auth},
    [SIM_GATEWAY] = {PT_PEER_gateway, sim_gateway_open, sim_gateway_close},
};

bool sim_daemon_start (sim_daemon_t *self)
{
    sim_process_start (&self->process);
    self->is_running = true;
    self->is_draining = false;
    if (s_roles[self->role].peer != PT_PEER_none) {
        self->bus = sv_bus_new (&(sv_bus_config_t){
            .role = s_roles[self->role].peer, .brokers = self->brokers, .loop = &self->process.loop});
        if (!self->bus)
            return false;
    }
    return s_roles[self->role].open (self);
}

/*  In the order of sv_daemon: calls end while the role is whole. */
static void s_close (sim_daemon_t *self)
{
    sim_process_enter (&self->process);
    if (self->bus)
        sv_bus_close (self->bus);
    s_roles[self->role].close (self);
    self->ctx = NULL;
    sv_bus_destroy (&self->bus);
    sim_process_stop (&self->process);
    self->is_running = false;
}

void sim_daemon_kill (sim_daemon_t *self)
{
    if (!self->is_running)
        return;
    sim_net_kill (self->process.net, self->process.node);
    s_close (self);
}

void sim_daemon_drain (sim_daemon_t *self)
{
    sim_process_enter (&self->process);
    self->is_draining = true;
    if (self->bus)
        sv_bus_drain (self->bus);
    if (self->role == SIM_BROKER)
        broker_shell_drain (self->ctx);
    if (self->role == SIM_GATEWAY)
        sim_gateway_drain (self);
}

bool sim_daemon_is_drained (const sim_daemon_t *self)
{
    if (self->role == SIM_BROKER)
        return broker_shell_is_drained (self->ctx);
    if (self->role != SIM_GATEWAY)
        return sv_bus_in_flight (self->bus) == 0;
    for (unsigned i = 0; i < SIM_SESSIONS; i++)
        if (self->sessions[i])
            return false;
    return true;
}

void sim_daemon_leave (sim_daemon_t *self)
{
    s_close (self);
    sim_net_kill (self->process.net, self->process.node);
}
