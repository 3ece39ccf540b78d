/*  gw_ws_identity - whose session it is, and the end of that.

    Sessions are listed by account, so that what is revoked reaches those it hits
    without a look at any other. */

#include "gw_revoked.h"
#include "gw_ws_priv.h"

static int s_enlist (gw_ws_t *self)
{
    gw_idmap_t *accounts = &self->sessions->accounts;
    gw_ws_t *first = gw_idmap_get (accounts, self->identity.account);
    if (!first)
        return gw_idmap_put (accounts, self->identity.account, self);
    self->account_prev = first;
    self->account_next = first->account_next;
    if (first->account_next)
        first->account_next->account_prev = self;
    first->account_next = self;
    return 0;
}

void gw_ws_unlist_account (gw_ws_t *self)
{
    gw_idmap_t *accounts = &self->sessions->accounts;
    if (!self->has_identity)
        return;
    if (self->account_next)
        self->account_next->account_prev = self->account_prev;
    if (self->account_prev)
        self->account_prev->account_next = self->account_next;
    else if (self->account_next)
        gw_idmap_replace (accounts, self->identity.account, self->account_next);
    else
        gw_idmap_remove (accounts, self->identity.account);
}

int gw_ws_sign_in (gw_ws_t *self, const gw_identity_t *identity)
{
    int err = gw_revoked_judge (self->gw->revoked, identity, sv_now_ms ());
    if (!err && self->has_identity && identity->account != self->identity.account)
        err = -PT_E_forbidden;
    if (err)
        return err;
    gw_identity_t before = self->identity;
    self->identity = *identity;
    if (!self->has_identity)
        err = s_enlist (self);
    if (err) {
        self->identity = before;
        return err;
    }
    self->has_identity = true;
    self->is_warned = false;
    return 0;
}

/*  What it was owed of rooms is not its any more, and what it has asked for goes on
    under nobody's name: whatever is unanswered stays so. */
static void s_sign_out (gw_ws_t *self)
{
    self->is_signed_out = true;
    gw_ws_drop_lanes (self);
    gw_ws_begin_event (self, "session");
    gw_ws_end (self, ",\"what\":\"revoked\"}");
    gw_ws_shut (self, GW_WS_SIGNED_OUT, "signed out");
}

void gw_ws_refuse (gw_ws_t *self)
{
    int err = self->refused;
    self->refused = 0;
    if (pt_error_is_transient (err))
        gw_ws_shut (self, GW_WS_SHORT, "try again");
    else
        s_sign_out (self);
}

void gw_sessions_revoke (gw_sessions_t *self, const pt_revocation_t *what)
{
    for (gw_ws_t *ws = gw_idmap_get (&self->accounts, what->account); ws; ws = ws->account_next) {
        if (ws->is_closing || !gw_revoked_hits (what, &ws->identity))
            continue;
        sv_metric_add (self->m_revoked, 1);
        s_sign_out (ws);
    }
}
