/*  vf_books - what the judge remembers. */

#include "vf_books.h"

#include <stdarg.h>
#include <stdio.h>

static void *s_add (vf_judge_t *self, vf_tape_t *tape, size_t size)
{
    void *element = vf_tape_add (tape, size);
    self->is_out_of_memory |= !element;
    return element;
}

static bool s_enter (vf_judge_t *self, vf_map_t *map, uint64_t key, uint32_t index)
{
    bool is_entered = vf_map_put (map, key, index);
    self->is_out_of_memory |= !is_entered;
    return is_entered;
}

pt_str_t vf_keep (vf_judge_t *self, pt_str_t a, pt_str_t b)
{
    char **place = s_add (self, &self->texts, sizeof *place);
    size_t size = (size_t)a.len + b.len + 2;
    char *copy = place ? malloc (size) : NULL;
    if (!copy) {
        self->is_out_of_memory = true;
        return (pt_str_t){0};
    }
    *place = copy;
    bool has_both = a.len && b.len;
    int len = snprintf (copy, size, "%.*s%s%.*s", (int)a.len, a.at, has_both ? " " : "", (int)b.len, b.at);
    return (pt_str_t){copy, (uint32_t)len};
}

vf_client_t *vf_client (vf_judge_t *self, pt_str_t name, uint32_t *out_index)
{
    uint64_t key = vf_hash (name.at, name.len);
    *out_index = vf_map_get (&self->client_of, key);
    if (*out_index != VF_NONE)
        return VF_AT (self->clients, vf_client_t, *out_index);
    pt_str_t kept = vf_keep (self, name, (pt_str_t){0});
    vf_client_t *client = kept.at ? s_add (self, &self->clients, sizeof *client) : NULL;
    if (!client || !s_enter (self, &self->client_of, key, self->clients.count - 1))
        return NULL;
    client->name = kept;
    *out_index = self->clients.count - 1;
    return client;
}

vf_room_t *vf_room (vf_judge_t *self, uint64_t id, uint32_t *out_index)
{
    *out_index = vf_map_get (&self->room_of, id);
    if (*out_index != VF_NONE)
        return VF_AT (self->rooms, vf_room_t, *out_index);
    vf_room_t *room = s_add (self, &self->rooms, sizeof *room);
    if (!room || !s_enter (self, &self->room_of, id, self->rooms.count - 1))
        return NULL;
    room->id = id;
    *out_index = self->rooms.count - 1;
    return room;
}

vf_stream_t *vf_stream (vf_judge_t *self, uint32_t client, uint32_t room, uint32_t *out_index)
{
    uint64_t key = (uint64_t)client << 32 | room;
    *out_index = vf_map_get (&self->stream_of, key);
    if (*out_index != VF_NONE)
        return VF_AT (self->streams, vf_stream_t, *out_index);
    vf_stream_t *stream = s_add (self, &self->streams, sizeof *stream);
    if (!stream || !s_enter (self, &self->stream_of, key, self->streams.count - 1))
        return NULL;
    stream->client = client;
    stream->room = room;
    *out_index = self->streams.count - 1;
    return stream;
}

vf_member_t *vf_member (vf_judge_t *self, uint64_t room, uint64_t account)
{
    uint64_t key = vf_key (room, account, 0);
    uint32_t index = vf_map_get (&self->member_of, key);
    if (index != VF_NONE)
        return VF_AT (self->members, vf_member_t, index);
    vf_member_t *member = s_add (self, &self->members, sizeof *member);
    return member && s_enter (self, &self->member_of, key, self->members.count - 1) ? member : NULL;
}

vf_send_t *vf_send (const vf_judge_t *self, uint64_t account, uint64_t room, uint64_t cmid)
{
    uint32_t index = vf_map_get (&self->send_of, vf_key (account, room, cmid));
    return index == VF_NONE ? NULL : VF_AT (self->sends, vf_send_t, index);
}

uint64_t vf_send_key (const vf_event_t *event)
{
    return event->cmid.len ? vf_hash (event->cmid.at, event->cmid.len) : event->bodyhash;
}

vf_send_t *vf_send_of (const vf_judge_t *self, uint64_t room, const vf_record_t *record)
{
    vf_send_t *send = vf_send (self, record->account, room, record->cmid);
    if (send)
        return send;
    send = vf_send (self, record->account, room, record->hash);
    return send && send->is_said ? send : NULL;
}

vf_record_t *vf_record (vf_judge_t *self, vf_room_t *room, uint64_t seq)
{
    if (seq == 0 || seq > (uint64_t)room->records.count + VF_SEQ_LEAP)
        return NULL;
    while (room->records.count < seq)
        if (!s_add (self, &room->records, sizeof (vf_record_t)))
            return NULL;
    return VF_AT (room->records, vf_record_t, seq - 1);
}

void vf_find (vf_judge_t *self, vf_finding_t finding, const vf_fault_t *where, const char *format, ...)
{
    self->counts.findings[finding]++;
    if (self->faults.count >= VF_FAULTS_MAX)
        return;
    vf_fault_t *fault = s_add (self, &self->faults, sizeof *fault);
    if (!fault)
        return;
    *fault = *where;
    fault->finding = finding;
    va_list args;
    va_start (args, format);
    vsnprintf (fault->text, sizeof fault->text, format, args);
    va_end (args);
}

static bool s_is_same (const vf_record_t *record, const vf_event_t *event, uint64_t cmid, uint64_t what)
{
    return record->account == event->account && record->cmid == cmid && record->what == what &&
           record->hash == event->bodyhash;
}

void vf_see (vf_judge_t *self, uint32_t room_index, uint32_t client, const vf_event_t *event)
{
    vf_room_t *room = VF_AT (self->rooms, vf_room_t, room_index);
    pt_str_t name = VF_AT (self->clients, vf_client_t, client)->name;
    vf_fault_t where = {.room = room->id, .seq = event->seq, .client = name};
    vf_record_t *record = vf_record (self, room, event->seq);
    if (!record) {
        if (!self->is_out_of_memory)
            vf_find (self, VF_OTHERWISE, &where, "seq %llu is far beyond all others of the room",
                     (unsigned long long)event->seq);
        return;
    }
    uint64_t cmid = event->cmid.len ? vf_hash (event->cmid.at, event->cmid.len) : 0;
    uint64_t what = event->what.len ? vf_hash (event->what.at, event->what.len) : 0;
    if (record->is_seen && !s_is_same (record, event, cmid, what)) {
        pt_str_t first = VF_AT (self->clients, vf_client_t, record->client)->name;
        vf_find (self, VF_OTHERWISE, &where, "%.*s and %.*s saw different things at seq %llu", (int)first.len, first.at,
                 (int)name.len, name.at, (unsigned long long)event->seq);
        return;
    }
    if (!record->is_seen) {
        bool is_stored = record->is_stored;
        *record = (vf_record_t){event->account, cmid, event->bodyhash, what, client, true, is_stored};
    }
}
