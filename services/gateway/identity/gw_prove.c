/*  gw_prove - the identity step: what a request shows becomes an identity. */

#include "gw_prove.h"
#include "gw_revoked.h"
#include "gw_token.h"

static int s_step (gw_proof_t *self);

/*  Browsers send what cookies they have: one that is no good is none.  What can't be
    judged now is not for that reason no good. */
static bool s_is_absent (const gw_proof_t *self, int err)
{
    return self->credential.is_cookie && pt_error_http (err) == 401;
}

/*  A secret that nobody ever had costs its network a try.  Cookies do not: a browser
    goes on sending what is no good any more. */
static void s_charge (gw_proof_t *self, int err)
{
    bool is_guess = err == -PT_E_token_invalid || err == -PT_E_bad_credentials;
    if (is_guess && self->network && !self->credential.is_cookie)
        gw_limit_charge (self->gw->limit, self->network, sv_now_ms ());
}

static int s_ask (gw_proof_t *self);

/*  Whether it was revoked since it was judged.  What auth has said may be older than
    the revocation and need not be hit by it: an API token outlives a change of the
    password.  So auth is asked once more. */
static int s_recall (gw_proof_t *self)
{
    int err = gw_revoked_judge (self->gw->revoked, &self->identity, sv_now_ms ());
    if (err != -PT_E_token_revoked || self->credential.shape != GW_CREDENTIAL_ASKED || self->is_again)
        return err;
    self->is_again = true;
    gw_check_forget (self->gw->checks, self->identity.account, self->identity.session);
    return s_ask (self);
}

static void s_on_checked (void *arg, int err, const gw_identity_t *identity, uint32_t retry_ms)
{
    gw_proof_t *self = arg;
    self->retry_ms = retry_ms;
    if (err == 0) {
        self->identity = *identity;
        self->is_asked = true;
        err = s_recall (self);
    } else {
        s_charge (self, err);
    }
    self->err = err < 0 && s_is_absent (self, err) ? s_step (self) : err;
    if (self->err == GW_PROVE_LATER)
        return;
    self->is_open = false;
    self->fn (self->arg);
}

/*  Milliseconds until auth may be asked, and what is in the way.  Whoever has guessed too
    often tries no more passwords.  What is as long as a secret of ours can't be guessed: it
    is as good beside somebody who guesses as anywhere, and waits only for its own kind. */
static uint64_t s_wait_ms (const gw_proof_t *self, uint64_t now_ms, gw_limit_class_t *out_limit)
{
    if (!self->network)
        return 0;
    *out_limit = GW_LIMIT_CHECK;
    uint64_t wait_ms = gw_limit_wait (self->gw->limit, GW_LIMIT_CHECK, self->network, now_ms);
    if (wait_ms > 0 || self->credential.scheme != PT_scheme_BASIC)
        return wait_ms;
    *out_limit = GW_LIMIT_SIGN_IN;
    return gw_limit_wait (self->gw->limit, GW_LIMIT_SIGN_IN, self->network, now_ms);
}

/*  A network that may not ask is heard with what is known to be good. */
static int s_ask (gw_proof_t *self)
{
    gw_limit_class_t limit = GW_LIMIT_SIGN_IN;
    uint64_t now_ms = sv_now_ms (), wait_ms = s_wait_ms (self, now_ms, &limit);
    self->wait.fn = s_on_checked;
    self->wait.arg = self;
    int err = gw_check_ask (
        self->gw->checks,
        &(gw_check_ask_t){
            .credential = &self->credential, .peer = self->peer, .trace = self->trace, .is_known_only = wait_ms > 0},
        &self->wait, &self->identity);
    if (err == -PT_E_too_many) {
        self->retry_ms = (uint32_t)wait_ms;
        self->limit = limit;
    } else if (err == GW_CHECK_LATER && self->network) {
        (void)gw_limit_take (self->gw->limit, GW_LIMIT_CHECK, self->network, now_ms);
    }
    return err == 0 ? s_recall (self) : err;
}

static int s_verify (gw_proof_t *self)
{
    int err = gw_tokens_verify (self->gw->tokens, self->credential.secret.at, self->credential.secret.len,
                                sv_wall_us (), &self->identity);
    return err == 0 ? s_recall (self) : err;
}

static int s_judge (gw_proof_t *self)
{
    int err;
    switch (self->credential.shape) {
    case GW_CREDENTIAL_LOCAL:
        err = s_verify (self);
        break;
    case GW_CREDENTIAL_ASKED:
        err = s_ask (self);
        break;
    default:
        err = self->credential.scheme == PT_scheme_BASIC ? -PT_E_bad_credentials : -PT_E_token_invalid;
    }
    s_charge (self, err);
    return err;
}

/*  One credential after the other, until one is good, was meant, or is asked about. */
static int s_step (gw_proof_t *self)
{
    while (gw_identity_next (&self->shown, &self->at, &self->credential)) {
        int err = s_judge (self);
        if (err >= 0 || !s_is_absent (self, err))
            return err;
    }
    return -PT_E_unauthenticated;
}

int gw_prove (gw_proof_t *self)
{
    self->at = 0;
    self->err = s_step (self);
    self->is_open = self->err == GW_PROVE_LATER;
    return self->err;
}

void gw_prove_cancel (gw_proof_t *self)
{
    gw_check_cancel (&self->wait);
    self->is_open = false;
}
