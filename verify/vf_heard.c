/*  vf_heard - one client's way through one room that it is told of without seqs,
    as clients of dialects are: while a socket is open, each message once, in the
    room's order, without a hole.

    The room itself says where a text stands, so nothing can be judged before all
    events are there.  A socket's first message may be any that was not told on an
    earlier one, but what anybody began to send after it was open is owed to it. */

#include "vf_books.h"

void vf_heard_add (vf_judge_t *self, uint32_t stream_index, const vf_event_t *event)
{
    vf_heard_t *heard = vf_tape_add (&self->heard, sizeof *heard);
    if (!heard) {
        self->is_out_of_memory = true;
        return;
    }
    *heard = (vf_heard_t){.stream = stream_index,
                          .is_beginning = event->kind == VF_CONN,
                          .ns = event->mono_ns,
                          .account = event->account,
                          .hash = event->bodyhash};
    vf_stream_t *stream = VF_AT (self->streams, vf_stream_t, stream_index);
    stream->is_heard = true;
    VF_AT (self->rooms, vf_room_t, stream->room)->is_heard = true;
}

/*  The messages of a room by their texts; of two with one text, which is a fault
    of its own, the first. */
static void s_index (vf_judge_t *self, const vf_room_t *room)
{
    for (uint32_t seq = 1; seq <= room->records.count; seq++) {
        const vf_record_t *record = VF_AT (room->records, vf_record_t, seq - 1);
        uint64_t key = vf_key (room->id, record->hash, 0);
        if (record->cmid && vf_map_get (&self->heard_of, key) == VF_NONE)
            self->is_out_of_memory |= !vf_map_put (&self->heard_of, key, seq);
    }
}

static bool s_is_message (const vf_room_t *room, uint64_t seq)
{
    return seq <= room->records.count && VF_AT (room->records, vf_record_t, seq - 1)->cmid;
}

/*  The first message below `end` that the socket was owed; `end` when there is none.
    What is below one that was acknowledged before is older than the socket. */
static uint64_t s_first_owed (const vf_judge_t *self, const vf_stream_t *stream, uint64_t end)
{
    const vf_room_t *room = VF_AT (self->rooms, vf_room_t, stream->room);
    uint64_t first = end;
    for (uint64_t seq = end - 1; seq > 0; seq--) {
        const vf_send_t *send =
            s_is_message (room, seq) ? vf_send_of (self, room->id, VF_AT (room->records, vf_record_t, seq - 1)) : NULL;
        if (send && send->is_acked && send->ack_ns < stream->opened_ns)
            break;
        if (send && send->first_ns > stream->opened_ns)
            first = seq;
    }
    return first;
}

/*  Goes on to what is owed next, or to `end`: what is no message is not told. */
static void s_pass (const vf_judge_t *self, vf_stream_t *stream, uint64_t end)
{
    const vf_room_t *room = VF_AT (self->rooms, vf_room_t, stream->room);
    if (!stream->is_begun)
        stream->expected = s_first_owed (self, stream, end);
    stream->is_begun = true;
    while (stream->expected < end && !s_is_message (room, stream->expected))
        stream->expected++;
}

static void s_take (vf_judge_t *self, vf_stream_t *stream, const vf_heard_t *heard)
{
    const vf_room_t *room = VF_AT (self->rooms, vf_room_t, stream->room);
    vf_fault_t where = {.room = room->id, .client = VF_AT (self->clients, vf_client_t, stream->client)->name};
    uint32_t seq = vf_map_get (&self->heard_of, vf_key (room->id, heard->hash, 0));
    if (seq == VF_NONE) {
        if (room->has_final)
            vf_find (self, VF_GHOST, &where, "%.*s was told what the room does not hold", (int)where.client.len,
                     where.client.at);
        return;
    }
    where.seq = seq;
    if (VF_AT (room->records, vf_record_t, seq - 1)->account != heard->account)
        vf_find (self, VF_OTHERWISE, &where, "%.*s was told another sender of seq %u", (int)where.client.len,
                 where.client.at, seq);
    if (!stream->is_begun && seq <= stream->greatest)
        vf_find (self, VF_TWICE, &where, "%.*s was told seq %u again on another socket", (int)where.client.len,
                 where.client.at, seq);
    s_pass (self, stream, seq);
    vf_stream_recv (self, stream, &(vf_event_t){.kind = VF_RECV, .op = VF_OK, .seq = seq});
}

void vf_heard_settle (vf_judge_t *self)
{
    for (uint32_t i = 0; i < self->rooms.count; i++)
        if (VF_AT (self->rooms, vf_room_t, i)->is_heard)
            s_index (self, VF_AT (self->rooms, vf_room_t, i));
    for (uint32_t i = 0; i < self->heard.count; i++) {
        const vf_heard_t *heard = VF_AT (self->heard, vf_heard_t, i);
        vf_stream_t *stream = VF_AT (self->streams, vf_stream_t, heard->stream);
        if (!heard->is_beginning) {
            s_take (self, stream, heard);
            continue;
        }
        stream->is_begun = false;
        stream->hole_count = 0;
        stream->opened_ns = heard->ns;
    }
    for (uint32_t i = 0; i < self->streams.count; i++) {
        vf_stream_t *stream = VF_AT (self->streams, vf_stream_t, i);
        if (stream->is_heard)
            s_pass (self, stream, VF_AT (self->rooms, vf_room_t, stream->room)->head + 1);
    }
}
