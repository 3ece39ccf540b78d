/*  auth_mail_text - a mail as bytes: its header, and a template of mail/ filled in;
    pure. */

#ifndef AUTH_MAIL_TEXT_H
#define AUTH_MAIL_TEXT_H

#include "pt_buf.h"
#include "pt_message.h"

/*  The sender: `address`, or `Name <address>`, parsed once from the setting. */
typedef struct {
    char header[LIM_EMAIL + LIM_NAME + 8]; /* as the From line has it */
    char address[LIM_EMAIL + 1];           /* as the envelope has it */
} auth_mail_from_t;

/*  Longest public-url. */
#define AUTH_MAIL_URL_MAX 256

/*  Reads the setting.  0, or -PT_E_invalid: no address with a host, or a name that
    has more in it than letters, digits, spaces, `.`, `_` and `-`. */
PT_MUSTCHECK int auth_mail_text_from (const char *setting, auth_mail_from_t *out_from);

/*  Whether links can begin with it: http:// or https://, a host, no blanks, signs of
    HTML or control characters. */
bool auth_mail_text_is_url (const char *url);

typedef struct {
    pt_mail_kind_t kind;
    pt_room_dialect_t dialect; /* whose page is linked to, where it has one; none: the interface's */
    pt_str_t to;               /* address */
    pt_str_t name;             /* of the reader; empty: not known */
    const char *key;           /* the mail's secret */
    const char *id;            /* unique word for the Message-ID; letters and digits */
    const char *url;           /* of the installation */
    const auth_mail_from_t *from;
    int64_t at_us;
} auth_mail_letter_t;

/*  Appends the mail to `out`: `is_wire` with CR LF and, where it holds more than
    ASCII, in base64, as SMTP wants it; else as a file for people to read.  0;
    -PT_E_invalid when an address can't stand in a header or the kind is unknown
    (nothing was appended); or the buffer's error. */
PT_MUSTCHECK int auth_mail_text_write (const auth_mail_letter_t *letter, bool is_wire, pt_buf_t *out);

#endif
