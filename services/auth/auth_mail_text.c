/*  auth_mail_text - a mail as bytes.

    What others chose (name, address) never reaches the header unjudged: the
    address passes the policy of addresses, which knows no blank and no control
    character, and the name stands in the body alone. */

#include "auth_mail_text.h"
#include "sv_email.h"
#include "sv_text.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/*  The longest body, all templates included. */
#define S_BODY_MAX 8192

/*  Characters of base64 in a line, of 57 bytes. */
#define S_LINE_BYTES 57

typedef struct {
    pt_mail_kind_t kind;
    const char *text; /* subject, line feed, body */
} s_template_t;

static const s_template_t s_templates[] = {
    {
        PT_mail_kind_CONFIRM,
#include "mail_confirm.inc"
    },
    {
        PT_mail_kind_RESET,
#include "mail_reset.inc"
    },
};

static const s_template_t *s_find_template (pt_mail_kind_t kind)
{
    for (size_t i = 0; i < sizeof s_templates / sizeof s_templates[0]; i++)
        if (s_templates[i].kind == kind)
            return &s_templates[i];
    return NULL;
}

/*  Pages behind the public URL; the key stands between the two parts. */
static const struct {
    pt_mail_kind_t kind;
    pt_room_dialect_t dialect;
    const char *before, *after;
} s_pages[] = {
    {PT_mail_kind_CONFIRM, PT_room_dialect_CHAT, "/api/rest-auth/registration/account-confirm-email/", "/"},
    {PT_mail_kind_CONFIRM, PT_room_dialect_none, "/confirm?token=", ""},
    {PT_mail_kind_RESET, PT_room_dialect_none, "/reset?token=", ""},
};

/*  ---- settings ---------------------------------------------------------------- */

/*  Looser than an account's address: a host of one label will do. */
static bool s_is_sender (const char *at, size_t len)
{
    const char *sign = memchr (at, '@', len);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)at[i] <= ' ' || (unsigned char)at[i] >= 0x7f || strchr ("<>()[],;:\\\"", at[i]))
            return false;
    return len <= LIM_EMAIL && sign && sign > at && sign + 1 < at + len;
}

static bool s_is_plain_name (const char *at, size_t len)
{
    static const char signs[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ._-";
    for (size_t i = 0; i < len; i++)
        if (!at[i] || !strchr (signs, at[i]))
            return false;
    return len <= LIM_NAME;
}

int auth_mail_text_from (const char *setting, auth_mail_from_t *out_from)
{
    const char *open = strchr (setting, '<');
    const char *at = open ? open + 1 : setting;
    size_t len = strlen (at), name_len = open ? (size_t)(open - setting) : 0;
    if (open && (len == 0 || at[--len] != '>'))
        return -PT_E_invalid;
    while (name_len > 0 && setting[name_len - 1] == ' ')
        name_len--;
    if (!s_is_sender (at, len) || !s_is_plain_name (setting, name_len))
        return -PT_E_invalid;
    snprintf (out_from->address, sizeof out_from->address, "%.*s", (int)len, at);
    if (name_len > 0)
        snprintf (out_from->header, sizeof out_from->header, "\"%.*s\" <%s>", (int)name_len, setting,
                  out_from->address);
    else
        snprintf (out_from->header, sizeof out_from->header, "%s", out_from->address);
    return 0;
}

bool auth_mail_text_is_url (const char *url)
{
    size_t scheme = strncmp (url, "https://", 8) == 0 ? 8 : strncmp (url, "http://", 7) == 0 ? 7 : 0;
    if (scheme == 0 || !url[scheme] || url[scheme] == '/' || strlen (url) > AUTH_MAIL_URL_MAX)
        return false;
    for (const char *at = url; *at; at++)
        if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7f || strchr ("<>\"'`?#", *at))
            return false;
    return true;
}

/*  ---- the body --------------------------------------------------------------------- */

static void s_put_greeting (const auth_mail_letter_t *letter, pt_buf_t *out)
{
    if (letter->name.len > 0 && !sv_text_has_control (letter->name, false)) {
        pt_buf_puts (out, "Hello ");
        pt_buf_put (out, letter->name.at, letter->name.len);
        pt_buf_puts (out, ",");
    } else
        pt_buf_puts (out, "Hello,");
}

static void s_put_link (const auth_mail_letter_t *letter, pt_buf_t *out)
{
    size_t len = strlen (letter->url);
    while (len > 0 && letter->url[len - 1] == '/')
        len--;
    size_t i = 0, last = sizeof s_pages / sizeof s_pages[0] - 1;
    while (i < last && (s_pages[i].kind != letter->kind ||
                        (s_pages[i].dialect != letter->dialect && s_pages[i].dialect != PT_room_dialect_none)))
        i++;
    pt_buf_put (out, letter->url, len);
    pt_buf_printf (out, "%s%s%s", s_pages[i].before, letter->key, s_pages[i].after);
}

static void s_put_key (const auth_mail_letter_t *letter, pt_buf_t *out)
{
    pt_buf_puts (out, letter->key);
}

static const struct {
    const char *mark;
    void (*put) (const auth_mail_letter_t *letter, pt_buf_t *out);
} s_marks[] = {{"{greeting}", s_put_greeting}, {"{link}", s_put_link}, {"{key}", s_put_key}};

/*  Fills a template in; what is put in its place is not looked at again. */
static void s_fill (const auth_mail_letter_t *letter, const char *text, pt_buf_t *out)
{
    while (*text) {
        size_t len = strcspn (text, "{");
        pt_buf_put (out, text, len);
        text += len;
        size_t i = 0, count = sizeof s_marks / sizeof s_marks[0];
        while (i < count && strncmp (text, s_marks[i].mark, strlen (s_marks[i].mark)) != 0)
            i++;
        if (i < count) {
            s_marks[i].put (letter, out);
            text += strlen (s_marks[i].mark);
        } else if (*text)
            pt_buf_put (out, text++, 1);
    }
}

static bool s_is_ascii (const pt_buf_t *body)
{
    for (size_t i = 0; i < body->len; i++)
        if ((unsigned char)body->at[i] >= 0x80)
            return false;
    return true;
}

static void s_put_base64 (const pt_buf_t *body, const char *eol, pt_buf_t *out)
{
    for (size_t done = 0; done < body->len; done += S_LINE_BYTES) {
        char line[S_LINE_BYTES * 4 / 3 + 4];
        size_t left = body->len - done;
        sodium_bin2base64 (line, sizeof line, (const uint8_t *)body->at + done,
                           left < S_LINE_BYTES ? left : S_LINE_BYTES, sodium_base64_VARIANT_ORIGINAL);
        pt_buf_puts (out, line);
        pt_buf_puts (out, eol);
    }
}

static void s_put_lines (const pt_buf_t *body, const char *eol, pt_buf_t *out)
{
    for (size_t i = 0; i < body->len; i++)
        if (body->at[i] == '\n')
            pt_buf_puts (out, eol);
        else
            pt_buf_put (out, &body->at[i], 1);
}

/*  ---- the mail --------------------------------------------------------------------- */

static void s_put_header (const auth_mail_letter_t *letter, const char *subject, const char *encoding, const char *eol,
                          pt_buf_t *out)
{
    char date[64];
    time_t at_s = (time_t)(letter->at_us / 1000000);
    struct tm tm;
    strftime (date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", gmtime_r (&at_s, &tm));
    pt_buf_printf (out, "From: %s%s", letter->from->header, eol);
    pt_buf_printf (out, "To: %.*s%s", (int)letter->to.len, letter->to.at, eol);
    pt_buf_printf (out, "Subject: %.*s%s", (int)strcspn (subject, "\n"), subject, eol);
    pt_buf_printf (out, "Date: %s%s", date, eol);
    pt_buf_printf (out, "Message-ID: <%s%s>%s", letter->id, strchr (letter->from->address, '@'), eol);
    pt_buf_printf (out, "Auto-Submitted: auto-generated%s", eol);
    pt_buf_printf (out, "MIME-Version: 1.0%s", eol);
    pt_buf_printf (out, "Content-Type: text/plain; charset=utf-8%s", eol);
    pt_buf_printf (out, "Content-Transfer-Encoding: %s%s%s", encoding, eol, eol);
}

int auth_mail_text_write (const auth_mail_letter_t *letter, bool is_wire, pt_buf_t *out)
{
    const s_template_t *template = s_find_template (letter->kind);
    const char *eol = is_wire ? "\r\n" : "\n";
    if (!template || !sv_email_is_valid (letter->to))
        return -PT_E_invalid;
    pt_buf_t body;
    pt_buf_init (&body, S_BODY_MAX);
    s_fill (letter, strchr (template->text, '\n') + 1, &body);
    bool is_ascii = s_is_ascii (&body);
    bool is_base64 = is_wire && !is_ascii;
    s_put_header (letter, template->text, is_base64 ? "base64" : is_ascii ? "7bit" : "8bit", eol, out);
    if (is_base64)
        s_put_base64 (&body, eol, out);
    else
        s_put_lines (&body, eol, out);
    int rc = pt_buf_error (&body) != 0 ? pt_buf_error (&body) : pt_buf_error (out);
    if (body.at)
        sodium_memzero (body.at, body.cap);
    pt_buf_fini (&body);
    return rc;
}
