/*  fuzz_token - access tokens: of all texts in the world exactly one verifies,
    that which was signed.

    The input edits a good token (bytes replaced, put in, cut out) or is a token
    itself; key and good token are constants, so that a find can be replayed.
    Covers: services/gateway/identity/gw_token.c services/gateway/identity/gw_token_cache.c */

#include "fuzz_token.h"
#include "fuzz.h"
#include "gw_token.h"

/*  Within the time of the good token. */
#define S_NOW_US (INT64_C (1000) * 1000000)

enum { S_MAX = LIM_TOKEN + 64 };

static void s_set_key (gw_tokens_t *tokens, const char *kid)
{
    const pt_public_key_t key = {.kid = pt_str (kid), .jwk = PT_LIT (FUZZ_TOKEN_JWK)};
    const pt_key_set_t set = {.keys = {&key, 1}};
    fuzz_must (gw_tokens_set_keys (tokens, &set) == 0);
}

/*  The cache is large: one object serves all inputs.  It forgets what it has
    cached when its keys change their names. */
static gw_tokens_t *s_tokens (bool must_forget)
{
    static gw_tokens_t *tokens;
    bool is_new = !tokens;
    if (is_new)
        tokens = gw_tokens_new ();
    fuzz_must (tokens != NULL);
    if (must_forget)
        s_set_key (tokens, "k0");
    if (must_forget || is_new)
        s_set_key (tokens, "k1");
    return tokens;
}

/*  Edits: what to do, where, with which byte. */
static size_t s_edit (fuzz_input_t *in, char out[S_MAX])
{
    size_t len = sizeof FUZZ_TOKEN_GOOD - 1;
    memcpy (out, FUZZ_TOKEN_GOOD, len);
    while (in->left > 0 && len > 0 && len + 1 < S_MAX) {
        uint8_t what = fuzz_u8 (in);
        size_t at = (size_t)fuzz_bits (in, 2) % len;
        char byte = (char)fuzz_u8 (in);
        if (what % 4 == 0)
            memmove (out + at, out + at + 1, --len - at);
        else if (what % 4 == 1)
            memmove (out + at + 1, out + at, len++ - at);
        if (what % 4 != 0)
            out[at] = byte;
    }
    return len;
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    fuzz_input_t in = {data, size};
    char edited[S_MAX];
    size_t len;
    bool is_edit = fuzz_u8 (&in) & 1;
    if (is_edit)
        len = s_edit (&in, edited);
    else {
        len = in.left < S_MAX ? in.left : S_MAX;
        memcpy (edited, in.at, len);
    }
    char *token = malloc (len ? len : 1);
    fuzz_must (token != NULL);
    memcpy (token, edited, len);
    gw_tokens_t *tokens = s_tokens (false);
    gw_identity_t identity = {0};
    int rc = gw_tokens_verify (tokens, token, len, S_NOW_US, &identity);
    bool is_good = len == sizeof FUZZ_TOKEN_GOOD - 1 && memcmp (token, FUZZ_TOKEN_GOOD, len) == 0;
    fuzz_must ((rc == 0) == is_good);
    fuzz_must (rc == 0 || rc == -PT_E_token_invalid || rc == -PT_E_token_expired);
    fuzz_must (identity.account == (is_good ? 7 : 0));
    if (rc == 0)
        s_tokens (true);
    free (token);
    return 0;
}
