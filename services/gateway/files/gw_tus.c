/*  gw_tus - the headers of the tus protocol. */

#include "gw_tus.h"
#include "gw_base64.h"
#include "gw_header.h"
#include "pt_codec.h"

bool gw_tus_number (const char *value, size_t len, uint64_t *out)
{
    uint64_t number = 0;
    for (size_t i = 0; i < len; i++) {
        if (value[i] < '0' || value[i] > '9')
            return false;
        number = number * 10 + (uint64_t)(value[i] - '0');
        if (number > LIM_SEQ)
            return false;
    }
    *out = number;
    return len > 0;
}

/*  A key and its value, parted by one space, of this name. */
static bool s_is_key (const char *pair, size_t len, const char *key)
{
    size_t key_len = strlen (key);
    return len > key_len && pair[key_len] == ' ' && memcmp (pair, key, key_len) == 0;
}

int gw_tus_name (const char *metadata, size_t len, char out[LIM_FILE_NAME], size_t *out_len)
{
    static const char *const keys[] = {"filename", "name"};
    *out_len = 0;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *pair;
        size_t pair_len, at = 0, skip = strlen (keys[i]) + 1;
        while (gw_header_next (metadata, len, &at, &pair, &pair_len)) {
            if (!s_is_key (pair, pair_len, keys[i]))
                continue;
            bool is_text = gw_base64_decode (pair + skip, pair_len - skip, out, LIM_FILE_NAME, out_len) &&
                           pt_utf8_valid (out, *out_len) && !memchr (out, '\0', *out_len);
            return is_text ? 0 : -PT_E_malformed;
        }
    }
    return 0;
}

int gw_tus_checksum (const char *value, size_t len, pt_digest_t *out_kind, char out[GW_TUS_DIGEST], size_t *out_len)
{
    static const struct {
        const char *name;
        pt_digest_t kind;
        size_t len;
    } digests[] = {{"sha1", PT_digest_SHA1, 20}, {"sha256", PT_digest_SHA256, 32}, {"md5", PT_digest_MD5, 16}};
    const char *space = memchr (value, ' ', len);
    if (!space)
        return -PT_E_malformed;
    size_t name = (size_t)(space - value);
    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
        if (name != strlen (digests[i].name) || memcmp (value, digests[i].name, name) != 0)
            continue;
        *out_kind = digests[i].kind;
        bool is_good = gw_base64_decode (space + 1, len - name - 1, out, GW_TUS_DIGEST, out_len);
        return is_good && *out_len == digests[i].len ? 0 : -PT_E_malformed;
    }
    return -PT_E_malformed;
}
