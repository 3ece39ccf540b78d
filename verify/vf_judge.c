/*  vf_judge - takes events into its books, and judges what can be judged at once. */

#include "vf_books.h"

#include <stdio.h>

static const char *const s_findings[VF_FINDINGS] = {
    [VF_LOST] = "lost",
    [VF_HOLE] = "hole in the numbering",
    [VF_GAP] = "not delivered",
    [VF_TWICE] = "delivered twice",
    [VF_BACKWARDS] = "delivered backwards",
    [VF_OTHERWISE] = "delivered otherwise",
    [VF_DOUBLED] = "stored twice",
    [VF_GHOST] = "never sent",
    [VF_REORDERED] = "reordered",
    [VF_UNREAD] = "not in history",
    [VF_LATE] = "delivered after the end of membership",
    [VF_HEARD_AFTER] = "delivered after signing out",
    [VF_OPEN_AFTER] = "socket open after signing out",
    [VF_TAKEN_AFTER] = "accepted after signing out",
    [VF_UNBOUNDED] = "beyond its bounds",
    [VF_UNRECOVERED] = "recovered too late",
    [VF_SLOWED] = "slowed by others",
    [VF_DISHONEST] = "dishonest answer",
};

static const vf_class_t s_classes[VF_FINDINGS] = {
    [VF_LOST] = VF_CLASS_LOST,
    [VF_HOLE] = VF_CLASS_LOST,
    [VF_GAP] = VF_CLASS_LOST,
    [VF_UNREAD] = VF_CLASS_LOST,
    [VF_TWICE] = VF_CLASS_DOUBLED,
    [VF_DOUBLED] = VF_CLASS_DOUBLED,
    [VF_GHOST] = VF_CLASS_DOUBLED,
    [VF_OTHERWISE] = VF_CLASS_DOUBLED,
    [VF_BACKWARDS] = VF_CLASS_REORDERED,
    [VF_REORDERED] = VF_CLASS_REORDERED,
    [VF_LATE] = VF_CLASS_OTHER,
    [VF_UNBOUNDED] = VF_CLASS_OTHER,
    [VF_HEARD_AFTER] = VF_CLASS_OUTLIVED,
    [VF_OPEN_AFTER] = VF_CLASS_OUTLIVED,
    [VF_TAKEN_AFTER] = VF_CLASS_OUTLIVED,
    [VF_UNRECOVERED] = VF_CLASS_OTHER,
    [VF_SLOWED] = VF_CLASS_OTHER,
    [VF_DISHONEST] = VF_CLASS_OTHER,
};

const char *vf_finding_name (vf_finding_t finding)
{
    return s_findings[finding];
}

uint64_t vf_counts_of (const vf_counts_t *counts, vf_class_t class)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < VF_FINDINGS; i++)
        sum += s_classes[i] == class ? counts->findings[i] : 0;
    return sum;
}

/* ---- life ------------------------------------------------------------------------ */

vf_judge_t *vf_judge_new (const vf_limits_t *limits)
{
    vf_judge_t *self = calloc (1, sizeof *self);
    if (self)
        self->limits = *limits;
    return self;
}

void vf_judge_destroy (vf_judge_t **self_p)
{
    vf_judge_t *self = *self_p;
    if (!self)
        return;
    for (uint32_t i = 0; i < self->texts.count; i++)
        free (*VF_AT (self->texts, char *, i));
    for (uint32_t i = 0; i < self->rooms.count; i++)
        vf_tape_fini (&VF_AT (self->rooms, vf_room_t, i)->records);
    vf_tape_t *tapes[] = {&self->clients, &self->rooms,  &self->streams, &self->sends, &self->members,  &self->windows,
                          &self->looks,   &self->faults, &self->texts,   &self->lives, &self->sessions, &self->heard};
    for (size_t i = 0; i < sizeof tapes / sizeof tapes[0]; i++)
        vf_tape_fini (tapes[i]);
    vf_map_t *maps[] = {&self->client_of, &self->room_of,      &self->stream_of,  &self->send_of,
                        &self->member_of, &self->unbounded_of, &self->session_of, &self->heard_of};
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++)
        vf_map_fini (maps[i]);
    free (self);
    *self_p = NULL;
}

/* ---- sends -------------------------------------------------------------------------- */

static vf_send_t *s_new_send (vf_judge_t *self, uint32_t client_index, uint32_t room_index, const vf_event_t *event)
{
    vf_client_t *client = VF_AT (self->clients, vf_client_t, client_index);
    uint32_t stream;
    uint64_t cmid = vf_send_key (event);
    vf_send_t *send =
        vf_stream (self, client_index, room_index, &stream) ? vf_tape_add (&self->sends, sizeof *send) : NULL;
    if (!send || !vf_map_put (&self->send_of, vf_key (client->account, event->room, cmid), self->sends.count - 1)) {
        self->is_out_of_memory = true;
        return NULL;
    }
    *send = (vf_send_t){.account = client->account,
                        .cmid = cmid,
                        .hash = event->bodyhash,
                        .room = room_index,
                        .client = client_index,
                        .stream = stream,
                        .order = ++client->sends,
                        .first_ns = event->mono_ns,
                        .is_said = event->cmid.len == 0};
    self->counts.sent++;
    return send;
}

static void s_acked (vf_judge_t *self, vf_send_t *send, const vf_event_t *event)
{
    vf_fault_t where = {
        .room = event->room, .seq = event->seq, .client = VF_AT (self->clients, vf_client_t, send->client)->name};
    if (send->is_acked && send->seq != event->seq)
        vf_find (self, VF_DOUBLED, &where, "one send was acknowledged with seq %llu and with seq %llu",
                 (unsigned long long)send->seq, (unsigned long long)event->seq);
    if (send->is_acked)
        return;
    if (send->is_failed)
        vf_find (self, VF_DISHONEST, &where, "a send was refused and later acknowledged");
    send->is_acked = true;
    send->seq = event->seq;
    send->ack_ns = event->mono_ns;
}

static void s_send (vf_judge_t *self, uint32_t client, uint32_t room, const vf_event_t *event)
{
    uint64_t account = VF_AT (self->clients, vf_client_t, client)->account;
    uint64_t cmid = vf_send_key (event);
    vf_send_t *send = vf_send (self, account, event->room, cmid);
    vf_fault_t where = {.room = event->room, .client = VF_AT (self->clients, vf_client_t, client)->name};
    if (!send && event->op == VF_INVOKE)
        send = s_new_send (self, client, room, event);
    else if (!send)
        vf_find (self, VF_GHOST, &where, "an answer to a send that was not made");
    if (!send)
        return;
    switch (event->op) {
    case VF_INVOKE:
        if (send->hash != event->bodyhash)
            vf_find (self, VF_DISHONEST, &where, "the log holds two bodies under one send_id");
        send->is_open = true;
        break;
    case VF_OK:
        send->is_open = false;
        s_acked (self, send, event);
        break;
    case VF_FAIL: /* certain only when no earlier try may have been stored */
        send->is_open = false;
        send->is_failed = !send->has_unknown && !send->is_acked;
        break;
    case VF_INFO:
        send->is_open = false;
        send->has_unknown = true;
        break;
    }
}

/* ---- the rest -------------------------------------------------------------------------- */

static void s_item (vf_judge_t *self, uint32_t room_index, uint32_t client, const vf_event_t *event)
{
    vf_room_t *room = VF_AT (self->rooms, vf_room_t, room_index);
    vf_fault_t where = {.room = event->room, .seq = event->seq, .client = event->client};
    where.client = VF_AT (self->clients, vf_client_t, client)->name;
    if (event->seq != room->head + 1)
        vf_find (self, VF_HOLE, &where, "the room's seq %llu is followed by %llu", (unsigned long long)room->head,
                 (unsigned long long)event->seq);
    room->has_final = true;
    if (event->seq > room->head)
        room->head = event->seq;
    vf_see (self, room_index, client, event);
    vf_record_t *record = vf_record (self, VF_AT (self->rooms, vf_room_t, room_index), event->seq);
    if (record)
        record->is_stored = true;
    bool is_out = pt_str_eq (event->what, PT_LIT ("left")) || pt_str_eq (event->what, PT_LIT ("kicked"));
    vf_member_t *member = event->what.len ? vf_member (self, event->room, event->account) : NULL;
    if (!member)
        return;
    member->is_known = true;
    member->is_member = !is_out;
    if (is_out)
        member->left = event->seq;
}

static void s_read (vf_judge_t *self, uint32_t room, uint32_t client, const vf_event_t *event)
{
    vf_fault_t where = {
        .room = event->room, .seq = event->seq, .client = VF_AT (self->clients, vf_client_t, client)->name};
    if (event->op == VF_FAIL)
        vf_find (self, VF_UNREAD, &where, "history did not have seq %llu, acknowledged before",
                 (unsigned long long)event->seq);
    if (event->op != VF_OK)
        return;
    vf_look_t *look = vf_tape_add (&self->looks, sizeof *look);
    if (look)
        *look = (vf_look_t){room, client, event->seq, event->bodyhash};
    else
        self->is_out_of_memory = true;
}

static void s_fault (vf_judge_t *self, const vf_event_t *event)
{
    vf_window_t *window = NULL;
    if (event->op == VF_INVOKE) {
        window = vf_tape_add (&self->windows, sizeof *window);
        if (!window) {
            self->is_out_of_memory = true;
            return;
        }
        window->begun = event->mono_ns;
        window->name = vf_keep (self, event->err, event->gateway);
        self->counts.faults++;
    } else if (self->windows.count) {
        window = VF_AT (self->windows, vf_window_t, self->windows.count - 1);
        *(event->op == VF_OK ? &window->healed : &window->flowing) = event->mono_ns;
    }
    if (window && pt_str_eq (event->what, PT_LIT ("blind")))
        window->is_blind = true;
}

static void s_stat (vf_judge_t *self, const vf_event_t *event)
{
    vf_counts_t *counts = &self->counts;
    counts->rss_peak = event->rss > counts->rss_peak ? event->rss : counts->rss_peak;
    counts->fds_peak = event->fds > counts->fds_peak ? event->fds : counts->fds_peak;
    vf_fault_t where = {.client = PT_LIT ("nemesis")};
    if (pt_str_eq (event->what, PT_LIT ("slowed")))
        vf_find (self, VF_SLOWED, &where, "%.*s", (int)event->err.len, event->err.at);
    bool is_beyond = (self->limits.rss_max && event->rss > self->limits.rss_max) ||
                     (self->limits.fds_max && event->fds > self->limits.fds_max) ||
                     pt_str_eq (event->what, PT_LIT ("busy"));
    uint64_t key = vf_hash (event->gateway.at, event->gateway.len);
    if (!is_beyond || vf_map_get (&self->unbounded_of, key) != VF_NONE)
        return;
    self->is_out_of_memory |= !vf_map_put (&self->unbounded_of, key, 1);
    vf_find (self, VF_UNBOUNDED, &where, "%.*s: %llu MB, %llu descriptors, %llu %% of a core", (int)event->gateway.len,
             event->gateway.at, (unsigned long long)event->rss >> 20, (unsigned long long)event->fds,
             (unsigned long long)event->cpu);
}

static void s_in_room (vf_judge_t *self, uint32_t client, const vf_event_t *event)
{
    uint32_t room, index;
    vf_stream_t *stream = NULL;
    if (!vf_room (self, event->room, &room))
        return;
    if (event->kind == VF_SEND || event->kind == VF_ITEM || event->kind == VF_READ) {
        if (event->kind == VF_SEND)
            s_send (self, client, room, event);
        else if (event->kind == VF_ITEM)
            s_item (self, room, client, event);
        else
            s_read (self, room, client, event);
        return;
    }
    if (!(stream = vf_stream (self, client, room, &index)) || event->op != VF_OK)
        return;
    switch (event->kind) {
    case VF_SUB:
        vf_stream_sub (self, stream, event);
        break;
    case VF_RECV:
        self->counts.delivered++;
        vf_stream_recv (self, stream, event);
        vf_see (self, room, client, event);
        break;
    case VF_CONN:
        vf_heard_add (self, index, event);
        break;
    case VF_HEARD:
        self->counts.delivered++;
        vf_heard_add (self, index, event);
        break;
    case VF_RESET:
        stream->is_begun = false;
        break;
    case VF_END:
        stream->has_end = true;
        stream->end = event->seq;
        break;
    default:
        break;
    }
}

int vf_judge_add (vf_judge_t *self, const vf_event_t *event)
{
    uint32_t index;
    self->counts.events++;
    vf_client_t *client = vf_client (self, event->client, &index);
    if (client && event->kind == VF_CLIENT)
        client->account = event->account;
    else if (client && event->kind == VF_FAULT)
        s_fault (self, event);
    else if (client && event->kind == VF_STAT)
        s_stat (self, event);
    else if (client) {
        vf_revoke_add (self, index, event);
        if (event->room)
            s_in_room (self, index, event);
    }
    return self->is_out_of_memory ? -PT_E_memory : 0;
}

bool vf_judge_finish (vf_judge_t *self, vf_counts_t *out_counts)
{
    vf_settle (self);
    *out_counts = self->counts;
    uint64_t sum = 0;
    for (unsigned i = 0; i < VF_FINDINGS; i++)
        sum += self->counts.findings[i];
    return sum == 0 && !self->is_out_of_memory;
}

const vf_fault_t *vf_judge_faults (const vf_judge_t *self, unsigned *out_count)
{
    *out_count = self->faults.count;
    return self->faults.at;
}
