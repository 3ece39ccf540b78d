/*  ld_member - joins, leaves and kicks, over REST.  A move is tried again under
    one Idempotency-Key until its outcome is certain. */

#include "ld.h"
#include "ld_random.h"
#include <stdio.h>

#define S_AGAIN_US 200000

static const struct {
    vf_kind_t kind;
    const char *method;
    const char *path; /* behind the room; %llu is whose membership */
} s_calls[] = {{VF_JOIN, "POST", "/join"}, {VF_LEAVE, "POST", "/leave"}, {VF_KICK, "DELETE", "/members/%llu"}};

static uint64_t s_some_time (ld_t *ld)
{
    uint64_t mean_us = ld->plan.churn_ms * 1000;
    return ld->now_us + mean_us / 2 + ld_random_below (&ld->random, mean_us);
}

/*  ---- moves --------------------------------------------------------------------------- */

static void s_note_move (const ld_move_t *move, vf_op_t op, pt_str_t err)
{
    ld_note (move->client, &(vf_event_t){.op = op,
                                         .kind = move->kind,
                                         .account = move->account,
                                         .room = move->client->rooms[move->room].id,
                                         .err = err});
}

static bool s_begin (ld_client_t *client, unsigned room, vf_kind_t kind, uint64_t account)
{
    ld_t *ld = client->ld;
    for (unsigned i = 0; i < LD_MOVES; i++) {
        ld_move_t *move = &ld->moves[i];
        if (move->client)
            continue;
        *move = (ld_move_t){.client = client,
                            .room = (uint16_t)room,
                            .kind = kind,
                            .account = account,
                            .gateway = (unsigned)ld_random_below (&ld->random, ld->plan.gateway_count)};
        snprintf (move->key, sizeof move->key, "%s.%llu", client->plan->name, (unsigned long long)++client->moves);
        s_note_move (move, VF_INVOKE, (pt_str_t){0});
        ld->stats.moves++;
        return true;
    }
    return false;
}

/*  Who is back goes on where it was: a member may read what was said meanwhile. */
static void s_finish (ld_move_t *move, bool is_done)
{
    ld_client_t *client = move->client;
    ld_room_t *room = &client->rooms[move->room];
    if (move->kind == VF_JOIN) {
        room->state = is_done ? LD_WANTED : LD_OUT;
        room->retry_us = 0;
        room->move_us = s_some_time (client->ld);
    } else if (move->kind == VF_LEAVE) {
        room->is_moving = false;
        room->move_us = s_some_time (client->ld);
    }
    client->wake_us = 0;
    move->client = NULL;
}

static void s_on_answer (void *arg, unsigned status, pt_str_t body)
{
    ld_move_t *move = arg;
    ld_t *ld = move->client->ld;
    char code[16];
    (void)body;
    snprintf (code, sizeof code, "%u", status);
    move->is_asked = false;
    if (status >= 200 && status < 300) {
        s_note_move (move, VF_OK, (pt_str_t){0});
        s_finish (move, true);
        return;
    }
    bool is_refused = status >= 400 && status < 500 && status != 401 && status != 408 && status != 429;
    s_note_move (move, is_refused && move->tries == 1 ? VF_FAIL : VF_INFO, pt_str (code));
    if (is_refused || move->tries >= LD_MOVE_TRIES) {
        s_finish (move, false);
        return;
    }
    move->gateway = (move->gateway + 1) % ld->plan.gateway_count;
    move->due_us = ld->now_us + S_AGAIN_US;
}

static void s_try (ld_t *ld, ld_move_t *move)
{
    const ld_gateway_t *gateway = &ld->plan.gateways[move->gateway];
    char path[40] = "", method[128];
    for (size_t i = 0; i < sizeof s_calls / sizeof *s_calls; i++) {
        if (s_calls[i].kind != move->kind)
            continue;
        if (move->kind == VF_KICK)
            snprintf (path, sizeof path, "/members/%llu", (unsigned long long)move->account);
        snprintf (method, sizeof method, "%s /v1/rooms/%llu%s", s_calls[i].method,
                  (unsigned long long)move->client->rooms[move->room].id, path[0] ? path : s_calls[i].path);
    }
    ld_http_call_t call = {.to = &gateway->address,
                           .host = gateway->name,
                           .method = method,
                           .token = move->client->plan->token,
                           .key = move->key,
                           .body = move->kind == VF_KICK ? "" : "{}"};
    move->tries++;
    move->is_asked = true;
    if (ld_https_call (&ld->https, &call, ld->now_us, s_on_answer, move))
        s_on_answer (move, 0, (pt_str_t){0});
}

void ld_moves_tick (ld_t *ld)
{
    for (unsigned i = 0; i < LD_MOVES; i++) {
        ld_move_t *move = &ld->moves[i];
        if (move->client && !move->is_asked && ld->now_us >= move->due_us)
            s_try (ld, move);
    }
}

unsigned ld_moves_count (const ld_t *ld)
{
    unsigned count = 0;
    for (unsigned i = 0; i < LD_MOVES; i++)
        count += ld->moves[i].client != NULL;
    return count;
}

/*  ---- one client's ------------------------------------------------------------------------ */

/*  A leave waits until nothing of the client is on its way to the room, so that
    no send is refused for it. */
static void s_move_due (ld_client_t *self, unsigned index)
{
    ld_room_t *room = &self->rooms[index];
    ld_t *ld = self->ld;
    if (!room->move_us)
        room->move_us = s_some_time (ld);
    bool is_due = ld->now_us >= room->move_us || (ld->stop_us && room->move_us != UINT64_MAX);
    if (room->state == LD_OUT && is_due) {
        if (s_begin (self, index, VF_JOIN, self->plan->account))
            room->state = LD_JOINING;
    } else if (room->state == LD_LIVE && is_due && !room->is_moving && !ld->stop_us && !room->outbox.count)
        room->is_moving = s_begin (self, index, VF_LEAVE, self->plan->account);
}

static void s_kick_due (ld_client_t *self)
{
    ld_t *ld = self->ld;
    const ld_plan_client_t *plan = self->plan;
    if (!self->kick_us)
        self->kick_us = s_some_time (ld);
    if (ld->now_us < self->kick_us || ld->stop_us)
        return;
    self->kick_us = s_some_time (ld);
    unsigned room = (unsigned)ld_random_below (&ld->random, plan->room_count);
    s_begin (self, room, VF_KICK, plan->kicks[ld_random_below (&ld->random, plan->kick_count)]);
}

void ld_member_tick (ld_client_t *self)
{
    if (self->plan->mode == LD_CHURN)
        for (unsigned i = 0; i < self->plan->room_count; i++)
            s_move_due (self, i);
    if (self->plan->kick_count && self->plan->room_count)
        s_kick_due (self);
}

void ld_member_out (ld_client_t *self, unsigned index)
{
    ld_room_t *room = &self->rooms[index];
    if (self->plan->mode != LD_CHURN)
        ld_run_violation (self, "no member any more", room->id, room->last);
    room->state = LD_OUT;
    room->pull = 0;
    room->move_us = s_some_time (self->ld);
}
