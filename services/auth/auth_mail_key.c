/*  auth_mail_key - the key that a mail brings. */

#include "auth_mail_key.h"
#include "auth_base64.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

_Static_assert(20 + 1 + AUTH_BASE64_32 <= LIM_MAIL_KEY, "a key must fit its field");

void auth_mail_key_make (const auth_secret_t *secret, pt_mail_kind_t kind, uint64_t mail, auth_mail_key_t *out_key)
{
    char id[8], text[AUTH_BASE64_32 + 1];
    uint8_t mac[AUTH_MAC_LEN];
    const char *word = pt_enum_text (PT_ENUM_mail_kind, kind);
    const pt_str_t parts[] = {auth_secret_number (mail, id), pt_str (word ? word : "")};
    auth_secret_mac (secret, "mail", parts, sizeof parts / sizeof parts[0], mac);
    auth_base64_encode_32 (mac, text);
    snprintf (out_key->text, sizeof out_key->text, "%" PRIu64 "-%s", mail, text);
    sodium_memzero (mac, sizeof mac);
    sodium_memzero (text, sizeof text);
}

/*  The number before the hyphen; 0 when there is none. */
static uint64_t s_mail_of (pt_str_t text)
{
    uint64_t mail = 0;
    uint32_t i = 0;
    for (; i < text.len && i < 19 && text.at[i] >= '0' && text.at[i] <= '9'; i++)
        mail = mail * 10 + (uint64_t)(text.at[i] - '0');
    return i < text.len && text.at[i] == '-' && mail <= LIM_ID ? mail : 0;
}

/*  Compares the whole text, so that a number has one spelling. */
static bool s_is_made (const auth_secret_t *secret, pt_mail_kind_t kind, uint64_t mail, pt_str_t text)
{
    auth_mail_key_t key = {""};
    auth_mail_key_make (secret, kind, mail, &key);
    bool is_made = strlen (key.text) == text.len && sodium_memcmp (key.text, text.at, text.len) == 0;
    sodium_memzero (&key, sizeof key);
    return is_made;
}

int auth_mail_key_read (const auth_secret_t *secret, const auth_secret_t *other, pt_mail_kind_t kind, pt_str_t text,
                        uint64_t *out_mail)
{
    uint64_t mail = s_mail_of (text);
    if (mail == 0 || !(s_is_made (secret, kind, mail, text) || (other && s_is_made (other, kind, mail, text))))
        return -PT_E_token_invalid;
    *out_mail = mail;
    return 0;
}
