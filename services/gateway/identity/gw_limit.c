/*  gw_limit - see gw_limit.h. */

#include "gw_limit.h"
#include "sv_limiter.h"
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*  One token every `token_us`, at most `burst` at once. */
static const struct {
    const char *name;
    sv_rate_rule_t rule;
} s_classes[GW_LIMIT_CLASSES] = {
    [GW_LIMIT_SIGN_IN] = {"sign-in", {.token_us = 3000000, .burst = 10}},
    [GW_LIMIT_CHECK] = {"check", {.token_us = 10000, .burst = 200}},
    [GW_LIMIT_REQUEST] = {"request", {.token_us = 10000, .burst = 200}},
    [GW_LIMIT_SOCKET] = {"socket", {.token_us = 20000, .burst = 200}},
    [GW_LIMIT_ACCOUNT] = {"account", {.token_us = 10000, .burst = 200}},
};

struct gw_limit {
    sv_limiter_t *limiter;
    bool spares_loopback;
};

/*  ---- networks ----------------------------------------------------------------- */

static void s_set_ipv4 (const uint8_t address[4], gw_network_t *out)
{
    memcpy (out->bytes, address, 4);
    out->family = 4;
    out->is_loopback = address[0] == 127;
}

void gw_limit_network (const struct sockaddr_storage *address, gw_network_t *out)
{
    *out = (gw_network_t){0};
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)address;
        uint8_t bytes[4];
        memcpy (bytes, &ipv4->sin_addr, sizeof bytes);
        s_set_ipv4 (bytes, out);
    } else if (address->ss_family == AF_INET6) {
        const struct in6_addr *ipv6 = &((const struct sockaddr_in6 *)address)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED (ipv6)) {
            s_set_ipv4 (ipv6->s6_addr + 12, out);
            return;
        }
        memcpy (out->bytes, ipv6->s6_addr, sizeof out->bytes);
        out->family = 6;
        out->is_loopback = IN6_IS_ADDR_LOOPBACK (ipv6);
    }
}

/*  ---- buckets ------------------------------------------------------------------- */

static uint64_t s_key (const gw_limit_t *self, gw_limit_class_t class, const void *bytes, uint8_t kind)
{
    uint8_t text[10] = {(uint8_t) class, kind};
    memcpy (text + 2, bytes, 8);
    return sv_limiter_key (self->limiter, text, sizeof text);
}

static bool s_is_spared (const gw_limit_t *self, const gw_network_t *from)
{
    return self->spares_loopback && from->is_loopback;
}

uint64_t gw_limit_take (gw_limit_t *self, gw_limit_class_t class, const gw_network_t *from, uint64_t now_ms)
{
    if (s_is_spared (self, from))
        return 0;
    uint64_t key = s_key (self, class, from->bytes, from->family);
    return sv_limiter_take (self->limiter, key, &s_classes[class].rule, now_ms);
}

uint64_t gw_limit_take_account (gw_limit_t *self, uint64_t account, const gw_network_t *from, uint64_t now_ms)
{
    if (s_is_spared (self, from))
        return 0;
    uint64_t key = s_key (self, GW_LIMIT_ACCOUNT, &account, 0);
    return sv_limiter_take (self->limiter, key, &s_classes[GW_LIMIT_ACCOUNT].rule, now_ms);
}

uint64_t gw_limit_wait (const gw_limit_t *self, gw_limit_class_t class, const gw_network_t *from, uint64_t now_ms)
{
    if (s_is_spared (self, from))
        return 0;
    uint64_t key = s_key (self, class, from->bytes, from->family);
    return sv_limiter_wait_ms (self->limiter, key, &s_classes[class].rule, now_ms);
}

void gw_limit_charge (gw_limit_t *self, const gw_network_t *from, uint64_t now_ms)
{
    if (s_is_spared (self, from))
        return;
    uint64_t key = s_key (self, GW_LIMIT_SIGN_IN, from->bytes, from->family);
    sv_limiter_charge (self->limiter, key, &s_classes[GW_LIMIT_SIGN_IN].rule, GW_LIMIT_DEBT_MS, now_ms);
}

/*  As draft-ietf-httpapi-ratelimit-headers has it: quota and seconds of a window,
    what is left, and when there will be more. */
const char *gw_limit_headers (gw_limit_class_t class, uint64_t wait_ms, char out[GW_LIMIT_HEADERS])
{
    const sv_rate_rule_t *rule = &s_classes[class].rule;
    unsigned window_s = (unsigned)((rule->token_us * rule->burst + 999999) / 1000000);
    unsigned wait_s = (unsigned)((wait_ms + 999) / 1000);
    snprintf (out, GW_LIMIT_HEADERS, "RateLimit-Policy: \"%s\";q=%u;w=%u\r\nRateLimit: \"%s\";r=0;t=%u\r\n",
              s_classes[class].name, rule->burst, window_s, s_classes[class].name, wait_s);
    return out;
}

/*  ---- life ------------------------------------------------------------------------ */

gw_limit_t *gw_limit_new (const uint64_t seed[2], bool spares_loopback)
{
    gw_limit_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->spares_loopback = spares_loopback;
    self->limiter = sv_limiter_new (GW_LIMIT_KEYS, seed);
    if (!self->limiter)
        gw_limit_destroy (&self);
    return self;
}

void gw_limit_destroy (gw_limit_t **self_p)
{
    gw_limit_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    sv_limiter_destroy (&self->limiter);
    free (self);
}
