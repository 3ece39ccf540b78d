/*  auth_secret - the installation's secret: what refresh tokens, opaque
    credentials and the hashes of idempotent requests are derived from. */

#ifndef AUTH_SECRET_H
#define AUTH_SECRET_H

#include "auth_file.h"
#include "pt_message.h"

#define AUTH_SECRET_MIN 32
#define AUTH_MAC_LEN 32

typedef struct auth_secret auth_secret_t;

/*  Reads the secret (32 to 4096 bytes of any kind), which is made of random
    bytes first when the file is missing.  NULL with the reason in `why`; then
    `*out_err` is as of auth_file_load, or -PT_E_invalid for a secret that is too
    short or plainly not random.  Blocks on the disk. */
auth_secret_t *auth_secret_load (const char *path, int *out_err, auth_why_t *why);

/*  As above, but a missing file is -PT_E_not_found. */
auth_secret_t *auth_secret_read (const char *path, int *out_err, auth_why_t *why);

/*  A secret of these bytes, copied.  NULL when there are too few. */
auth_secret_t *auth_secret_new (const void *bytes, size_t len);

/*  Wipes and frees. */
void auth_secret_destroy (auth_secret_t **self_p);

/*  HMAC-SHA256 under the secret over `label` and the parts, each with its length
    before it, so that no two lists of parts read the same.  A part whose `at` is
    NULL is absent, which differs from empty. */
void auth_secret_mac (const auth_secret_t *self, const char *label, const pt_str_t *parts, size_t count,
                      uint8_t out_mac[AUTH_MAC_LEN]);

/*  A number as a part: 8 bytes, big-endian, written to `out`. */
pt_str_t auth_secret_number (uint64_t value, char out[8]);

#endif
