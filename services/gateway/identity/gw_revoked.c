/*  gw_revoked - see gw_revoked.h.

    An entry says one of two things: this credential, or all of the account that
    are of an earlier generation but one.  Of the second kind an account has one
    entry, the latest: a credential that is spared lives, so whatever was revoked
    before it was made does not concern it.  A lookup is therefore two probes,
    however often an account signs in and out.

    Entries are listed by age.  They are told in the order of their commits but for
    moments, so that the one heard of first is as good as the oldest; where it is
    not, the time from which on tokens are taken lies later than it had to. */

#include "gw_revoked.h"
#include <stdlib.h>
#include <string.h>

#define S_BUCKETS GW_REVOKED
#define S_NONE UINT32_MAX

typedef struct {
    uint64_t account;    /* 0: free */
    uint64_t session;    /* 0: all of an earlier generation .. */
    uint64_t generation; /* .. than this .. */
    uint64_t spared;     /* .. but that one */
    int64_t at_us;
    uint64_t heard_ms;
    uint32_t chain;        /* next in its bucket */
    uint32_t newer, older; /* by age; `newer` also lists the free ones */
} s_entry_t;

struct gw_revoked {
    s_entry_t *entries;
    uint32_t *buckets; /* 1 + index; 0: empty */
    uint32_t used;     /* entries ever used; those behind are untouched memory */
    uint32_t count;
    uint32_t free, oldest, newest;
    int64_t floor_us; /* tokens issued before are refused */

    char cursor[LIM_CURSOR];
    uint32_t cursor_len;
    uint64_t last_question;
    uint64_t question; /* under way; 0: none */
    uint64_t asked_ms;
    uint64_t due_ms;   /* of the next question */
    uint64_t began_ms; /* the sweep under way */
    bool is_sweeping;
    uint64_t seen_ms; /* when the last complete sweep began */
    bool has_seen;
};

/*  ---- the table ------------------------------------------------------------------ */

static uint32_t s_bucket (uint64_t account, uint64_t session)
{
    uint64_t key = account * UINT64_C (0x9e3779b97f4a7c15) ^ session;
    key = (key ^ (key >> 30)) * UINT64_C (0xbf58476d1ce4e5b9);
    key = (key ^ (key >> 27)) * UINT64_C (0x94d049bb133111eb);
    return (uint32_t)(key ^ (key >> 31)) % S_BUCKETS;
}

static uint32_t s_find (const gw_revoked_t *self, uint64_t account, uint64_t session)
{
    uint32_t at = self->buckets[s_bucket (account, session)] - 1;
    while (at != S_NONE && (self->entries[at].account != account || self->entries[at].session != session))
        at = self->entries[at].chain;
    return at;
}

static void s_enlist (gw_revoked_t *self, uint32_t at)
{
    s_entry_t *entry = &self->entries[at];
    entry->older = self->newest;
    entry->newer = S_NONE;
    if (self->newest != S_NONE)
        self->entries[self->newest].newer = at;
    else
        self->oldest = at;
    self->newest = at;
}

static void s_unlist (gw_revoked_t *self, uint32_t at)
{
    const s_entry_t *entry = &self->entries[at];
    if (entry->older != S_NONE)
        self->entries[entry->older].newer = entry->newer;
    else
        self->oldest = entry->newer;
    if (entry->newer != S_NONE)
        self->entries[entry->newer].older = entry->older;
    else
        self->newest = entry->older;
}

static void s_remove (gw_revoked_t *self, uint32_t at)
{
    s_entry_t *entry = &self->entries[at];
    uint32_t *bucket = &self->buckets[s_bucket (entry->account, entry->session)];
    if (*bucket - 1 == at)
        *bucket = entry->chain + 1;
    else {
        uint32_t before = *bucket - 1;
        while (self->entries[before].chain != at)
            before = self->entries[before].chain;
        self->entries[before].chain = entry->chain;
    }
    s_unlist (self, at);
    entry->account = 0;
    entry->newer = self->free;
    self->free = at;
    self->count--;
}

/*  What is no longer kept can't be refused one by one. */
static void s_evict (gw_revoked_t *self)
{
    int64_t floor_us = self->entries[self->oldest].at_us + GW_REVOKED_SKEW_US;
    if (floor_us > self->floor_us)
        self->floor_us = floor_us;
    s_remove (self, self->oldest);
}

static uint32_t s_take_place (gw_revoked_t *self)
{
    if (self->count == GW_REVOKED)
        s_evict (self);
    uint32_t at = self->free;
    if (at == S_NONE)
        return self->used++;
    self->free = self->entries[at].newer;
    return at;
}

static void s_insert (gw_revoked_t *self, const s_entry_t *entry)
{
    uint32_t *bucket = &self->buckets[s_bucket (entry->account, entry->session)];
    uint32_t at = s_take_place (self);
    self->entries[at] = *entry;
    self->entries[at].chain = *bucket - 1;
    *bucket = at + 1;
    s_enlist (self, at);
    self->count++;
}

static void s_forget_old (gw_revoked_t *self, uint64_t now_ms)
{
    while (self->oldest != S_NONE && self->entries[self->oldest].heard_ms + LIM_REVOKED_KEPT_MS <= now_ms)
        s_remove (self, self->oldest);
}

/*  ---- what is heard ---------------------------------------------------------------- */

/*  One that names neither a credential nor a generation says nothing. */
static bool s_read (const pt_revocation_t *what, uint64_t now_ms, s_entry_t *out)
{
    *out = (s_entry_t){.account = what->account, .at_us = what->at, .heard_ms = now_ms};
    if (what->has_session)
        out->session = what->session;
    else if (what->has_generation) {
        out->generation = what->generation;
        out->spared = what->has_spared ? what->spared : 0;
    }
    return out->account && (out->session || out->generation);
}

/*  Whether it is more than what was known. */
static bool s_hear (gw_revoked_t *self, const s_entry_t *entry)
{
    uint32_t known = s_find (self, entry->account, entry->session);
    if (known != S_NONE && self->entries[known].generation >= entry->generation)
        return false;
    if (known != S_NONE)
        s_remove (self, known);
    s_insert (self, entry);
    return true;
}

static void s_hear_all (gw_revoked_t *self, const pt_revocation_t *items, uint32_t count, uint64_t now_ms,
                        gw_revoked_fn *fn, void *arg)
{
    s_entry_t entry;
    for (uint32_t i = 0; i < count; i++)
        if (s_read (&items[i], now_ms, &entry) && s_hear (self, &entry) && fn)
            fn (arg, &items[i]);
}

/*  ---- questions ---------------------------------------------------------------------- */

/*  An answer to another question than the one under way says what is true, but
    nothing about how far the sweep has come.  Another database has other cursors;
    what was revoked in the one before stays so, and the sweep begins with it. */
static void s_take_page (gw_revoked_t *self, const gw_revoked_event_t *event, uint64_t now_ms)
{
    const pt_revoked_page_t *page = event->page;
    if (event->question != self->question || page->cursor.len > LIM_CURSOR)
        return;
    self->question = 0;
    memcpy (self->cursor, page->cursor.at, page->cursor.len);
    self->cursor_len = page->cursor.len;
    if (page->anew)
        self->began_ms = self->asked_ms;
    /*  A page that promises more but brings nothing must not make us ask in a circle. */
    bool is_stuck = page->more && page->items.count == 0;
    self->due_ms = is_stuck ? now_ms + LIM_REVOKED_POLL_MS : now_ms;
    if (page->more)
        return;
    self->is_sweeping = false;
    self->has_seen = true;
    self->seen_ms = self->began_ms;
    if (self->began_ms + LIM_REVOKED_POLL_MS > now_ms)
        self->due_ms = self->began_ms + LIM_REVOKED_POLL_MS;
}

/*  A refusal that repeating does not mend may be due to the cursor. */
static void s_fail (gw_revoked_t *self, const gw_revoked_event_t *event, uint64_t now_ms)
{
    if (event->question != self->question)
        return;
    self->question = 0;
    self->due_ms = now_ms + GW_REVOKED_RETRY_MS;
    if (pt_error_is_transient (event->err))
        return;
    self->cursor_len = 0;
    self->is_sweeping = false;
}

static void s_ask (gw_revoked_t *self, uint64_t now_ms, gw_revoked_out_t *out)
{
    if (self->question || self->due_ms > now_ms)
        return;
    if (!self->is_sweeping)
        self->began_ms = now_ms;
    self->is_sweeping = true;
    self->asked_ms = now_ms;
    self->question = ++self->last_question;
    out->question = self->question;
    out->cursor = (pt_str_t){self->cursor, self->cursor_len};
}

void gw_revoked_step (gw_revoked_t *self, const gw_revoked_event_t *event, uint64_t now_ms, gw_revoked_fn *fn,
                      void *arg, gw_revoked_out_t *out)
{
    *out = (gw_revoked_out_t){0};
    s_forget_old (self, now_ms);
    switch (event->kind) {
    case GW_REVOKED_TICK:
        break;
    case GW_REVOKED_TOLD:
        s_hear_all (self, event->told->items.at, event->told->items.count, now_ms, fn, arg);
        break;
    case GW_REVOKED_PAGE:
        s_hear_all (self, event->page->items.at, event->page->items.count, now_ms, fn, arg);
        s_take_page (self, event, now_ms);
        break;
    case GW_REVOKED_FAILED:
        s_fail (self, event, now_ms);
        break;
    }
    s_ask (self, now_ms, out);
    out->due_ms = self->question ? 0 : self->due_ms;
}

/*  ---- what is asked -------------------------------------------------------------------- */

bool gw_revoked_hits (const pt_revocation_t *what, const gw_identity_t *identity)
{
    if (what->account != identity->account)
        return false;
    if (what->has_session)
        return what->session == identity->session;
    return what->has_generation && identity->generation < what->generation &&
           !(what->has_spared && what->spared == identity->session);
}

int gw_revoked_find (const gw_revoked_t *self, const gw_identity_t *identity)
{
    if (s_find (self, identity->account, identity->session) != S_NONE)
        return -PT_E_token_revoked;
    uint32_t at = s_find (self, identity->account, 0);
    if (at != S_NONE && identity->generation < self->entries[at].generation &&
        self->entries[at].spared != identity->session)
        return -PT_E_token_revoked;
    return identity->issued_us < self->floor_us ? -PT_E_token_expired : 0;
}

int gw_revoked_judge (const gw_revoked_t *self, const gw_identity_t *identity, uint64_t now_ms)
{
    return gw_revoked_is_blind (self, now_ms) ? -PT_E_unavailable : gw_revoked_find (self, identity);
}

bool gw_revoked_is_ready (const gw_revoked_t *self)
{
    return self->has_seen;
}

bool gw_revoked_is_blind (const gw_revoked_t *self, uint64_t now_ms)
{
    return !self->has_seen || now_ms >= self->seen_ms + LIM_REVOKED_BLIND_MS;
}

uint64_t gw_revoked_age_ms (const gw_revoked_t *self, uint64_t now_ms)
{
    return self->has_seen && now_ms > self->seen_ms ? now_ms - self->seen_ms : 0;
}

uint32_t gw_revoked_count (const gw_revoked_t *self)
{
    return self->count;
}

/*  ---- life ------------------------------------------------------------------------------- */

gw_revoked_t *gw_revoked_new (void)
{
    gw_revoked_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->free = self->oldest = self->newest = S_NONE;
    self->entries = calloc (GW_REVOKED, sizeof *self->entries);
    self->buckets = calloc (S_BUCKETS, sizeof *self->buckets);
    if (!self->entries || !self->buckets)
        gw_revoked_destroy (&self);
    return self;
}

void gw_revoked_destroy (gw_revoked_t **self_p)
{
    gw_revoked_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    free (self->entries);
    free (self->buckets);
    free (self);
}
