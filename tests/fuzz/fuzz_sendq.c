/*  fuzz_sendq - what a socket sends to a room, with a service that answers,
    fails, is silent, and stores late copies.

    The service of the model is idempotent by send_id, as the real one.  Whatever
    happens: what it stored first of each send stands in the order the client
    sent, a send is told `stored` only when it is, nobody is told twice for one
    question, and when the service is well again the queue empties.
    Covers: services/gateway/sessions/gw_sendq.c */

#include "fuzz.h"
#include "gw_sendq.h"

enum { S_SENDS = 120, S_BATCH = 16, S_HEAL = 400 };

typedef struct {
    char id[4];
    bool is_stored, is_refused;
    uint64_t open; /* question that waits for an answer; 0: none */
} s_send_t;

typedef struct {
    gw_sendq_t *queue;
    s_send_t sends[S_SENDS];
    unsigned count;
    uint64_t questions;
    unsigned owner[4 * S_SENDS]; /* send of each question */
    unsigned last_stored;        /* 1 + greatest index stored */
    pt_send_entry_t batch[S_BATCH];
    uint32_t batch_count;
    uint64_t now_ms;
} s_client_t;

static unsigned s_index (pt_str_t id)
{
    return (unsigned)(id.at[1] - '0') * 100 + (unsigned)(id.at[2] - '0') * 10 + (unsigned)(id.at[3] - '0');
}

static void s_on_told (void *arg, uint64_t re, const pt_send_result_t *result, int err)
{
    s_client_t *self = arg;
    fuzz_must (re >= 1 && re <= self->questions);
    s_send_t *send = &self->sends[self->owner[re]];
    fuzz_must (send->open == re && (result || err != 0));
    fuzz_must (err != 0 || send->is_stored);
    fuzz_must (!send->is_stored || err == 0 || pt_error_is_transient (err));
    send->open = 0;
}

static void s_push (s_client_t *self, unsigned index, uint32_t wait_ms)
{
    s_send_t *send = &self->sends[index];
    if (send->open || send->is_refused || self->questions + 1 == 4 * S_SENDS)
        return;
    pt_send_entry_t entry = {.send_id = {send->id, 4}, .body = {send->id, 4}};
    uint32_t before = gw_sendq_count (self->queue);
    bool is_known = gw_sendq_is_known (self->queue, &entry);
    self->owner[++self->questions] = index;
    send->open = self->questions;
    fuzz_must (gw_sendq_push (self->queue, self->questions, &entry, self->now_ms + wait_ms) == 0);
    fuzz_must (gw_sendq_count (self->queue) == before + !is_known);
}

static void s_send_new (s_client_t *self, uint32_t wait_ms)
{
    if (self->count == S_SENDS)
        return;
    s_send_t *send = &self->sends[self->count];
    send->id[0] = 's';
    send->id[1] = (char)('0' + self->count / 100);
    send->id[2] = (char)('0' + self->count / 10 % 10);
    send->id[3] = (char)('0' + self->count % 10);
    s_push (self, self->count++, wait_ms);
}

/*  The service stores a send; a new one must lie behind all it has. */
static void s_store (s_client_t *self, unsigned index)
{
    s_send_t *send = &self->sends[index];
    fuzz_must (!send->is_refused);
    fuzz_must (send->is_stored || index >= self->last_stored);
    send->is_stored = true;
    if (index >= self->last_stored)
        self->last_stored = index + 1;
}

static void s_begin (s_client_t *self)
{
    uint32_t count = gw_sendq_begin (self->queue, self->batch, S_BATCH, self->now_ms);
    fuzz_must (count <= S_BATCH && (count == 0 || self->batch_count == 0));
    for (uint32_t i = 1; i < count; i++)
        fuzz_must (s_index (self->batch[i].send_id) > s_index (self->batch[i - 1].send_id) ||
                   self->sends[s_index (self->batch[i].send_id)].is_stored);
    if (count > 0)
        self->batch_count = count;
}

/*  An answer: which of the array are refused is a bit each. */
static void s_answer (s_client_t *self, uint64_t refused, uint32_t count)
{
    pt_send_result_t results[S_BATCH] = {0};
    for (uint32_t i = 0; i < self->batch_count; i++) {
        s_send_t *send = &self->sends[s_index (self->batch[i].send_id)];
        if (count == self->batch_count && (refused >> i & 1) && !send->is_stored) {
            results[i].status = PT_E_invalid;
            send->is_refused = true;
            continue;
        }
        s_store (self, s_index (self->batch[i].send_id));
    }
    self->batch_count = 0;
    gw_sendq_done (self->queue, results, count, self->now_ms, s_on_told, self);
}

/*  An open failure, with a part stored behind our back. */
static void s_fail_open (s_client_t *self, uint8_t how)
{
    static const int errors[] = {-PT_E_worker_lost, -PT_E_deadline, -PT_E_unavailable, -PT_E_busy};
    for (uint32_t i = 0; i < how % (self->batch_count + 1); i++)
        s_store (self, s_index (self->batch[i].send_id));
    self->batch_count = 0;
    gw_sendq_fail (self->queue, errors[how % 4], self->now_ms, s_on_told, self);
}

/*  A refusal of all, by a service that has stored none of them. */
static void s_refuse (s_client_t *self)
{
    for (uint32_t i = 0; i < self->batch_count; i++)
        if (self->sends[s_index (self->batch[i].send_id)].is_stored)
            return;
    for (uint32_t i = 0; i < self->batch_count; i++)
        self->sends[s_index (self->batch[i].send_id)].is_refused = true;
    self->batch_count = 0;
    gw_sendq_fail (self->queue, -PT_E_not_member, self->now_ms, s_on_told, self);
}

static void s_run (s_client_t *self, fuzz_input_t *in)
{
    uint8_t what = fuzz_u8 (in), value = fuzz_u8 (in);
    self->now_ms += what >> 3;
    switch (what % 8) {
    case 0:
    case 1:
        s_send_new (self, value * 50u);
        break;
    case 2:
        if (self->count > 0)
            s_push (self, value % self->count, value * 50u);
        break;
    case 3:
        s_begin (self);
        break;
    case 4:
        if (self->batch_count > 0)
            s_answer (self, value & 0xf0 ? 0 : value, value == 0xff ? self->batch_count - 1 : self->batch_count);
        break;
    case 5:
        if (self->batch_count > 0)
            s_fail_open (self, value);
        break;
    case 6:
        gw_sendq_expire (self->queue, self->now_ms, s_on_told, self);
        break;
    default:
        if (self->batch_count > 0 && value < 8)
            s_refuse (self);
        self->now_ms += value * 100u;
    }
}

static void s_heal (s_client_t *self)
{
    for (unsigned i = 0; i < S_HEAL && gw_sendq_count (self->queue) > 0; i++) {
        self->now_ms += GW_SENDQ_RETRY_MAX_MS;
        s_begin (self);
        if (self->batch_count > 0)
            s_answer (self, 0, self->batch_count);
    }
    fuzz_must (gw_sendq_count (self->queue) == 0 && gw_sendq_bytes (self->queue) == 0);
    for (unsigned i = 0; i < self->count; i++)
        fuzz_must (self->sends[i].open == 0 && self->sends[i].is_stored != self->sends[i].is_refused);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static s_client_t client;
    fuzz_input_t in = {data, size};
    memset (&client, 0, sizeof client);
    client.queue = gw_sendq_new (false);
    client.now_ms = 1000;
    fuzz_must (client.queue != NULL);
    while (in.left > 0)
        s_run (&client, &in);
    s_heal (&client);
    gw_sendq_destroy (&client.queue);
    return 0;
}
