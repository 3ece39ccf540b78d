/*  store_batch - appends: many requests, one transaction.

    A batch is an array of entries, and what is still to be done of it a stack of
    ranges; one range at a time is in a transaction.  An entry whose request
    was answered early (its deadline passed, PostgreSQL is away) loses its
    owner and is left out of the runs that follow. */

#include "store_batch.h"
#include "store_pool.h"
#include "store_statement.h"
#include "sv_crash.h"
#include <stdio.h>
#include <stdlib.h>

/*  Halving LIM_BATCH leaves at most one range a level, and the one to be run. */
#define S_RANGES 12

typedef struct s_owner s_owner_t;

/*  One request, in its own arena. */
struct s_owner {
    sv_request_t *request;
    const pt_append_t *msg;
    s_owner_t *next;
    pt_append_result_t *results;
    pt_attachment_t *files; /* that its entries name, one entry after the other */
    unsigned files_taken;   /* of them, by entries that are in a batch */
    unsigned done;          /* entries with a result */
    uint64_t since_ms;
    uint64_t epoch, head, floor;
};

typedef struct {
    unsigned from, to;
} s_range_t;

typedef struct {
    store_batch_t *batch;
    store_pg_t *pg;
    store_append_t *append;
    store_ids_t ids;
    s_owner_t *first, **last; /* requests that wait for a batch */
    unsigned waiting;         /* their entries */

    /*  The batch. */
    store_entry_t entries[LIM_BATCH];
    s_owner_t *owners[LIM_BATCH]; /* NULL: answered already */
    uint16_t index[LIM_BATCH];    /* of an entry in its request */
    unsigned count;
    s_range_t ranges[S_RANGES];
    unsigned range_count;
    unsigned run_count;
    bool has_retried; /* the range at the top met a guard or a deadlock and ran again */

    /*  The transaction. */
    bool is_running;
    s_range_t range;
    store_entry_t *run[LIM_BATCH];
    uint16_t run_at[LIM_BATCH]; /* where in the batch */
    unsigned run_entries;
    int unread; /* why what was stored could not be read; ROLLBACK is under way */
} s_lane_t;

struct store_batch {
    store_batch_config_t config;
    s_lane_t *lanes[STORE_BATCH_CONNECTIONS];
    unsigned lane_count;
    sv_timer_t *timer; /* sweeps while a connection is down */
    bool is_sweeping;
    sv_metric_t *batches, *entries, *stored, *known, *refused, *guards, *halved;
};

static void s_work (s_lane_t *lane);

/*  ---- answering -------------------------------------------------------------- */

static void s_answer (s_owner_t *owner)
{
    pt_append_results_t reply = {
        .results = {owner->results, owner->msg->entries.count},
        .epoch = owner->epoch,
        .head = owner->head,
        .floor = owner->floor,
    };
    sv_request_t *request = owner->request;
    sv_request_reply (&request, &reply);
}

static void s_refuse (s_owner_t *owner, int err)
{
    sv_request_t *request = owner->request;
    sv_request_fail (&request, err, NULL);
}

/*  Enters the result of one entry; the last one answers its request. */
static void s_settle (s_lane_t *lane, unsigned at, const store_entry_t *entry)
{
    s_owner_t *owner = lane->owners[at];
    pt_append_result_t *result = &owner->results[lane->index[at]];
    result->status = (uint64_t)-entry->error;
    if (entry->detail) {
        result->has_detail = true;
        result->detail = pt_str (entry->detail);
    }
    if (entry->seq) {
        result->has_seq = result->has_id = result->has_at = true;
        result->seq = entry->seq;
        result->id = entry->id;
        result->at = entry->at;
    }
    if (entry->seq && entry->asked.file_count > 0) {
        result->has_attachments = true;
        result->attachments.at = entry->files;
        result->attachments.count = entry->asked.file_count;
    }
    result->has_known = result->known = entry->verdict == STORE_KNOWN;
    result->has_role = entry->role != PT_role_none;
    result->role = entry->role;
    result->has_what = entry->what != PT_change_none && entry->what != entry->asked.what;
    result->what = entry->what;
    lane->owners[at] = NULL;
    if (++owner->done == owner->msg->entries.count)
        s_answer (owner);
}

/*  Answers a request as a whole and takes its entries out of the batch. */
static void s_drop_owner (s_lane_t *lane, s_owner_t *owner, int err)
{
    for (unsigned i = 0; i < lane->count; i++)
        if (lane->owners[i] == owner)
            lane->owners[i] = NULL;
    s_refuse (owner, err);
}

/*  ---- queue -------------------------------------------------------------------- */

static s_owner_t *s_pull (s_lane_t *lane, s_owner_t **place)
{
    s_owner_t *owner = *place;
    *place = owner->next;
    if (!owner->next)
        lane->last = place;
    lane->waiting -= owner->msg->entries.count;
    return owner;
}

static void s_take_files (s_owner_t *owner, const pt_append_entry_t *asked, store_content_t *content)
{
    content->file_count = asked->has_attachments ? asked->attachments.count : 0;
    content->files = owner->files + owner->files_taken;
    owner->files_taken += content->file_count;
    for (unsigned i = 0; i < content->file_count; i++)
        content->files[i] = (pt_attachment_t){.file = asked->attachments.at[i]};
}

static void s_take_entry (s_lane_t *lane, s_owner_t *owner, unsigned i)
{
    const pt_append_entry_t *asked = &owner->msg->entries.at[i];
    unsigned at = lane->count++;
    lane->owners[at] = owner;
    lane->index[at] = (uint16_t)i;
    lane->entries[at] = (store_entry_t){
        .room = owner->msg->room,
        .sender = asked->sender,
        .send_id = asked->send_id,
        .asked = {.kind = asked->kind},
        .arena = sv_request_arena (owner->request),
    };
    store_content_t *content = &lane->entries[at].asked;
    if (asked->kind == PT_item_kind_MESSAGE) {
        content->body = asked->has_body ? asked->body : PT_LIT ("");
        content->reply_to = asked->has_reply_to ? asked->reply_to : 0;
        if (owner->files)
            s_take_files (owner, asked, content);
    } else {
        content->account = asked->has_account ? asked->account : 0;
        content->what = asked->has_what ? asked->what : PT_change_none;
        content->role = asked->has_role ? asked->role : PT_role_none;
    }
}

/*  Makes the next batch of what waits, whole requests in order.  Whether there is one. */
static bool s_fill (s_lane_t *lane)
{
    lane->count = lane->run_count = 0;
    while (lane->first && lane->count + lane->first->msg->entries.count <= LIM_BATCH) {
        s_owner_t *owner = s_pull (lane, &lane->first);
        if (sv_request_remaining_ms (owner->request) == 0) {
            s_refuse (owner, -PT_E_deadline);
            continue;
        }
        for (unsigned i = 0; i < owner->msg->entries.count; i++)
            s_take_entry (lane, owner, i);
    }
    lane->ranges[0] = (s_range_t){0, lane->count};
    lane->range_count = lane->count > 0;
    lane->has_retried = false;
    if (lane->count) {
        sv_metric_add (lane->batch->batches, 1);
        sv_metric_add (lane->batch->entries, lane->count);
    }
    return lane->count > 0;
}

/*  ---- running --------------------------------------------------------------------- */

static void s_push_range (s_lane_t *lane, unsigned from, unsigned to)
{
    lane->ranges[lane->range_count++] = (s_range_t){from, to};
}

/*  Lists the entries of the range that still have an owner; requests whose
    deadline passed before this run are answered. */
static void s_gather (s_lane_t *lane)
{
    lane->run_entries = 0;
    const s_owner_t *fresh = NULL;
    for (unsigned i = lane->range.from; i < lane->range.to; i++) {
        s_owner_t *owner = lane->owners[i];
        if (!owner)
            continue;
        if (owner != fresh && sv_request_remaining_ms (owner->request) == 0) {
            s_drop_owner (lane, owner, -PT_E_deadline);
            continue;
        }
        fresh = owner;
        lane->run[lane->run_entries] = &lane->entries[i];
        lane->run_at[lane->run_entries++] = (uint16_t)i;
    }
}

/*  ---- hops -------------------------------------------------------------------------- */

/*  Entries of the run from `i` on that belong to one request and, where they have
    seqs, adjoin; 0 at the end. */
static unsigned s_stretch (const s_lane_t *lane, unsigned i)
{
    unsigned n = i < lane->run_entries;
    while (n > 0 && i + n < lane->run_entries && lane->owners[lane->run_at[i + n]] == lane->owners[lane->run_at[i]] &&
           (lane->run[i + n]->seq == 0 ? lane->run[i]->seq == 0 : lane->run[i + n]->seq == lane->run[i]->seq + n))
        n++;
    return n;
}

/*  Notes a hop of every request in the run, with the seqs its entries have. */
static void s_note_run (const s_lane_t *lane, pt_hop_kind_t kind)
{
    if (!lane->batch->config.trace)
        return;
    uint64_t now_us = sv_now_us ();
    for (unsigned i = 0, n; (n = s_stretch (lane, i)) > 0; i += n) {
        const s_owner_t *owner = lane->owners[lane->run_at[i]];
        sv_hop_t hop = {
            .kind = kind,
            .trace = sv_request_trace (owner->request),
            .room = owner->msg->room,
            .seq = lane->run[i]->seq,
            .last = lane->run[i + n - 1]->seq,
            .count = kind == PT_hop_kind_BEGUN ? lane->run_entries : 0,
            .at_us = now_us,
        };
        sv_trace_add (lane->batch->config.trace, &hop);
    }
}

/*  Answers everything of the range with one error. */
static void s_fail_range (s_lane_t *lane, int err)
{
    for (unsigned i = lane->range.from; i < lane->range.to; i++) {
        s_owner_t *owner = lane->owners[i];
        if (owner)
            s_drop_owner (lane, owner, err);
    }
}

/*  The entry that stays alone in its range is the one at fault.  Where another
    try may help its whole request is refused, so that what its sender wrote behind
    it is not stored before it. */
static void s_fail_entry (s_lane_t *lane, int err)
{
    if (pt_error_is_transient (err)) {
        s_drop_owner (lane, lane->owners[lane->run_at[0]], err);
        return;
    }
    store_entry_t *entry = lane->run[0];
    entry->verdict = STORE_REFUSED;
    entry->error = err;
    entry->detail = NULL;
    entry->seq = 0;
    entry->role = PT_role_none;
    entry->what = PT_change_none;
    sv_metric_add (lane->batch->refused, 1);
    s_settle (lane, lane->run_at[0], entry);
}

static void s_halve (s_lane_t *lane)
{
    /*  Split between entries that still count, the earlier half on top. */
    unsigned middle = lane->run_at[lane->run_entries / 2];
    sv_metric_add (lane->batch->halved, 1);
    s_push_range (lane, middle, lane->range.to);
    s_push_range (lane, lane->range.from, middle);
}

/*  Goes on with half of a range that failed, until the entry at fault stands alone. */
static void s_narrow (s_lane_t *lane, int err)
{
    if (lane->run_count >= STORE_BATCH_RUNS)
        s_fail_range (lane, -PT_E_busy);
    else if (lane->run_entries == 1)
        s_fail_entry (lane, err);
    else
        s_halve (lane);
    lane->has_retried = false;
}

/*  Decides how a range that PostgreSQL refused goes on. */
static void s_recover (s_lane_t *lane, const store_pg_step_t *step)
{
    store_batch_t *batch = lane->batch;
    if (step->fault == STORE_FAULT_LOST) {
        s_push_range (lane, lane->range.from, lane->range.to);
        return;
    }
    sv_log (batch->config.log, step->fault == STORE_FAULT_DATA ? SV_WARN : SV_ERROR, NULL,
            "a batch of %u was refused (%s): %s", lane->run_entries, step->sqlstate, store_pg_message (lane->pg));
    if (step->fault == STORE_FAULT_GUARD)
        sv_metric_add (batch->guards, 1);
    bool may_pass = step->fault == STORE_FAULT_GUARD || step->fault == STORE_FAULT_AGAIN;
    if (step->fault == STORE_FAULT_AWAY) {
        s_fail_range (lane, step->err);
        lane->has_retried = false;
    } else if (may_pass && !lane->has_retried && lane->run_count < STORE_BATCH_RUNS) {
        s_push_range (lane, lane->range.from, lane->range.to);
        lane->has_retried = true;
    } else
        s_narrow (lane, step->fault == STORE_FAULT_GUARD ? -PT_E_internal : step->err);
}

static void s_count (s_lane_t *lane, const store_entry_t *entry)
{
    store_batch_t *batch = lane->batch;
    if (entry->verdict == STORE_NEW)
        sv_metric_add (batch->stored, 1);
    else if (entry->verdict == STORE_KNOWN)
        sv_metric_add (batch->known, 1);
    else if (entry->verdict == STORE_REFUSED)
        sv_metric_add (batch->refused, 1);
}

/*  The transaction has ended as decided. */
static void s_finish (s_lane_t *lane)
{
    unsigned room_count;
    const store_room_t *rooms = store_append_rooms (lane->append, &room_count);
    s_note_run (lane, PT_hop_kind_COMMITTED);
    for (unsigned i = 0; i < lane->run_entries; i++) {
        unsigned at = lane->run_at[i];
        const store_entry_t *entry = lane->run[i];
        const store_room_t *room = &rooms[entry->slot];
        lane->owners[at]->epoch = room->epoch;
        lane->owners[at]->head = room->head;
        lane->owners[at]->floor = room->floor;
        s_count (lane, entry);
        s_settle (lane, at, entry);
    }
    lane->has_retried = false;
}

static void s_on_written (void *arg, const store_pg_step_t *step)
{
    s_lane_t *lane = arg;
    lane->is_running = false;
    if (step->fault != STORE_FINE)
        s_recover (lane, step);
    else if (lane->unread)
        s_narrow (lane, lane->unread);
    else {
        sv_crash (SV_CRASH_store_after_commit);
        s_finish (lane);
    }
    s_work (lane);
}

static void s_on_read (void *arg, const store_pg_step_t *step)
{
    s_lane_t *lane = arg;
    if (step->fault != STORE_FINE) {
        lane->is_running = false;
        s_recover (lane, step);
        s_work (lane);
        return;
    }
    int64_t now = 0;
    lane->unread = store_statement_read (lane->append, step, lane->batch->config.codec, &lane->ids, &now);
    if (lane->unread == 0 && store_ids_left (&lane->ids) < lane->run_entries)
        lane->unread = -PT_E_internal;
    if (lane->unread == 0) {
        unsigned new_count = store_append_decide (lane->append, now, &lane->ids);
        store_statement_write (lane->append, lane->pg, lane->run, lane->run_entries, new_count);
        sv_crash (SV_CRASH_store_before_commit);
        s_note_run (lane, PT_hop_kind_NUMBERED);
    } else {
        sv_log (lane->batch->config.log, SV_ERROR, NULL, "what a batch of %u asked for can't be read: %s",
                lane->run_entries, pt_error_name (lane->unread));
        store_pg_args (lane->pg);
        store_pg_send (lane->pg, STORE_SQL_rollback);
    }
    store_pg_step (lane->pg, true, s_on_written, lane);
    sv_crash (SV_CRASH_store_commit_sent);
}

/*  Begins the next transaction when the connection is free and there is work. */
static void s_work (s_lane_t *lane)
{
    while (!lane->is_running && store_pg_is_idle (lane->pg)) {
        if (lane->range_count == 0 && !s_fill (lane))
            return;
        lane->range = lane->ranges[--lane->range_count];
        s_gather (lane);
        if (lane->run_entries == 0)
            continue;
        if (store_append_open (lane->append, lane->run, lane->run_entries) < 0) {
            s_fail_range (lane, -PT_E_internal);
            continue;
        }
        lane->run_count++;
        lane->is_running = true;
        lane->unread = 0;
        s_note_run (lane, PT_hop_kind_BEGUN);
        store_statement_ask (lane->append, lane->pg, lane->run, lane->run_entries,
                             store_ids_left (&lane->ids) < lane->run_entries);
        store_pg_step (lane->pg, false, s_on_read, lane);
    }
}

/*  ---- while PostgreSQL is away ------------------------------------------------------ */

static bool s_is_due (const s_owner_t *owner, uint64_t now)
{
    return now - owner->since_ms >= STORE_WAIT_MS || sv_request_remaining_ms (owner->request) <= STORE_MARGIN_MS;
}

static void s_sweep_lane (s_lane_t *lane, uint64_t now)
{
    for (s_owner_t **place = &lane->first; *place;) {
        if (s_is_due (*place, now))
            s_refuse (s_pull (lane, place), -PT_E_unavailable);
        else
            place = &(*place)->next;
    }
    for (unsigned i = 0; i < lane->count; i++)
        if (lane->owners[i] && s_is_due (lane->owners[i], now))
            s_drop_owner (lane, lane->owners[i], -PT_E_unavailable);
}

static void s_on_sweep (void *arg)
{
    store_batch_t *self = arg;
    uint64_t now = sv_now_ms ();
    bool has_more = false;
    for (unsigned i = 0; i < self->lane_count; i++) {
        s_lane_t *lane = self->lanes[i];
        if (lane->pg && store_pg_is_up (lane->pg))
            continue;
        s_sweep_lane (lane, now);
        has_more = has_more || lane->first || lane->range_count;
    }
    if (!has_more) {
        self->is_sweeping = false;
        sv_timer_set (self->config.loop, self->timer, 0, 0);
    }
}

static void s_sweep_from_now (store_batch_t *self)
{
    if (self->is_sweeping)
        return;
    self->is_sweeping = true;
    sv_timer_set (self->config.loop, self->timer, STORE_SWEEP_MS, STORE_SWEEP_MS);
}

/*  ---- requests ------------------------------------------------------------------------ */

static s_owner_t *s_new_owner (sv_request_t *request, const pt_append_t *msg)
{
    pt_arena_t *arena = sv_request_arena (request);
    s_owner_t *owner = pt_arena_alloc (arena, sizeof (*owner));
    pt_append_result_t *results = pt_arena_alloc (arena, msg->entries.count * sizeof (*results));
    unsigned files = 0;
    for (unsigned i = 0; i < msg->entries.count; i++)
        if (msg->entries.at[i].has_attachments)
            files += msg->entries.at[i].attachments.count;
    pt_attachment_t *attachments = files > 0 ? pt_arena_alloc (arena, files * sizeof (*attachments)) : NULL;
    if (!owner || !results || (files > 0 && !attachments))
        return NULL;
    owner->files = attachments;
    owner->request = request;
    owner->msg = msg;
    owner->results = results;
    owner->since_ms = sv_now_ms ();
    return owner;
}

void store_batch_append (store_batch_t *self, sv_request_t *request, const pt_append_t *msg)
{
    uint64_t hash = msg->room * 0x9e3779b97f4a7c15u;
    s_lane_t *lane = self->lanes[(hash >> 32) % self->lane_count];
    if (lane->waiting + msg->entries.count > STORE_BATCH_WAITING) {
        sv_request_fail (&request, -PT_E_busy, NULL);
        return;
    }
    s_owner_t *owner = s_new_owner (request, msg);
    if (!owner) {
        sv_request_fail (&request, -PT_E_memory, NULL);
        return;
    }
    *lane->last = owner;
    lane->last = &owner->next;
    lane->waiting += msg->entries.count;
    sv_crash (SV_CRASH_store_append_taken);
    if (lane->pg && store_pg_is_up (lane->pg))
        s_work (lane);
    else
        s_sweep_from_now (self);
}

/*  ---- life ----------------------------------------------------------------------------- */

static void s_on_state (void *ctx, bool is_up)
{
    s_lane_t *lane = ctx;
    if (is_up)
        s_work (lane);
    else if (lane->first || lane->range_count)
        s_sweep_from_now (lane->batch);
    lane->batch->config.on_state (lane->batch->config.ctx, is_up);
}

static void s_register_metrics (store_batch_t *self)
{
    sv_metrics_t *metrics = self->config.metrics;
    self->batches = sv_metrics_counter (metrics, "parley_append_batches_total", NULL, "batches begun");
    self->entries = sv_metrics_counter (metrics, "parley_append_entries_total", NULL, "entries in those batches");
    self->stored = sv_metrics_counter (metrics, "parley_messages_accepted_total", NULL, "rows appended");
    self->known = sv_metrics_counter (metrics, "parley_messages_deduplicated_total", NULL,
                                      "entries answered from the first time");
    self->refused = sv_metrics_counter (metrics, "parley_append_refused_total", NULL, "entries refused");
    self->guards = sv_metrics_counter (metrics, "parley_append_guard_total", NULL,
                                       "batches that a unique key refused: numbering went wrong");
    self->halved = sv_metrics_counter (metrics, "parley_append_halved_total", NULL, "batches cut in two");
}

static s_lane_t *s_new_lane (store_batch_t *batch)
{
    s_lane_t *lane = calloc (1, sizeof (*lane));
    if (!lane)
        return NULL;
    lane->batch = batch;
    lane->last = &lane->first;
    lane->append = store_append_new ();
    if (lane->append)
        return lane;
    free (lane);
    return NULL;
}

store_batch_t *store_batch_new (const store_batch_config_t *config)
{
    store_batch_t *self = calloc (1, sizeof (*self));
    if (!self)
        return NULL;
    self->config = *config;
    s_register_metrics (self);
    self->timer = sv_loop_timer (config->loop, 0, 0, s_on_sweep, self);
    unsigned count = config->connections < STORE_BATCH_CONNECTIONS ? config->connections : STORE_BATCH_CONNECTIONS;
    while (self->lane_count < count && (self->lanes[self->lane_count] = s_new_lane (self)))
        self->lane_count++;
    if (!self->timer || self->lane_count < count)
        store_batch_destroy (&self);
    return self;
}

int store_batch_start (store_batch_t *self)
{
    for (unsigned i = 0; i < self->lane_count; i++) {
        char name[64];
        snprintf (name, sizeof (name), "parley-store/append-%u", i);
        self->lanes[i]->pg = store_pg_new (&(store_pg_config_t){
            .name = name,
            .conninfo = self->config.conninfo,
            .statement_timeout_ms = self->config.statement_timeout_ms,
            .lock_timeout_ms = self->config.lock_timeout_ms,
            .is_prepared = true,
            .loop = self->config.loop,
            .log = self->config.log,
            .metrics = self->config.metrics,
            .on_state = s_on_state,
            .ctx = self->lanes[i],
        });
        if (!self->lanes[i]->pg)
            return -PT_E_memory;
    }
    return 0;
}

void store_batch_destroy (store_batch_t **self_p)
{
    store_batch_t *self = *self_p;
    if (!self)
        return;
    for (unsigned i = 0; i < self->lane_count; i++) {
        store_pg_destroy (&self->lanes[i]->pg);
        store_append_destroy (&self->lanes[i]->append);
        free (self->lanes[i]);
    }
    sv_timer_cancel (self->config.loop, &self->timer);
    free (self);
    *self_p = NULL;
}

void store_batch_hurry (store_batch_t *self)
{
    for (unsigned i = 0; i < self->lane_count; i++)
        if (self->lanes[i]->pg)
            store_pg_hurry (self->lanes[i]->pg);
}

bool store_batch_is_live (const store_batch_t *self)
{
    for (unsigned i = 0; i < self->lane_count; i++)
        if (!self->lanes[i]->pg || !store_pg_is_up (self->lanes[i]->pg))
            return false;
    return true;
}

const char *store_batch_reason (const store_batch_t *self)
{
    for (unsigned i = 0; i < self->lane_count; i++)
        if (!self->lanes[i]->pg)
            return "not connected yet";
        else if (!store_pg_is_up (self->lanes[i]->pg))
            return store_pg_reason (self->lanes[i]->pg);
    return "";
}
