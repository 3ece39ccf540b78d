/*  auth_farewell - deleted accounts leave their rooms.

    A membership that can't be ended now (its heir has left meanwhile) is listed
    again later, perhaps with another heir; the round goes on with the next one.
    A page of which nothing could be ended ends the round. */

#include "auth_farewell.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>

#define S_ENTRIES_MAX 2

/*  A send_id in hex, with a NUL behind it. */
typedef struct {
    char text[2 * AUTH_MAC_LEN + 1];
} s_send_id_t;

_Static_assert(2 * AUTH_MAC_LEN <= LIM_SEND_ID, "a send_id must fit its field");

struct auth_farewell {
    auth_t *auth;
    pt_farewell_t page[AUTH_FAREWELL_PAGE];
    uint32_t count, at; /* of the page */
    uint32_t ended;     /* of the page */
    unsigned pages;     /* left of this round */
    uint64_t call;      /* under way, 0: none */
    auth_farewell_done_fn *fn;
    void *arg;
};

static void s_list (auth_farewell_t *self);
static void s_leave (auth_farewell_t *self);

static void s_end (auth_farewell_t *self, int status)
{
    auth_farewell_done_fn *fn = self->fn;
    self->fn = NULL;
    fn (self->arg, status);
}

/*  Asks; what can't be asked ends the round. */
static void s_call (auth_farewell_t *self, const sv_call_t *call, sv_reply_fn *fn)
{
    int err = 0;
    self->call = sv_bus_call (self->auth->bus, call, fn, self, &err);
    if (self->call == 0)
        s_end (self, err);
}

/*  The next membership, the next page, or the end. */
static void s_go_on (auth_farewell_t *self)
{
    if (self->at < self->count)
        s_leave (self);
    else if (self->count == AUTH_FAREWELL_PAGE && self->ended > 0 && self->pages > 0)
        s_list (self);
    else
        s_end (self, 0);
}

/*  ---- one membership -------------------------------------------------------------- */

/*  `heir` 0: that of leaving.  Another heir gives another send_id, so that a change
    that was refused, or made for one who left since, is in nobody's way. */
static pt_str_t s_make_send_id (const auth_t *auth, const pt_farewell_t *farewell, uint64_t heir, s_send_id_t *out)
{
    char account[8], room[8], other[8];
    uint8_t mac[AUTH_MAC_LEN];
    const pt_str_t parts[] = {auth_secret_number (farewell->account, account),
                              auth_secret_number (farewell->room, room), auth_secret_number (heir, other)};
    auth_secret_mac (auth->secret, "farewell", parts, sizeof parts / sizeof parts[0], mac);
    sodium_bin2hex (out->text, sizeof out->text, mac, sizeof mac);
    return pt_str (out->text);
}

static pt_append_entry_t s_make_entry (const pt_farewell_t *farewell, pt_str_t send_id, uint64_t account,
                                       pt_change_t what)
{
    return (pt_append_entry_t){.kind = PT_item_kind_MEMBER,
                               .sender = farewell->account,
                               .send_id = send_id,
                               .account = account,
                               .has_account = true,
                               .what = what,
                               .has_what = true};
}

/*  Whether the membership ended; the last result is that of leaving. */
static bool s_has_left (const pt_append_results_t *results)
{
    return results->results.count > 0 && results->results.at[results->results.count - 1].status == 0;
}

static void s_on_left (void *arg, const sv_reply_t *reply)
{
    auth_farewell_t *self = arg;
    auth_t *auth = self->auth;
    const pt_farewell_t *farewell = &self->page[self->at];
    self->call = 0;
    /*  A room that is gone is no trouble, and store will not list it again. */
    bool is_gone = reply->status == -PT_E_not_found;
    if (reply->status != 0 && !is_gone) {
        s_end (self, reply->status);
        return;
    }
    if (is_gone || s_has_left (reply->msg)) {
        self->ended++;
        sv_metric_add (auth->metrics.farewells, 1);
    } else
        sv_log (auth->log, SV_WARN, NULL, "a deleted account could not leave account=%" PRIu64 " room=%" PRIu64,
                farewell->account, farewell->room);
    self->at++;
    s_go_on (self);
}

static void s_leave (auth_farewell_t *self)
{
    const auth_t *auth = self->auth;
    const pt_farewell_t *farewell = &self->page[self->at];
    s_send_id_t ids[S_ENTRIES_MAX];
    pt_append_entry_t entries[S_ENTRIES_MAX];
    uint32_t count = 0;
    if (farewell->has_heir) {
        pt_str_t send_id = s_make_send_id (auth, farewell, farewell->heir, &ids[count]);
        entries[count] = s_make_entry (farewell, send_id, farewell->heir, PT_change_ROLE);
        entries[count].role = PT_role_OWNER;
        entries[count++].has_role = true;
    }
    pt_str_t send_id = s_make_send_id (auth, farewell, 0, &ids[count]);
    entries[count++] = s_make_entry (farewell, send_id, farewell->account, PT_change_LEFT);
    const pt_append_t append = {.room = farewell->room, .entries = {entries, count}};
    sv_call_t call = {.opcode = PT_OP_store_append,
                      .msg = &append,
                      .affinity = farewell->room,
                      .deadline_ms = (uint32_t)auth->config->store_deadline_ms};
    s_call (self, &call, s_on_left);
}

/*  ---- pages ---------------------------------------------------------------------------- */

static void s_on_listed (void *arg, const sv_reply_t *reply)
{
    auth_farewell_t *self = arg;
    const pt_farewell_page_t *page = reply->msg;
    self->call = 0;
    if (reply->status != 0) {
        s_end (self, reply->status);
        return;
    }
    self->count = page->items.count < AUTH_FAREWELL_PAGE ? page->items.count : AUTH_FAREWELL_PAGE;
    for (uint32_t i = 0; i < self->count; i++)
        self->page[i] = page->items.at[i];
    self->at = self->ended = 0;
    s_go_on (self);
}

static void s_list (auth_farewell_t *self)
{
    const pt_farewell_query_t query = {.limit = AUTH_FAREWELL_PAGE};
    sv_call_t call = {.opcode = PT_OP_store_farewell_list,
                      .msg = &query,
                      .deadline_ms = (uint32_t)self->auth->config->store_deadline_ms};
    self->pages--;
    s_call (self, &call, s_on_listed);
}

void auth_farewell_work (auth_farewell_t *self, auth_farewell_done_fn *fn, void *arg)
{
    self->fn = fn;
    self->arg = arg;
    self->pages = AUTH_FAREWELL_PAGES;
    s_list (self);
}

void auth_farewell_stop (auth_farewell_t *self)
{
    sv_bus_cancel (self->auth->bus, self->call);
    self->call = 0;
    self->fn = NULL;
}

auth_farewell_t *auth_farewell_new (auth_t *auth)
{
    auth_farewell_t *self = calloc (1, sizeof *self);
    if (self)
        self->auth = auth;
    return self;
}

void auth_farewell_destroy (auth_farewell_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}
