/*  auth_policy - what an account may look like, beyond the schema; pure. */

#ifndef AUTH_POLICY_H
#define AUTH_POLICY_H

#include "pt_codec.h"

/*  Bytes of a password; the schema says the same of the request. */
#define AUTH_POLICY_PASSWORD_MIN 8

/*  A-Z a-z 0-9 _ . - and not digits alone (those read as ids).  No '@': a login
    never looks like an address. */
bool auth_policy_is_login (pt_str_t login);

/*  local@domain in ASCII: a dot-atom of at most 64 bytes, and at least two DNS
    labels.  Addresses that only quoting would make legal are refused. */
bool auth_policy_is_email (pt_str_t email);

/*  `text` with A-Z as a-z, in `arena`.  `at` is NULL when out of memory. */
pt_str_t auth_policy_lower (pt_str_t text, pt_arena_t *arena);

/*  Judges a registration; `*out_clean` is what to store: the email in lower case,
    an empty name as absent.  0, -PT_E_invalid with the fields in `error`, or
    -PT_E_memory. */
PT_MUSTCHECK int auth_policy_account (const pt_account_create_t *ask, pt_arena_t *arena, pt_account_create_t *out_clean,
                                      pt_error_t *error);

/*  Judges a password for who has this login and address (`at` NULL: none); `is_lax`:
    any will do.  0 or -PT_E_invalid with the field `password` in `error`. */
PT_MUSTCHECK int auth_policy_password (pt_str_t password, pt_str_t login, pt_str_t email, bool is_lax,
                                       pt_arena_t *arena, pt_error_t *error);

/*  Judges a change of profile; 0 or -PT_E_invalid with the fields in `error`.
    Has the type of a check of auth_forward. */
PT_MUSTCHECK int auth_policy_update (const void *msg, pt_arena_t *arena, pt_error_t *error);

#endif
