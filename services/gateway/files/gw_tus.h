/*  gw_tus - the headers of the tus protocol, version 1.0.0; pure.  What they are made of
    is in https://tus.io/protocols/resumable-upload. */

#ifndef GW_TUS_H
#define GW_TUS_H

#include "pt_message.h"
#include <stdbool.h>

#define GW_TUS_VERSION "1.0.0"
#define GW_TUS_EXTENSIONS "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination"
#define GW_TUS_CHECKSUMS "sha1,sha256,md5"
#define GW_TUS_TYPE "application/offset+octet-stream"

/*  The longest digest. */
#define GW_TUS_DIGEST 32

/*  A length or offset: digits alone, at most LIM_SEQ. */
bool gw_tus_number (const char *value, size_t len, uint64_t *out);

/*  The file name of Upload-Metadata: the value of `filename`, or of `name`, as valid
    UTF-8 of 1 to LIM_FILE_NAME bytes.  0, with `*out_len` 0 when it names none, or
    -PT_E_malformed. */
PT_MUSTCHECK int gw_tus_name (const char *metadata, size_t len, char out[LIM_FILE_NAME], size_t *out_len);

/*  Upload-Checksum.  0, or -PT_E_malformed, also for an algorithm that is not served:
    tus asks for 400. */
PT_MUSTCHECK int gw_tus_checksum (const char *value, size_t len, pt_digest_t *out_kind, char out[GW_TUS_DIGEST],
                                  size_t *out_len);

#endif
