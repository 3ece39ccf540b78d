/*  chat_fanout - tells the gateways what was committed to a room, and what is kept nowhere. */

#include "chat_fanout.h"

/*  No item needs more than this beside its text: the names of all fields and
    the longest form of every number and enum. */
#define ITEM_OVERHEAD 224

/*  As much for a file, beside its name and type. */
#define FILE_OVERHEAD 48
#define FILE_MAX (FILE_OVERHEAD + LIM_FILE_NAME + LIM_MEDIA_TYPE)

/*  What is left for items in one event: topic, envelope, and the map around
    the list come off. */
#define EVENT_ROOM (LIM_FRAME - LIM_ENVELOPE - PT_TOPIC_ROOM_LEN - 64)

_Static_assert(ITEM_OVERHEAD + LIM_SEND_ID + LIM_BODY + LIM_ATTACHMENTS * FILE_MAX <= EVENT_ROOM,
               "any one item fits an event");

static size_t s_item_bound (const pt_item_t *item)
{
    size_t len = ITEM_OVERHEAD + (item->has_send_id ? item->send_id.len : 0) + (item->has_body ? item->body.len : 0);
    for (uint32_t i = 0; item->has_attachments && i < item->attachments.count; i++)
        len += FILE_OVERHEAD + item->attachments.at[i].name.len + item->attachments.at[i].type.len;
    return len;
}

/*  Items come nearly sorted: new ones rise, only known ones may lie lower. */
size_t chat_fanout_order (pt_item_t *items, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = kept;
        while (at > 0 && items[at - 1].seq > items[i].seq)
            at--;
        if (at > 0 && items[at - 1].seq == items[i].seq)
            continue;
        if (at == kept) {
            if (kept != i)
                items[kept] = items[i];
        } else {
            pt_item_t late = items[i];
            memmove (items + at + 1, items + at, (kept - at) * sizeof *items);
            items[at] = late;
        }
        kept++;
    }
    return kept;
}

size_t chat_fanout_cut (const pt_item_t *items, size_t count)
{
    size_t most = count < LIM_EVENT_ITEMS ? count : LIM_EVENT_ITEMS;
    size_t len = 0, n = 0;
    for (; n < most; n++) {
        len += s_item_bound (items + n);
        if (len > EVENT_ROOM)
            break;
    }
    return n;
}

static int s_publish (chat_t *chat, const uint8_t *topic, size_t len, uint16_t opcode, const void *msg,
                      const char *trace)
{
    int rc = sv_bus_publish (chat->bus, topic, len, opcode, msg);
    if (rc == 0) {
        sv_metric_add (chat->metrics.events, 1);
        return 0;
    }
    sv_metric_add (chat->metrics.unsent, 1);
    sv_log (chat->log, SV_ERROR, trace, "an event could not be published op=%04x error=%s", opcode, pt_error_name (rc));
    return rc;
}

static void s_publish_room (chat_t *chat, uint64_t room, uint16_t opcode, const void *msg, const char *trace)
{
    uint8_t topic[PT_TOPIC_ROOM_LEN];
    pt_topic_room (topic, room);
    (void)s_publish (chat, topic, sizeof topic, opcode, msg, trace);
}

void chat_fanout_items (chat_t *chat, uint64_t room, uint64_t epoch, pt_item_t *items, size_t count, const char *trace)
{
    count = chat_fanout_order (items, count);
    for (size_t sent = 0, n; sent < count; sent += n) {
        n = chat_fanout_cut (items + sent, count - sent);
        pt_room_items_t event = {.room = room, .epoch = epoch, .items = {items + sent, (uint32_t)n}};
        sv_trace_add_items (chat->trace, &(sv_hop_t){.kind = PT_hop_kind_PUBLISHED, .trace = trace, .room = room},
                            items + sent, n);
        s_publish_room (chat, room, PT_EV_room_items, &event, trace);
    }
}

/*  Gateways look at the room alone: a room that is gone has no head. */
void chat_fanout_gone (chat_t *chat, uint64_t room, const char *trace)
{
    pt_head_t event = {.room = room};
    s_publish_room (chat, room, PT_EV_room_gone, &event, trace);
}

int chat_fanout_signal (chat_t *chat, const pt_room_signal_t *signal, const char *trace)
{
    uint8_t topic[PT_TOPIC_SIGNAL_MAX];
    size_t len = pt_topic_signal (topic, signal->address);
    return s_publish (chat, topic, len, PT_EV_room_signal, signal, trace);
}
