/*  chat_layer - the channel layer of this instance: channels and groups, and the bus around them.

    Every operation has a key, since the bus may send a call again while the first is under way: a
    receive that waits for longer than the bus is patient always comes twice.  A call is known by
    its operation, name and key together; the cores remember what it came to.

    A receive that waits and a send to a group each hold a request, thus credit of this instance.
    Neither may take more than a quarter of it, so that the rest goes on beside them. */

#include "chat_layer.h"

#include "chat_channel.h"
#include "chat_group.h"
#include "chat_ops.h"
#include <stdlib.h>
#include <sys/queue.h>

_Static_assert(CHAT_LAYER_SENDS *CHAT_GROUP_MEMBERS <= LIM_CALLS / 8, "questions to store find room beside them");

/*  Requests for one answer: a call and its repeats, each in the arena of its own request. */
typedef struct s_asker {
    sv_request_t *request;
    struct s_asker *next;
} s_asker_t;

/*  A send to a group, in the arena of its first request. */
typedef struct s_fanout {
    LIST_ENTRY (s_fanout) link;
    chat_layer_t *layer;
    uint64_t call;
    char key[17]; /* of the sends to the members */
    pt_str_t message;
    unsigned open; /* sends without an answer, and the one that makes them */
    s_asker_t first;
    s_asker_t *repeats;
} s_fanout_t;

struct chat_layer {
    chat_t *chat;
    chat_channel_t *channels;
    chat_group_t *groups;
    sv_timer_t *timer; /* of the channels */
    LIST_HEAD (s_fanouts, s_fanout) fanouts;
    unsigned fanout_count, fanout_max;
};

/*  What a call and its repeats have in common, and no other call. */
static uint64_t s_call (uint16_t opcode, pt_str_t name, pt_str_t key)
{
    char text[2 + LIM_CHANNEL + 1 + LIM_KEY];
    uint32_t len = 0;
    text[len++] = (char)(opcode >> 8);
    text[len++] = (char)(opcode & 0xff);
    memcpy (text + len, name.at, name.len);
    len += name.len;
    text[len++] = '\0'; /* in no name */
    memcpy (text + len, key.at, key.len);
    return pt_affinity ((pt_str_t){text, len + key.len});
}

static void s_answer_empty (sv_request_t **request_p, int err)
{
    static const pt_empty_t done = {0};
    if (err == 0)
        sv_request_reply (request_p, &done);
    else
        sv_request_fail (request_p, err, NULL);
}

/*  ---- channels ------------------------------------------------------------------------- */

static void s_on_answered (void *ctx, void *ask, int err, pt_str_t message)
{
    (void)ctx;
    sv_request_t *request = ask;
    if (err != 0 || sv_request_opcode (request) == PT_OP_chat_channel_send) {
        s_answer_empty (&request, err);
        return;
    }
    pt_channel_received_t received = {.message = message, .has_message = message.at != NULL};
    sv_request_reply (&request, &received);
}

static void s_step (chat_layer_t *self, const chat_channel_event_t *event)
{
    uint64_t now_ms = sv_now_ms ();
    chat_channel_step (self->channels, event, now_ms);
    uint64_t due_ms = chat_channel_due_ms (self->channels);
    uint32_t in_ms = due_ms == 0 ? 0 : due_ms > now_ms ? (uint32_t)(due_ms - now_ms) : 1;
    sv_timer_set (sv_daemon_loop (self->chat->daemon), self->timer, in_ms, 0);
}

static void s_on_timer (void *arg)
{
    s_step (arg, &(chat_channel_event_t){.kind = CHAT_CHANNEL_TICK});
}

void chat_layer_on_send (void *ctx, sv_request_t *request, const void *msg)
{
    const chat_t *chat = ctx;
    const pt_channel_send_t *send = msg;
    chat_channel_event_t event = {.kind = CHAT_CHANNEL_SEND,
                                  .ask = request,
                                  .call = s_call (PT_OP_chat_channel_send, send->channel, send->key),
                                  .channel = send->channel,
                                  .message = send->message};
    s_step (chat->layer, &event);
}

void chat_layer_on_receive (void *ctx, sv_request_t *request, const void *msg)
{
    const chat_t *chat = ctx;
    const pt_channel_receive_t *receive = msg;
    /*  Who waits longer than is left would be told of a deadline, and lose a message that comes then. */
    uint32_t most_ms = sv_backend_deadline (sv_request_remaining_ms (request), LIM_CHANNEL_WAIT_MS);
    chat_channel_event_t event = {.kind = CHAT_CHANNEL_RECEIVE,
                                  .ask = request,
                                  .call = s_call (PT_OP_chat_channel_receive, receive->channel, receive->key),
                                  .channel = receive->channel,
                                  .wait_ms = receive->timeout_ms < most_ms ? receive->timeout_ms : most_ms};
    s_step (chat->layer, &event);
}

/*  ---- groups ----------------------------------------------------------------------------- */

static void s_change (sv_request_t *request, const pt_channel_group_change_t *change, const chat_layer_t *self,
                      int (*fn) (chat_group_t *, pt_str_t, pt_str_t, uint64_t, uint64_t))
{
    uint64_t call = s_call (sv_request_opcode (request), change->group, change->key);
    s_answer_empty (&request, fn (self->groups, change->group, change->channel, call, sv_now_ms ()));
}

void chat_layer_on_group_add (void *ctx, sv_request_t *request, const void *msg)
{
    const chat_t *chat = ctx;
    s_change (request, msg, chat->layer, chat_group_add);
}

void chat_layer_on_group_discard (void *ctx, sv_request_t *request, const void *msg)
{
    const chat_t *chat = ctx;
    s_change (request, msg, chat->layer, chat_group_discard);
}

/*  Answers when no send is open any more. */
static void s_close_one (s_fanout_t *fanout)
{
    if (--fanout->open > 0)
        return;
    LIST_REMOVE (fanout, link);
    fanout->layer->fanout_count--;
    for (s_asker_t *asker = fanout->repeats, *next; asker; asker = next) {
        next = asker->next; /* in the request that is consumed */
        s_answer_empty (&asker->request, 0);
    }
    sv_request_t *first = fanout->first.request;
    s_answer_empty (&first, 0);
}

/*  A member that did not take it goes without: who sends to a group is not told of its members. */
static void s_on_sent (void *arg, const sv_reply_t *reply)
{
    s_fanout_t *fanout = arg;
    if (reply->status != 0)
        sv_metric_add (fanout->layer->chat->metrics.dropped, 1);
    s_close_one (fanout);
}

static void s_send_to (void *ctx, pt_str_t channel)
{
    s_fanout_t *fanout = ctx;
    const chat_t *chat = fanout->layer->chat;
    pt_channel_send_t send = {.channel = channel, .message = fanout->message, .key = pt_str (fanout->key)};
    sv_call_t call = {.opcode = PT_OP_chat_channel_send,
                      .msg = &send,
                      .affinity = pt_affinity (channel),
                      .deadline_ms =
                          sv_backend_deadline (sv_request_remaining_ms (fanout->first.request), LIM_DEADLINE_MS),
                      .trace = sv_request_trace (fanout->first.request)};
    if (sv_bus_call (chat->bus, &call, s_on_sent, fanout, NULL) == 0)
        sv_metric_add (chat->metrics.dropped, 1);
    else
        fanout->open++;
}

static s_fanout_t *s_find_fanout (const chat_layer_t *self, uint64_t call)
{
    s_fanout_t *fanout = LIST_FIRST (&self->fanouts);
    while (fanout && fanout->call != call)
        fanout = LIST_NEXT (fanout, link);
    return fanout;
}

/*  A repeat while the first is under way is answered with it. */
static void s_join (s_fanout_t *fanout, sv_request_t *request)
{
    s_asker_t *asker = pt_arena_alloc (sv_request_arena (request), sizeof *asker);
    if (!asker) {
        sv_request_fail (&request, PT_E_worker_lost, "out of memory; the outcome is unknown");
        return;
    }
    *asker = (s_asker_t){request, fanout->repeats};
    fanout->repeats = asker;
}

static s_fanout_t *s_new_fanout (chat_layer_t *self, sv_request_t *request, uint64_t call, pt_str_t message)
{
    s_fanout_t *fanout = pt_arena_alloc (sv_request_arena (request), sizeof *fanout);
    if (!fanout)
        return NULL;
    *fanout = (s_fanout_t){.layer = self, .call = call, .message = message, .open = 1, .first = {request, NULL}};
    snprintf (fanout->key, sizeof fanout->key, "%016llx", (unsigned long long)call);
    LIST_INSERT_HEAD (&self->fanouts, fanout, link);
    self->fanout_count++;
    return fanout;
}

static void s_begin (chat_layer_t *self, sv_request_t *request, uint64_t call, const pt_channel_group_send_t *send)
{
    s_fanout_t *fanout = s_new_fanout (self, request, call, send->message);
    if (!fanout) {
        sv_request_fail (&request, PT_E_memory, NULL);
        return;
    }
    int err = chat_group_send (self->groups, send->group, call, sv_now_ms (), s_send_to, fanout);
    if (err == 0) {
        s_close_one (fanout);
        return;
    }
    LIST_REMOVE (fanout, link);
    self->fanout_count--;
    sv_request_fail (&request, err, NULL);
}

void chat_layer_on_group_send (void *ctx, sv_request_t *request, const void *msg)
{
    const chat_t *chat = ctx;
    const pt_channel_group_send_t *send = msg;
    chat_layer_t *self = chat->layer;
    uint64_t call = s_call (PT_OP_chat_channel_group_send, send->group, send->key);
    s_fanout_t *fanout = s_find_fanout (self, call);
    if (fanout)
        s_join (fanout, request);
    else if (self->fanout_count >= self->fanout_max)
        sv_request_fail (&request, PT_E_busy, "too many sends to groups at a time");
    else
        s_begin (self, request, call, send);
}

/*  ---- life --------------------------------------------------------------------------------- */

chat_layer_t *chat_layer_new (chat_t *chat)
{
    chat_layer_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    unsigned share = (unsigned)chat->config->credit / 4;
    self->chat = chat;
    self->fanout_max = share < CHAT_LAYER_SENDS ? share : CHAT_LAYER_SENDS;
    self->channels = chat_channel_new (share, s_on_answered, self);
    self->groups = chat_group_new ();
    self->timer = sv_loop_timer (sv_daemon_loop (chat->daemon), 0, 0, s_on_timer, self);
    if (!self->channels || !self->groups || !self->timer)
        chat_layer_destroy (&self);
    return self;
}

void chat_layer_destroy (chat_layer_t **self_p)
{
    chat_layer_t *self = *self_p;
    if (!self)
        return;
    sv_timer_cancel (sv_daemon_loop (self->chat->daemon), &self->timer);
    chat_channel_destroy (&self->channels);
    chat_group_destroy (&self->groups);
    free (self);
    *self_p = NULL;
}

void chat_layer_drain (chat_layer_t *self)
{
    s_step (self, &(chat_channel_event_t){.kind = CHAT_CHANNEL_DRAIN});
}
