/*  gw_dialect_person - what dialects call an account; pure. */

#include "gw_dialect_person.h"

pt_str_t gw_dialect_person_name (const pt_person_t *person)
{
    const struct {
        bool has;
        pt_str_t text;
    } names[] = {
        {person->has_login, person->login}, {person->has_nickname, person->nickname}, {person->has_name, person->name}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].has && names[i].text.len > 0)
            return names[i].text;
    const char *end = person->has_email ? memchr (person->email.at, '@', person->email.len) : NULL;
    return end ? (pt_str_t){person->email.at, (uint32_t)(end - person->email.at)} : PT_LIT ("");
}
