/*  auth_mail_key - the key that a mail brings: who shows it has read the mail; pure.

    It is the number of the mail, a hyphen, and 43 characters base64url of HMAC-SHA256
    under the secret over "mail", number and kind.  Nothing of it is stored: it
    follows from the row of the mail, which names the account, and which store uses
    up with the first key that is shown. */

#ifndef AUTH_MAIL_KEY_H
#define AUTH_MAIL_KEY_H

#include "auth_secret.h"

/*  A key with a NUL behind it. */
typedef struct {
    char text[LIM_MAIL_KEY + 1];
} auth_mail_key_t;

void auth_mail_key_make (const auth_secret_t *secret, pt_mail_kind_t kind, uint64_t mail, auth_mail_key_t *out_key);

/*  Reads a key of a mail of `kind`, in constant time as far as its secret goes;
    `other` is the second secret while secrets are exchanged, or NULL.  0, or
    -PT_E_token_invalid when we did not make it. */
PT_MUSTCHECK int auth_mail_key_read (const auth_secret_t *secret, const auth_secret_t *other, pt_mail_kind_t kind,
                                     pt_str_t text, uint64_t *out_mail);

#endif
