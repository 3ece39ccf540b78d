/*  vf_around - a counterexample: the lines of the logs around something that is
    wrong. */

#include "vf_around.h"

#include <stdio.h>
#include <stdlib.h>

/*  How near a line is to a fault; the nearest are kept. */
typedef enum { FAR, NEMESIS, BESIDE, EXACT } nearness_t;

typedef struct {
    uint64_t mono_ns;
    nearness_t nearness;
} mark_t;

typedef struct {
    vf_fault_t fault;
    char client[64];
    mark_t marks[VF_AROUND_LINES];
    char lines[VF_AROUND_LINES][VF_AROUND_LEN];
    unsigned count;
} group_t;

struct vf_around {
    group_t groups[VF_AROUND_FAULTS];
    unsigned count;
};

vf_around_t *vf_around_new (const vf_fault_t *faults, unsigned count)
{
    vf_around_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->count = count < VF_AROUND_FAULTS ? count : VF_AROUND_FAULTS;
    for (unsigned i = 0; i < self->count; i++) {
        group_t *group = &self->groups[i];
        group->fault = faults[i];
        snprintf (group->client, sizeof group->client, "%.*s", (int)faults[i].client.len, faults[i].client.at);
    }
    return self;
}

void vf_around_destroy (vf_around_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

static nearness_t s_nearness (const group_t *group, const vf_event_t *event)
{
    const vf_fault_t *fault = &group->fault;
    bool is_client = pt_str_eq (event->client, pt_str (group->client));
    if (fault->session)
        return event->session == fault->session ? EXACT : event->kind == VF_FAULT ? NEMESIS : FAR;
    if (event->kind == VF_FAULT || event->kind == VF_STAT)
        return fault->room == 0 ? EXACT : event->kind == VF_FAULT ? NEMESIS : FAR;
    if (event->room != fault->room || fault->room == 0)
        return is_client && (event->kind == VF_CONN || event->kind == VF_CLOSE) ? NEMESIS : FAR;
    if (event->seq == fault->seq && event->op != VF_INVOKE)
        return EXACT;
    bool is_beside = event->seq + 2 >= fault->seq && event->seq <= fault->seq + 2;
    return is_client && (is_beside || event->kind == VF_SUB) ? BESIDE : FAR;
}

/*  A free place, else that of the farthest line, if that is farther than this one. */
static int s_place (group_t *group, nearness_t nearness)
{
    if (group->count < VF_AROUND_LINES)
        return (int)group->count++;
    unsigned farthest = 0;
    for (unsigned i = 1; i < VF_AROUND_LINES; i++)
        if (group->marks[i].nearness < group->marks[farthest].nearness)
            farthest = i;
    return group->marks[farthest].nearness < nearness ? (int)farthest : -1;
}

void vf_around_add (vf_around_t *self, const vf_event_t *event, const char *line, size_t len)
{
    for (unsigned i = 0; i < self->count; i++) {
        group_t *group = &self->groups[i];
        nearness_t nearness = s_nearness (group, event);
        int place = nearness == FAR ? -1 : s_place (group, nearness);
        if (place < 0)
            continue;
        group->marks[place] = (mark_t){event->mono_ns, nearness};
        snprintf (group->lines[place], VF_AROUND_LEN, "%.*s", (int)len, line);
    }
}

/*  By time; there are few, so the simplest sort will do. */
static void s_sort (group_t *group)
{
    for (unsigned i = 1; i < group->count; i++)
        for (unsigned k = i; k > 0 && group->marks[k - 1].mono_ns > group->marks[k].mono_ns; k--) {
            mark_t mark = group->marks[k];
            char line[VF_AROUND_LEN];
            group->marks[k] = group->marks[k - 1];
            group->marks[k - 1] = mark;
            memcpy (line, group->lines[k], sizeof line);
            memcpy (group->lines[k], group->lines[k - 1], sizeof line);
            memcpy (group->lines[k - 1], line, sizeof line);
        }
}

const char (*vf_around_lines (vf_around_t *self, unsigned fault, unsigned *out_count))[VF_AROUND_LEN]
{
    *out_count = 0;
    if (fault >= self->count)
        return NULL;
    s_sort (&self->groups[fault]);
    *out_count = self->groups[fault].count;
    return (const char (*)[VF_AROUND_LEN])self->groups[fault].lines;
}
