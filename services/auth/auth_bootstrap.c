/*  auth_bootstrap - the accounts that settings ask for.

    One after the other: look whether it is there; if not, hash its password and
    make it; if it is and shall be staff, make it so.  What fails is begun again
    after a pause, from the look, because another auth may have done it. */

#include "auth_bootstrap.h"
#include "auth_policy.h"
#include "sv_email.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>

typedef struct {
    pt_str_t identifier, password; /* in the texts of the settings */
    bool is_email, is_staff;
} s_user_t;

struct auth_bootstrap {
    auth_t *auth;
    sv_loop_t *loop;
    sv_timer_t *timer;
    pt_arena_t *arena; /* of the identifiers in lower case */
    s_user_t users[AUTH_BOOTSTRAP_USERS + 1];
    unsigned count, at;
    uint64_t call; /* under way, 0: none */
    uint32_t pause_ms;
    bool is_stopped;
};

/*  ---- the settings ---------------------------------------------------------------- */

static int s_add_user (auth_bootstrap_t *self, const char *setting, s_user_t user, auth_why_t *why)
{
    if (self->count == sizeof self->users / sizeof self->users[0]) {
        auth_why (why, "%s: more than %d users", setting, AUTH_BOOTSTRAP_USERS);
        return -PT_E_invalid;
    }
    user.is_email = sv_email_is_valid (user.identifier);
    if (!user.is_email && !auth_policy_is_login (user.identifier)) {
        auth_why (why, "%s: the name of user %u is neither a login nor a mail address", setting, self->count + 1);
        return -PT_E_invalid;
    }
    if (user.is_email && !(user.identifier = auth_policy_lower (user.identifier, self->arena)).at)
        return -PT_E_memory;
    self->users[self->count++] = user;
    return 0;
}

/*  The administrator's password is judged as everybody's; those of demo users need
    not be good, but there. */
static int s_judge_password (auth_bootstrap_t *self, const char *setting, const s_user_t *user, auth_why_t *why)
{
    pt_error_t error = {0};
    const pt_str_t none = {NULL, 0};
    pt_str_t login = user->is_email ? none : user->identifier, email = user->is_email ? user->identifier : none;
    if (auth_policy_password (user->password, login, email, !user->is_staff, self->arena, &error) == 0)
        return 0;
    auth_why (why, "%s: the password of user %u is no good: %.*s", setting, self->count,
              (int)error.errors.at[0].detail.len, error.errors.at[0].detail.at);
    return -PT_E_invalid;
}

static int s_read_admin (auth_bootstrap_t *self, auth_why_t *why)
{
    const auth_config_t *config = self->auth->config;
    if (!config->bootstrap_admin)
        return 0;
    if (!config->bootstrap_admin_password) {
        auth_why (why, "bootstrap-admin: needs bootstrap-admin-password too, best as a file");
        return -PT_E_invalid;
    }
    const s_user_t admin = {pt_str (config->bootstrap_admin), pt_str (config->bootstrap_admin_password), false, true};
    int rc = s_add_user (self, "bootstrap-admin", admin, why);
    return rc != 0 ? rc : s_judge_password (self, "bootstrap-admin-password", &self->users[self->count - 1], why);
}

static int s_read_demo (auth_bootstrap_t *self, auth_why_t *why)
{
    const char *at = self->auth->config->demo_users;
    int rc = 0;
    while (at && *at && rc == 0) {
        size_t len = strcspn (at, ",");
        const char *colon = memchr (at, ':', len);
        if (!colon) {
            auth_why (why, "demo-users: not a list like alice:password,bob:password");
            return -PT_E_invalid;
        }
        const s_user_t user = {.identifier = {at, (uint32_t)(colon - at)},
                               .password = {colon + 1, (uint32_t)(at + len - colon - 1)}};
        rc = s_add_user (self, "demo-users", user, why);
        if (rc == 0)
            rc = s_judge_password (self, "demo-users", &self->users[self->count - 1], why);
        at += len + (at[len] == ',');
    }
    return rc;
}

/*  ---- one account --------------------------------------------------------------------- */

static void s_look (void *arg);

static void s_next (auth_bootstrap_t *self)
{
    self->at++;
    self->pause_ms = AUTH_BOOTSTRAP_PAUSE_MS;
    if (self->at < self->count)
        s_look (self);
    else
        sv_log (self->auth->log, SV_INFO, NULL, "the accounts of the settings are there count=%u", self->count);
}

static void s_again (auth_bootstrap_t *self, int err)
{
    if (self->is_stopped)
        return;
    if (self->pause_ms == AUTH_BOOTSTRAP_PAUSE_MAX_MS)
        sv_log (self->auth->log, SV_WARN, NULL, "the accounts of the settings can't be made yet error=%s",
                pt_error_name (err));
    sv_timer_set (self->loop, self->timer, self->pause_ms, 0);
    if (self->pause_ms < AUTH_BOOTSTRAP_PAUSE_MAX_MS)
        self->pause_ms *= 2;
}

static void s_call (auth_bootstrap_t *self, uint16_t opcode, const void *msg, sv_reply_fn *fn)
{
    int err = 0;
    sv_call_t call = {.opcode = opcode, .msg = msg, .deadline_ms = (uint32_t)self->auth->config->store_deadline_ms};
    self->call = sv_bus_call (self->auth->bus, &call, fn, self, &err);
    if (self->call == 0)
        s_again (self, err);
}

/*  `taken`: another auth was faster; the next look tells. */
static void s_on_changed (void *arg, const sv_reply_t *reply)
{
    auth_bootstrap_t *self = arg;
    self->call = 0;
    if (reply->status == 0)
        s_next (self);
    else
        s_again (self, reply->status);
}

/*  The same for every try of this process and another for the next start: whoever was
    deleted or demoted since is made or promoted again, where store would only
    repeat an answer to a key that it knows. */
static void s_make_key (const auth_t *auth, const char *label, const s_user_t *user, uint8_t out_mac[AUTH_MAC_LEN],
                        char out_key[2 * AUTH_MAC_LEN + 1])
{
    char start[8];
    const pt_str_t parts[] = {user->identifier, auth_secret_number (sv_bus_generation (auth->bus), start)};
    auth_secret_mac (auth->secret, label, parts, sizeof parts / sizeof parts[0], out_mac);
    sodium_bin2hex (out_key, 2 * AUTH_MAC_LEN + 1, out_mac, AUTH_MAC_LEN);
}

_Static_assert(2 * AUTH_MAC_LEN <= LIM_KEY, "a key must fit its field");

static void s_on_hashed (void *arg, const auth_hashed_t *result)
{
    auth_bootstrap_t *self = arg;
    const s_user_t *user = &self->users[self->at];
    char key[2 * AUTH_MAC_LEN + 1];
    uint8_t mac[AUTH_MAC_LEN];
    if (self->is_stopped || result->status != 0) {
        s_again (self, result->status);
        return;
    }
    s_make_key (self->auth, "bootstrap", user, mac, key);
    const pt_account_insert_t insert = {.login = user->identifier,
                                        .has_login = !user->is_email,
                                        .email = user->identifier,
                                        .has_email = user->is_email,
                                        .password_hash = pt_str (result->hash),
                                        .hash = {(const char *)mac, sizeof mac},
                                        .key = pt_str (key),
                                        .is_staff = user->is_staff,
                                        .has_is_staff = user->is_staff};
    s_call (self, PT_OP_store_account_create, &insert, s_on_changed);
}

static void s_make (auth_bootstrap_t *self)
{
    const auth_password_job_t job = {.password = self->users[self->at].password,
                                     .deadline_ms = sv_now_ms () + self->auth->config->store_deadline_ms,
                                     .fn = s_on_hashed,
                                     .arg = self};
    int rc = auth_password_hash (self->auth->passwords, &job);
    if (rc != 0)
        s_again (self, rc);
}

static void s_promote (auth_bootstrap_t *self, uint64_t account)
{
    char key[2 * AUTH_MAC_LEN + 1];
    uint8_t mac[AUTH_MAC_LEN];
    s_make_key (self->auth, "bootstrap-staff", &self->users[self->at], mac, key);
    const pt_admin_update_t ask = {
        .account = account, .id = account, .staff = true, .has_staff = true, .key = pt_str (key)};
    const pt_admin_store_t store = {.ask = &ask, .is_trusted = true, .has_is_trusted = true};
    s_call (self, PT_OP_store_admin_update, &store, s_on_changed);
}

static void s_on_found (void *arg, const sv_reply_t *reply)
{
    auth_bootstrap_t *self = arg;
    const pt_account_secret_t *found = reply->msg;
    self->call = 0;
    if (reply->status == -PT_E_not_found)
        s_make (self);
    else if (reply->status != 0)
        s_again (self, reply->status);
    else if (self->users[self->at].is_staff && !found->staff)
        s_promote (self, found->account->id);
    else
        s_next (self);
}

static void s_look (void *arg)
{
    auth_bootstrap_t *self = arg;
    pt_arena_t *arena = pt_arena_new (LIM_EMAIL + 1024);
    pt_account_find_t find = {.identifier = {NULL, 0}};
    if (arena)
        find.identifier = auth_policy_lower (self->users[self->at].identifier, arena);
    if (find.identifier.at)
        s_call (self, PT_OP_store_account_find, &find, s_on_found);
    else
        s_again (self, -PT_E_memory);
    pt_arena_destroy (&arena);
}

/*  ---- life ------------------------------------------------------------------------------ */

static int s_open (auth_bootstrap_t *self, auth_why_t *why)
{
    self->arena = pt_arena_new (64 * 1024);
    if (!self->arena)
        return -PT_E_memory;
    int rc = s_read_admin (self, why);
    if (rc == 0)
        rc = s_read_demo (self, why);
    if (rc == 0 && self->count > 0 && !(self->timer = sv_loop_timer (self->loop, 1, 0, s_look, self)))
        rc = -PT_E_memory;
    return rc;
}

int auth_bootstrap_new (auth_t *auth, sv_loop_t *loop, auth_bootstrap_t **out_self, auth_why_t *why)
{
    auth_bootstrap_t *self = calloc (1, sizeof *self);
    *out_self = NULL;
    auth_why (why, "out of memory");
    if (!self)
        return -PT_E_memory;
    self->auth = auth;
    self->loop = loop;
    self->pause_ms = AUTH_BOOTSTRAP_PAUSE_MS;
    int rc = s_open (self, why);
    if (rc != 0 || self->count == 0)
        auth_bootstrap_destroy (&self);
    *out_self = self;
    return rc;
}

void auth_bootstrap_stop (auth_bootstrap_t *self)
{
    if (!self || self->is_stopped)
        return;
    self->is_stopped = true;
    sv_timer_cancel (self->loop, &self->timer);
    sv_bus_cancel (self->auth->bus, self->call);
    self->call = 0;
}

void auth_bootstrap_destroy (auth_bootstrap_t **self_p)
{
    auth_bootstrap_t *self = *self_p;
    if (!self)
        return;
    sv_timer_cancel (self->loop, &self->timer);
    pt_arena_destroy (&self->arena);
    free (self);
    *self_p = NULL;
}
