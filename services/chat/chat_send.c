/*  chat_send - posting messages: one array in, one append, one event out.

    Order: the array's order is the sender's; it goes to store in one piece and
    is never split or reordered, so that a repeat through another instance gives
    the same order (I6).  An entry that breaks a rule of chat_policy is refused
    by itself and the others keep their order, because a gateway may have put
    sends of one socket together that have nothing to do with each other; when
    no entry is left, the whole request is refused with the fields at fault.

    Honesty: all memory is taken before store is asked, so that nothing but
    encoding lies between its commit and our answer. */

#include "chat_fanout.h"
#include "chat_ops.h"
#include "chat_policy.h"
#include "sv_crash.h"

_Static_assert(LIM_SENDS <= LIM_APPEND, "one request is one append");
_Static_assert(LIM_SENDS <= UINT8_MAX, "a slot is one byte");

typedef struct {
    uint64_t room;
    uint32_t send_count;
    uint32_t entry_count;
    pt_append_entry_t *entries; /* what store is asked, `entry_count` of `send_count` */
    pt_send_result_t *results;  /* the answer, one for each send */
    pt_item_t *items;           /* what is published */
    uint8_t slots[LIM_SENDS];   /* send that each entry came from */
} s_op_t;

/*  ---- going out ------------------------------------------------------------ */

static s_op_t *s_new_op (pt_arena_t *arena, const pt_send_t *send)
{
    size_t count = send->sends.count;
    s_op_t *op = pt_arena_alloc (arena, sizeof *op);
    if (!op)
        return NULL;
    op->room = send->room;
    op->send_count = send->sends.count;
    op->entries = pt_arena_alloc (arena, count * sizeof *op->entries);
    op->results = pt_arena_alloc (arena, count * sizeof *op->results);
    op->items = pt_arena_alloc (arena, count * sizeof *op->items);
    return op->entries && op->results && op->items ? op : NULL;
}

static pt_append_entry_t s_make_entry (uint64_t sender, const pt_send_entry_t *send)
{
    return (pt_append_entry_t){.kind = PT_item_kind_MESSAGE,
                               .sender = sender,
                               .send_id = send->send_id,
                               .body = send->body,
                               .has_body = true,
                               .reply_to = send->reply_to,
                               .has_reply_to = send->has_reply_to,
                               .attachments = send->attachments,
                               .has_attachments = send->has_attachments && send->attachments.count > 0};
}

/*  Takes over the entries that obey the rules, in order; the others get their
    result at once. */
static void s_fill_entries (s_op_t *op, const pt_send_t *send, pt_arena_t *arena, pt_error_t *error)
{
    for (uint32_t i = 0; i < op->send_count; i++) {
        const pt_send_entry_t *entry = send->sends.at + i;
        if (chat_policy_send (entry, i, send->has_takes_empty && send->takes_empty, arena, error) != 0) {
            op->results[i].status = PT_E_invalid;
            continue;
        }
        op->slots[op->entry_count] = (uint8_t)i;
        op->entries[op->entry_count++] = s_make_entry (send->account, entry);
    }
}

/*  ---- coming back ----------------------------------------------------------- */

static bool s_has_position (const pt_append_result_t *result)
{
    return result->has_seq && result->seq > 0 && result->has_id && result->has_at;
}

static bool s_has_files (const pt_append_entry_t *entry, const pt_append_result_t *result)
{
    uint32_t count = result->has_attachments ? result->attachments.count : 0;
    return count == (entry->has_attachments ? entry->attachments.count : 0);
}

/*  Whether every entry has a result, and every result its position and files, or an error. */
static bool s_is_complete (const s_op_t *op, const pt_append_results_t *answer)
{
    if (answer->results.count != op->entry_count)
        return false;
    for (uint32_t i = 0; i < op->entry_count; i++) {
        const pt_append_result_t *result = answer->results.at + i;
        if (result->status == 0 && (!s_has_position (result) || !s_has_files (op->entries + i, result)))
            return false;
    }
    return true;
}

/*  A known send_id was compared by store with what is sent now, so the entry
    at hand is the item's content; what its files are store says. */
static pt_item_t s_make_item (uint64_t room, const pt_append_entry_t *entry, const pt_append_result_t *result)
{
    return (pt_item_t){.room = room,
                       .seq = result->seq,
                       .id = result->id,
                       .kind = PT_item_kind_MESSAGE,
                       .sender = entry->sender,
                       .has_sender = true,
                       .send_id = entry->send_id,
                       .has_send_id = true,
                       .body = entry->body,
                       .has_body = true,
                       .reply_to = entry->reply_to,
                       .has_reply_to = entry->has_reply_to,
                       .at = result->at,
                       .attachments = {result->attachments.at, result->attachments.count},
                       .has_attachments = entry->has_attachments};
}

static pt_send_result_t s_make_result (const pt_append_result_t *result)
{
    if (result->status != 0)
        return (pt_send_result_t){.status = result->status, .detail = result->detail, .has_detail = result->has_detail};
    return (pt_send_result_t){.seq = result->seq,
                              .has_seq = true,
                              .id = result->id,
                              .has_id = true,
                              .at = result->at,
                              .has_at = true,
                              .duplicate = result->has_known && result->known,
                              .has_duplicate = true};
}

/*  Fills results and items; returns the number of items. */
static size_t s_take_answer (chat_t *chat, s_op_t *op, const pt_append_results_t *answer)
{
    size_t item_count = 0, known = 0;
    for (uint32_t i = 0; i < op->entry_count; i++) {
        const pt_append_result_t *result = answer->results.at + i;
        op->results[op->slots[i]] = s_make_result (result);
        if (result->status == 0)
            op->items[item_count++] = s_make_item (op->room, op->entries + i, result);
        known += result->status == 0 && result->has_known && result->known;
    }
    sv_metric_add (chat->metrics.known, known);
    sv_metric_add (chat->metrics.appended, item_count - known);
    sv_metric_add (chat->metrics.refused, op->send_count - item_count);
    return item_count;
}

static void s_on_appended (void *ctx, sv_request_t **request_p, void *arg, const sv_reply_t *reply)
{
    chat_t *chat = ctx;
    s_op_t *op = arg;
    const pt_append_results_t *answer = reply->msg;
    sv_crash (SV_CRASH_chat_send_stored);
    const char *trace = sv_request_trace (*request_p);
    if (!s_is_complete (op, answer)) {
        sv_metric_add (chat->metrics.unknown, 1);
        sv_log (chat->log, SV_ERROR, trace, "store's answer does not fit entries=%u results=%u", op->entry_count,
                answer->results.count);
        sv_request_fail (request_p, PT_E_worker_lost, "store's answer does not fit; the outcome is unknown");
        return;
    }
    size_t item_count = s_take_answer (chat, op, answer);
    chat_fanout_items (chat, op->room, answer->epoch, op->items, item_count, trace);
    sv_crash (SV_CRASH_chat_send_published);
    pt_send_results_t results = {.results = {op->results, op->send_count}};
    sv_request_reply (request_p, &results);
}

void chat_send_on_send (void *ctx, sv_request_t *request, const void *msg)
{
    chat_t *chat = ctx;
    const pt_send_t *send = msg;
    pt_arena_t *arena = sv_request_arena (request);
    sv_crash (SV_CRASH_chat_send_taken);
    s_op_t *op = s_new_op (arena, send);
    if (!op) {
        sv_request_fail (&request, PT_E_memory, NULL);
        return;
    }
    pt_error_t error = {0};
    s_fill_entries (op, send, arena, &error);
    if (op->entry_count == 0) {
        sv_metric_add (chat->metrics.refused, op->send_count);
        sv_request_fail_with (&request, PT_E_invalid, &error);
        return;
    }
    pt_append_t append = {.room = op->room, .entries = {op->entries, op->entry_count}};
    sv_backend_call_t call = {
        .opcode = PT_OP_store_append, .affinity = op->room, .msg = &append, .fn = s_on_appended, .op = op};
    sv_backend_call (&chat->store, &request, &call);
}
