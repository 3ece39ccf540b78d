/*  auth_policy - what an account may look like, beyond the schema; pure. */

#include "auth_policy.h"
#include "auth_common.h"
#include "sv_email.h"
#include "sv_text.h"

static bool s_is_alpha (char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool s_is_digit (char c)
{
    return c >= '0' && c <= '9';
}

bool auth_policy_is_login (pt_str_t login)
{
    bool is_number = true;
    for (uint32_t i = 0; i < login.len; i++) {
        char c = login.at[i];
        if (!s_is_alpha (c) && !s_is_digit (c) && c != '_' && c != '.' && c != '-')
            return false;
        is_number = is_number && s_is_digit (c);
    }
    return login.len > 0 && login.len <= LIM_LOGIN && !is_number;
}

bool auth_policy_is_lax_login (pt_str_t login)
{
    for (uint32_t i = 0; i < login.len; i++)
        if (login.at[i] == ' ' || login.at[i] == ':')
            return false;
    return login.len > 0 && login.len <= LIM_LOGIN && !sv_text_has_control (login, false);
}

pt_str_t auth_policy_lower (pt_str_t text, pt_arena_t *arena)
{
    char *copy = pt_arena_copy (arena, text.at, text.len);
    for (uint32_t i = 0; copy && i < text.len; i++)
        if (copy[i] >= 'A' && copy[i] <= 'Z')
            copy[i] = (char)(copy[i] - 'A' + 'a');
    return (pt_str_t){copy, text.len};
}

static int s_refuse (pt_error_t *error, pt_arena_t *arena, const char *field, const char *code, const char *detail)
{
    pt_error_add (error, arena, field, code, detail);
    return -PT_E_invalid;
}

/*  Characters, not bytes: what is no continuation of one. */
static uint32_t s_count_characters (pt_str_t text)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.at[i] & 0xc0) != 0x80;
    return count;
}

static bool s_is_numeric (pt_str_t text)
{
    for (uint32_t i = 0; i < text.len; i++)
        if (!s_is_digit (text.at[i]))
            return false;
    return text.len > 0;
}

/*  Whether two texts are the same but for A-Z and a-z. */
static bool s_is_same (pt_str_t a, pt_str_t b)
{
    for (uint32_t i = 0; a.len == b.len && i < a.len; i++) {
        unsigned char x = (unsigned char)a.at[i], y = (unsigned char)b.at[i];
        if (x != y && ((x ^ y) != 0x20 || !s_is_alpha ((char)x)))
            return false;
    }
    return a.len == b.len && a.len > 0;
}

static bool s_is_similar (pt_str_t password, pt_str_t login, pt_str_t email)
{
    const char *sign = email.len > 0 ? memchr (email.at, '@', email.len) : NULL;
    pt_str_t local = {email.at, sign ? (uint32_t)(sign - email.at) : 0};
    return s_is_same (password, login) || s_is_same (password, email) || s_is_same (password, local);
}

int auth_policy_password (pt_str_t password, pt_str_t login, pt_str_t email, bool is_lax, pt_arena_t *arena,
                          pt_error_t *error)
{
    int rc = 0;
    if (password.len > LIM_PASSWORD)
        return s_refuse (error, arena, "password", "too_long", "at most 1024 bytes");
    if (password.len == 0)
        return s_refuse (error, arena, "password", "too_short", "a password is needed");
    if (is_lax)
        return 0;
    if (s_is_similar (password, login, email))
        rc = s_refuse (error, arena, "password", "similar", "not the login or the address");
    if (s_count_characters (password) < AUTH_POLICY_PASSWORD_MIN)
        rc = s_refuse (error, arena, "password", "too_short", "at least 8 characters");
    if (auth_common_has (password))
        rc = s_refuse (error, arena, "password", "common", "this is a password that many people use");
    if (s_is_numeric (password))
        rc = s_refuse (error, arena, "password", "numeric", "not digits alone");
    return rc;
}

static int s_check_name (const char *field, bool has_name, pt_str_t name, pt_arena_t *arena, pt_error_t *error)
{
    if (has_name && sv_text_has_control (name, false))
        return s_refuse (error, arena, field, "encoding", "control characters are not allowed");
    return 0;
}

int auth_policy_account (const pt_account_create_t *ask, pt_arena_t *arena, pt_account_create_t *out_clean,
                         pt_error_t *error)
{
    int rc = 0;
    pt_account_create_t clean = *ask;
    if (!ask->has_login && !ask->has_email)
        rc = s_refuse (error, arena, "login", "missing", "login or email is needed");
    if (ask->has_login && ask->is_lax && !auth_policy_is_lax_login (ask->login))
        rc = s_refuse (error, arena, "login", "encoding", "no blanks, colons or control characters");
    if (ask->has_login && !ask->is_lax && !auth_policy_is_login (ask->login))
        rc = s_refuse (error, arena, "login", "encoding", "letters, digits, _ . and -, and not digits alone");
    if (ask->has_email && !sv_email_is_valid (ask->email))
        rc = s_refuse (error, arena, "email", "encoding", "not a mail address");
    if (s_check_name ("name", ask->has_name, ask->name, arena, error) != 0)
        rc = -PT_E_invalid;
    if (s_check_name ("nickname", ask->has_nickname, ask->nickname, arena, error) != 0)
        rc = -PT_E_invalid;
    if (auth_policy_password (ask->password, ask->login, ask->email, ask->is_lax, arena, error) != 0)
        rc = -PT_E_invalid;
    if (rc != 0)
        return rc;
    clean.has_name = ask->has_name && ask->name.len > 0;
    clean.has_nickname = ask->has_nickname && ask->nickname.len > 0;
    if (ask->has_email && !(clean.email = auth_policy_lower (ask->email, arena)).at)
        return -PT_E_memory;
    *out_clean = clean;
    return 0;
}

int auth_policy_update (const void *msg, pt_arena_t *arena, pt_error_t *error)
{
    const pt_account_update_t *ask = msg;
    int name_rc = s_check_name ("name", ask->has_name, ask->name, arena, error);
    int nickname_rc = s_check_name ("nickname", ask->has_nickname, ask->nickname, arena, error);
    return name_rc != 0 ? name_rc : nickname_rc;
}
