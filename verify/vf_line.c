/*  vf_line - a line of a log: flat JSON, to and from a vf_event_t. */

#include "vf_line.h"

#include <stdio.h>

static const char *const s_ops[] = {[VF_INVOKE] = "invoke", [VF_OK] = "ok", [VF_FAIL] = "fail", [VF_INFO] = "info"};
static const char *const s_kinds[] = {
    [VF_CLIENT] = "client", [VF_CONN] = "conn",   [VF_CLOSE] = "close", [VF_SUB] = "sub",   [VF_SEND] = "send",
    [VF_RECV] = "recv",     [VF_RESET] = "reset", [VF_READ] = "read",   [VF_JOIN] = "join", [VF_LEAVE] = "leave",
    [VF_KICK] = "kick",     [VF_END] = "end",     [VF_FAULT] = "fault", [VF_STAT] = "stat", [VF_ITEM] = "item",
    [VF_REVOKE] = "revoke", [VF_USE] = "use",     [VF_HEARD] = "heard",
};
#define OPS (sizeof s_ops / sizeof s_ops[0])
#define KINDS (sizeof s_kinds / sizeof s_kinds[0])

typedef enum { T_OP, T_KIND, T_TEXT, T_NUMBER, T_ID, T_HASH, T_BOOL } type_t;

/*  The keys, in the order in which they are written. */
static const struct {
    const char *name;
    size_t len;
    type_t type;
    size_t at;
} s_keys[] = {
#define KEY(key, type)                                                                                                 \
    {                                                                                                                  \
#key, sizeof(#key) - 1, type, offsetof(vf_event_t, key)                                                        \
    }
    KEY (mono_ns, T_NUMBER), KEY (wall_ns, T_NUMBER), KEY (client, T_TEXT), KEY (op, T_OP),
    KEY (kind, T_KIND),      KEY (account, T_ID),     KEY (session, T_ID),  KEY (room, T_ID),
    KEY (seq, T_NUMBER),     KEY (epoch, T_NUMBER),   KEY (head, T_NUMBER), KEY (cmid, T_TEXT),
    KEY (bodyhash, T_HASH),  KEY (gateway, T_TEXT),   KEY (err, T_TEXT),    KEY (what, T_TEXT),
    KEY (recovered, T_BOOL), KEY (duplicate, T_BOOL), KEY (rss, T_NUMBER),  KEY (fds, T_NUMBER),
    KEY (cpu, T_NUMBER),
#undef KEY
};
#define KEYS (sizeof s_keys / sizeof s_keys[0])

const char *vf_op_name (vf_op_t op)
{
    return (size_t)op < OPS ? s_ops[op] : NULL;
}

const char *vf_kind_name (vf_kind_t kind)
{
    return (size_t)kind < KINDS ? s_kinds[kind] : NULL;
}

/* ---- reading ---------------------------------------------------------------- */

typedef struct {
    char *at;
    char *end;
} cursor_t;

static void s_space (cursor_t *in)
{
    while (in->at < in->end && (*in->at == ' ' || *in->at == '\t' || *in->at == '\r'))
        in->at++;
}

static bool s_take (cursor_t *in, char wanted)
{
    s_space (in);
    if (in->at == in->end || *in->at != wanted)
        return false;
    in->at++;
    return true;
}

static int s_hex (char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*  A \uXXXX below U+0080; logs hold no others, since clients write plain UTF-8. */
static int s_unicode (const cursor_t *in)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = in->at + i < in->end ? s_hex (in->at[i]) : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value > 0 && value < 0x80 ? value : -1;
}

/*  What follows a backslash; -1 when it is no escape we know. */
static int s_escape (cursor_t *in)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (in->at == in->end)
        return -1;
    char c = *in->at++;
    const char *known = strchr (from, c);
    if (c && known)
        return to[known - from];
    int value = c == 'u' ? s_unicode (in) : -1;
    in->at += value < 0 ? 0 : 4;
    return value;
}

static bool s_text (cursor_t *in, pt_str_t *out)
{
    if (!s_take (in, '"'))
        return false;
    char *start = in->at;
    while (in->at < in->end && *in->at != '"' && *in->at != '\\' && (uint8_t)*in->at >= 0x20)
        in->at++;
    char *put = in->at;
    while (in->at < in->end && *in->at != '"') {
        int c = (uint8_t)*in->at++;
        if (c < 0x20 || (c == '\\' && (c = s_escape (in)) < 0))
            return false;
        *put++ = (char)c;
    }
    if (in->at == in->end)
        return false;
    in->at++;
    *out = (pt_str_t){start, (uint32_t)(put - start)};
    return true;
}

static bool s_digits (const char **at_p, const char *end, uint64_t *out)
{
    const char *at = *at_p;
    uint64_t value = 0;
    if (at == end || *at < '0' || *at > '9')
        return false;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *at_p = at;
    *out = value;
    return true;
}

static bool s_number (cursor_t *in, uint64_t *out)
{
    s_space (in);
    const char *at = in->at;
    bool is_one = s_digits (&at, in->end, out);
    in->at += at - in->at;
    return is_one && (in->at == in->end || !strchr (".eE", *in->at));
}

/*  Ids are text, but a number serves. */
static bool s_id (cursor_t *in, uint64_t *out)
{
    s_space (in);
    if (in->at < in->end && *in->at != '"')
        return s_number (in, out);
    pt_str_t text;
    if (!s_text (in, &text))
        return false;
    const char *at = text.at;
    return s_digits (&at, text.at + text.len, out) && at == text.at + text.len;
}

static bool s_hash (cursor_t *in, uint64_t *out)
{
    pt_str_t text;
    if (!s_text (in, &text) || text.len != 16)
        return false;
    *out = 0;
    for (unsigned i = 0; i < 16; i++) {
        int digit = s_hex (text.at[i]);
        if (digit < 0)
            return false;
        *out = *out << 4 | (uint64_t)digit;
    }
    return true;
}

static bool s_literal (cursor_t *in, const char *word)
{
    size_t len = strlen (word);
    if ((size_t)(in->end - in->at) < len || memcmp (in->at, word, len) != 0)
        return false;
    in->at += len;
    return true;
}

static bool s_bool (cursor_t *in, bool *out)
{
    s_space (in);
    *out = s_literal (in, "true");
    return *out || s_literal (in, "false");
}

static bool s_name (cursor_t *in, const char *const *names, size_t count, unsigned *out)
{
    pt_str_t text;
    if (!s_text (in, &text))
        return false;
    for (unsigned i = 1; i < count; i++)
        if (strlen (names[i]) == text.len && memcmp (names[i], text.at, text.len) == 0) {
            *out = i;
            return true;
        }
    return false;
}

static bool s_value (cursor_t *in, size_t key, vf_event_t *out)
{
    void *at = (char *)out + s_keys[key].at;
    unsigned index = 0;
    switch (s_keys[key].type) {
    case T_OP:
        if (!s_name (in, s_ops, OPS, &index))
            return false;
        out->op = (vf_op_t)index;
        return true;
    case T_KIND:
        if (!s_name (in, s_kinds, KINDS, &index))
            return false;
        out->kind = (vf_kind_t)index;
        return true;
    case T_TEXT:
        return s_text (in, at);
    case T_NUMBER:
        return s_number (in, at);
    case T_ID:
        return s_id (in, at);
    case T_HASH:
        return s_hash (in, at);
    case T_BOOL:
        return s_bool (in, at);
    }
    return false;
}

/*  Passes over the value of a key we do not know: a text, a number, a word. */
static bool s_skip (cursor_t *in)
{
    s_space (in);
    if (in->at < in->end && *in->at == '"') {
        pt_str_t text;
        return s_text (in, &text);
    }
    char *start = in->at;
    while (in->at < in->end && !strchr (",}[{\" ", *in->at))
        in->at++;
    return in->at > start;
}

/*  Keys mostly come in one order, so the search begins behind the last one. */
static size_t s_find (pt_str_t name, size_t from)
{
    for (size_t i = 0; i < KEYS; i++) {
        size_t key = from + i < KEYS ? from + i : from + i - KEYS;
        if (s_keys[key].len == name.len && memcmp (s_keys[key].name, name.at, name.len) == 0)
            return key;
    }
    return KEYS;
}

const char *vf_line_read (vf_event_t *out, char *line, size_t len)
{
    memset (out, 0, sizeof *out);
    cursor_t in = {line, line + len};
    size_t key = 0;
    if (!s_take (&in, '{'))
        return "it is no object";
    do {
        pt_str_t name;
        if (!s_text (&in, &name) || !s_take (&in, ':'))
            return "a key is malformed";
        size_t found = s_find (name, key);
        if (found < KEYS ? !s_value (&in, found, out) : !s_skip (&in))
            return "a value is malformed";
        key = found < KEYS ? found + 1 : key;
    } while (s_take (&in, ','));
    if (!s_take (&in, '}'))
        return "the object does not end";
    s_space (&in);
    if (in.at != in.end)
        return "something follows the object";
    return out->op && out->kind && out->client.len ? NULL : "op, kind or client is missing";
}

/* ---- writing ----------------------------------------------------------------- */

typedef struct {
    char *out;
    size_t size;
    size_t len; /* beyond size: it did not fit */
} writer_t;

static void s_put (writer_t *to, char c)
{
    if (to->len < to->size)
        to->out[to->len] = c;
    to->len++;
}

static void s_puts (writer_t *out, const char *text)
{
    while (*text)
        s_put (out, *text++);
}

static void s_put_text (writer_t *out, pt_str_t text)
{
    static const char hex[] = "0123456789abcdef";
    s_put (out, '"');
    for (uint32_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if ((uint8_t)c < 0x20) {
            s_puts (out, "\\u00");
            s_put (out, hex[c >> 4]);
            s_put (out, hex[c & 15]);
            continue;
        }
        if (c == '"' || c == '\\')
            s_put (out, '\\');
        s_put (out, c);
    }
    s_put (out, '"');
}

static void s_put_number (writer_t *out, uint64_t value)
{
    char digits[20];
    unsigned count = 0;
    do
        digits[count++] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    while (count > 0)
        s_put (out, digits[--count]);
}

static void s_put_hash (writer_t *out, uint64_t hash)
{
    static const char hex[] = "0123456789abcdef";
    s_put (out, '"');
    for (int shift = 60; shift >= 0; shift -= 4)
        s_put (out, hex[hash >> shift & 15]);
    s_put (out, '"');
}

static bool s_is_absent (size_t key, const vf_event_t *event)
{
    const void *at = (const char *)event + s_keys[key].at;
    if (s_keys[key].type == T_TEXT)
        return ((const pt_str_t *)at)->len == 0;
    if (s_keys[key].type == T_BOOL)
        return !*(const bool *)at && !(event->kind == VF_SUB && event->op == VF_OK && at == &event->recovered);
    if (s_keys[key].type == T_OP || s_keys[key].type == T_KIND)
        return false;
    return *(const uint64_t *)at == 0;
}

static void s_put_value (writer_t *out, size_t key, const vf_event_t *event)
{
    const void *at = (const char *)event + s_keys[key].at;
    switch (s_keys[key].type) {
    case T_OP:
        s_put_text (out, pt_str (vf_op_name (event->op)));
        break;
    case T_KIND:
        s_put_text (out, pt_str (vf_kind_name (event->kind)));
        break;
    case T_TEXT:
        s_put_text (out, *(const pt_str_t *)at);
        break;
    case T_NUMBER:
        s_put_number (out, *(const uint64_t *)at);
        break;
    case T_ID:
        s_put (out, '"');
        s_put_number (out, *(const uint64_t *)at);
        s_put (out, '"');
        break;
    case T_HASH:
        s_put_hash (out, *(const uint64_t *)at);
        break;
    case T_BOOL:
        s_puts (out, *(const bool *)at ? "true" : "false");
        break;
    }
}

size_t vf_line_write (char *out, size_t size, const vf_event_t *event)
{
    writer_t to = {out, size, 0};
    char before = '{';
    for (size_t key = 0; key < KEYS; key++) {
        if (s_is_absent (key, event))
            continue;
        s_put (&to, before);
        s_put (&to, '"');
        s_puts (&to, s_keys[key].name);
        s_puts (&to, "\":");
        s_put_value (&to, key, event);
        before = ',';
    }
    s_puts (&to, "}\n");
    return to.len <= size ? to.len : 0;
}
