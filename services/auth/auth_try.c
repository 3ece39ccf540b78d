/*  auth_try - entering what was derived, once more after a conflict. */

#include "auth_try.h"

const auth_secret_t *auth_try_secret (const auth_t *auth, const auth_try_t *self)
{
    return self->is_other && auth->secret_next ? auth->secret_next : auth->secret;
}

static void s_try_other (auth_t *auth, sv_request_t **request_p, auth_try_t *self)
{
    if (self->is_other || !auth->secret_next) {
        sv_request_fail (request_p, PT_E_conflict, NULL);
        return;
    }
    self->is_other = true;
    self->enter (auth, request_p, self->op);
}

/*  Whose sessions ended may go on with the password that was verified; whose password
    changed may not. */
static void s_on_person (auth_t *auth, sv_request_t **request_p, void *op, const auth_person_t *person)
{
    auth_try_t *self = op;
    const auth_person_t *before = self->person;
    if (!person->is_active || !pt_str_eq (person->password_hash, before->password_hash)) {
        sv_request_fail (request_p, PT_E_bad_credentials, AUTH_PERSON_REFUSAL);
        return;
    }
    self->person = person;
    if (person->generation != before->generation || person->authtoken != before->authtoken)
        self->enter (auth, request_p, self->op);
    else
        s_try_other (auth, request_p, self);
}

void auth_try_again (auth_t *auth, sv_request_t **request_p, auth_try_t *self)
{
    if (!self->person || self->is_second) {
        s_try_other (auth, request_p, self);
        return;
    }
    self->is_second = true;
    auth_person_get (auth, request_p, self->person->account, s_on_person, self);
}
