/*  cli_channel_line - what `parley channel` reads and writes: one JSON object a line, one answer a line. */

#include "cli_channel_line.h"

#include "cli_text.h"
#include <stdlib.h>

typedef struct {
    cli_channel_line_t *out;
    pt_str_t key;
    uint32_t wait_ms;
} s_read_t;

#define S_TEXT_OF(number) S_TEXT_OF_IT (number)
#define S_TEXT_OF_IT(number) #number

/*  ---- fields -------------------------------------------------------------------------- */

static bool s_get_name (const s_read_t *read, const char *field, pt_str_t *out)
{
    const json_t *value = json_object_get (read->out->line, field);
    size_t len = json_is_string (value) ? json_string_length (value) : 0;
    if (len == 0 || len > LIM_CHANNEL || strlen (json_string_value (value)) != len)
        return false;
    *out = (pt_str_t){json_string_value (value), (uint32_t)len};
    return true;
}

static const char *s_get_channel (const s_read_t *read, pt_str_t *out)
{
    return s_get_name (read, "channel", out) ? NULL
                                             : "channel: a name of 1 to " S_TEXT_OF (LIM_CHANNEL) " bytes is needed";
}

static const char *s_get_group (const s_read_t *read, pt_str_t *out)
{
    return s_get_name (read, "group", out) ? NULL : "group: a name of 1 to " S_TEXT_OF (LIM_CHANNEL) " bytes is needed";
}

static const char *s_get_message (const s_read_t *read, pt_str_t *out)
{
    const json_t *value = json_object_get (read->out->line, "message");
    if (!json_is_object (value))
        return "message: an object is needed";
    read->out->text = json_dumps (value, JSON_COMPACT);
    size_t len = read->out->text ? strlen (read->out->text) : 0;
    if (len == 0)
        return "message: out of memory";
    if (len > LIM_CHANNEL_MESSAGE)
        return "message: it is longer than 16 KiB";
    *out = (pt_str_t){read->out->text, (uint32_t)len};
    return NULL;
}

static const char *s_get_timeout (const s_read_t *read, uint32_t *out_ms)
{
    const json_t *value = json_object_get (read->out->line, "timeout");
    *out_ms = read->wait_ms < LIM_CHANNEL_WAIT_MS ? read->wait_ms : LIM_CHANNEL_WAIT_MS;
    if (!value)
        return NULL;
    double seconds = json_number_value (value);
    if (!json_is_number (value) || !(seconds >= 0 && seconds * 1000 <= LIM_CHANNEL_WAIT_MS))
        return "timeout: a number of seconds from 0 to 20 is needed";
    *out_ms = (uint32_t)(seconds * 1000 + 0.5);
    return NULL;
}

/*  ---- operations ------------------------------------------------------------------------ */

static const char *s_read_send (const s_read_t *read)
{
    pt_channel_send_t *send = &read->out->msg.send;
    *send = (pt_channel_send_t){.key = read->key};
    const char *fault = s_get_channel (read, &send->channel);
    read->out->affinity = pt_affinity (send->channel);
    return fault ? fault : s_get_message (read, &send->message);
}

static const char *s_read_receive (const s_read_t *read)
{
    pt_channel_receive_t *receive = &read->out->msg.receive;
    *receive = (pt_channel_receive_t){.key = read->key};
    const char *fault = s_get_channel (read, &receive->channel);
    if (!fault)
        fault = s_get_timeout (read, &read->out->wait_ms);
    read->out->affinity = pt_affinity (receive->channel);
    receive->timeout_ms = read->out->wait_ms;
    return fault;
}

static const char *s_read_change (const s_read_t *read)
{
    pt_channel_group_change_t *change = &read->out->msg.change;
    *change = (pt_channel_group_change_t){.key = read->key};
    const char *fault = s_get_group (read, &change->group);
    read->out->affinity = pt_affinity (change->group);
    return fault ? fault : s_get_channel (read, &change->channel);
}

static const char *s_read_group_send (const s_read_t *read)
{
    pt_channel_group_send_t *send = &read->out->msg.group_send;
    *send = (pt_channel_group_send_t){.key = read->key};
    const char *fault = s_get_group (read, &send->group);
    read->out->affinity = pt_affinity (send->group);
    return fault ? fault : s_get_message (read, &send->message);
}

static const struct {
    const char *name;
    uint16_t opcode;
    const char *(*read) (const s_read_t *read);
} s_ops[] = {
    {"send", PT_OP_chat_channel_send, s_read_send},
    {"receive", PT_OP_chat_channel_receive, s_read_receive},
    {"group_add", PT_OP_chat_channel_group_add, s_read_change},
    {"group_discard", PT_OP_chat_channel_group_discard, s_read_change},
    {"group_send", PT_OP_chat_channel_group_send, s_read_group_send},
};

static const char *s_read_op (const s_read_t *read)
{
    const char *name = json_string_value (json_object_get (read->out->line, "op"));
    for (size_t i = 0; name && i < sizeof s_ops / sizeof *s_ops; i++) {
        if (strcmp (s_ops[i].name, name) != 0)
            continue;
        read->out->opcode = s_ops[i].opcode;
        return s_ops[i].read (read);
    }
    return "op: send, receive, group_add, group_discard or group_send is needed";
}

const char *cli_channel_line_read (cli_channel_line_t *out, const char *line, size_t len, const char *key,
                                   uint32_t wait_ms)
{
    *out = (cli_channel_line_t){.line = json_loadb (line, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL)};
    if (!json_is_object (out->line))
        return "a JSON object is needed";
    return s_read_op (&(s_read_t){out, pt_str (key), wait_ms});
}

void cli_channel_line_free (cli_channel_line_t *self)
{
    json_decref (self->line);
    free (self->text);
    *self = (cli_channel_line_t){0};
}

/*  ---- answers ----------------------------------------------------------------------------- */

void cli_channel_line_refuse (const char *fault, pt_buf_t *out)
{
    cli_json_t json = {.out = out};
    cli_json_open (&json, NULL, '{');
    cli_json_text (&json, "error", fault);
    cli_json_close (&json, '}');
    pt_buf_puts (out, "\n");
}

/*  What came is read before it is written: whoever sent it may have written anything. */
static void s_write_message (const pt_channel_received_t *received, pt_buf_t *out)
{
    json_t *message = received->has_message ? json_loadb (received->message.at, received->message.len,
                                                          JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL)
                                            : json_null ();
    char *text = message ? json_dumps (message, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    if (text)
        pt_buf_printf (out, "{\"message\":%s}\n", text);
    else
        cli_channel_line_refuse ("the message that came is no JSON", out);
    free (text);
    json_decref (message);
}

static void s_write_error (const sv_reply_t *reply, pt_buf_t *out)
{
    const pt_error_t *error = reply->error;
    char text[LIM_DETAIL + 64];
    if (error->has_detail && error->detail.len > 0)
        snprintf (text, sizeof text, "%s: %.*s", pt_error_name (reply->status), (int)error->detail.len,
                  error->detail.at);
    else
        snprintf (text, sizeof text, "%s: %s", pt_error_name (reply->status), pt_error_title (reply->status));
    cli_channel_line_refuse (text, out);
}

void cli_channel_line_write (const cli_channel_line_t *self, const sv_reply_t *reply, pt_buf_t *out)
{
    if (reply->status != 0)
        s_write_error (reply, out);
    else if (self->opcode == PT_OP_chat_channel_receive)
        s_write_message (reply->msg, out);
    else
        pt_buf_puts (out, "{\"ok\":true}\n");
}
