/*  gw_check - whose credential it is, where only auth can tell. */

#include "gw_check.h"
#include "gw_idmap.h"
#include <openssl/sha.h>
#include <stdlib.h>

typedef struct gw_check_question {
    gw_checks_t *checks;
    uint8_t hash[GW_CHECK_HASH];
    uint64_t call;
    gw_check_wait_t *waits;
} question_t;

struct gw_checks {
    gw_t *gw;
    gw_check_cache_t *cache;
    gw_idmap_t questions; /* by the hash */
    sv_metric_t *m_asked, *m_known, *m_refused;
};

gw_checks_t *gw_checks_new (gw_t *gw)
{
    gw_checks_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->gw = gw;
    self->cache = gw_check_cache_new (GW_CHECK_CACHE);
    if (!self->cache)
        gw_checks_destroy (&self);
    else {
        self->m_asked = sv_metrics_counter (gw->metrics, "parley_gateway_checks_total", NULL,
                                            "questions to auth whose credential it is");
        self->m_known = sv_metrics_counter (gw->metrics, "parley_gateway_checks_known_total", NULL,
                                            "opaque credentials that were known already");
        self->m_refused = sv_metrics_counter (gw->metrics, "parley_gateway_checks_refused_total", NULL,
                                              "opaque credentials that auth refused");
    }
    return self;
}

/*  Off the table; whoever still waits is told by the caller, or waits no more. */
static void s_close (question_t *self)
{
    gw_idmap_remove (&self->checks->questions, gw_check_cache_key (self->hash));
    if (self->call != 0)
        sv_bus_cancel (self->checks->gw->bus, self->call);
    self->call = 0;
}

void gw_checks_destroy (gw_checks_t **self_p)
{
    gw_checks_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (uint32_t i = 0; i < self->questions.cap; i++) {
        question_t *question = gw_idmap_at (&self->questions, i);
        if (question && question->call != 0)
            sv_bus_cancel (self->gw->bus, question->call);
        free (question);
    }
    gw_idmap_fini (&self->questions);
    gw_check_cache_destroy (&self->cache);
    free (self);
}

void gw_check_forget (gw_checks_t *self, uint64_t account, uint64_t session)
{
    gw_check_cache_forget (self->cache, account, session);
}

/* ---- what is known ----------------------------------------------------------- */

/*  By scheme too: the same text may be a bearer token and a cookie. */
static void s_hash (const gw_credential_t *credential, uint8_t out[GW_CHECK_HASH])
{
    unsigned char text[1 + LIM_TOKEN] = {(unsigned char)credential->scheme};
    size_t len = credential->secret.len < LIM_TOKEN ? credential->secret.len : LIM_TOKEN;
    memcpy (text + 1, credential->secret.at, len);
    SHA256 (text, 1 + len, out);
    explicit_bzero (text, sizeof text);
}

static bool s_find (const gw_checks_t *self, const uint8_t hash[GW_CHECK_HASH], uint64_t age_ms, gw_identity_t *out)
{
    uint64_t confirmed_ms = 0;
    const gw_identity_t *identity = gw_check_cache_find (self->cache, hash, &confirmed_ms);
    if (!identity || sv_wall_us () >= identity->expires_us)
        return false;
    if (identity->session == GW_IDENTITY_UNNAMED)
        age_ms = GW_CHECK_FRESH_MS;
    if (sv_now_ms () - confirmed_ms >= age_ms)
        return false;
    *out = *identity;
    return true;
}

/* ---- answers ------------------------------------------------------------------- */

/*  Who is admitted by what auth says of itself, not by what it says of the secret. */
static bool s_is_absence (int err)
{
    static const int errs[] = {PT_E_unavailable, PT_E_deadline, PT_E_worker_lost, PT_E_busy,
                               PT_E_draining,    PT_E_memory,   PT_E_internal};
    for (size_t i = 0; i < sizeof errs / sizeof errs[0]; i++)
        if (err == -errs[i])
            return true;
    return false;
}

static gw_identity_t s_identity (const pt_identity_t *said)
{
    return (gw_identity_t){
        .account = said->account,
        .session = said->session,
        .generation = said->generation,
        .issued_us = sv_wall_us (),
        .expires_us = said->has_expires_at ? said->expires_at : INT64_MAX,
        .kind = said->kind,
        .scopes = said->has_scopes ? gw_identity_scopes (said->scopes) : GW_SCOPE_ALL,
        .is_staff = said->staff,
    };
}

/*  Each is taken off before it is told: it may go away, or ask again. */
static void s_tell (question_t *self, int err, const gw_identity_t *identity, uint32_t retry_ms)
{
    gw_check_wait_t *wait;
    while ((wait = self->waits)) {
        self->waits = wait->next;
        if (wait->next)
            wait->next->prev = NULL;
        wait->question = NULL;
        wait->fn (wait->arg, err, identity, retry_ms);
    }
}

static void s_on_reply (void *arg, const sv_reply_t *reply)
{
    question_t *self = arg;
    gw_checks_t *checks = self->checks;
    gw_identity_t identity = {0};
    int err = reply->status;
    uint32_t retry_ms = err != 0 && reply->error->has_retry_ms ? (uint32_t)reply->error->retry_ms : 0;
    self->call = 0;
    s_close (self);
    if (err == 0) {
        identity = s_identity (reply->msg);
        gw_check_cache_put (checks->cache, self->hash, &identity, sv_now_ms ());
    } else if (s_is_absence (err)) {
        err = s_find (checks, self->hash, GW_CHECK_STALE_MS, &identity) ? 0 : -PT_E_unavailable;
    } else {
        sv_metric_add (checks->m_refused, 1);
        gw_check_cache_drop (checks->cache, self->hash);
    }
    s_tell (self, err, &identity, retry_ms);
    free (self);
}

/* ---- questions ------------------------------------------------------------------ */

/*  Those who show the same name meet at one auth, which counts failures. */
static uint64_t s_affinity (pt_scheme_t scheme, pt_str_t secret, uint64_t key)
{
    const char *colon = scheme == PT_scheme_BASIC ? memchr (secret.at, ':', secret.len) : NULL;
    return colon ? gw_identity_affinity ((pt_str_t){secret.at, (uint32_t)(colon - secret.at)}) : key;
}

static int s_call (question_t *self, const gw_check_ask_t *ask)
{
    char plain[LIM_TOKEN];
    int err = 0;
    pt_credential_check_t msg = {.scheme = ask->credential->scheme, .secret = ask->credential->secret};
    if (msg.scheme == PT_scheme_BASIC)
        msg.secret = (pt_str_t){plain, (uint32_t)gw_identity_basic (msg.secret, plain, sizeof plain)};
    if (ask->peer && *ask->peer) {
        msg.has_address = true;
        msg.address = pt_str (ask->peer);
    }
    const sv_call_t call = {.opcode = PT_OP_auth_check,
                            .msg = &msg,
                            .affinity = s_affinity (msg.scheme, msg.secret, gw_check_cache_key (self->hash)),
                            .deadline_ms = GW_CHECK_MS,
                            .trace = ask->trace};
    self->call = sv_bus_call (self->checks->gw->bus, &call, s_on_reply, self, &err);
    explicit_bzero (plain, sizeof plain);
    return self->call != 0 ? 0 : err;
}

/*  A question that has been asked; NULL and the error when it can't be. */
static question_t *s_open (gw_checks_t *self, const uint8_t hash[GW_CHECK_HASH], const gw_check_ask_t *ask,
                           int *out_err)
{
    *out_err = -PT_E_busy;
    question_t *question = self->questions.count < GW_CHECK_OPEN ? calloc (1, sizeof *question) : NULL;
    if (!question)
        return NULL;
    question->checks = self;
    memcpy (question->hash, hash, GW_CHECK_HASH);
    *out_err = gw_idmap_put (&self->questions, gw_check_cache_key (hash), question);
    if (*out_err == 0) {
        *out_err = s_call (question, ask);
        if (*out_err == 0)
            return question;
        s_close (question);
    }
    free (question);
    return NULL;
}

static void s_wait (question_t *self, gw_check_wait_t *wait)
{
    wait->question = self;
    wait->prev = NULL;
    wait->next = self->waits;
    if (wait->next)
        wait->next->prev = wait;
    self->waits = wait;
}

int gw_check_ask (gw_checks_t *self, const gw_check_ask_t *ask, gw_check_wait_t *wait, gw_identity_t *out_identity)
{
    uint8_t hash[GW_CHECK_HASH];
    int err;
    s_hash (ask->credential, hash);
    if (s_find (self, hash, GW_CHECK_FRESH_MS, out_identity)) {
        sv_metric_add (self->m_known, 1);
        return 0;
    }
    question_t *question = gw_idmap_get (&self->questions, gw_check_cache_key (hash));
    if (question && memcmp (question->hash, hash, GW_CHECK_HASH) != 0)
        return -PT_E_busy;
    if (ask->is_known_only)
        return -PT_E_too_many;
    if (!question) {
        question = s_open (self, hash, ask, &err);
        if (!question)
            return s_find (self, hash, GW_CHECK_STALE_MS, out_identity) ? 0 : err;
        sv_metric_add (self->m_asked, 1);
    }
    s_wait (question, wait);
    return GW_CHECK_LATER;
}

/*  A question nobody waits for any more is taken back. */
void gw_check_cancel (gw_check_wait_t *wait)
{
    question_t *question = wait->question;
    if (!question)
        return;
    wait->question = NULL;
    if (wait->next)
        wait->next->prev = wait->prev;
    if (wait->prev)
        wait->prev->next = wait->next;
    else
        question->waits = wait->next;
    if (question->waits || question->call == 0)
        return;
    s_close (question);
    free (question);
}
