/*  sv_email - what a mail address looks like. */

#include "sv_email.h"

/*  RFC 5321 and RFC 1035. */
#define S_LOCAL_MAX 64
#define S_LABEL_MAX 63

static bool s_is_alpha (char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool s_is_digit (char c)
{
    return c >= '0' && c <= '9';
}

/*  RFC 5322 atext. */
static bool s_is_atom (char c)
{
    return s_is_alpha (c) || s_is_digit (c) || (c != 0 && strchr ("!#$%&'*+/=?^_`{|}~-", c));
}

static bool s_is_local (const char *at, uint32_t len)
{
    if (len == 0 || len > S_LOCAL_MAX || at[0] == '.' || at[len - 1] == '.')
        return false;
    for (uint32_t i = 0; i < len; i++)
        if (at[i] == '.' ? at[i - 1] == '.' : !s_is_atom (at[i]))
            return false;
    return true;
}

static bool s_is_label (const char *at, uint32_t len)
{
    if (len == 0 || len > S_LABEL_MAX || at[0] == '-' || at[len - 1] == '-')
        return false;
    for (uint32_t i = 0; i < len; i++)
        if (!s_is_alpha (at[i]) && !s_is_digit (at[i]) && at[i] != '-')
            return false;
    return true;
}

static bool s_is_domain (const char *at, uint32_t len)
{
    unsigned labels = 0;
    uint32_t start = 0;
    for (uint32_t i = 0; i <= len; i++)
        if (i == len || at[i] == '.') {
            if (!s_is_label (at + start, i - start))
                return false;
            labels++;
            start = i + 1;
        }
    return labels >= 2;
}

bool sv_email_is_valid (pt_str_t email)
{
    const char *sign = email.len > 0 && email.len <= LIM_EMAIL ? memchr (email.at, '@', email.len) : NULL;
    if (!sign)
        return false;
    uint32_t local_len = (uint32_t)(sign - email.at);
    return s_is_local (email.at, local_len) && s_is_domain (sign + 1, email.len - local_len - 1);
}
