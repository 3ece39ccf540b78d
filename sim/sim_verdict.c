/*  sim_verdict - see sim_verdict.h. */

#include "sim_verdict.h"
#include <stdio.h>

#define S_NAME 16

static pt_str_t s_name (char text[S_NAME], const char *prefix, unsigned number)
{
    int len = snprintf (text, S_NAME, "%s%u", prefix, number);
    return (pt_str_t){text, len > 0 ? (uint32_t)len : 0};
}

static int s_add_line (vf_judge_t *judge, const sim_line_t *line)
{
    char client[S_NAME], cmid[S_NAME];
    vf_event_t event = {
        .mono_ns = line->at_us * 1000,
        .wall_ns = (int64_t)line->at_us * 1000,
        .client = s_name (client, "c", line->client),
        .op = (vf_op_t)line->op,
        .kind = (vf_kind_t)line->kind,
        .account = line->account,
        .room = line->room,
        .seq = line->seq,
        .epoch = 1,
        .head = line->head,
        .bodyhash = line->bodyhash,
        .recovered = line->recovered,
        .duplicate = line->duplicate,
    };
    if (line->kind == VF_RECV)
        event.cmid = line->send_id;
    else if (line->number)
        event.cmid = s_name (cmid, "m", line->number);
    if (line->what && line->kind == VF_RECV)
        event.what = pt_str (line->what);
    return vf_judge_add (judge, &event);
}

static int s_add_item (vf_judge_t *judge, const pt_item_t *item)
{
    bool is_message = item->kind == PT_item_kind_MESSAGE;
    vf_event_t event = {
        .client = PT_LIT ("final"),
        .op = VF_OK,
        .kind = VF_ITEM,
        .account = is_message ? item->sender : item->account,
        .room = item->room,
        .seq = item->seq,
        .epoch = 1,
    };
    if (is_message) {
        event.cmid = item->send_id;
        event.bodyhash = vf_hash (item->body.at, item->body.len);
    } else
        event.what = pt_str (pt_enum_text (PT_ENUM_change, item->what));
    return vf_judge_add (judge, &event);
}

static int s_add_all (vf_judge_t *judge, const sim_history_t *history, const sim_pg_t *pg)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < history->count; i++)
        rc = s_add_line (judge, &history->lines[i]);
    for (unsigned i = 0; i < sim_pg_rooms (pg); i++) {
        const sim_pg_room_t *room = sim_pg_room_at (pg, i);
        for (uint32_t k = 0; rc == 0 && k < room->head; k++)
            rc = s_add_item (judge, &room->items[k]);
    }
    return rc;
}

int sim_verdict (sim_history_t *history, const sim_pg_t *pg)
{
    vf_limits_t limits = {0};
    vf_counts_t counts;
    vf_judge_t *judge = vf_judge_new (&limits);
    int rc = judge ? s_add_all (judge, history, pg) : -PT_E_memory;
    if (rc == 0 && !vf_judge_finish (judge, &counts)) {
        unsigned count = 0;
        const vf_fault_t *faults = vf_judge_faults (judge, &count);
        if (count > 0)
            sim_history_blame (history, faults[0].finding, "room %llu: %s", (unsigned long long)faults[0].room,
                               faults[0].text);
        else
            sim_history_blame (history, VF_OTHERWISE, "the judge is not content");
    }
    vf_judge_destroy (&judge);
    return rc;
}
