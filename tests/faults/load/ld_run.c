/*  ld_run - the whole of a run: who sends next, marks, storms, and the end. */

#include "ld.h"
#include "ld_random.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define S_STORM_US 1000000
#define S_REASONS 20

/*  A sender that is drawn but not ready is passed over, so many times. */
#define S_DRAWS 8

/*  Sends that became due while the process slept are forgotten beyond this. */
#define S_BACKLOG_US 200000

static void s_say (const char *line)
{
    fputs (line, stdout);
    fputc ('\n', stdout);
    fflush (stdout);
}

void ld_run_violation (const ld_client_t *client, const char *what, uint64_t room, uint64_t seq)
{
    char line[320];
    ld_stats_t *stats = &client->ld->stats;
    if (stats->violations++ >= LD_VIOLATIONS)
        return;
    snprintf (line, sizeof line, "{\"violation\":\"%s\",\"client\":\"%s\",\"room\":\"%llu\",\"seq\":%llu}", what,
              client->plan->name, (unsigned long long)room, (unsigned long long)seq);
    s_say (line);
}

/*  ---- sends -------------------------------------------------------------------------- */

static bool s_is_normal_sender (const ld_client_t *client)
{
    return client->plan->mode == LD_NORMAL && client->plan->sends && client->plan->room_count;
}

static bool s_may_send (const ld_client_t *client, unsigned room)
{
    return client->rooms[room].state == LD_LIVE && !client->rooms[room].is_moving;
}

/*  Normal clients queue also while they are cut off, as people do. */
static void s_send_one (ld_t *self)
{
    for (unsigned draw = 0; self->sender_count && draw < S_DRAWS; draw++) {
        ld_client_t *client = self->senders[ld_random_below (&self->random, self->sender_count)];
        unsigned room = (unsigned)ld_random_below (&self->random, client->plan->room_count);
        if (client->plan->mode == LD_NORMAL || s_may_send (client, room)) {
            self->stats.held += !ld_session_begin (client, room);
            client->wake_us = 0;
            return;
        }
    }
}

static void s_send_due (ld_t *self)
{
    if (!self->rate || self->is_paused || self->stop_us) {
        self->credit_us = self->now_us;
        return;
    }
    if (self->now_us > self->credit_us + S_BACKLOG_US)
        self->credit_us = self->now_us - S_BACKLOG_US;
    uint64_t due = (self->now_us - self->credit_us) * self->rate / 1000000;
    if (due)
        self->credit_us += due * 1000000 / self->rate;
    for (; due > 0; due--)
        s_send_one (self);
}

/*  ---- marks ---------------------------------------------------------------------------- */

static void s_pay_mark (ld_client_t *client)
{
    for (unsigned i = 0; i < client->plan->room_count && client->owes_mark; i++)
        client->owes_mark = !ld_session_begin (client, i);
    client->wake_us = 0;
}

static void s_tell_flowing (ld_t *self)
{
    char line[96];
    snprintf (line, sizeof line, "{\"flowing\":%u,\"ms\":%.1f}", self->mark,
              (double)(self->now_us - self->mark_us) / 1000);
    s_say (line);
}

void ld_run_mark (ld_t *self)
{
    char line[48];
    self->mark++;
    self->mark_us = self->now_us;
    self->mark_left = 0;
    snprintf (line, sizeof line, "{\"mark\":%u}", self->mark);
    s_say (line);
    for (unsigned i = 0; i < self->plan.count; i++)
        self->mark_left += s_is_normal_sender (&self->clients[i]);
    if (!self->mark_left)
        s_tell_flowing (self);
    for (unsigned i = 0; i < self->plan.count; i++)
        if (s_is_normal_sender (&self->clients[i])) {
            self->clients[i].owes_mark = true;
            s_pay_mark (&self->clients[i]);
        }
}

/*  It has an acknowledgement, or a message, that counts for the mark. */
static void s_flows (ld_client_t *client)
{
    ld_t *self = client->ld;
    if (!s_is_normal_sender (client) || client->flowing_mark == self->mark || client->acked_mark < self->mark ||
        client->seen_mark < self->mark)
        return;
    client->flowing_mark = self->mark;
    if (self->mark_left && --self->mark_left == 0)
        s_tell_flowing (self);
}

void ld_run_acked (ld_client_t *client, const ld_send_t *send)
{
    ld_t *self = client->ld;
    self->stats.acked++;
    ld_times_add (&self->stats.acks, self->now_us - send->first_us);
    ld_times_add (&self->stats.overall, self->now_us - send->first_us);
    if (send->mark <= client->acked_mark)
        return;
    client->acked_mark = send->mark;
    s_flows (client);
}

void ld_run_seen (ld_client_t *client, uint32_t mark)
{
    if (mark <= client->seen_mark)
        return;
    client->seen_mark = mark;
    s_flows (client);
}

/*  ---- storms ------------------------------------------------------------------------------ */

void ld_run_storm (ld_t *self)
{
    for (unsigned i = 0; i < self->plan.count; i++)
        ld_client_leave (&self->clients[i], ld_random_below (&self->random, S_STORM_US), "storm");
}

/*  ---- the end ------------------------------------------------------------------------------- */

void ld_run_stop (ld_t *self)
{
    if (self->stop_us)
        return;
    self->stop_us = self->now_us;
    for (unsigned i = 0; i < self->plan.count; i++)
        self->clients[i].wake_us = 0;
}

/*  Who is told no seqs has all when it has heard the newest message. */
static bool s_has_all (const ld_client_t *client, const ld_room_t *room)
{
    bool is_at_end = client->tongue == &ld_speak ? room->heard == room->place->said : room->last >= room->place->top;
    return room->state == LD_LIVE && !room->pull && is_at_end;
}

/*  What the end waits for; NULL when nothing. */
static const char *s_lack (const ld_client_t *client, const ld_room_t *room)
{
    if (room->outbox.count)
        return "unacknowledged sends";
    return client->plan->mode != LD_CHURN && !s_has_all (client, room) ? "items not delivered" : NULL;
}

static bool s_are_calm (const ld_t *self)
{
    for (unsigned i = 0; i < self->plan.count; i++)
        if (self->clients[i].revoked && !ld_revoked_is_calm (self->clients[i].revoked))
            return false;
    return true;
}

static bool s_is_complete (const ld_t *self)
{
    for (unsigned i = 0; i < self->plan.count; i++)
        for (unsigned r = 0; r < self->clients[i].plan->room_count; r++)
            if (s_lack (&self->clients[i], &self->clients[i].rooms[r]))
                return false;
    return ld_moves_count (self) == 0 && s_are_calm (self);
}

/*  A careful client that is subscribed and still lacks items after all that time
    says so as well: it was owed them. */
static bool s_may_end (const ld_client_t *client, const ld_room_t *room)
{
    return s_has_all (client, room) || (client->plan->mode == LD_NORMAL && room->state == LD_LIVE);
}

static void s_note_ends (ld_t *self)
{
    for (unsigned i = 0; i < self->plan.count; i++)
        for (unsigned r = 0; r < self->clients[i].plan->room_count; r++) {
            const ld_room_t *room = &self->clients[i].rooms[r];
            if (s_may_end (&self->clients[i], room))
                ld_note (&self->clients[i],
                         &(vf_event_t){.op = VF_OK, .kind = VF_END, .room = room->id, .seq = room->last});
        }
}

static void s_put_reasons (const ld_t *self, pt_buf_t *out)
{
    unsigned left = S_REASONS;
    for (unsigned i = 0; i < self->plan.count; i++)
        for (unsigned r = 0; r < self->clients[i].plan->room_count && left > 0; r++) {
            const ld_room_t *room = &self->clients[i].rooms[r];
            const char *lack = s_lack (&self->clients[i], room);
            if (!lack)
                continue;
            pt_buf_printf (out, "%s\"%s room %llu: %s (state %d, has %llu of %llu, %u waiting)\"",
                           left == S_REASONS ? "" : ",", self->clients[i].plan->name, (unsigned long long)room->id,
                           lack, (int)room->state, (unsigned long long)room->last, (unsigned long long)room->place->top,
                           room->outbox.count);
            left--;
        }
    if (left == S_REASONS && !s_are_calm (self))
        pt_buf_puts (out, "\"a client is not signed in again\"");
    else if (left == S_REASONS && ld_moves_count (self))
        pt_buf_puts (out, "\"a change of membership is on its way\"");
}

static void s_tell_done (const ld_t *self, bool is_done)
{
    pt_buf_t out;
    const ld_stats_t *stats = &self->stats;
    struct rusage usage;
    getrusage (RUSAGE_SELF, &usage);
    pt_buf_init (&out, 64 * 1024);
    pt_buf_printf (&out,
                   "{\"done\":%s,\"sent\":%llu,\"acked\":%llu,\"received\":%llu,\"unknown\":%llu,\"refused\":%llu,"
                   "\"held\":%llu,\"conns\":%llu,\"reads\":%llu,\"moves\":%llu,\"pulls\":%llu,\"revoked\":%llu,"
                   "\"violations\":%llu,\"p50_us\":%llu,\"p99_us\":%llu,\"cpu_s\":%.2f,\"reasons\":[",
                   is_done ? "true" : "false", (unsigned long long)stats->sent, (unsigned long long)stats->acked,
                   (unsigned long long)stats->received, (unsigned long long)stats->unknown,
                   (unsigned long long)stats->refused, (unsigned long long)stats->held,
                   (unsigned long long)stats->conns, (unsigned long long)stats->reads, (unsigned long long)stats->moves,
                   (unsigned long long)stats->pulls, (unsigned long long)stats->revoked,
                   (unsigned long long)stats->violations, (unsigned long long)ld_times_quantile (&stats->overall, 500),
                   (unsigned long long)ld_times_quantile (&stats->overall, 990),
                   (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    if (!is_done)
        s_put_reasons (self, &out);
    pt_buf_put (&out, "]}", 3);
    s_say (pt_buf_error (&out) ? "{\"done\":false,\"reasons\":[\"out of memory\"]}" : out.at);
    pt_buf_fini (&out);
}

/*  A change of membership is acknowledged without its seq, and its event may be
    lost: it is over when all has been complete for as long as that takes to show. */
static bool s_is_calm (ld_t *self)
{
    if (!s_is_complete (self))
        self->calm_us = 0;
    else if (!self->calm_us)
        self->calm_us = self->now_us;
    return self->calm_us && self->now_us - self->calm_us >= LD_CALM_US;
}

static bool s_is_over (ld_t *self, int *out_status)
{
    bool is_done = s_is_calm (self);
    if (!is_done && self->now_us - self->stop_us < LD_STOP_US)
        return false;
    s_note_ends (self);
    s_tell_done (self, is_done);
    *out_status = !is_done;
    return true;
}

bool ld_run_tick (ld_t *self, int *out_status)
{
    s_send_due (self);
    ld_https_tick (&self->https, self->now_us);
    ld_moves_tick (self);
    for (unsigned i = 0; i < self->plan.count; i++) {
        if (self->clients[i].owes_mark)
            s_pay_mark (&self->clients[i]);
        ld_client_tick (&self->clients[i]);
        if (self->clients[i].revoked)
            ld_revoked_tick (self->clients[i].revoked);
    }
    return self->stop_us && s_is_over (self, out_status);
}

void ld_run_progress (ld_t *self)
{
    ld_stats_t *stats = &self->stats;
    char line[400];
    snprintf (line, sizeof line,
              "{\"t\":%.3f,\"sent\":%llu,\"acked\":%llu,\"received\":%llu,\"unknown\":%llu,\"open\":%llu,"
              "\"connected\":%u,\"revoked\":%llu,\"violations\":%llu,\"p50_us\":%llu,\"p99_us\":%llu}",
              (double)self->now_us / 1e6, (unsigned long long)stats->sent, (unsigned long long)stats->acked,
              (unsigned long long)stats->received, (unsigned long long)stats->unknown,
              (unsigned long long)(stats->sent - stats->acked - stats->refused), stats->open,
              (unsigned long long)stats->revoked, (unsigned long long)stats->violations,
              (unsigned long long)ld_times_quantile (&stats->acks, 500),
              (unsigned long long)ld_times_quantile (&stats->acks, 990));
    s_say (line);
    stats->acks = (ld_times_t){0};
}

/*  ---- beginning --------------------------------------------------------------------------------- */

static int s_compare_places (const void *a, const void *b)
{
    const ld_place_t *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

/*  One place for each room that any client names, sorted by id. */
static int s_make_places (ld_t *self)
{
    size_t count = 1, kept = 0;
    for (unsigned i = 0; i < self->plan.count; i++)
        count += self->plan.clients[i].room_count;
    self->places = calloc (count, sizeof *self->places);
    if (!self->places)
        return -PT_E_memory;
    count = 0;
    for (unsigned i = 0; i < self->plan.count; i++)
        for (unsigned r = 0; r < self->plan.clients[i].room_count; r++)
            self->places[count++].id = self->plan.clients[i].rooms[r];
    qsort (self->places, count, sizeof *self->places, s_compare_places);
    for (size_t i = 0; i < count; i++)
        if (!kept || self->places[kept - 1].id != self->places[i].id)
            self->places[kept++] = self->places[i];
    self->place_count = (unsigned)kept;
    return 0;
}

static void s_find_places (ld_t *self, ld_client_t *client)
{
    for (unsigned r = 0; r < client->plan->room_count; r++) {
        ld_place_t wanted = {.id = client->rooms[r].id};
        client->rooms[r].place = bsearch (&wanted, self->places, self->place_count, sizeof wanted, s_compare_places);
    }
}

static int s_compare_accounts (const void *a, const void *b)
{
    const ld_client_t *const *x = a, *const *y = b;
    return ((*x)->plan->account > (*y)->plan->account) - ((*x)->plan->account < (*y)->plan->account);
}

/*  Once for each of their rooms: who has fewer rooms has less to say, as each room has
    a window of its own. */
static int s_make_senders (ld_t *self)
{
    size_t count = 1;
    for (unsigned i = 0; i < self->plan.count; i++)
        count += self->plan.clients[i].sends ? self->plan.clients[i].room_count : 0;
    self->senders = calloc (count, sizeof (ld_client_t *));
    if (!self->senders)
        return -PT_E_memory;
    for (unsigned i = 0; i < self->plan.count; i++)
        for (unsigned r = 0; self->plan.clients[i].sends && r < self->plan.clients[i].room_count; r++)
            self->senders[self->sender_count++] = &self->clients[i];
    return 0;
}

/*  Clients of one account form a ring. */
static int s_make_twins (ld_t *self)
{
    unsigned count = self->plan.count, first = 0;
    ld_client_t **order = calloc (count + 1, sizeof (ld_client_t *));
    if (!order)
        return -PT_E_memory;
    for (unsigned i = 0; i < count; i++)
        order[i] = &self->clients[i];
    qsort (order, count, sizeof (ld_client_t *), s_compare_accounts);
    for (unsigned i = 0; i < count; i++) {
        bool is_last = i + 1 == count || order[i + 1]->plan->account != order[i]->plan->account;
        order[i]->twin = is_last ? order[first] : order[i + 1];
        if (is_last)
            first = i + 1;
    }
    free (order);
    return 0;
}

int ld_run_init (ld_t *self)
{
    snprintf (self->logs.folder, sizeof self->logs.folder, "%s", self->plan.logs);
    ld_logs_begin (&self->logs);
    self->now_us = self->logs.mono_ns / 1000;
    self->credit_us = self->now_us;
    self->random = self->plan.seed;
    self->rate = self->plan.rate;
    ld_https_init (&self->https, &self->net);
    self->clients = calloc (self->plan.count, sizeof *self->clients);
    int err = self->clients ? s_make_places (self) : -PT_E_memory;
    for (unsigned i = 0; !err && i < self->plan.count; i++) {
        err = ld_client_init (&self->clients[i], self, i);
        if (!err)
            s_find_places (self, &self->clients[i]);
    }
    if (!err)
        err = s_make_senders (self);
    return err ? err : s_make_twins (self);
}

void ld_run_fini (ld_t *self)
{
    for (unsigned i = 0; self->clients && i < self->plan.count; i++)
        if (self->clients[i].ld)
            ld_client_fini (&self->clients[i]);
    ld_https_fini (&self->https);
    free (self->clients);
    free (self->places);
    free (self->senders);
    ld_plan_fini (&self->plan);
}
