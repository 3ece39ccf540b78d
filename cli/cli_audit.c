/*  cli_audit - whether an installation holds what it should (pure).

    Rooms are asked for page by page; one whose page did not reach its end is
    followed in slices of its own before the next page. */

#include "cli_audit.h"

#include "cli_text.h"
#include <inttypes.h>
#include <stdlib.h>

typedef struct {
    cli_audit_finding_t finding;
    uint64_t room, at; /* `at`: seq, or account of a member; 0: of the room as a whole */
} s_fault_t;

/*  A room that goes on behind its page. */
typedef struct {
    uint64_t room, seq, member;
} s_rest_t;

struct cli_audit {
    const uint64_t *rooms;
    unsigned room_count, room_next;
    uint64_t after;
    bool is_through; /* no pages are left */
    uint64_t asked;  /* the room of the last question, when it was about one */
    s_rest_t rests[LIM_VERIFY_ROOMS];
    unsigned rest_count;
    bool in_rest; /* the last question was about the last of them */
    vf_acks_t *acks;
    bool in_acks;
    uint64_t seen_rooms, seen_items, seen_members;
    uint64_t found[CLI_AUDIT_FINDINGS];
    s_fault_t shown[CLI_AUDIT_SHOWN];
    unsigned shown_count;
};

/*  Name for machines, words for the table, sentence about one; %s and a number follow it. */
static const struct {
    const char *name, *words, *sentence, *of;
} s_findings[CLI_AUDIT_FINDINGS] = {
    [CLI_AUDIT_LOST] = {"lost", "acknowledged, and lost", "what was acknowledged is not there", "seq"},
    [CLI_AUDIT_CHANGED] = {"changed", "acknowledged, and changed", "something else stands where it was acknowledged",
                           "seq"},
    [CLI_AUDIT_MISSING] = {"missing", "numbers missing", "no item has this number", "seq"},
    [CLI_AUDIT_DOUBLED] = {"doubled", "doubled", "an earlier item has the same key", "seq"},
    [CLI_AUDIT_UNORDERED] = {"unordered", "not in order of time", "the item before it is not older", "seq"},
    [CLI_AUDIT_UNKNOWN] = {"unknown", "of unknown accounts", "its sender or account does not exist", "seq"},
    [CLI_AUDIT_STRAY] = {"stray", "stray members", "it can't be a member like this", "account"},
    [CLI_AUDIT_ORPHANED] = {"orphaned", "items without a room", "the room is not there, what it held is", "seq"},
    [CLI_AUDIT_UNGUARDED] = {"unguarded", "keys not in force", "the unique keys of items are not in force", "seq"},
    [CLI_AUDIT_ABSENT] = {"absent", "rooms not found", "there is no such room", "seq"},
};

cli_audit_t *cli_audit_new (const uint64_t *rooms, unsigned count, vf_acks_t *acks)
{
    cli_audit_t *self = calloc (1, sizeof (*self));
    if (!self)
        return NULL;
    self->rooms = rooms;
    self->room_count = count;
    self->acks = acks;
    return self;
}

void cli_audit_destroy (cli_audit_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

/* ---- questions -------------------------------------------------------------------- */

static void s_ask_slice (cli_audit_t *self, uint64_t room, uint64_t seq, uint64_t member, pt_verify_query_t *out)
{
    self->asked = room;
    *out = (pt_verify_query_t){.after = room - 1,
                               .limit = 1,
                               .after_seq = seq,
                               .has_after_seq = true,
                               .after_member = member,
                               .has_after_member = true};
}

bool cli_audit_next (cli_audit_t *self, cli_audit_question_t *out)
{
    *out = (cli_audit_question_t){.opcode = PT_OP_store_verify};
    self->asked = 0;
    self->in_rest = self->rest_count > 0;
    if (self->in_rest) {
        const s_rest_t *rest = &self->rests[self->rest_count - 1];
        s_ask_slice (self, rest->room, rest->seq, rest->member, &out->msg.verify);
        return true;
    }
    if (self->room_next < self->room_count) {
        s_ask_slice (self, self->rooms[self->room_next++], 0, 0, &out->msg.verify);
        return true;
    }
    if (self->room_count == 0 && !self->is_through) {
        out->msg.verify = (pt_verify_query_t){.after = self->after, .limit = LIM_VERIFY_ROOMS};
        return true;
    }
    out->opcode = PT_OP_store_range;
    self->in_acks = true;
    return self->acks && vf_acks_next (self->acks, &out->msg.range);
}

/* ---- answers ---------------------------------------------------------------------- */

static void s_find (cli_audit_t *self, cli_audit_finding_t finding, uint64_t count, uint64_t room, uint64_t at)
{
    self->found[finding] += count;
    if (count > 0 && self->shown_count < CLI_AUDIT_SHOWN)
        self->shown[self->shown_count++] = (s_fault_t){finding, room, at};
}

static void s_judge (cli_audit_t *self, const pt_room_check_t *check)
{
    self->seen_items += check->items;
    self->seen_members += check->members;
    if (!check->exists) {
        /*  Nothing else is to be expected of what such a room left. */
        s_find (self, CLI_AUDIT_ORPHANED, check->items ? check->items : 1, check->room, 0);
        return;
    }
    s_find (self, CLI_AUDIT_MISSING, check->missing, check->room, check->hole);
    s_find (self, CLI_AUDIT_DOUBLED, check->doubled, check->room, check->fault);
    s_find (self, CLI_AUDIT_UNORDERED, check->unordered, check->room, check->fault);
    s_find (self, CLI_AUDIT_UNKNOWN, check->unknown, check->room, check->fault);
    s_find (self, CLI_AUDIT_STRAY, check->strays, check->room, check->stray);
}

/*  Keeps where a room goes on.  A slice that got nowhere ends it, or it would be asked for ever. */
static void s_go_on (cli_audit_t *self, const pt_room_check_t *check, const s_rest_t *before)
{
    bool has_moved = check->last_seq > before->seq || check->last_member > before->member;
    if ((check->more_items || check->more_members) && has_moved && self->rest_count < LIM_VERIFY_ROOMS)
        self->rests[self->rest_count++] = (s_rest_t){check->room, check->last_seq, check->last_member};
}

static void s_take_check (cli_audit_t *self, const pt_room_check_t *check)
{
    s_rest_t before = {check->room, 0, 0};
    if (self->in_rest)
        before = self->rests[--self->rest_count];
    else
        self->seen_rooms++;
    s_judge (self, check);
    s_go_on (self, check, &before);
}

static void s_take_page (cli_audit_t *self, const pt_verify_page_t *page)
{
    if (!page->guarded && self->found[CLI_AUDIT_UNGUARDED] == 0)
        s_find (self, CLI_AUDIT_UNGUARDED, 1, 0, 0);
    if (self->asked == 0) {
        self->is_through = !page->more || page->last <= self->after;
        self->after = page->last;
    } else if (page->rooms.count == 0 || page->rooms.at[0].room != self->asked) {
        /*  One that went away between two slices was deleted. */
        if (self->in_rest)
            self->rest_count--;
        else
            s_find (self, CLI_AUDIT_ABSENT, 1, self->asked, 0);
        return;
    }
    for (uint32_t i = 0; i < page->rooms.count; i++)
        s_take_check (self, &page->rooms.at[i]);
}

static void s_on_bad_ack (void *ctx, uint64_t room, uint64_t seq, bool is_changed)
{
    s_find (ctx, is_changed ? CLI_AUDIT_CHANGED : CLI_AUDIT_LOST, 1, room, seq);
}

void cli_audit_take (cli_audit_t *self, const void *reply)
{
    if (self->in_acks)
        vf_acks_take (self->acks, reply, s_on_bad_ack, self);
    else if (reply)
        s_take_page (self, reply);
}

/* ---- the verdict -------------------------------------------------------------------- */

uint64_t cli_audit_rooms (const cli_audit_t *self)
{
    return self->seen_rooms;
}

uint64_t cli_audit_items (const cli_audit_t *self)
{
    return self->seen_items;
}

uint64_t cli_audit_found (const cli_audit_t *self, cli_audit_finding_t finding)
{
    return self->found[finding];
}

bool cli_audit_is_good (const cli_audit_t *self)
{
    for (size_t i = 0; i < CLI_AUDIT_FINDINGS; i++)
        if (self->found[i] > 0)
            return false;
    return true;
}

static void s_row (cli_table_t *table, const char *words, uint64_t number)
{
    cli_table_row (table);
    cli_table_cell (table, "%s", words);
    cli_table_cell (table, "%" PRIu64, number);
}

static void s_rows (const cli_audit_t *self, cli_table_t *table)
{
    s_row (table, "rooms", self->seen_rooms);
    s_row (table, "items", self->seen_items);
    s_row (table, "members", self->seen_members);
    if (self->acks) {
        vf_acks_counts_t counts = vf_acks_counts (self->acks);
        s_row (table, "acknowledged in the logs", counts.acks);
        s_row (table, "of them stored so", counts.kept);
        s_row (table, "of them no longer kept", counts.expired);
    }
    for (size_t i = 0; i < CLI_AUDIT_FINDINGS; i++)
        if (self->acks || (i != CLI_AUDIT_LOST && i != CLI_AUDIT_CHANGED))
            s_row (table, s_findings[i].words, self->found[i]);
}

void cli_audit_print (const cli_audit_t *self, pt_buf_t *out)
{
    cli_table_t *table = cli_table_new ("what is stored|>how many");
    if (!table)
        return;
    s_rows (self, table);
    cli_table_print (table, out);
    cli_table_destroy (&table);
    for (unsigned i = 0; i < self->shown_count; i++) {
        const s_fault_t *fault = &self->shown[i];
        pt_buf_printf (out, "%s%s", i == 0 ? "\n" : "", s_findings[fault->finding].name);
        if (fault->room)
            pt_buf_printf (out, ": room %" PRIu64, fault->room);
        if (fault->at)
            pt_buf_printf (out, ", %s %" PRIu64, s_findings[fault->finding].of, fault->at);
        pt_buf_printf (out, ": %s\n", s_findings[fault->finding].sentence);
    }
    pt_buf_puts (out, cli_audit_is_good (self) ? "\nWhat is stored is whole.\n" : "\nWhat is stored is not whole.\n");
}

/*  Ids are text: they exceed what numbers of JSON hold exactly. */
static void s_json_id (cli_json_t *json, const char *key, uint64_t id)
{
    char text[24];
    snprintf (text, sizeof (text), "%" PRIu64, id);
    cli_json_text (json, key, text);
}

static void s_json_fault (cli_json_t *json, const s_fault_t *fault)
{
    cli_json_open (json, NULL, '{');
    cli_json_text (json, "finding", s_findings[fault->finding].name);
    cli_json_text (json, "text", s_findings[fault->finding].sentence);
    s_json_id (json, "room", fault->room);
    if (fault->finding == CLI_AUDIT_STRAY)
        s_json_id (json, "account", fault->at);
    else
        cli_json_number (json, "seq", fault->at);
    cli_json_close (json, '}');
}

void cli_audit_print_json (const cli_audit_t *self, pt_buf_t *out)
{
    cli_json_t json = {.out = out};
    cli_json_open (&json, NULL, '{');
    cli_json_bool (&json, "good", cli_audit_is_good (self));
    cli_json_number (&json, "rooms", self->seen_rooms);
    cli_json_number (&json, "items", self->seen_items);
    cli_json_number (&json, "members", self->seen_members);
    if (self->acks) {
        vf_acks_counts_t counts = vf_acks_counts (self->acks);
        cli_json_number (&json, "acked", counts.acks);
        cli_json_number (&json, "kept", counts.kept);
        cli_json_number (&json, "expired", counts.expired);
    }
    for (size_t i = 0; i < CLI_AUDIT_FINDINGS; i++)
        cli_json_number (&json, s_findings[i].name, self->found[i]);
    cli_json_open (&json, "findings", '[');
    for (unsigned i = 0; i < self->shown_count; i++)
        s_json_fault (&json, &self->shown[i]);
    cli_json_close (&json, ']');
    cli_json_close (&json, '}');
    pt_buf_puts (out, "\n");
}
