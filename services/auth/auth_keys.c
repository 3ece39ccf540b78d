/*  auth_keys - the operation that tells gateways which keys verify access
    tokens. */

#include "auth_ops.h"

void auth_keys_on_request (void *ctx, sv_request_t *request, const void *msg)
{
    (void)msg;
    const auth_t *self = ctx;
    pt_public_key_t key = {.kid = pt_str (auth_key_kid (self->key)), .jwk = pt_str (auth_key_public (self->key))};
    pt_key_set_t keys = {.keys = {&key, 1}};
    sv_request_reply (&request, &keys);
}
