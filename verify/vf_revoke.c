/*  vf_revoke - I9: what is signed out ends.  A revocation counts from the moment
    its answer was in a log.  What must end with it may be in anybody's log, so
    that all is judged when all is known.

    Nobody can act on what nobody can read: while a fault keeps gateways from the
    revocations themselves (a window that is called blind), the time allowed begins
    when the fault has ended. */

#include "vf_books.h"

#include <stdlib.h>

#define S_ALLOWED_NS ((uint64_t)VF_REVOKED_MS * 1000000)

/*  Close code of a socket whose session is signed out. */
#define S_SIGNED_OUT "4401"

static uint64_t s_later (uint64_t a_ns, uint64_t b_ns)
{
    return a_ns > b_ns ? a_ns : b_ns;
}

/* ---- taking ----------------------------------------------------------------------- */

static vf_session_t *s_session (vf_judge_t *self, uint64_t id)
{
    uint32_t index = vf_map_get (&self->session_of, id);
    if (index != VF_NONE)
        return VF_AT (self->sessions, vf_session_t, index);
    vf_session_t *session = vf_tape_add (&self->sessions, sizeof *session);
    if (!session || !vf_map_put (&self->session_of, id, self->sessions.count - 1)) {
        self->is_out_of_memory = true;
        return NULL;
    }
    session->id = id;
    return session;
}

static void s_begin (vf_judge_t *self, uint32_t client, const vf_event_t *event)
{
    VF_AT (self->clients, vf_client_t, client)->life = 0;
    vf_session_t *session = event->session ? s_session (self, event->session) : NULL;
    if (!session)
        return;
    vf_life_t *life = vf_tape_add (&self->lives, sizeof *life);
    if (!life) {
        self->is_out_of_memory = true;
        return;
    }
    *life = (vf_life_t){.client = client, .next = session->lives, .begun = event->mono_ns};
    session->lives = self->lives.count;
    VF_AT (self->clients, vf_client_t, client)->life = self->lives.count;
}

static void s_end (vf_client_t *client, vf_life_t *life, const vf_event_t *event)
{
    life->closed = event->mono_ns;
    life->is_told = pt_str_eq (event->err, PT_LIT (S_SIGNED_OUT));
    client->life = 0;
}

static void s_use (vf_judge_t *self, uint32_t client, const vf_event_t *event)
{
    vf_session_t *session = event->session ? s_session (self, event->session) : NULL;
    if (!session)
        return;
    if (event->kind == VF_REVOKE)
        session->revoked_ns = session->revoked_ns ? session->revoked_ns : event->mono_ns;
    else if (event->mono_ns > session->used_ns) {
        session->used_ns = event->mono_ns;
        session->user = client;
    }
}

void vf_revoke_add (vf_judge_t *self, uint32_t index, const vf_event_t *event)
{
    vf_client_t *client = VF_AT (self->clients, vf_client_t, index);
    vf_life_t *life = client->life ? VF_AT (self->lives, vf_life_t, client->life - 1) : NULL;
    client->last_ns = event->mono_ns;
    if (event->op != VF_OK)
        return;
    if (event->kind == VF_CONN)
        s_begin (self, index, event);
    else if (event->kind == VF_REVOKE || event->kind == VF_USE)
        s_use (self, index, event);
    else if (life && event->kind == VF_CLOSE)
        s_end (client, life, event);
    else if (life && (event->kind == VF_RECV || event->kind == VF_HEARD))
        life->given_ns = s_later (life->given_ns, event->mono_ns);
    else if (life && (event->kind == VF_SUB || event->kind == VF_SEND || event->kind == VF_READ))
        life->took_ns = s_later (life->took_ns, event->mono_ns);
}

/* ---- judging ------------------------------------------------------------------------ */

/*  Until when what was revoked at `since_ns` may have effects. */
static uint64_t s_deadline (const vf_judge_t *self, uint64_t since_ns)
{
    uint64_t deadline = since_ns + S_ALLOWED_NS;
    for (uint32_t i = 0; i < self->windows.count; i++) {
        const vf_window_t *window = VF_AT (self->windows, vf_window_t, i);
        bool is_met = window->begun <= deadline && (!window->healed || window->healed > since_ns);
        if (!window->is_blind || !is_met)
            continue;
        if (!window->healed)
            return UINT64_MAX;
        deadline = s_later (deadline, window->healed + S_ALLOWED_NS);
    }
    return deadline;
}

static void s_find (vf_judge_t *self, vf_finding_t finding, const vf_session_t *session, uint32_t client, uint64_t ns)
{
    static const char *const did[] = {[VF_HEARD_AFTER] = "was given an item",
                                      [VF_OPEN_AFTER] = "still had its socket",
                                      [VF_TAKEN_AFTER] = "was accepted"};
    vf_fault_t where = {.session = session->id, .client = VF_AT (self->clients, vf_client_t, client)->name};
    vf_find (self, finding, &where, "%.*s %s %llu ms after session %llu was signed out", (int)where.client.len,
             where.client.at, did[finding], (unsigned long long)(ns - session->revoked_ns) / 1000000,
             (unsigned long long)session->id);
}

static void s_life (vf_judge_t *self, const vf_session_t *session, const vf_life_t *life, uint64_t deadline)
{
    uint64_t taken_ns = s_later (life->begun, life->took_ns);
    uint64_t open_ns = life->closed ? life->closed : VF_AT (self->clients, vf_client_t, life->client)->last_ns;
    if (life->given_ns > deadline)
        s_find (self, VF_HEARD_AFTER, session, life->client, life->given_ns);
    if (taken_ns > deadline)
        s_find (self, VF_TAKEN_AFTER, session, life->client, taken_ns);
    if (open_ns > deadline)
        s_find (self, VF_OPEN_AFTER, session, life->client, open_ns);
}

/*  How long the server took to close the socket; a revocation may bite before its
    own answer is there. */
static void s_time (vf_judge_t *self, const vf_session_t *session, const vf_life_t *life, vf_tape_t *times)
{
    if (!life->is_told)
        return;
    uint64_t *us = vf_tape_add (times, sizeof *us);
    if (us)
        *us = life->closed > session->revoked_ns ? (life->closed - session->revoked_ns) / 1000 : 0;
    else
        self->is_out_of_memory = true;
}

static int s_compare (const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t s_percentile (const vf_tape_t *sorted, unsigned percent)
{
    return sorted->count ? *VF_AT (*sorted, uint64_t, ((uint64_t)sorted->count * percent + 99) / 100 - 1) : 0;
}

static void s_tell_times (vf_counts_t *counts, vf_tape_t *times)
{
    if (times->count)
        qsort (times->at, times->count, sizeof (uint64_t), s_compare);
    counts->revoked_closed = times->count;
    counts->close_p50_us = s_percentile (times, 50);
    counts->close_p99_us = s_percentile (times, 99);
    counts->close_max_us = s_percentile (times, 100);
}

void vf_revoke_settle (vf_judge_t *self)
{
    vf_tape_t times = {0};
    for (uint32_t i = 0; i < self->sessions.count; i++) {
        const vf_session_t *session = VF_AT (self->sessions, vf_session_t, i);
        if (!session->revoked_ns)
            continue;
        uint64_t deadline = s_deadline (self, session->revoked_ns);
        self->counts.revoked++;
        if (session->used_ns > deadline)
            s_find (self, VF_TAKEN_AFTER, session, session->user, session->used_ns);
        for (uint32_t at = session->lives; at; at = VF_AT (self->lives, vf_life_t, at - 1)->next) {
            s_life (self, session, VF_AT (self->lives, vf_life_t, at - 1), deadline);
            s_time (self, session, VF_AT (self->lives, vf_life_t, at - 1), &times);
        }
    }
    s_tell_times (&self->counts, &times);
    vf_tape_fini (&times);
}
