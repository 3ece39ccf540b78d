/*  vf_settle - the rules that need all events: what is stored against what was
    acknowledged, sent and delivered; the order of each sender; faults and how
    long they lasted. */

#include "vf_books.h"

#include <stdio.h>

static vf_fault_t s_at (const vf_judge_t *self, uint32_t room, uint64_t seq, uint32_t client)
{
    return (vf_fault_t){.room = VF_AT (self->rooms, vf_room_t, room)->id,
                        .seq = seq,
                        .client = VF_AT (self->clients, vf_client_t, client)->name};
}

/* ---- rooms ------------------------------------------------------------------------ */

/*  I6: in the room's order, a sender's acknowledged messages come in the order
    in which it first tried them.  What was given up with its socket and not sent again
    has no order with what was sent on another. */
static void s_follow (vf_judge_t *self, const vf_send_t *send, uint64_t seq)
{
    vf_stream_t *stream = VF_AT (self->streams, vf_stream_t, send->stream);
    if (!send->is_acked || (send->is_said && send->has_unknown))
        return;
    if (send->order < stream->last_order) {
        vf_fault_t where = s_at (self, send->room, seq, send->client);
        vf_find (self, VF_REORDERED, &where, "%.*s sent what is seq %llu before what is seq %llu",
                 (int)where.client.len, where.client.at, (unsigned long long)seq, (unsigned long long)stream->last_seq);
        return;
    }
    stream->last_order = send->order;
    stream->last_seq = seq;
}

static void s_message (vf_judge_t *self, uint32_t room, uint64_t seq, const vf_record_t *record)
{
    vf_fault_t where = s_at (self, room, seq, record->client);
    vf_send_t *send = vf_send_of (self, where.room, record);
    if (!send || send->hash != record->hash) {
        vf_find (self, VF_GHOST, &where, "seq %llu holds what nobody sent", (unsigned long long)seq);
        return;
    }
    if (send->is_failed)
        vf_find (self, VF_DISHONEST, &where, "seq %llu was refused to its sender", (unsigned long long)seq);
    if (!record->is_stored)
        return;
    if (send->stored) {
        vf_find (self, VF_DOUBLED, &where, "seq %llu holds again what seq %llu holds", (unsigned long long)seq,
                 (unsigned long long)send->stored);
        return;
    }
    send->stored = seq;
    s_follow (self, send, seq);
}

static void s_room (vf_judge_t *self, uint32_t index)
{
    vf_room_t *room = VF_AT (self->rooms, vf_room_t, index);
    self->counts.rooms++;
    for (uint64_t seq = 1; seq <= room->records.count; seq++) {
        const vf_record_t *record = VF_AT (room->records, vf_record_t, seq - 1);
        self->counts.stored += record->is_stored;
        if (!record->is_seen)
            continue;
        if (room->has_final && !record->is_stored) {
            vf_fault_t where = s_at (self, index, seq, record->client);
            vf_find (self, VF_LOST, &where, "seq %llu was delivered and is not in the store", (unsigned long long)seq);
        }
        if (record->cmid)
            s_message (self, index, seq, record);
    }
}

/* ---- sends ---------------------------------------------------------------------------- */

static bool s_is_in_fault (const vf_judge_t *self, const vf_send_t *send)
{
    uint32_t low = 0, high = self->windows.count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (VF_AT (self->windows, vf_window_t, middle)->begun <= send->ack_ns)
            low = middle + 1;
        else
            high = middle;
    }
    const vf_window_t *window = low ? VF_AT (self->windows, vf_window_t, low - 1) : NULL;
    return window && (!window->flowing || window->flowing >= send->first_ns);
}

/*  Eight buckets for each power of two of microseconds. */
static unsigned s_bucket (uint64_t us)
{
    if (us < 8)
        return (unsigned)us;
    unsigned log = 63 - (unsigned)__builtin_clzll (us);
    unsigned bucket = 8 * (log - 2) + (unsigned)(us >> (log - 3) & 7);
    return bucket < VF_BUCKETS ? bucket : VF_BUCKETS - 1;
}

static uint64_t s_bucket_us (unsigned bucket)
{
    return bucket < 8 ? bucket : (8ull + bucket % 8) << (bucket / 8 - 1);
}

static uint64_t s_percentile (const vf_judge_t *self, unsigned percent)
{
    uint64_t wanted = (self->counts.acked * percent + 99) / 100, seen = 0;
    for (unsigned i = 0; i < VF_BUCKETS; i++) {
        seen += self->latency[i];
        if (seen >= wanted && wanted)
            return s_bucket_us (i);
    }
    return 0;
}

static void s_acked (vf_judge_t *self, const vf_send_t *send, bool has_final)
{
    vf_counts_t *counts = &self->counts;
    uint64_t us = send->ack_ns > send->first_ns ? (send->ack_ns - send->first_ns) / 1000 : 0;
    counts->acked++;
    counts->acked_in_faults += s_is_in_fault (self, send);
    counts->ack_max_us = us > counts->ack_max_us ? us : counts->ack_max_us;
    self->latency[s_bucket (us)]++;
    bool is_kept = send->is_said ? send->stored > 0 : send->stored == send->seq;
    if (!has_final || is_kept)
        return;
    vf_fault_t where = s_at (self, send->room, send->seq, send->client);
    if (send->is_said)
        vf_find (self, VF_LOST, &where, "%.*s heard its own message, which is not in the store", (int)where.client.len,
                 where.client.at);
    else if (send->stored)
        vf_find (self, VF_LOST, &where, "acknowledged as seq %llu, stored as %llu", (unsigned long long)send->seq,
                 (unsigned long long)send->stored);
    else
        vf_find (self, VF_LOST, &where, "acknowledged as seq %llu, and not in the store",
                 (unsigned long long)send->seq);
}

static void s_sends (vf_judge_t *self, bool has_final)
{
    for (uint32_t i = 0; i < self->sends.count; i++) {
        const vf_send_t *send = VF_AT (self->sends, vf_send_t, i);
        if (send->is_acked)
            s_acked (self, send, has_final);
        else if (send->is_failed)
            self->counts.refused++;
        else
            self->counts.unknown++;
        if (send->is_open && !send->is_acked) {
            vf_fault_t where = s_at (self, send->room, 0, send->client);
            vf_find (self, VF_DISHONEST, &where, "a send of %.*s never had an outcome", (int)where.client.len,
                     where.client.at);
        }
    }
    self->counts.ack_p50_us = s_percentile (self, 50);
    self->counts.ack_p99_us = s_percentile (self, 99);
}

/* ---- streams ---------------------------------------------------------------------------- */

static void s_stream (vf_judge_t *self, const vf_stream_t *stream)
{
    const vf_room_t *room = VF_AT (self->rooms, vf_room_t, stream->room);
    uint64_t account = VF_AT (self->clients, vf_client_t, stream->client)->account;
    uint32_t index = vf_map_get (&self->member_of, vf_key (room->id, account, 0));
    const vf_member_t *member = index == VF_NONE ? NULL : VF_AT (self->members, vf_member_t, index);
    bool is_out = member && member->is_known && !member->is_member;
    uint64_t owed = is_out ? member->left : room->head;
    uint64_t has = stream->is_begun ? stream->expected - 1 : 0;
    vf_fault_t where = s_at (self, stream->room, has + 1, stream->client);
    if (is_out && stream->greatest > member->left)
        vf_find (self, VF_LATE, &where, "%.*s was given seq %llu though its membership ended at %llu",
                 (int)where.client.len, where.client.at, (unsigned long long)stream->greatest,
                 (unsigned long long)member->left);
    if (stream->has_end && room->has_final && has < owed)
        vf_find (self, VF_GAP, &where, "%.*s has seq %llu of %llu at the end", (int)where.client.len, where.client.at,
                 (unsigned long long)has, (unsigned long long)owed);
}

/* ---- reads, faults ------------------------------------------------------------------------ */

static void s_look (vf_judge_t *self, const vf_look_t *look)
{
    const vf_record_t *record = vf_record (self, VF_AT (self->rooms, vf_room_t, look->room), look->seq);
    vf_fault_t where = s_at (self, look->room, look->seq, look->client);
    if (!record || !record->is_seen || record->hash != look->hash)
        vf_find (self, VF_UNREAD, &where, "history showed something else at seq %llu", (unsigned long long)look->seq);
}

static void s_window (vf_judge_t *self, const vf_window_t *window)
{
    vf_fault_t where = {.client = PT_LIT ("nemesis")};
    uint64_t ms = window->flowing > window->healed ? (window->flowing - window->healed) / 1000000 : 0;
    if (ms > self->counts.worst_recovery_ms)
        self->counts.worst_recovery_ms = ms;
    if (!window->healed || !window->flowing)
        vf_find (self, VF_UNRECOVERED, &where, "%.*s: never flowed again", (int)window->name.len, window->name.at);
    else if (self->limits.recovery_ms && ms > self->limits.recovery_ms)
        vf_find (self, VF_UNRECOVERED, &where, "%.*s: flowed again %llu ms after it was healed, allowed are %llu",
                 (int)window->name.len, window->name.at, (unsigned long long)ms,
                 (unsigned long long)self->limits.recovery_ms);
}

void vf_settle (vf_judge_t *self)
{
    bool has_final = false;
    self->counts.clients = self->clients.count;
    for (uint32_t i = 0; i < self->rooms.count; i++)
        has_final |= VF_AT (self->rooms, vf_room_t, i)->has_final;
    for (uint32_t i = 0; i < self->rooms.count; i++)
        s_room (self, i);
    s_sends (self, has_final);
    vf_heard_settle (self);
    for (uint32_t i = 0; i < self->streams.count; i++)
        s_stream (self, VF_AT (self->streams, vf_stream_t, i));
    for (uint32_t i = 0; i < self->looks.count; i++)
        s_look (self, VF_AT (self->looks, vf_look_t, i));
    for (uint32_t i = 0; i < self->windows.count; i++)
        s_window (self, VF_AT (self->windows, vf_window_t, i));
    vf_revoke_settle (self);
}
