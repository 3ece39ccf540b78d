/*  gw_dialect_member_profile - name and picture of an account, as the dialect `member` changes them. */

#include "gw_browser.h"
#include "gw_dialect_member.h"
#include "gw_upload_form.h"

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

static void s_change_name (gw_request_t *request)
{
    const s_change_t *change = request->steps;
    request->refusals = s_not_changed;
    if (change->has_name) {
        pt_account_update_t update = {.name = change->name, .has_name = true};
        gw_dialect_call (request, PT_OP_auth_account_update, &update, s_on_account);
    } else {
        pt_account_ref_t self = {0};
        gw_dialect_call (request, PT_OP_auth_account_get, &self, s_on_account);
    }
}

/*  The client's key stood for the picture; under it the name would be another request. */
static void s_on_picture (gw_request_t *request)
{
    request->idempotency_key = NULL;
    s_change_name (request);
}

static void s_on_cleared (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (gw_dialect_succeeded (request, reply, NULL))
        s_on_picture (request);
}

static void s_begin (gw_request_t *request)
{
    const s_change_t *change = request->steps;
    pt_account_only_t who = {0};
    if (change->clears)
        gw_dialect_call (request, PT_OP_drive_avatar_delete, &who, s_on_cleared);
    else
        s_change_name (request);
}

/*  A form without a file may still take the picture away. */
static void s_on_form (gw_request_t *request)
{
    const s_change_t *change = request->steps;
    if (change->clears)
        s_begin (request);
    else
        s_on_picture (request);
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
    /*  A name that is there must be one, in a form too. */
    const gw_text_rule_t rule = {.is_required = gw_dialect_body_field (body, "name") != NULL, .max = LIM_NAME};
    if (!change->is_picture_alone)
        change->has_name = gw_dialect_text (body, "name", &rule, &change->name);
    s_read_picture (body, change);
    return gw_dialect_passes (request, body);
}

/* ---- pictures ------------------------------------------------------------------------------ */

#define NO_IMAGE "Upload a valid image. The file you uploaded was either not an image or a corrupted image."
#define TOO_LARGE "Image Size must be under 5MB."

/*  drive looks into the file, and may take less than this dialect. */
static const gw_dialect_refusal_t s_not_taken[] = {{.err = PT_E_media_refused, .key = "avatar", .sentence = NO_IMAGE},
                                                   {.err = PT_E_infected, .key = "avatar", .sentence = NO_IMAGE},
                                                   {.err = PT_E_too_large, .key = "avatar", .sentence = TOO_LARGE},
                                                   {0}};

/*  What is behind the last dot; all of it where there is none. */
static pt_str_t s_extension (pt_str_t name)
{
    uint32_t at = name.len;
    while (at > 0 && name.at[at - 1] != '.')
        at--;
    return (pt_str_t){name.at + at, name.len - at};
}

static const char *s_judge_name (gw_dialect_body_t *body, pt_str_t name)
{
    static const char *const taken[] = {"jpg", "jpeg", "png", "webp", "gif"};
    pt_str_t extension = s_extension (name);
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (extension.len == strlen (taken[i]) && strncasecmp (extension.at, taken[i], extension.len) == 0)
            return NULL;
    const char *sentence =
        pt_arena_printf (body->arena, "Extension %.*s is not allowed. Allowed Extensions: jpg, jpeg, png, webp, gif",
                         (int)extension.len, extension.at);
    body->is_short = body->is_short || !sentence;
    return sentence ? sentence : "";
}

static const gw_upload_form_t s_form = {.picture = "avatar",
                                        .max = 5 * 1024 * 1024,
                                        .empty = "The submitted file is empty.",
                                        .large = TOO_LARGE,
                                        .judge_name = s_judge_name,
                                        .ready = s_read,
                                        .done = s_on_form};

/* ---- both routes ----------------------------------------------------------------------------- */

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
    if (gw_upload_is_form (request)) {
        request->refusals = s_not_taken;
        gw_upload_form (request, &s_form);
    } else if (gw_dialect_read (request, &body) && s_read (request, &body))
        s_begin (request);
}

void gw_dialect_member_update (gw_request_t *request)
{
    s_start (request, false);
}

void gw_dialect_member_update_avatar (gw_request_t *request)
{
    s_start (request, true);
}

/* ---- documents ------------------------------------------------------------------------------- */

static const gw_shape_t s_avatar[] = {
    {"avatar", GW_SHAPE_BYTES, GW_SHAPE_OPTIONAL | GW_SHAPE_NULL, "jpg, jpeg, png, webp or gif of 5 MB; null: none"},
    {0}};
static const gw_shape_t s_profile[] = {
    {"name", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "display name"},
    {"avatar", GW_SHAPE_BYTES, GW_SHAPE_OPTIONAL | GW_SHAPE_NULL, "jpg, jpeg, png, webp or gif of 5 MB; null: none"},
    {0}};
static const gw_shape_t s_shown_avatar[] = {{"avatar", GW_SHAPE_URL, GW_SHAPE_NULL, "where everybody may see it"}, {0}};
static const gw_shape_t s_shown[] = {{"avatar", GW_SHAPE_URL, GW_SHAPE_NULL, "where everybody may see it"},
                                     {"name", GW_SHAPE_TEXT, GW_SHAPE_NULL, "display name"},
                                     {0}};
static const gw_shape_t s_updated[] = {{"message", GW_SHAPE_TEXT, 0, "that it is done"},
                                       {"data", GW_SHAPE_OBJ, 0, "how the account is now", s_shown},
                                       {0}};

const gw_spec_t gw_dialect_member_update_spec = {.takes = s_profile, .gives = s_updated};
const gw_spec_t gw_dialect_member_avatar_spec = {.takes = s_avatar, .gives = s_shown_avatar};
