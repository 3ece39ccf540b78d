/*  fuzz_envelope - any bytes as an envelope.

    Whatever decodes must encode within LIM_ENVELOPE and decode again to the
    same encoding; whatever is refused must leave the struct alone.
    Covers: proto/pt_envelope.c */

#include "fuzz.h"
#include "pt_envelope.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    pt_envelope_t before, envelope, again;
    memset (&before, 0x5a, sizeof before);
    memcpy (&envelope, &before, sizeof envelope);
    int rc = pt_envelope_decode (&envelope, data, size);
    if (rc) {
        fuzz_must (rc == -PT_E_malformed || rc == -PT_E_version_unsupported);
        fuzz_must (memcmp (&envelope, &before, sizeof envelope) == 0);
        return 0;
    }
    uint8_t first[LIM_ENVELOPE], second[LIM_ENVELOPE];
    size_t len = pt_envelope_encode (&envelope, first);
    fuzz_must (len <= size && pt_envelope_decode (&again, first, len) == 0);
    fuzz_must (pt_envelope_encode (&again, second) == len && memcmp (first, second, len) == 0);
    return 0;
}
