/*  gw_dialect_member_profile - name and picture of an account, as the dialect `member` changes them. */

#include "gw_browser.h"
#include "gw_dialect_member.h"

typedef struct {
    bool is_picture_alone; /* asked for and answered */
    bool has_name;
    bool clears; /* the picture goes */
    pt_str_t name;
} s_change_t;

static const gw_dialect_refusal_t s_not_changed[] = {
    {.field = "name", .code = "encoding", .key = "name", .sentence = "Enter a valid name."}, {0}};

/* ---- answering ------------------------------------------------------------------------ */

static void s_put_picture (pt_buf_t *out, const gw_request_t *request, const pt_account_t *account)
{
    char path[LIM_PATH + 1];
    if (!account->has_avatar) {
        pt_buf_puts (out, "null");
        return;
    }
    snprintf (path, sizeof path, "%.*s", (int)account->avatar.len, account->avatar.at);
    gw_dialect_json_url (out, gw_browser_is_secure (request), request->host, path);
}

static void s_on_account (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    const s_change_t *change = request->steps;
    if (!gw_dialect_succeeded (request, reply, s_not_changed))
        return;
    const pt_account_t *account = reply->msg;
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    pt_buf_puts (&body, change->is_picture_alone ? "{\"avatar\":"
                                                 : "{\"message\":\"User updated successfully!\",\"data\":{\"avatar\":");
    s_put_picture (&body, request, account);
    if (!change->is_picture_alone) {
        pt_buf_puts (&body, ",\"name\":");
        gw_dialect_json_text (&body, account->has_name, account->name);
        pt_buf_puts (&body, "}");
    }
    pt_buf_puts (&body, "}");
    gw_dialect_answer (request, 200, &body);
}

/* ---- changing -------------------------------------------------------------------------- */

/*  The picture is as it shall be.  The client's key stood for that. */
static void s_change_name (gw_request_t *request)
{
    const s_change_t *change = request->steps;
    request->refusals = s_not_changed;
    if (change->has_name) {
        pt_account_update_t update = {.name = change->name, .has_name = true};
        request->idempotency_key = change->clears ? NULL : request->idempotency_key;
        gw_dialect_call (request, PT_OP_auth_account_update, &update, s_on_account);
    } else {
        pt_account_ref_t self = {0};
        gw_dialect_call (request, PT_OP_auth_account_get, &self, s_on_account);
    }
}

static void s_on_cleared (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (gw_dialect_succeeded (request, reply, NULL))
        s_change_name (request);
}

static void s_change (gw_request_t *request)
{
    const s_change_t *change = request->steps;
    pt_account_only_t who = {0};
    if (change->clears)
        gw_dialect_call (request, PT_OP_drive_avatar_delete, &who, s_on_cleared);
    else
        s_change_name (request);
}

/* ---- the body ---------------------------------------------------------------------------- */

/*  null, or an empty control of a form, takes the picture away. */
static void s_read_picture (gw_dialect_body_t *body, s_change_t *change)
{
    const gw_value_t *value = gw_dialect_body_field (body, "avatar");
    if (!value || value->kind == GW_VALUE_FILE)
        return;
    change->clears = value->kind == GW_VALUE_NULL || (body->is_form && value->text.len == 0);
    if (!change->clears)
        gw_dialect_fault (body, "avatar", "The submitted data was not a file. Check the encoding type on the form.");
}

/*  Whether all that was sent is good; false after answering. */
static bool s_read (gw_request_t *request, gw_dialect_body_t *body)
{
    s_change_t *change = request->steps;
    const gw_text_rule_t rule = {.max = LIM_NAME, .may_be_blank = false};
    if (!change->is_picture_alone)
        change->has_name = gw_dialect_text (body, "name", &rule, &change->name);
    s_read_picture (body, change);
    return gw_dialect_passes (request, body);
}

static void s_start (gw_request_t *request, bool is_picture_alone)
{
    gw_dialect_body_t body;
    s_change_t *change = pt_arena_alloc (request->arena, sizeof *change);
    if (!change) {
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
        return;
    }
    change->is_picture_alone = is_picture_alone;
    request->steps = change;
    if (gw_dialect_read (request, &body) && s_read (request, &body))
        s_change (request);
}

void gw_dialect_member_update (gw_request_t *request)
{
    s_start (request, false);
}

void gw_dialect_member_update_avatar (gw_request_t *request)
{
    s_start (request, true);
}
