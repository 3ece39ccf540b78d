/*  ld_revoked - a client that is signed out again and again, by every way out there
    is, and signs in anew over REST.

    It has a second session that its socket does not use, as people have a second
    device: that one signs the first out.  The socket is left alone meanwhile, it
    must be closed and kept out by the server; requests under the session that is
    gone are asked of every gateway until each refuses. */

#include "ld.h"
#include "ld_random.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S_AGAIN_US 200000

/*  What was signed out is watched for so long; then the judge has seen enough. */
#define S_WATCH_US 10000000

#define S_BODY (2 * LD_SECRET_MAX + LD_LOGIN_MAX + 128)

typedef enum { S_OWN, S_OTHER, S_STAY, S_LEAVE, S_WATCH, S_RETURN } s_step_t;

typedef struct {
    uint64_t id; /* 0: not signed in */
    char token[LD_TOKEN_MAX + 1];
} s_session_t;

struct ld_revoked {
    ld_client_t *client;
    s_step_t step;
    s_session_t own, other; /* of the socket; of the second device */
    ld_way_t way;
    bool is_second_password;
    bool is_asked;
    bool is_certain;   /* the way out has succeeded */
    bool is_other_out; /* it ends the second session too */
    unsigned tries, gateway;
    unsigned refusals; /* WATCH: gateways that refused, one after the other */
    uint64_t count;    /* of keys */
    uint64_t due_us, since_us;
    char key[LD_NAME_MAX + 32];
};

/*  The ways out. */
static const struct {
    const char *method; /* with the path; %llu is the session, or for staff the account */
    bool ends_other, is_by_staff;
} s_ways[] = {[LD_WAY_ONE] = {"DELETE /v1/sessions/%llu", false, false},
              [LD_WAY_ALL] = {"DELETE /v1/sessions", true, false},
              [LD_WAY_PASSWORD] = {"PUT /v1/accounts/me/password", false, false},
              [LD_WAY_STAFF] = {"PATCH /v1/admin/accounts/%llu", true, true}};

/*  ---- notes ------------------------------------------------------------------------- */

static void s_note (const ld_revoked_t *self, const s_session_t *session, vf_kind_t kind, vf_op_t op, unsigned status)
{
    char code[16];
    snprintf (code, sizeof code, "%u", status);
    ld_note (self->client, &(vf_event_t){.op = op,
                                         .kind = kind,
                                         .account = self->client->plan->account,
                                         .session = session->id,
                                         .err = op == VF_FAIL || op == VF_INFO ? pt_str (code) : (pt_str_t){0}});
}

static void s_note_ways (const ld_revoked_t *self, vf_op_t op, unsigned status)
{
    s_note (self, &self->own, VF_REVOKE, op, status);
    if (self->is_other_out)
        s_note (self, &self->other, VF_REVOKE, op, status);
}

/*  ---- steps -------------------------------------------------------------------------- */

static void s_enter (ld_revoked_t *self, s_step_t step, uint64_t wait_us)
{
    ld_t *ld = self->client->ld;
    self->step = step;
    self->tries = 0;
    self->refusals = 0;
    self->since_us = ld->now_us;
    self->due_us = ld->now_us + wait_us;
    self->gateway = (unsigned)ld_random_below (&ld->random, ld->plan.gateway_count);
    snprintf (self->key, sizeof self->key, "%s.r%llu", self->client->plan->name, (unsigned long long)++self->count);
}

static void s_stay (ld_revoked_t *self)
{
    ld_t *ld = self->client->ld;
    uint64_t mean_us = ld->plan.revoke_ms * 1000;
    s_enter (self, S_STAY, mean_us / 2 + ld_random_below (&ld->random, mean_us));
}

static void s_again (ld_revoked_t *self)
{
    ld_t *ld = self->client->ld;
    self->gateway = self->gateway + 1 < ld->plan.gateway_count ? self->gateway + 1 : 0;
    self->due_us = ld->now_us + S_AGAIN_US;
}

static void s_leave (ld_revoked_t *self)
{
    ld_t *ld = self->client->ld;
    self->way = ld->plan.ways[ld_random_below (&ld->random, ld->plan.way_count)];
    self->is_other_out = s_ways[self->way].ends_other;
    self->is_certain = false;
    s_enter (self, S_LEAVE, 0);
}

/*  ---- answers --------------------------------------------------------------------------- */

/*  Takes a grant: the session of the socket goes to its plan as well. */
static bool s_take (ld_revoked_t *self, s_session_t *session, pt_str_t body)
{
    json_t *json = json_loadb (body.at, body.len, JSON_REJECT_DUPLICATES, NULL);
    const char *access = json_string_value (json_object_get (json, "access"));
    const char *id = json_string_value (json_object_get (json, "session"));
    bool is_grant = access && id && strlen (access) <= LD_TOKEN_MAX;
    if (is_grant) {
        session->id = strtoull (id, NULL, 10);
        snprintf (session->token, sizeof session->token, "%s", access);
    }
    json_decref (json);
    if (is_grant && session == &self->own)
        ld_client_sign_in (self->client, session->token, session->id);
    return is_grant;
}

/*  After a change of the password whose outcome is open either one may be right. */
static void s_on_sign_in (ld_revoked_t *self, unsigned status, pt_str_t body)
{
    s_session_t *session = self->step == S_OWN ? &self->own : &self->other;
    if (status >= 200 && status < 300 && s_take (self, session, body)) {
        if (self->step == S_OWN && !self->other.id)
            s_enter (self, S_OTHER, 0);
        else
            s_stay (self);
        return;
    }
    if (status == 401)
        self->is_second_password = !self->is_second_password;
    s_again (self);
}

static void s_on_certain (ld_revoked_t *self)
{
    self->is_certain = true;
    self->client->ld->stats.revoked++;
    s_note_ways (self, VF_OK, 0);
}

/*  A refusal after a try without an answer may be the first one's success: then
    the session says itself that it is gone. */
static void s_on_leave (ld_revoked_t *self, unsigned status)
{
    bool is_done = status >= 200 && status < 300;
    bool is_refused = status >= 400 && status < 500 && status != 408 && status != 429;
    if (is_done) {
        self->is_second_password ^= self->way == LD_WAY_PASSWORD;
        s_on_certain (self);
    } else
        s_note_ways (self, is_refused && self->tries == 1 ? VF_FAIL : VF_INFO, status);
    if (is_refused && self->tries == 1)
        ld_run_violation (self->client, "a way out that was refused", 0, status);
    if (is_done || is_refused)
        s_enter (self, S_WATCH, 0);
    else
        s_again (self);
}

static void s_go_on (ld_revoked_t *self)
{
    if (self->is_other_out)
        self->other.id = 0;
    self->own.id = 0;
    if (self->client->is_open)
        ld_client_leave (self->client, 0, "outlived");
    s_enter (self, self->way == LD_WAY_STAFF ? S_RETURN : S_OWN, 0);
}

static void s_on_watch (ld_revoked_t *self, unsigned status)
{
    ld_t *ld = self->client->ld;
    bool is_out = status == 401;
    if (status)
        s_note (self, &self->own, VF_USE, status < 300 ? VF_OK : VF_FAIL, status);
    if (is_out && !self->is_certain)
        s_on_certain (self);
    self->refusals = is_out ? self->refusals + 1 : 0;
    bool is_shut = self->refusals >= ld->plan.gateway_count && !self->client->is_open;
    if (is_shut || ld->now_us - self->since_us > S_WATCH_US)
        s_go_on (self);
    else
        s_again (self);
}

static void s_on_return (ld_revoked_t *self, unsigned status)
{
    if (status >= 200 && status < 300)
        s_enter (self, S_OWN, 0);
    else
        s_again (self);
}

static void s_on_answer (void *arg, unsigned status, pt_str_t body)
{
    ld_revoked_t *self = arg;
    self->is_asked = false;
    switch (self->step) {
    case S_OWN:
    case S_OTHER:
        s_on_sign_in (self, status, body);
        break;
    case S_LEAVE:
        s_on_leave (self, status);
        break;
    case S_WATCH:
        s_on_watch (self, status);
        break;
    case S_RETURN:
        s_on_return (self, status);
        break;
    case S_STAY:
        break;
    }
}

/*  ---- asking ------------------------------------------------------------------------------ */

static void s_password (const ld_revoked_t *self, bool is_second, char out[LD_SECRET_MAX + 8])
{
    snprintf (out, LD_SECRET_MAX + 8, "%s%s", self->client->plan->password, is_second ? " again" : "");
}

/*  The body of the step's request; none for an empty text. */
static void s_make_body (const ld_revoked_t *self, char out[S_BODY])
{
    char now[LD_SECRET_MAX + 8], next[LD_SECRET_MAX + 8];
    s_password (self, self->is_second_password, now);
    s_password (self, !self->is_second_password, next);
    out[0] = 0;
    if (self->step == S_OWN || self->step == S_OTHER)
        snprintf (out, S_BODY, "{\"identifier\":\"%s\",\"password\":\"%s\",\"device\":\"%s\"}",
                  self->client->plan->login, now, self->step == S_OWN ? "socket" : "other");
    else if (self->step == S_LEAVE && self->way == LD_WAY_PASSWORD)
        snprintf (out, S_BODY, "{\"old_password\":\"%s\",\"password\":\"%s\"}", now, next);
    else if (self->step == S_RETURN || (self->step == S_LEAVE && self->way == LD_WAY_STAFF))
        snprintf (out, S_BODY, "{\"active\":%s}", self->step == S_RETURN ? "true" : "false");
}

static const char *s_make_method (const ld_revoked_t *self, char out[96])
{
    if (self->step == S_OWN || self->step == S_OTHER)
        return "POST /v1/sessions";
    if (self->step == S_WATCH)
        return "GET /v1/accounts/me";
    ld_way_t way = self->step == S_RETURN ? LD_WAY_STAFF : self->way;
    uint64_t id = s_ways[way].is_by_staff ? self->client->plan->account : self->own.id;
    const char *mark = strchr (s_ways[way].method, '%');
    int len = mark ? (int)(mark - s_ways[way].method) : (int)strlen (s_ways[way].method);
    if (mark)
        snprintf (out, 96, "%.*s%llu", len, s_ways[way].method, (unsigned long long)id);
    else
        snprintf (out, 96, "%.*s", len, s_ways[way].method);
    return out;
}

static const char *s_token (const ld_revoked_t *self)
{
    switch (self->step) {
    case S_LEAVE:
        return s_ways[self->way].is_by_staff ? self->client->ld->plan.staff : self->other.token;
    case S_WATCH:
        return self->own.token;
    case S_RETURN:
        return self->client->ld->plan.staff;
    default:
        return NULL;
    }
}

static void s_ask (ld_revoked_t *self)
{
    ld_t *ld = self->client->ld;
    char method[96], body[S_BODY];
    s_make_body (self, body);
    const ld_gateway_t *gateway = &ld->plan.gateways[self->gateway];
    ld_http_call_t call = {.to = &gateway->address,
                           .host = gateway->name,
                           .method = s_make_method (self, method),
                           .token = s_token (self),
                           .key = self->key,
                           .body = body};
    int err = ld_https_call (&ld->https, &call, ld->now_us, s_on_answer, self);
    if (err == -PT_E_busy)
        return;
    self->tries++;
    self->is_asked = true;
    if (self->step == S_LEAVE)
        s_note_ways (self, VF_INVOKE, 0);
    if (err)
        s_on_answer (self, 0, (pt_str_t){0});
}

/*  ---- life -------------------------------------------------------------------------------- */

static bool s_is_live (const ld_client_t *client)
{
    for (unsigned i = 0; i < client->plan->room_count; i++)
        if (client->rooms[i].state != LD_LIVE)
            return false;
    return client->is_open;
}

void ld_revoked_tick (ld_revoked_t *self)
{
    const ld_t *ld = self->client->ld;
    if (self->is_asked || ld->now_us < self->due_us)
        return;
    if (self->step != S_STAY)
        s_ask (self);
    else if (!ld->stop_us && s_is_live (self->client))
        s_leave (self);
}

bool ld_revoked_is_calm (const ld_revoked_t *self)
{
    return self->step == S_STAY;
}

ld_revoked_t *ld_revoked_new (ld_client_t *client)
{
    ld_revoked_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->client = client;
    s_enter (self, S_OWN, 0);
    return self;
}

void ld_revoked_destroy (ld_revoked_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}
