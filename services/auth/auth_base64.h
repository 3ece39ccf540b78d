/*  auth_base64 - base64url (RFC 4648, 5) without padding, in its one canonical
    spelling: what is taken is exactly what is given. */

#ifndef AUTH_BASE64_H
#define AUTH_BASE64_H

#include "pt_message.h"

/*  Whether `text` is canonical base64url: its alphabet alone, no padding, zeros in
    the bits of the last character that carry none.  Empty text is. */
bool auth_base64_is (pt_str_t text);

/*  Decodes.  The number of bytes, or -PT_E_malformed when `text` is not canonical
    or has more than `size` bytes in it. */
PT_MUSTCHECK int auth_base64_decode (pt_str_t text, uint8_t *out, size_t size);

/*  Encodes 32 bytes as 43 characters and a NUL. */
#define AUTH_BASE64_32 43
void auth_base64_encode_32 (const uint8_t bytes[32], char out[AUTH_BASE64_32 + 1]);

#endif
