/*  broker_folder - the folder of a broker's sockets: private, and this broker's
    alone. */

#ifndef BROKER_FOLDER_H
#define BROKER_FOLDER_H

#include "pt_error.h"

/*  Makes `path` (its parent must exist) or takes it over, with mode 0700, and
    locks it as long as the descriptor in `*out_lock` is open.
    0; -PT_E_forbidden when it is not a folder of this user; -PT_E_taken when
    another broker has it; -PT_E_unavailable, with errno, otherwise. */
PT_MUSTCHECK int broker_folder_take (const char *path, int *out_lock);

#endif
