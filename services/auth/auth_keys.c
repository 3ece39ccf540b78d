/*  auth_keys - the keys and secrets in force, their exchange, and the operation
    that tells gateways which keys verify access tokens.

    A reading is complete before any of it counts: a file that is missing or bad
    for a moment changes nothing.  No request holds on to a key or secret between
    two turns of the loop, so they can be replaced at once. */

#include "auth_keys.h"
#include "auth_ops.h"
#include <stdlib.h>
#include <sys/stat.h>

typedef struct {
    auth_key_t *key, *key_next;
    auth_secret_t *secret, *secret_next;
} s_set_t;

static void s_release (s_set_t *set)
{
    auth_key_destroy (&set->key);
    auth_key_destroy (&set->key_next);
    auth_secret_destroy (&set->secret);
    auth_secret_destroy (&set->secret_next);
}

/*  `given`, or `name` in the state folder; NULL when there is neither, or when
    out of memory.  Owned by the caller. */
static char *s_make_path (const auth_config_t *config, const char *given, const char *name)
{
    char *path = NULL;
    if (given)
        return strdup (given);
    if (config->state_dir && asprintf (&path, "%s/%s", config->state_dir, name) < 0)
        return NULL;
    return path;
}

/*  `is_first`: at the start, when what is missing is made. */
static int s_load_first (const auth_config_t *config, bool is_first, s_set_t *set, auth_why_t *why)
{
    int rc = -PT_E_invalid;
    char *key = s_make_path (config, config->key_file, AUTH_KEY_NAME);
    char *secret = s_make_path (config, config->secret_file, AUTH_SECRET_NAME);
    if (!key || !secret)
        auth_why (why, "state-dir is needed, or both key-file and secret-file");
    else if ((set->key = is_first ? auth_key_load (key, &rc, why) : auth_key_read (key, &rc, why)) &&
             (set->secret = is_first ? auth_secret_load (secret, &rc, why) : auth_secret_read (secret, &rc, why)))
        rc = 0;
    free (key);
    free (secret);
    return rc;
}

static int s_load_next (const auth_config_t *config, s_set_t *set, auth_why_t *why)
{
    int key_rc = 0, secret_rc = 0;
    char *key = s_make_path (config, config->key_next_file, AUTH_KEY_NEXT_NAME);
    char *secret = s_make_path (config, config->secret_next_file, AUTH_SECRET_NEXT_NAME);
    if (key)
        set->key_next = auth_key_read (key, &key_rc, why);
    if (secret && (key_rc == 0 || key_rc == -PT_E_not_found))
        set->secret_next = auth_secret_read (secret, &secret_rc, why);
    free (key);
    free (secret);
    if (key_rc != 0 && key_rc != -PT_E_not_found)
        return key_rc;
    return secret_rc == -PT_E_not_found ? 0 : secret_rc;
}

static void s_put (auth_t *auth, const s_set_t *set)
{
    auth->key = set->key;
    auth->key_next = set->key_next;
    auth->secret = set->secret;
    auth->secret_next = set->secret_next;
}

int auth_keys_load (auth_t *auth, auth_why_t *why)
{
    s_set_t set = {0}, old = {auth->key, auth->key_next, auth->secret, auth->secret_next};
    if (auth->config->state_dir)
        (void)mkdir (auth->config->state_dir, 0700);
    int rc = s_load_first (auth->config, !auth->key, &set, why);
    if (rc == 0)
        rc = s_load_next (auth->config, &set, why);
    if (rc != 0) {
        s_release (&set);
        return rc;
    }
    /*  Between two steps of an exchange both files may hold the same key. */
    if (set.key_next && strcmp (auth_key_kid (set.key), auth_key_kid (set.key_next)) == 0)
        auth_key_destroy (&set.key_next);
    s_put (auth, &set);
    s_release (&old);
    sv_log (auth->log, SV_INFO, NULL, "keys loaded kid=%s next=%s secrets=%d", auth_key_kid (auth->key),
            auth->key_next ? auth_key_kid (auth->key_next) : "-", auth->secret_next ? 2 : 1);
    return 0;
}

void auth_keys_unload (auth_t *auth)
{
    s_set_t set = {auth->key, auth->key_next, auth->secret, auth->secret_next};
    s_put (auth, &(s_set_t){0});
    s_release (&set);
}

static pt_public_key_t s_public (const auth_key_t *key)
{
    return (pt_public_key_t){.kid = pt_str (auth_key_kid (key)), .jwk = pt_str (auth_key_public (key))};
}

void auth_keys_on_request (void *ctx, sv_request_t *request, const void *msg)
{
    (void)msg;
    const auth_t *self = ctx;
    const pt_public_key_t keys[] = {s_public (self->key), s_public (self->key_next ? self->key_next : self->key)};
    const pt_key_set_t set = {.keys = {keys, self->key_next ? 2 : 1}};
    sv_request_reply (&request, &set);
}
