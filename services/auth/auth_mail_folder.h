/*  auth_mail_folder - mails as files in a folder: for trying things out, and for
    other programs that send them. */

#ifndef AUTH_MAIL_FOLDER_H
#define AUTH_MAIL_FOLDER_H

#include "pt_buf.h"
#include "pt_message.h"

/*  Writes <dir>/<mail>-<kind>.txt with mode 0600, whole or not at all; the folder is
    made (0700) when it is missing, a file of the same mail is replaced.  Blocks on
    the disk.  0, or -PT_E_internal with errno as the failing call left it. */
PT_MUSTCHECK int auth_mail_folder_put (const char *dir, uint64_t mail, pt_mail_kind_t kind, const pt_buf_t *text);

#endif
