/*  chat_channel - the channels of this instance: what is sent to a name waits there for a receiver.

    A channel exists as long as it holds a message.  Who waits is in one list, in the order of
    coming, since there are few; nobody waits at a channel that holds something.  A waiting receive
    has its place in the memory of outcomes from the first, so that nothing can fail any more once
    a message is taken out. */

#include "chat_channel.h"

#include "chat_name.h"
#include "chat_repeat.h"
#include <stdlib.h>

typedef struct s_message {
    TAILQ_ENTRY (s_message) link;
    char *text; /* owned */
    uint32_t len;
    uint64_t until_ms;
} s_message_t;

typedef struct {
    chat_name_t name; /* first: what the table finds */
    TAILQ_HEAD (s_messages, s_message) messages;
    unsigned count;
} s_box_t;

typedef struct {
    void *ask;
    uint64_t call;
    uint64_t until_ms;
    chat_name_t channel;
    chat_outcome_t *outcome; /* reserved; a repeat has none of its own */
} s_waiter_t;

struct chat_channel {
    chat_channel_fn *answered;
    void *ctx;
    chat_names_t boxes;
    chat_repeat_t repeat;
    size_t bytes; /* of the messages in channels */
    uint64_t sweep_ms;
    unsigned waiter_max, waiter_count;
    s_waiter_t waiters[CHAT_CHANNEL_RECEIVERS];
};

static const pt_str_t s_none = {0};

/*  ---- messages ------------------------------------------------------------------ */

static void s_free_message (s_message_t *message)
{
    free (message->text);
    free (message);
}

static s_message_t *s_new_message (pt_str_t text, uint64_t now_ms)
{
    s_message_t *message = calloc (1, sizeof *message);
    char *copy = malloc (text.len + 1u);
    if (!message || !copy) {
        free (message);
        free (copy);
        return NULL;
    }
    memcpy (copy, text.at, text.len);
    *message = (s_message_t){.text = copy, .len = text.len, .until_ms = now_ms + CHAT_CHANNEL_KEPT_MS};
    return message;
}

static s_message_t *s_pop (chat_channel_t *self, s_box_t *box)
{
    s_message_t *message = TAILQ_FIRST (&box->messages);
    TAILQ_REMOVE (&box->messages, message, link);
    self->bytes -= message->len;
    if (--box->count == 0) {
        chat_names_remove (&self->boxes, &box->name);
        free (box);
    }
    return message;
}

/*  Drops what is too old; false when the channel is gone with the last of it. */
static bool s_sweep_box (chat_channel_t *self, s_box_t *box, uint64_t now_ms)
{
    unsigned left = box->count;
    while (left > 0 && TAILQ_FIRST (&box->messages)->until_ms <= now_ms) {
        left--;
        s_free_message (s_pop (self, box));
    }
    return left > 0;
}

static s_box_t *s_find_box (chat_channel_t *self, pt_str_t channel, uint64_t now_ms)
{
    s_box_t *box = (s_box_t *)chat_names_find (&self->boxes, channel);
    return box && s_sweep_box (self, box, now_ms) ? box : NULL;
}

static s_box_t *s_add_box (chat_channel_t *self, pt_str_t channel, int *out_err)
{
    s_box_t *box = NULL;
    if (self->boxes.count >= CHAT_CHANNELS)
        *out_err = -PT_E_busy;
    else if (!(box = calloc (1, sizeof *box)))
        *out_err = -PT_E_memory;
    else {
        TAILQ_INIT (&box->messages);
        chat_name_set (&box->name, channel);
        chat_names_add (&self->boxes, &box->name);
    }
    return box;
}

/*  Puts it into its channel.  0, or -PT_E_busy or -PT_E_memory, and the message is the caller's still. */
static int s_push (chat_channel_t *self, pt_str_t channel, s_message_t *message, uint64_t now_ms)
{
    int err = 0;
    s_box_t *box = s_find_box (self, channel, now_ms);
    if (box && box->count >= CHAT_CHANNEL_MESSAGES)
        return -PT_E_busy;
    if (!box && !(box = s_add_box (self, channel, &err)))
        return err;
    TAILQ_INSERT_TAIL (&box->messages, message, link);
    box->count++;
    self->bytes += message->len;
    return 0;
}

/*  ---- who waits ------------------------------------------------------------------ */

static s_waiter_t *s_find_waiter (chat_channel_t *self, uint64_t call)
{
    for (unsigned i = 0; i < self->waiter_count; i++)
        if (self->waiters[i].call == call)
            return &self->waiters[i];
    return NULL;
}

static s_waiter_t *s_find_receiver (chat_channel_t *self, pt_str_t channel)
{
    for (unsigned i = 0; i < self->waiter_count; i++)
        if (chat_name_is (&self->waiters[i].channel, channel))
            return &self->waiters[i];
    return NULL;
}

/*  Ends the wait of a call and of all its repeats; `text` is taken. */
static void s_end_wait (chat_channel_t *self, uint64_t call, int err, char *text, uint32_t len, uint64_t now_ms)
{
    s_waiter_t *first = s_find_waiter (self, call); /* repeats come later: this one has the place */
    chat_repeat_keep (&self->repeat, &first->outcome, call, err, text, len, now_ms);
    unsigned kept = 0;
    for (unsigned i = 0; i < self->waiter_count; i++) {
        if (self->waiters[i].call == call)
            self->answered (self->ctx, self->waiters[i].ask, err, text ? (pt_str_t){text, len} : s_none);
        else
            self->waiters[kept++] = self->waiters[i];
    }
    self->waiter_count = kept;
}

/*  Gives the message to the wait of `call`. */
static void s_hand_over (chat_channel_t *self, uint64_t call, s_message_t *message, uint64_t now_ms)
{
    char *text = message->text;
    uint32_t len = message->len;
    message->text = NULL;
    s_free_message (message);
    s_end_wait (self, call, 0, text, len, now_ms);
}

/*  ---- events ---------------------------------------------------------------------- */

/*  0, or why the message is not taken. */
static int s_deliver (chat_channel_t *self, const chat_channel_event_t *event, uint64_t now_ms)
{
    if (self->bytes + self->repeat.bytes + event->message.len > CHAT_CHANNEL_BYTES)
        return -PT_E_busy;
    s_message_t *message = s_new_message (event->message, now_ms);
    if (!message)
        return -PT_E_memory;
    const s_waiter_t *receiver = s_find_receiver (self, event->channel);
    if (receiver) {
        s_hand_over (self, receiver->call, message, now_ms);
        return 0;
    }
    int err = s_push (self, event->channel, message, now_ms);
    if (err != 0)
        s_free_message (message);
    return err;
}

static void s_on_send (chat_channel_t *self, const chat_channel_event_t *event, uint64_t now_ms)
{
    int err = 0;
    chat_outcome_t *outcome = chat_repeat_reserve (&self->repeat, &err);
    if (outcome) {
        err = s_deliver (self, event, now_ms);
        chat_repeat_keep (&self->repeat, &outcome, event->call, err, NULL, 0, now_ms);
    }
    self->answered (self->ctx, event->ask, err, s_none);
}

static void s_add_waiter (chat_channel_t *self, const chat_channel_event_t *event, uint64_t until_ms,
                          chat_outcome_t *outcome)
{
    s_waiter_t *waiter = &self->waiters[self->waiter_count++];
    *waiter = (s_waiter_t){.ask = event->ask, .call = event->call, .until_ms = until_ms, .outcome = outcome};
    chat_name_set (&waiter->channel, event->channel);
}

/*  Were the repeat alone refused, its `busy` might overtake a message. */
static void s_repeat_wait (chat_channel_t *self, const chat_channel_event_t *event, const s_waiter_t *first,
                           uint64_t now_ms)
{
    if (self->waiter_count < self->waiter_max) {
        s_add_waiter (self, event, first->until_ms, NULL);
        return;
    }
    s_end_wait (self, event->call, -PT_E_busy, NULL, 0, now_ms);
    self->answered (self->ctx, event->ask, -PT_E_busy, s_none);
}

/*  Who finds a message or does not wait is answered at once, and was never in the list. */
static void s_answer_now (chat_channel_t *self, const chat_channel_event_t *event, chat_outcome_t *outcome,
                          s_message_t *message, int err, uint64_t now_ms)
{
    char *text = message ? message->text : NULL;
    uint32_t len = message ? message->len : 0;
    free (message);
    chat_repeat_keep (&self->repeat, &outcome, event->call, err, text, len, now_ms);
    self->answered (self->ctx, event->ask, err, text ? (pt_str_t){text, len} : s_none);
}

static void s_on_receive (chat_channel_t *self, const chat_channel_event_t *event, uint64_t now_ms)
{
    const s_waiter_t *first = s_find_waiter (self, event->call);
    if (first) {
        s_repeat_wait (self, event, first, now_ms);
        return;
    }
    int err = 0;
    chat_outcome_t *outcome = chat_repeat_reserve (&self->repeat, &err);
    if (!outcome) {
        self->answered (self->ctx, event->ask, err, s_none);
        return;
    }
    s_box_t *box = s_find_box (self, event->channel, now_ms);
    if (box)
        s_answer_now (self, event, outcome, s_pop (self, box), 0, now_ms);
    else if (event->wait_ms == 0)
        s_answer_now (self, event, outcome, NULL, 0, now_ms);
    else if (self->waiter_count >= self->waiter_max)
        s_answer_now (self, event, outcome, NULL, -PT_E_busy, now_ms);
    else
        s_add_waiter (self, event, now_ms + event->wait_ms, outcome);
}

static void s_on_tick (chat_channel_t *self, const chat_channel_event_t *event, uint64_t now_ms)
{
    (void)event;
    if (now_ms < self->sweep_ms)
        return;
    self->sweep_ms = now_ms + CHAT_CHANNEL_SWEEP_MS;
    size_t slot = 0;
    for (chat_name_t *name; (name = chat_names_first (&self->boxes, &slot)); slot++)
        for (chat_name_t *next; name; name = next) {
            next = name->next;
            (void)s_sweep_box (self, (s_box_t *)name, now_ms);
        }
}

static void s_on_drain (chat_channel_t *self, const chat_channel_event_t *event, uint64_t now_ms)
{
    (void)event;
    while (self->waiter_count > 0)
        s_end_wait (self, self->waiters[0].call, -PT_E_draining, NULL, 0, now_ms);
}

/*  Time comes first, so that no event meets what is over. */
static void s_pass_time (chat_channel_t *self, uint64_t now_ms)
{
    for (unsigned i = 0; i < self->waiter_count;) {
        if (self->waiters[i].until_ms > now_ms) {
            i++;
            continue;
        }
        s_end_wait (self, self->waiters[i].call, 0, NULL, 0, now_ms);
        i = 0;
    }
    chat_repeat_sweep (&self->repeat, now_ms);
}

void chat_channel_step (chat_channel_t *self, const chat_channel_event_t *event, uint64_t now_ms)
{
    static void (*const steps[]) (chat_channel_t *, const chat_channel_event_t *, uint64_t) = {
        [CHAT_CHANNEL_SEND] = s_on_send,
        [CHAT_CHANNEL_RECEIVE] = s_on_receive,
        [CHAT_CHANNEL_TICK] = s_on_tick,
        [CHAT_CHANNEL_DRAIN] = s_on_drain,
    };
    s_pass_time (self, now_ms);
    bool asks = event->kind == CHAT_CHANNEL_SEND || event->kind == CHAT_CHANNEL_RECEIVE;
    const chat_outcome_t *known = asks ? chat_repeat_find (&self->repeat, event->call) : NULL;
    if (known)
        self->answered (self->ctx, event->ask, known->err, known->text ? (pt_str_t){known->text, known->len} : s_none);
    else
        steps[event->kind](self, event, now_ms);
}

uint64_t chat_channel_due_ms (const chat_channel_t *self)
{
    uint64_t due_ms = self->boxes.count > 0 || self->repeat.count > 0 ? self->sweep_ms : UINT64_MAX;
    for (unsigned i = 0; i < self->waiter_count; i++)
        if (self->waiters[i].until_ms < due_ms)
            due_ms = self->waiters[i].until_ms;
    return due_ms == UINT64_MAX ? 0 : due_ms > 0 ? due_ms : 1;
}

/*  ---- life -------------------------------------------------------------------------- */

chat_channel_t *chat_channel_new (unsigned receivers, chat_channel_fn *answered, void *ctx)
{
    chat_channel_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->answered = answered;
    self->ctx = ctx;
    self->waiter_max = receivers < CHAT_CHANNEL_RECEIVERS ? receivers : CHAT_CHANNEL_RECEIVERS;
    chat_repeat_init (&self->repeat);
    return self;
}

void chat_channel_destroy (chat_channel_t **self_p)
{
    chat_channel_t *self = *self_p;
    if (!self)
        return;
    for (unsigned i = 0; i < self->waiter_count; i++)
        chat_repeat_drop (&self->repeat, &self->waiters[i].outcome);
    chat_channel_event_t tick = {.kind = CHAT_CHANNEL_TICK};
    s_on_tick (self, &tick, UINT64_MAX - CHAT_CHANNEL_SWEEP_MS);
    chat_repeat_fini (&self->repeat);
    free (self);
    *self_p = NULL;
}
