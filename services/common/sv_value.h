/*  sv_value - the text of one setting to its value and back. */

#ifndef SV_VALUE_H
#define SV_VALUE_H

#include "sv_config.h"

/*  A parsed value; `text` is borrowed from what was parsed. */
typedef struct {
    uint64_t number;  /* U64, BOOL, DURATION in ms, SIZE in bytes */
    const char *text; /* STR */
} sv_value_t;

/*  Longest sentence about a fault. */
#define SV_FAULT_LEN 256

/*  Reads `text` by the setting's type, bounds and choices.  0, or -PT_E_invalid
    with what is wrong in `fault` (such as "70000 is above the largest value,
    65535"); the text of a SECRET is not repeated there. */
PT_MUSTCHECK int sv_value_parse (const sv_setting_t *setting, const char *text, sv_value_t *out,
                                 char fault[SV_FAULT_LEN]);

/*  Writes a number as people write it: 30s, 64KiB, on. */
void sv_value_print (sv_type_t type, uint64_t number, char *out, size_t size);

/*  What stands for a value in the help: "<number>". */
const char *sv_value_placeholder (sv_type_t type);

#endif
