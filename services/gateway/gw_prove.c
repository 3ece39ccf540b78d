/*  gw_prove - the identity step: what a request shows becomes an identity. */

#include "gw_prove.h"
#include "gw_token.h"

static int s_step (gw_proof_t *self);

/*  Browsers send what cookies they have: one that is no good is none.  What can't be
    judged now is not for that reason no good. */
static bool s_is_absent (const gw_proof_t *self, int err)
{
    return self->credential.is_cookie && pt_error_http (err) == 401;
}

static void s_on_checked (void *arg, int err, const gw_identity_t *identity, uint32_t retry_ms)
{
    gw_proof_t *self = arg;
    self->err = err;
    self->retry_ms = retry_ms;
    if (err == 0) {
        self->identity = *identity;
        self->is_asked = true;
    } else if (s_is_absent (self, err)) {
        self->err = s_step (self);
    }
    if (self->err == GW_PROVE_LATER)
        return;
    self->is_open = false;
    self->fn (self->arg);
}

static int s_judge (gw_proof_t *self)
{
    const gw_credential_t *credential = &self->credential;
    if (credential->shape == GW_CREDENTIAL_NEVER)
        return credential->scheme == PT_scheme_BASIC ? -PT_E_bad_credentials : -PT_E_token_invalid;
    if (credential->shape == GW_CREDENTIAL_LOCAL)
        return gw_tokens_verify (self->gw->tokens, credential->secret.at, credential->secret.len, sv_wall_us (),
                                 &self->identity);
    self->wait.fn = s_on_checked;
    self->wait.arg = self;
    return gw_check_ask (self->gw->checks,
                         &(gw_check_ask_t){.credential = credential, .peer = self->peer, .trace = self->trace},
                         &self->wait, &self->identity);
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
