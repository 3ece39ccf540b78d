/*  pt_message - descriptor tables of messages.def, enums.def and roles.def.

    Each table is one expansion of a list, one macro level deep.  A name or an
    opcode used twice, a message that does not exist, or an opcode outside its
    service does not compile. */

#include "pt_message.h"

/*  The words of messages.def, as values. */
enum {
    OPTIONAL = PT_OPTIONAL,
    REQUIRED = PT_REQUIRED,
    SECRET = PT_SECRET,
    INNER = PT_INNER,
    READ = PT_READ,
    WRITE = PT_WRITE,
    BATCH = PT_BATCH,
    OPERATOR = PT_OPERATOR,
    WITHIN = PT_WITHIN,
};

/*  ---- fields ------------------------------------------------------------- */

/* clang-format off */
#define PLACE(msg, name) .offset = offsetof (pt_##msg##_t, name), .has_offset = offsetof (pt_##msg##_t, has_##name)
#define CALLED(name) #name, sizeof (#name) - 1

#define MSG(name, doc) static const pt_field_t s_fields_##name[] = {
#define FIELD(msg, name, type, min, max, flags, doc) \
    { CALLED (name), PT_T_##type, flags, 0, PLACE (msg, name), min, max, doc },
#define NAMED(msg, name, type, flags, doc) \
    { CALLED (name), PT_T_NAMED, flags, PT_ENUM_##type, PLACE (msg, name), 0, 0, doc },
#define OBJ(msg, name, type, flags, doc) \
    { CALLED (name), PT_T_OBJ, flags, PT_MSG_##type, PLACE (msg, name), 0, 0, doc },
#define LIST(msg, name, type, min, max, flags, doc) \
    { CALLED (name), PT_T_LIST, flags, PT_MSG_##type, PLACE (msg, name), min, max, doc },
/*  A row without a name ends each array: C has no empty ones. */
#define END(msg) { NULL } };
/* clang-format on */
#include "messages.def"

/*  ---- messages ----------------------------------------------------------- */

static const pt_desc_t s_descs[PT_MSG_COUNT] = {
#define MSG(name, doc)                                                                                                 \
    [PT_MSG_##name] = {#name, doc, s_fields_##name, sizeof s_fields_##name / sizeof s_fields_##name[0] - 1,            \
                       sizeof (pt_##name##_t)},
#include "messages.def"
};

const pt_desc_t *pt_desc (pt_msg_t msg)
{
    return (unsigned)msg < PT_MSG_COUNT ? &s_descs[msg] : NULL;
}

const pt_field_t *pt_desc_field (const pt_desc_t *desc, const char *name, size_t len)
{
    for (const pt_field_t *field = desc->fields; field->name; field++)
        if (field->name_len == len && memcmp (field->name, name, len) == 0)
            return field;
    return NULL;
}

/*  ---- operations and events ---------------------------------------------- */

enum {
#define CALL(name, opcode, service, request, reply, flags, doc) S_ROW_##name,
#define EVENT(name, opcode, body, doc) S_ROW_##name,
#include "messages.def"
    S_ROW_COUNT
};

#define CALL(name, opcode, service, request, reply, flags, doc)                                                        \
    _Static_assert((opcode) >> 8 == PT_SERVICE_##service, "the high byte of an opcode is its service: " #name);
#include "messages.def"

static const pt_call_t s_calls[S_ROW_COUNT] = {
#define CALL(name, opcode, service, request, reply, flags, doc)                                                        \
    {#name, doc, opcode, PT_SERVICE_##service, flags, PT_MSG_##request, PT_MSG_##reply},
#define EVENT(name, opcode, body, doc) {#name, doc, opcode, PT_SERVICE_none, 0, PT_MSG_##body, PT_MSG_##body},
#include "messages.def"
};

/*  A switch, because it makes a duplicate opcode a compile error. */
const pt_call_t *pt_call_find (uint16_t opcode)
{
    switch (opcode) {
#define CALL(name, opcode, service, request, reply, flags, doc)                                                        \
    case opcode:                                                                                                       \
        return &s_calls[S_ROW_##name];
#define EVENT(name, opcode, body, doc)                                                                                 \
    case opcode:                                                                                                       \
        return &s_calls[S_ROW_##name];
#include "messages.def"
    default:
        return NULL;
    }
}

const pt_call_t *pt_call_at (size_t i)
{
    return i < S_ROW_COUNT ? &s_calls[i] : NULL;
}

/*  ---- enums -------------------------------------------------------------- */

typedef struct {
    const char *text; /* NULL ends the array */
    unsigned value;
} s_value_t;

/* clang-format off */
#define BEGIN(type) static const s_value_t s_values_##type[] = {
#define VALUE(type, name, number, text) { text, number },
#define FINISH(type) { NULL, 0 } };
/* clang-format on */
#include "enums.def"
#undef BEGIN
#undef VALUE
#undef FINISH

static const s_value_t *const s_enums[PT_ENUM_COUNT] = {
#define BEGIN(type) [PT_ENUM_##type] = s_values_##type,
#define VALUE(type, name, number, text)
#define FINISH(type)
#include "enums.def"
#undef BEGIN
#undef VALUE
#undef FINISH
};

const char *pt_enum_text (pt_enum_t type, unsigned value)
{
    for (const s_value_t *row = s_enums[type]; row->text; row++)
        if (row->value == value)
            return row->text;
    return NULL;
}

unsigned pt_enum_value (pt_enum_t type, const char *text, size_t len)
{
    for (const s_value_t *row = s_enums[type]; row->text; row++)
        if (strlen (row->text) == len && memcmp (row->text, text, len) == 0)
            return row->value;
    return 0;
}

const char *pt_enum_at (pt_enum_t type, size_t i)
{
    for (const s_value_t *row = s_enums[type]; row->text; row++, i--)
        if (i == 0)
            return row->text;
    return NULL;
}

/*  ---- services and roles ------------------------------------------------- */

#define SERVICE(name, number)
#define ROLE(name, number, serves, calls, publishes, subscribes)                                                       \
    [PT_PEER_##name] = {#name, PT_SERVICE_##serves, calls, publishes, subscribes},
static const pt_peer_rule_t s_rules[PT_PEER_COUNT] = {
#include "roles.def"
};
#undef SERVICE
#undef ROLE

const pt_peer_rule_t *pt_peer_rule (pt_peer_t role)
{
    return (unsigned)role < PT_PEER_COUNT && s_rules[role].name ? &s_rules[role] : NULL;
}

bool pt_peer_may_call (const pt_peer_rule_t *rule, unsigned service, uint16_t opcode)
{
    if (service == PT_SERVICE_none || service >= PT_SERVICE_COUNT)
        return false;
    const pt_call_t *call = pt_call_find (opcode);
    if (call && call->service == service && (call->flags & PT_WITHIN) && rule->serves == service)
        return true;
    if (!(rule->calls >> service & 1))
        return false;
    return !call || !(call->flags & PT_OPERATOR) || rule == pt_peer_rule (PT_PEER_operator);
}

#define SERVICE(name, number) [PT_SERVICE_##name] = #name,
#define ROLE(name, number, serves, calls, publishes, subscribes)
static const char *const s_services[PT_SERVICE_COUNT] = {
#include "roles.def"
};
#undef SERVICE
#undef ROLE

const char *pt_service_name (unsigned service)
{
    return service < PT_SERVICE_COUNT && s_services[service] ? s_services[service] : "none";
}
