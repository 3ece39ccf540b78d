/*  sim_pg_revoked - the table of revocations: rows get their transaction when it
    begins and are seen when it commits, so that they become visible in another order
    than they are numbered.  Pages and cursors are those of revoked.sql, but shorter:
    every sweep has several. */

#include "sim_pg_priv.h"
#include <stdio.h>
#include <stdlib.h>

#define S_PAGE 3

/*  Most transactions are short; one in some holds the others' cursors back. */
#define S_SHORT_US 3000
#define S_LONG_US 2000000
#define S_LONG_PERMILLE 100

static bool s_hits (const pt_revocation_t *what, uint64_t account, uint64_t session, uint64_t generation)
{
    if (what->account != account)
        return false;
    if (what->has_session)
        return what->session == session;
    return generation < what->generation && (!what->has_spared || what->spared != session);
}

uint64_t sim_pg_revoked_us (const sim_pg_t *self, uint64_t account, uint64_t session, uint64_t generation)
{
    uint64_t first_us = 0;
    for (unsigned i = 0; i < self->revoked_count; i++) {
        const sim_pg_revoked_t *row = &self->revoked[i];
        if (row->committed_us && (!first_us || row->committed_us < first_us) &&
            s_hits (&row->what, account, session, generation))
            first_us = row->committed_us;
    }
    return first_us;
}

uint64_t sim_pg_generation (const sim_pg_t *self, uint64_t account)
{
    uint64_t generation = 1;
    for (unsigned i = 0; i < self->revoked_count; i++) {
        const sim_pg_revoked_t *row = &self->revoked[i];
        if (row->committed_us && row->what.account == account && row->what.generation > generation)
            generation = row->what.generation;
    }
    return generation;
}

const pt_revocation_t *sim_pg_revocation (const sim_pg_t *self, uint64_t i)
{
    return &self->revoked[i].what;
}

/*  ---- writing ---------------------------------------------------------------------- */

static void s_on_commit (void *ctx, uint64_t i)
{
    sim_pg_t *self = ctx;
    sim_pg_revoked_t *row = &self->revoked[i];
    if (!row->is_open)
        return;
    row->is_open = false;
    row->committed_us = self->net->now_us;
    row->fn (row->arg, i);
}

bool sim_pg_revoke (sim_pg_t *self, const pt_revocation_t *what, sim_event_fn *fn, void *arg)
{
    for (unsigned i = 0; i < self->revoked_count; i++)
        if (self->revoked[i].is_open && self->revoked[i].what.account == what->account)
            return false; /* it waits for the account's row, and is given up */
    if (!self->is_up || self->revoked_count == SIM_PG_REVOKED)
        return false;
    uint64_t i = self->revoked_count++;
    self->revoked[i] = (sim_pg_revoked_t){.what = *what, .is_open = true, .fn = fn, .arg = arg};
    bool is_long = sim_random_chance (self->net->random, S_LONG_PERMILLE);
    uint64_t us = sim_random_between (self->net->random, 100, is_long ? S_LONG_US : S_SHORT_US);
    sim_net_after (self->net, self->node, us, s_on_commit, self, i);
    return true;
}

void sim_pg_forget_open (sim_pg_t *self)
{
    for (unsigned i = 0; i < self->revoked_count; i++)
        self->revoked[i].is_open = false;
}

/*  ---- reading ---------------------------------------------------------------------- */

/*  The oldest transaction that has not ended: rows behind are not settled.  A row's
    transaction is its place in the table and 1. */
static unsigned s_settled (const sim_pg_t *self)
{
    unsigned i = 0;
    while (i < self->revoked_count && !self->revoked[i].is_open)
        i++;
    return i + 1;
}

typedef struct {
    unsigned base, xid, id;
} s_cursor_t;

static bool s_read_cursor (pt_str_t text, s_cursor_t *out)
{
    char copy[LIM_CURSOR + 1];
    snprintf (copy, sizeof copy, "%.*s", (int)text.len, text.len ? text.at : "");
    return sscanf (copy, "sim.%u.%u.%u", &out->base, &out->xid, &out->id) == 3;
}

const pt_revoked_page_t *sim_pg_revoked_page (const sim_pg_t *self, pt_arena_t *arena, pt_str_t text)
{
    s_cursor_t at = {0};
    pt_revoked_page_t *reply = pt_arena_alloc (arena, sizeof *reply);
    pt_revocation_t *items = pt_arena_alloc (arena, S_PAGE * sizeof *items);
    if (!reply || !items)
        return NULL;
    bool is_known = s_read_cursor (text, &at);
    unsigned base = is_known && at.id ? at.base : s_settled (self), last = 0;
    uint32_t count = 0;
    /*  Behind (xid, id), in their order; every transaction has one row, whose id is 1. */
    for (unsigned xid = at.id ? at.xid + 1 : at.xid ? at.xid : 1; xid <= self->revoked_count; xid++) {
        const sim_pg_revoked_t *row = &self->revoked[xid - 1];
        if (!row->committed_us)
            continue;
        if (count == S_PAGE) {
            reply->more = true;
            break;
        }
        items[count++] = row->what;
        last = xid;
    }
    const char *cursor =
        pt_arena_printf (arena, "sim.%u.%u.%u", base, reply->more ? last : base, reply->more ? 1u : 0u);
    if (!cursor)
        return NULL;
    reply->items.at = items;
    reply->items.count = count;
    reply->cursor = pt_str (cursor);
    reply->anew = !is_known;
    return reply;
}
