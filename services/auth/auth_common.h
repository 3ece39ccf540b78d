/*  auth_common - the passwords that are tried first, and what people do to them;
    pure. */

#ifndef AUTH_COMMON_H
#define AUTH_COMMON_H

#include "pt_message.h"

/*  Whether a password is on the list (auth_common.txt, lower case), in any case,
    also with digits and ! . ? * behind it (where at least five letters are left),
    and with 4 @ 3 1 ! 0 5 $ 7 for a a e i i o s s t. */
bool auth_common_has (pt_str_t password);

#endif
