/*  auth_policy - what an account may look like, beyond the schema; pure. */

#ifndef AUTH_POLICY_H
#define AUTH_POLICY_H

#include "pt_codec.h"

/*  Characters of a password. */
#define AUTH_POLICY_PASSWORD_MIN 8

/*  A-Z a-z 0-9 _ . - and not digits alone (those read as ids).  No '@': a login
    never looks like an address. */
bool auth_policy_is_login (pt_str_t login);

/*  What clients of older deployments may have chosen: any characters but blanks, colons
    (which end the login in a Basic credential) and control characters. */
bool auth_policy_is_lax_login (pt_str_t login);

/*  `text` with A-Z as a-z, in `arena`.  `at` is NULL when out of memory. */
pt_str_t auth_policy_lower (pt_str_t text, pt_arena_t *arena);

/*  Judges a new password: at most LIM_PASSWORD bytes (too_long), at least
    AUTH_POLICY_PASSWORD_MIN characters (too_short), not on the list of auth_common
    (common), not digits alone (numeric), not the owner's login, address or what is
    before its sign (similar; what is not known stays empty).  `is_lax`: any that is not empty.  0, or
    -PT_E_invalid with all of its faults in `error`, under the field `password`. */
PT_MUSTCHECK int auth_policy_password (pt_str_t password, pt_str_t login, pt_str_t email, bool is_lax,
                                       pt_arena_t *arena, pt_error_t *error);

/*  Judges a registration; `*out_clean` is what to store: the email in lower case,
    an empty name or nickname as absent.  0, -PT_E_invalid with the fields in `error`, or
    -PT_E_memory. */
PT_MUSTCHECK int auth_policy_account (const pt_account_create_t *ask, pt_arena_t *arena, pt_account_create_t *out_clean,
                                      pt_error_t *error);

/*  Judges a change of profile; 0 or -PT_E_invalid with the fields in `error`.
    Has the type of a check of auth_forward. */
PT_MUSTCHECK int auth_policy_update (const void *msg, pt_arena_t *arena, pt_error_t *error);

#endif
