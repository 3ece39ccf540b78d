/*  gw_sendq - see gw_sendq.h. */

#include "gw_sendq.h"
#include <stdlib.h>

typedef struct s_entry {
    struct s_entry *next;
    uint64_t re;
    uint64_t due_ms;
    bool is_open; /* the client waits for an answer */
    pt_send_entry_t send;
    uint64_t ids[]; /* its attachments, and behind them its texts */
} s_entry_t;

struct gw_sendq {
    s_entry_t *first, *last;
    uint32_t count;
    bool is_patient;
    uint32_t told; /* entries whose client has been answered */
    uint32_t sent; /* entries of the array on its way, from the first on */
    size_t bytes;
    unsigned tries;
    uint64_t retry_ms; /* not before */
};

gw_sendq_t *gw_sendq_new (bool is_patient)
{
    gw_sendq_t *self = calloc (1, sizeof *self);
    if (self)
        self->is_patient = is_patient;
    return self;
}

static size_t s_send_size (const pt_send_entry_t *send)
{
    return sizeof (s_entry_t) + send->attachments.count * sizeof *send->attachments.at + send->send_id.len +
           send->body.len;
}

static size_t s_size (const s_entry_t *entry)
{
    return s_send_size (&entry->send);
}

static void s_pop (gw_sendq_t *self)
{
    s_entry_t *entry = self->first;
    self->first = entry->next;
    if (!self->first)
        self->last = NULL;
    self->count--;
    self->told -= !entry->is_open;
    self->bytes -= s_size (entry);
    free (entry);
}

void gw_sendq_destroy (gw_sendq_t **self_p)
{
    gw_sendq_t *self = *self_p;
    if (!self)
        return;
    while (self->first)
        s_pop (self);
    free (self);
    *self_p = NULL;
}

uint32_t gw_sendq_count (const gw_sendq_t *self)
{
    return self->count;
}

size_t gw_sendq_bytes (const gw_sendq_t *self)
{
    return self->bytes;
}

static bool s_are_same (pt_ids_t a, pt_ids_t b)
{
    return a.count == b.count && (a.count == 0 || memcmp (a.at, b.at, a.count * sizeof *a.at) == 0);
}

static bool s_is_same (const pt_send_entry_t *a, const pt_send_entry_t *b)
{
    return pt_str_eq (a->send_id, b->send_id) && pt_str_eq (a->body, b->body) && a->has_reply_to == b->has_reply_to &&
           (!a->has_reply_to || a->reply_to == b->reply_to) && s_are_same (a->attachments, b->attachments);
}

/*  The queued send that this one repeats and whose client has been answered. */
static s_entry_t *s_find_repeated (const gw_sendq_t *self, const pt_send_entry_t *send)
{
    for (s_entry_t *entry = self->told ? self->first : NULL; entry; entry = entry->next)
        if (!entry->is_open && s_is_same (&entry->send, send))
            return entry;
    return NULL;
}

bool gw_sendq_is_known (const gw_sendq_t *self, const pt_send_entry_t *entry)
{
    return s_find_repeated (self, entry) != NULL;
}

static s_entry_t *s_new_entry (const pt_send_entry_t *send)
{
    s_entry_t *entry = malloc (s_send_size (send));
    if (!entry)
        return NULL;
    uint32_t count = send->attachments.count;
    char *text = (char *)(entry->ids + count);
    entry->next = NULL;
    entry->is_open = true;
    entry->send = *send;
    entry->send.send_id.at = memcpy (text, send->send_id.at, send->send_id.len);
    entry->send.body.at = memcpy (text + send->send_id.len, send->body.at, send->body.len);
    entry->send.attachments.at = entry->ids;
    if (count > 0)
        memcpy (entry->ids, send->attachments.at, count * sizeof *entry->ids);
    return entry;
}

int gw_sendq_push (gw_sendq_t *self, uint64_t re, const pt_send_entry_t *send, uint64_t due_ms)
{
    s_entry_t *entry = s_find_repeated (self, send);
    if (!entry) {
        entry = s_new_entry (send);
        if (!entry)
            return -PT_E_memory;
        if (self->last)
            self->last->next = entry;
        else
            self->first = entry;
        self->last = entry;
        self->count++;
        self->bytes += s_size (entry);
    }
    self->told -= !entry->is_open;
    entry->re = re;
    entry->due_ms = due_ms;
    entry->is_open = true;
    return 0;
}

uint32_t gw_sendq_begin (gw_sendq_t *self, pt_send_entry_t *out_entries, uint32_t max, uint64_t now_ms)
{
    if (self->sent || now_ms < self->retry_ms)
        return 0;
    size_t bytes = 0;
    for (const s_entry_t *entry = self->first; entry && self->sent < max; entry = entry->next) {
        bytes += s_size (entry);
        if (self->sent && bytes > GW_SENDQ_BYTES)
            break;
        out_entries[self->sent++] = entry->send;
    }
    return self->sent;
}

static void s_answer (gw_sendq_t *self, s_entry_t *entry, const pt_send_result_t *result, int err, gw_sendq_fn *fn,
                      void *arg)
{
    if (!entry->is_open)
        return;
    entry->is_open = false;
    self->told++;
    fn (arg, entry->re, result, err);
}

static void s_refuse (gw_sendq_t *self, int err, gw_sendq_fn *fn, void *arg)
{
    for (; self->sent; self->sent--) {
        s_answer (self, self->first, NULL, err, fn, arg);
        s_pop (self);
    }
    self->tries = 0;
    self->retry_ms = 0;
}

void gw_sendq_done (gw_sendq_t *self, const pt_send_result_t *results, uint32_t count, uint64_t now_ms, gw_sendq_fn *fn,
                    void *arg)
{
    if (count != self->sent) {
        gw_sendq_fail (self, -PT_E_worker_lost, now_ms, fn, arg); /* they may be stored */
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        int err = -(int)results[i].status;
        if (pt_error_is_transient (err)) {
            self->sent = count - i; /* from here on as if the array had failed */
            gw_sendq_fail (self, err, now_ms, fn, arg);
            return;
        }
        s_answer (self, self->first, &results[i], err, fn, arg);
        s_pop (self);
    }
    self->sent = 0;
    self->tries = 0;
    self->retry_ms = 0;
}

void gw_sendq_fail (gw_sendq_t *self, int err, uint64_t now_ms, gw_sendq_fn *fn, void *arg)
{
    if (!pt_error_is_transient (err)) {
        s_refuse (self, err, fn, arg);
        return;
    }
    s_entry_t *entry = self->first;
    for (; self->sent; self->sent--) {
        if (!self->is_patient)
            s_answer (self, entry, NULL, err, fn, arg);
        entry = entry->next;
    }
    uint64_t wait_ms = (uint64_t)GW_SENDQ_RETRY_MS << (self->tries < 8 ? self->tries : 8);
    self->tries++;
    self->retry_ms = now_ms + (wait_ms < GW_SENDQ_RETRY_MAX_MS ? wait_ms : GW_SENDQ_RETRY_MAX_MS);
}

void gw_sendq_expire (gw_sendq_t *self, uint64_t now_ms, gw_sendq_fn *fn, void *arg)
{
    for (s_entry_t *entry = self->is_patient ? NULL : self->first; entry; entry = entry->next)
        if (entry->is_open && entry->due_ms <= now_ms)
            s_answer (self, entry, NULL, -PT_E_deadline, fn, arg);
}
