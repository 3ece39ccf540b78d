/*  auth_chore - what is done without being asked. */

#include "auth_chore.h"
#include "auth_farewell.h"
#include <stdlib.h>

struct auth_chore {
    sv_loop_t *loop;
    sv_log_t *log;
    sv_timer_t *timer;
    auth_mail_t *mail;
    auth_farewell_t *farewell;
    uint32_t pause_ms;
    bool is_busy, is_wanted, is_stopped;
};

/*  The first that fails ends the round: the others ask the same store. */
static void s_end (auth_chore_t *self, int status)
{
    self->is_busy = false;
    if (status != 0 && self->pause_ms == AUTH_CHORE_MS)
        sv_log (self->log, SV_WARN, NULL, "mails and farewells wait for store error=%s", pt_error_name (status));
    if (status == 0)
        self->pause_ms = AUTH_CHORE_MS;
    else if (self->pause_ms < AUTH_CHORE_PAUSE_MAX_MS)
        self->pause_ms *= 2;
    sv_timer_set (self->loop, self->timer, self->is_wanted && status == 0 ? 1 : self->pause_ms, 0);
}

static void s_on_farewells (void *arg, int status)
{
    s_end (arg, status);
}

static void s_on_mails (void *arg, int status)
{
    auth_chore_t *self = arg;
    if (status != 0)
        s_end (self, status);
    else
        auth_farewell_work (self->farewell, s_on_farewells, self);
}

static void s_on_timer (void *arg)
{
    auth_chore_t *self = arg;
    if (self->is_busy)
        return;
    self->is_busy = true;
    self->is_wanted = false;
    auth_mail_work (self->mail, s_on_mails, self);
}

void auth_chore_soon (auth_chore_t *self)
{
    if (self->is_stopped)
        return;
    self->is_wanted = true;
    if (!self->is_busy)
        sv_timer_set (self->loop, self->timer, 1, 0);
}

void auth_chore_stop (auth_chore_t *self)
{
    if (!self || self->is_stopped)
        return;
    self->is_stopped = true;
    sv_timer_cancel (self->loop, &self->timer);
    auth_mail_stop (self->mail);
    auth_farewell_stop (self->farewell);
}

bool auth_chore_is_idle (const auth_chore_t *self)
{
    return !self || auth_mail_is_idle (self->mail);
}

auth_chore_t *auth_chore_new (auth_t *auth, sv_loop_t *loop, int *out_err, auth_why_t *why)
{
    *out_err = -PT_E_memory;
    auth_why (why, "out of memory");
    auth_chore_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->loop = loop;
    self->log = auth->log;
    self->pause_ms = AUTH_CHORE_MS;
    self->farewell = auth_farewell_new (auth);
    self->timer = sv_loop_timer (loop, AUTH_CHORE_FIRST_MS, 0, s_on_timer, self);
    if (self->farewell && self->timer)
        self->mail = auth_mail_new (auth, loop, out_err, why);
    if (!self->mail)
        auth_chore_destroy (&self);
    return self;
}

void auth_chore_destroy (auth_chore_t **self_p)
{
    auth_chore_t *self = *self_p;
    if (!self)
        return;
    sv_timer_cancel (self->loop, &self->timer);
    auth_mail_destroy (&self->mail);
    auth_farewell_destroy (&self->farewell);
    free (self);
    *self_p = NULL;
}
