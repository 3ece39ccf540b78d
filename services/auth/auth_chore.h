/*  auth_chore - what is done without being asked, by every auth: mails that wait
    are sent, deleted accounts leave their rooms.

    Every AUTH_CHORE_MS, and at once when there is something to do; one thing at a
    time.  While store does not answer the pause doubles, up to
    AUTH_CHORE_PAUSE_MAX_MS.  Nothing is remembered here: store has it all, so an
    auth that dies leaves its work to the others. */

#ifndef AUTH_CHORE_H
#define AUTH_CHORE_H

#include "auth_mail.h"

#define AUTH_CHORE_MS 10000
#define AUTH_CHORE_FIRST_MS 1000
#define AUTH_CHORE_PAUSE_MAX_MS 80000

/*  NULL with the reason in `why`; `*out_err` as of auth_mail_new. */
auth_chore_t *auth_chore_new (auth_t *auth, sv_loop_t *loop, int *out_err, auth_why_t *why);
void auth_chore_destroy (auth_chore_t **self_p);

/*  There is something to do: works now, or once more after the round under way. */
void auth_chore_soon (auth_chore_t *self);

/*  Begins nothing any more; accepts NULL. */
void auth_chore_stop (auth_chore_t *self);

/*  Whether nothing is under way that had better end by itself; accepts NULL. */
bool auth_chore_is_idle (const auth_chore_t *self);

#endif
