/*  sv_address - whose room a name in an address is, told by its shape. */

#include "sv_address.h"

#define CLOCK_PREFIX "chat_"
#define CLOCK_DIGITS 8
#define MEMBER_DIGITS 5

static bool s_is_digit (char c)
{
    return c >= '0' && c <= '9';
}

/*  As addresses are made: in lower case. */
static bool s_is_hex (char c)
{
    return s_is_digit (c) || (c >= 'a' && c <= 'f');
}

static bool s_is_word (char c)
{
    return s_is_digit (c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

static bool s_all (const char *at, size_t len, bool (*is) (char c))
{
    for (size_t i = 0; i < len; i++)
        if (!is (at[i]))
            return false;
    return len > 0;
}

static bool s_is_public (pt_str_t name)
{
    return s_all (name.at, name.len, s_is_digit);
}

/*  UUIDs are read in either case. */
static bool s_is_chat (pt_str_t name)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (name.len != sizeof shape - 1)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        bool is_hex = s_is_hex (name.at[i]) || (name.at[i] >= 'A' && name.at[i] <= 'F');
        if (shape[i] == '-' ? name.at[i] != '-' : !is_hex)
            return false;
    }
    return true;
}

static bool s_is_clock (pt_str_t name)
{
    const size_t prefix = sizeof CLOCK_PREFIX - 1;
    return name.len == prefix + CLOCK_DIGITS && memcmp (name.at, CLOCK_PREFIX, prefix) == 0 &&
           s_all (name.at + prefix, CLOCK_DIGITS, s_is_hex);
}

static bool s_is_member (pt_str_t name)
{
    if (name.len <= MEMBER_DIGITS || name.len > LIM_ROOM_ADDRESS || !s_all (name.at, name.len, s_is_word))
        return false;
    const char *digits = name.at + name.len - MEMBER_DIGITS;
    return digits[-1] == '_' && s_all (digits, MEMBER_DIGITS, s_is_hex);
}

static bool s_is_open (pt_str_t name)
{
    return name.len <= SV_ADDRESS_OPEN_MAX && s_all (name.at, name.len, s_is_word);
}

/*  The first that fits decides. */
static const struct {
    bool (*is) (pt_str_t name);
    pt_room_dialect_t dialect;
} s_shapes[] = {{s_is_public, PT_room_dialect_PUBLIC},
                {s_is_chat, PT_room_dialect_CHAT},
                {s_is_clock, PT_room_dialect_CLOCK},
                {s_is_member, PT_room_dialect_MEMBER},
                {s_is_open, PT_room_dialect_OPEN}};

pt_room_dialect_t sv_address_dialect (pt_str_t name)
{
    for (size_t i = 0; i < sizeof s_shapes / sizeof s_shapes[0]; i++)
        if (s_shapes[i].is (name))
            return s_shapes[i].dialect;
    return PT_room_dialect_none;
}
