/*  auth_mail_ops - having store enter a mail that the outbox will send. */

#ifndef AUTH_MAIL_OPS_H
#define AUTH_MAIL_OPS_H

#include "auth.h"

/*  Enters `mail` (kind, email in any case, network address, and the account when it
    is not whoever has that email), answers the request that it is done, and wakes the
    outbox.  Consumes the request, does not block. */
void auth_mail_enter (auth_t *auth, sv_request_t **request_p, const pt_mail_insert_t *mail);

#endif
