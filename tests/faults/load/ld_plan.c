/*  ld_plan - see ld_plan.h */

#include "ld_plan.h"
#include "pt_limits.h"
#include <arpa/inet.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const s_modes[] = {[LD_NORMAL] = "normal", [LD_SLOW] = "slow", [LD_STOPPED] = "stopped",
                                      [LD_CHURN] = "churn",   [LD_IDLE] = "idle", [LD_REVOKED] = "revoked"};

static const char *const s_ways[LD_WAYS] = {
    [LD_WAY_ONE] = "one", [LD_WAY_ALL] = "all", [LD_WAY_PASSWORD] = "password", [LD_WAY_STAFF] = "staff"};

/*  Numbers of the plan: key, where it goes, bounds, and what it is when absent. */
static const struct {
    const char *key;
    size_t offset;
    uint64_t least, most, fallback;
} s_numbers[] = {
    {"rate", offsetof (ld_plan_t, rate), 0, LD_RATE_MAX, 200},
    {"seed", offsetof (ld_plan_t, seed), 0, LIM_SEQ, 1},
    {"window", offsetof (ld_plan_t, window), 1, 16, 4},
    {"answer_ms", offsetof (ld_plan_t, answer_ms), 100, 600000, 10000},
    {"quiet_ms", offsetof (ld_plan_t, quiet_ms), 100, 600000, 5000},
    {"slow_bytes", offsetof (ld_plan_t, slow_bytes), 1, 100000000, 1024},
    {"churn_ms", offsetof (ld_plan_t, churn_ms), 10, 3600000, 4000},
    {"revoke_ms", offsetof (ld_plan_t, revoke_ms), 10, 3600000, 4000},
};

static int s_fault (char fault[LD_FAULT], const char *what, const char *detail)
{
    snprintf (fault, LD_FAULT, "%s: %s", what, detail);
    return -PT_E_invalid;
}

/*  ---- pieces ----------------------------------------------------------------------- */

static bool s_read_id (const json_t *json, uint64_t *out)
{
    const char *text = json_string_value (json);
    char *end = NULL;
    if (!text || text[0] < '0' || text[0] > '9')
        return false;
    *out = strtoull (text, &end, 10);
    return *end == 0 && *out > 0 && *out <= LIM_ID;
}

static int s_read_ids (const json_t *json, unsigned max, uint64_t **out, unsigned *out_count)
{
    size_t count = json_array_size (json);
    if (count > max)
        return -PT_E_invalid;
    *out = count ? calloc (count, sizeof **out) : NULL;
    if (count && !*out)
        return -PT_E_memory;
    for (*out_count = 0; *out_count < count; ++*out_count)
        if (!s_read_id (json_array_get (json, *out_count), &(*out)[*out_count]))
            return -PT_E_invalid;
    return 0;
}

static int s_read_gateway (ld_gateway_t *self, const char *text)
{
    char host[32];
    unsigned port = 0;
    if (!text || strlen (text) >= sizeof self->name || sscanf (text, "%31[0-9.]:%u", host, &port) != 2 || port < 1 ||
        port > 65535)
        return -PT_E_invalid;
    snprintf (self->name, sizeof self->name, "%s", text);
    self->address.sin_family = AF_INET;
    self->address.sin_port = htons ((uint16_t)port);
    return inet_pton (AF_INET, host, &self->address.sin_addr) == 1 ? 0 : -PT_E_invalid;
}

static bool s_is_name (const char *name)
{
    if (!name || !name[0] || strlen (name) > LD_NAME_MAX)
        return false;
    return name[strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] == 0;
}

static bool s_read_mode (const json_t *json, ld_mode_t *out)
{
    const char *text = json ? json_string_value (json) : s_modes[LD_NORMAL];
    for (unsigned i = 0; text && i < sizeof s_modes / sizeof *s_modes; i++)
        if (strcmp (text, s_modes[i]) == 0) {
            *out = (ld_mode_t)i;
            return true;
        }
    return false;
}

/*  A text that goes into a header or a body as it is; empty when it is absent. */
static char *s_read_plain (const json_t *json, size_t max)
{
    const char *text = json ? json_string_value (json) : "";
    return text && strlen (text) <= max && !strpbrk (text, "\r\n\"\\") ? strdup (text) : NULL;
}

/*  Who speaks a dialect has one room, in which it stays. */
static int s_read_dialect (ld_plan_client_t *self, const json_t *json, char fault[LD_FAULT])
{
    self->speaks = s_read_plain (json_object_get (json, "speaks"), LIM_ROOM_ADDRESS);
    self->scheme = s_read_plain (json_object_get (json, "scheme"), LD_SCHEME_MAX);
    self->email = s_read_plain (json_object_get (json, "email"), LIM_EMAIL);
    if (!self->speaks || !self->scheme || !self->email)
        return s_fault (fault, self->name, "speaks, scheme and email must be plain");
    bool is_staying = self->mode == LD_NORMAL || self->mode == LD_SLOW || self->mode == LD_STOPPED;
    if (*self->speaks && (!is_staying || self->room_count != 1 || self->kick_count))
        return s_fault (fault, self->name, "who speaks a dialect stays in one room");
    return 0;
}

static int s_read_client (ld_plan_client_t *self, const json_t *json, char fault[LD_FAULT])
{
    const char *name = json_string_value (json_object_get (json, "name"));
    const char *token = json_string_value (json_object_get (json, "token"));
    if (!s_is_name (name))
        return s_fault (fault, "clients", "a name of letters and digits is needed");
    snprintf (self->name, sizeof self->name, "%s", name);
    self->sends = json_is_true (json_object_get (json, "sends"));
    if (!s_read_id (json_object_get (json, "account"), &self->account))
        return s_fault (fault, name, "account is no id");
    if (!s_read_mode (json_object_get (json, "mode"), &self->mode))
        return s_fault (fault, name, "unknown mode");
    /*  It goes into a header. */
    if (!token || strlen (token) > LD_TOKEN_MAX || strpbrk (token, "\r\n"))
        return s_fault (fault, name, "token is missing or too long");
    if (s_read_ids (json_object_get (json, "rooms"), LD_ROOMS_MAX, &self->rooms, &self->room_count) ||
        s_read_ids (json_object_get (json, "kicks"), LD_KICKS_MAX, &self->kicks, &self->kick_count))
        return s_fault (fault, name, "rooms and kicks are lists of ids, not too long");
    self->login = s_read_plain (json_object_get (json, "login"), LD_LOGIN_MAX);
    self->password = s_read_plain (json_object_get (json, "password"), LD_SECRET_MAX);
    if (!self->login || !self->password || (self->mode == LD_REVOKED && (!*self->login || !*self->password)))
        return s_fault (fault, name, "login and password are needed, and plain");
    self->token = strdup (token);
    return self->token ? s_read_dialect (self, json, fault) : -PT_E_memory;
}

/*  ---- the whole ---------------------------------------------------------------------- */

static int s_read_numbers (ld_plan_t *self, const json_t *json, char fault[LD_FAULT])
{
    for (size_t i = 0; i < sizeof s_numbers / sizeof *s_numbers; i++) {
        const json_t *value = json_object_get (json, s_numbers[i].key);
        uint64_t number = s_numbers[i].fallback;
        if (value && (!json_is_integer (value) || json_integer_value (value) < 0))
            return s_fault (fault, s_numbers[i].key, "a number is needed");
        if (value)
            number = (uint64_t)json_integer_value (value);
        if (number < s_numbers[i].least || number > s_numbers[i].most)
            return s_fault (fault, s_numbers[i].key, "out of bounds");
        memcpy ((char *)self + s_numbers[i].offset, &number, sizeof number);
    }
    return 0;
}

static int s_read_gateways (ld_plan_t *self, const json_t *json, char fault[LD_FAULT])
{
    size_t count = json_array_size (json);
    if (count < 1 || count > LD_GATEWAYS_MAX)
        return s_fault (fault, "gateways", "1 to 16 are needed");
    for (; self->gateway_count < count; self->gateway_count++)
        if (s_read_gateway (&self->gateways[self->gateway_count],
                            json_string_value (json_array_get (json, self->gateway_count))))
            return s_fault (fault, "gateways", "address:port is needed");
    return 0;
}

/*  All ways that need nobody else, when the plan names none. */
static int s_read_ways (ld_plan_t *self, const json_t *json, char fault[LD_FAULT])
{
    if (json_array_size (json) > LD_WAYS)
        return s_fault (fault, "ways", "too many");
    for (size_t i = 0; i < json_array_size (json); i++) {
        const char *text = json_string_value (json_array_get (json, i));
        unsigned way = 0;
        while (text && way < LD_WAYS && strcmp (text, s_ways[way]) != 0)
            way++;
        if (!text || way == LD_WAYS)
            return s_fault (fault, "ways", "one, all, password and staff are known");
        self->ways[self->way_count++] = (ld_way_t)way;
    }
    for (unsigned way = 0; !self->way_count && way < LD_WAY_STAFF; way++)
        self->ways[way] = (ld_way_t)way;
    self->way_count = self->way_count ? self->way_count : LD_WAY_STAFF;
    return 0;
}

static int s_read_clients (ld_plan_t *self, const json_t *json, char fault[LD_FAULT])
{
    size_t count = json_array_size (json);
    if (count < 1 || count > LD_CLIENTS_MAX)
        return s_fault (fault, "clients", "1 to 20000 are needed");
    self->clients = calloc (count, sizeof *self->clients);
    if (!self->clients)
        return -PT_E_memory;
    int err = 0;
    while (!err && self->count < count) {
        const json_t *one = json_array_get (json, self->count);
        err = s_read_client (&self->clients[self->count++], one, fault);
    }
    return err;
}

static int s_read (ld_plan_t *self, const json_t *json, char fault[LD_FAULT])
{
    const char *logs = json_string_value (json_object_get (json, "logs"));
    if (!logs || strlen (logs) > 2048)
        return s_fault (fault, "logs", "a folder is needed");
    self->logs = strdup (logs);
    if (!self->logs)
        return -PT_E_memory;
    self->staff = s_read_plain (json_object_get (json, "staff"), LD_TOKEN_MAX);
    if (!self->staff)
        return s_fault (fault, "staff", "a token is needed");
    int err = s_read_numbers (self, json, fault);
    if (!err)
        err = s_read_gateways (self, json_object_get (json, "gateways"), fault);
    if (!err)
        err = s_read_ways (self, json_object_get (json, "ways"), fault);
    if (!err)
        err = s_read_clients (self, json_object_get (json, "clients"), fault);
    return err;
}

int ld_plan_read (ld_plan_t *self, const char *path, char fault[LD_FAULT])
{
    json_error_t error;
    *self = (ld_plan_t){0};
    snprintf (fault, LD_FAULT, "out of memory");
    json_t *json = json_load_file (path, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        return s_fault (fault, path, error.text);
    int err = s_read (self, json, fault);
    json_decref (json);
    if (err)
        ld_plan_fini (self);
    return err;
}

void ld_plan_fini (ld_plan_t *self)
{
    for (unsigned i = 0; i < self->count; i++) {
        free (self->clients[i].token);
        free (self->clients[i].rooms);
        free (self->clients[i].kicks);
        free (self->clients[i].login);
        free (self->clients[i].password);
        free (self->clients[i].speaks);
        free (self->clients[i].scheme);
        free (self->clients[i].email);
    }
    free (self->clients);
    free (self->logs);
    free (self->staff);
    *self = (ld_plan_t){0};
}

/*  Both lists are in the same order as a rule, so that the search is short. */
static ld_plan_client_t *s_find (ld_plan_t *self, unsigned near, const ld_plan_client_t *wanted)
{
    for (unsigned i = 0; i < self->count; i++) {
        ld_plan_client_t *one = &self->clients[(near + i) % self->count];
        if (one->account == wanted->account && strcmp (one->name, wanted->name) == 0)
            return one;
    }
    return NULL;
}

unsigned ld_plan_take_tokens (ld_plan_t *self, ld_plan_t *newer)
{
    unsigned changed = 0;
    for (unsigned i = 0; i < self->count; i++) {
        ld_plan_client_t *other = s_find (newer, i, &self->clients[i]);
        if (!other || other->mode == LD_REVOKED || strcmp (other->token, self->clients[i].token) == 0)
            continue;
        char *token = self->clients[i].token;
        self->clients[i].token = other->token;
        other->token = token;
        changed++;
    }
    return changed;
}
