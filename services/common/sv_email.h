/*  sv_email - what a mail address looks like; pure. */

#ifndef SV_EMAIL_H
#define SV_EMAIL_H

#include "pt_message.h"

/*  local@domain in ASCII: a dot-atom of at most 64 bytes, and at least two DNS
    labels.  Addresses that only quoting would make legal are refused. */
bool sv_email_is_valid (pt_str_t email);

#endif
