/*  auth_mail - the outbox: mails that wait in store are taken, written, and sent.

    A mail is taken for a while (a lease); whoever took it and died loses it to
    another after that.  So a mail may be sent twice, never lost; a repeat has the
    same Message-ID.  What a server refuses for good, what has expired, and what
    was tried AUTH_MAIL_TRIES times is given up. */

#ifndef AUTH_MAIL_H
#define AUTH_MAIL_H

#include "auth.h"
#include "auth_mail_smtp.h"

/*  Longer than sending one takes (AUTH_MAIL_SMTP_MS): all that are taken are sent at
    the same time. */
#define AUTH_MAIL_LEASE_MS 60000

#define AUTH_MAIL_TRIES 8

/*  Batches taken one after the other before other work has its turn. */
#define AUTH_MAIL_BATCHES 16

/*  Opens the folder or the server of the settings.  NULL with the reason in `why`;
    then `*out_err` is -PT_E_invalid (a setting) or -PT_E_memory. */
auth_mail_t *auth_mail_new (auth_t *auth, sv_loop_t *loop, int *out_err, auth_why_t *why);
void auth_mail_destroy (auth_mail_t **self_p);

/*  The end of a round: 0, or the error of store that ended it. */
typedef void (auth_mail_done_fn) (void *arg, int status);

/*  Sends what waits, then calls `fn`, later or at once.  One round at a time. */
void auth_mail_work (auth_mail_t *self, auth_mail_done_fn *fn, void *arg);

/*  Takes no more; the round's `fn` is not called.  What is being sent goes on. */
void auth_mail_stop (auth_mail_t *self);

/*  Whether nothing is being sent. */
bool auth_mail_is_idle (const auth_mail_t *self);

#endif
