/*  auth_limit - how often somebody may guess.

    Failures alone are counted, after the fact: who knows the password is never
    kept waiting by having many devices.  Guesses sent all at once get past the
    question, but each is owed, so that over time no more than the rate is left. */

#include "auth_limit.h"
#include <arpa/inet.h>
#include <sodium.h>
#include <stdlib.h>

static const sv_rate_rule_t s_pair_rule = {10000000, 5};
static const sv_rate_rule_t s_identifier_rule = {30000000, 50};
static const sv_rate_rule_t s_known_rule = {AUTH_LIMIT_KNOWN_MS * 1000, 1};

/*  The longest time that a field of an error can say. */
#define S_RETRY_MAX_MS 3600000

struct auth_limit {
    sv_limiter_t *pairs, *identifiers;
    sv_limiter_t *known; /* pairs that signed in: owe something while they are remembered */
};

auth_limit_t *auth_limit_new (const uint64_t seed[2])
{
    uint64_t drawn[2];
    auth_limit_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    if (!seed) {
        randombytes_buf (drawn, sizeof drawn);
        seed = drawn;
    }
    self->pairs = sv_limiter_new (AUTH_LIMIT_KEYS, seed);
    self->identifiers = sv_limiter_new (AUTH_LIMIT_KEYS, seed);
    self->known = sv_limiter_new (AUTH_LIMIT_KEYS, seed);
    if (!self->pairs || !self->identifiers || !self->known)
        auth_limit_destroy (&self);
    return self;
}

void auth_limit_destroy (auth_limit_t **self_p)
{
    auth_limit_t *self = *self_p;
    if (!self)
        return;
    sv_limiter_destroy (&self->pairs);
    sv_limiter_destroy (&self->identifiers);
    sv_limiter_destroy (&self->known);
    free (self);
    *self_p = NULL;
}

/*  The network of an address, as bytes in `out`; their number, 0 when the address
    can't be read.  An IPv4 address within IPv6 is the same as itself. */
static size_t s_network (pt_str_t address, uint8_t out[8])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    char text[LIM_ADDRESS + 1];
    uint8_t bytes[16];
    if (address.len == 0 || address.len > LIM_ADDRESS)
        return 0;
    memcpy (text, address.at, address.len);
    text[address.len] = '\0';
    if (inet_pton (AF_INET, text, out) == 1)
        return 4;
    if (inet_pton (AF_INET6, text, bytes) != 1)
        return 0;
    bool is_mapped = memcmp (bytes, mapped, sizeof mapped) == 0;
    memcpy (out, is_mapped ? bytes + 12 : bytes, is_mapped ? 4 : 8);
    return is_mapped ? 4 : 8;
}

typedef struct {
    uint64_t pair, identifier;
} s_keys_t;

/*  The two keys differ in their first byte: how much of the network there is. */
static s_keys_t s_make_keys (const auth_limit_t *self, pt_str_t identifier, pt_str_t address)
{
    uint8_t bytes[1 + 8 + LIM_EMAIL] = {0};
    size_t len = identifier.len < LIM_EMAIL ? identifier.len : LIM_EMAIL;
    if (len > 0)
        memcpy (bytes + 9, identifier.at, len);
    s_keys_t keys = {.identifier = sv_limiter_key (self->identifiers, bytes, 9 + len)};
    bytes[0] = (uint8_t)(1 + s_network (address, bytes + 1));
    keys.pair = sv_limiter_key (self->pairs, bytes, 9 + len);
    return keys;
}

static bool s_is_known (const auth_limit_t *self, const s_keys_t *keys, uint64_t now_ms)
{
    return sv_limiter_debt_ms (self->known, keys->pair, now_ms) > 0;
}

uint64_t auth_limit_wait_ms (const auth_limit_t *self, pt_str_t identifier, pt_str_t address, uint64_t now_ms)
{
    const s_keys_t keys = s_make_keys (self, identifier, address);
    uint64_t pair_ms = sv_limiter_wait_ms (self->pairs, keys.pair, &s_pair_rule, now_ms);
    if (s_is_known (self, &keys, now_ms))
        return pair_ms;
    uint64_t all_ms = sv_limiter_wait_ms (self->identifiers, keys.identifier, &s_identifier_rule, now_ms);
    return pair_ms > all_ms ? pair_ms : all_ms;
}

void auth_limit_record (auth_limit_t *self, pt_str_t identifier, pt_str_t address, bool is_good, uint64_t now_ms)
{
    const s_keys_t keys = s_make_keys (self, identifier, address);
    if (is_good) {
        sv_limiter_charge (self->known, keys.pair, &s_known_rule, AUTH_LIMIT_KNOWN_MS, now_ms);
        return;
    }
    sv_limiter_charge (self->pairs, keys.pair, &s_pair_rule, AUTH_LIMIT_PAIR_DEBT_MS, now_ms);
    if (!s_is_known (self, &keys, now_ms))
        sv_limiter_charge (self->identifiers, keys.identifier, &s_identifier_rule, AUTH_LIMIT_IDENTIFIER_DEBT_MS,
                           now_ms);
}

bool auth_limit_may (auth_t *auth, pt_str_t identifier, pt_str_t address, uint64_t *out_retry_ms)
{
    *out_retry_ms = auth_limit_wait_ms (auth->limit, identifier, address, sv_now_ms ());
    return *out_retry_ms == 0;
}

void auth_limit_note (auth_t *auth, pt_str_t identifier, pt_str_t address, bool is_good)
{
    auth_limit_record (auth->limit, identifier, address, is_good, sv_now_ms ());
}

void auth_limit_refuse (auth_t *auth, sv_request_t **request_p, uint64_t retry_ms)
{
    const pt_error_t error = {.detail = PT_LIT ("too many wrong passwords; wait before the next"),
                              .has_detail = true,
                              .retry_ms = retry_ms < S_RETRY_MAX_MS ? retry_ms : S_RETRY_MAX_MS,
                              .has_retry_ms = true};
    sv_metric_add (auth->metrics.limited, 1);
    sv_request_fail_with (request_p, PT_E_too_many, &error);
}
