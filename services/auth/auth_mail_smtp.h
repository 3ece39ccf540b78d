/*  auth_mail_smtp - mails through a server: SMTP with STARTTLS, or SMTP in TLS. */

#ifndef AUTH_MAIL_SMTP_H
#define AUTH_MAIL_SMTP_H

#include "auth_file.h"
#include "pt_buf.h"
#include "sv_curl.h"

typedef struct auth_mail_smtp auth_mail_smtp_t;

/*  One mail from connecting to the server's last word; shorter than the lease of
    auth_mail. */
#define AUTH_MAIL_SMTP_MS 30000

/*  All borrowed, for the life of the object. */
typedef struct {
    const char *url;             /* smtp://host:port or smtps://host:port */
    const char *user, *password; /* NULL: without signing in */
    const char *ca_file;         /* certificates to trust beside the system's; NULL: those alone */
    bool needs_tls;              /* also to an address of this machine */
} auth_mail_smtp_config_t;

typedef enum {
    AUTH_MAIL_SENT,
    AUTH_MAIL_LATER, /* may be tried again */
    AUTH_MAIL_NEVER, /* this mail, or its address, is refused for good */
} auth_mail_fate_t;

/*  `response`: the server's code, 0 when there was none; `why`: a constant. */
typedef void (auth_mail_sent_fn) (void *arg, auth_mail_fate_t fate, long response, const char *why);

/*  At most `most` mails at a time.  NULL with the reason in `why`, and in `*out_err`
    -PT_E_invalid (the URL: scheme, host, or with a user in it) or -PT_E_memory. */
auth_mail_smtp_t *auth_mail_smtp_new (sv_loop_t *loop, const auth_mail_smtp_config_t *config, unsigned most,
                                      int *out_err, auth_why_t *why);

/*  Ends what is under way; their callbacks are not called. */
void auth_mail_smtp_destroy (auth_mail_smtp_t **self_p);

/*  Sends `text`, which must stay until `fn` was called.  The server must speak TLS
    unless it is on this machine.  0, -PT_E_busy or -PT_E_memory; `fn` is called only
    when 0 was returned, later. */
PT_MUSTCHECK int auth_mail_smtp_send (auth_mail_smtp_t *self, const char *from, const char *to, const pt_buf_t *text,
                                      auth_mail_sent_fn *fn, void *arg);

#endif
