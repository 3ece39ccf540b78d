/*  vf_stream - one client's way through one room: from where it subscribed on,
    each seq once, in order, without a hole, and nothing behind the end of its
    membership. */

#include "vf_books.h"

static vf_fault_t s_where (const vf_judge_t *self, const vf_stream_t *stream, uint64_t seq)
{
    return (vf_fault_t){.room = VF_AT (self->rooms, vf_room_t, stream->room)->id,
                        .seq = seq,
                        .client = VF_AT (self->clients, vf_client_t, stream->client)->name};
}

static void s_miss (vf_judge_t *self, vf_stream_t *stream, uint64_t from, uint64_t to)
{
    vf_fault_t where = s_where (self, stream, from);
    vf_find (self, VF_GAP, &where, "%.*s was not given seq %llu to %llu", (int)where.client.len, where.client.at,
             (unsigned long long)from, (unsigned long long)to);
    if (stream->hole_count < VF_HOLES_MAX)
        stream->holes[stream->hole_count++] = (vf_hole_t){from, to};
}

void vf_stream_sub (vf_judge_t *self, vf_stream_t *stream, const vf_event_t *event)
{
    vf_fault_t where = s_where (self, stream, event->seq);
    if (!event->recovered)
        vf_find (self, VF_GAP, &where, "%.*s was told that the room can't be recovered from seq %llu on",
                 (int)where.client.len, where.client.at, (unsigned long long)event->seq);
    else if (stream->is_begun && event->seq + 1 > stream->expected)
        s_miss (self, stream, stream->expected, event->seq);
    stream->is_begun = true;
    stream->expected = event->seq + 1;
    stream->replay = event->head;
    stream->is_out = false;
}

/*  A seq below the one expected: late when it had been missed, else doubled. */
static void s_past (vf_judge_t *self, vf_stream_t *stream, uint64_t seq)
{
    vf_fault_t where = s_where (self, stream, seq);
    for (uint32_t i = 0; i < stream->hole_count; i++) {
        vf_hole_t *hole = &stream->holes[i];
        if (seq < hole->from || seq > hole->to)
            continue;
        vf_find (self, VF_BACKWARDS, &where, "%.*s was given seq %llu after %llu", (int)where.client.len,
                 where.client.at, (unsigned long long)seq, (unsigned long long)stream->expected - 1);
        hole->from = seq + 1;
        return;
    }
    vf_find (self, VF_TWICE, &where, "%.*s was given seq %llu twice", (int)where.client.len, where.client.at,
             (unsigned long long)seq);
}

/*  Its own membership ends or begins anew with this item.  In a replay it has been
    back since. */
static void s_membership (const vf_judge_t *self, vf_stream_t *stream, const vf_event_t *event)
{
    if (event->seq <= stream->replay || event->account != VF_AT (self->clients, vf_client_t, stream->client)->account)
        return;
    if (pt_str_eq (event->what, PT_LIT ("left")) || pt_str_eq (event->what, PT_LIT ("kicked"))) {
        stream->is_out = true;
        stream->left = event->seq;
    } else if (pt_str_eq (event->what, PT_LIT ("joined")))
        stream->is_out = false;
}

void vf_stream_recv (vf_judge_t *self, vf_stream_t *stream, const vf_event_t *event)
{
    if (stream->is_out && event->seq > stream->left) {
        vf_fault_t where = s_where (self, stream, event->seq);
        vf_find (self, VF_LATE, &where, "%.*s was given seq %llu though its membership ended at %llu",
                 (int)where.client.len, where.client.at, (unsigned long long)event->seq,
                 (unsigned long long)stream->left);
    }
    if (stream->is_begun && event->seq < stream->expected) {
        s_past (self, stream, event->seq);
        return;
    }
    if (stream->is_begun && event->seq > stream->expected)
        s_miss (self, stream, stream->expected, event->seq - 1);
    stream->is_begun = true;
    stream->expected = event->seq + 1;
    if (event->seq > stream->greatest)
        stream->greatest = event->seq;
    s_membership (self, stream, event);
}
