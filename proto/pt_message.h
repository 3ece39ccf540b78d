/*  pt_message - the C shapes of messages.def: structs, enums, descriptors.

    `pt_<name>_t` is the struct of MSG (name).  Decoded messages borrow their
    bytes from the frame or its arena; nothing long-lived may point into one.
    An OPTIONAL member counts when its `has_` flag is set; for REQUIRED members
    the flag is set by the decoder and ignored by the encoder. */

#ifndef PT_MESSAGE_H
#define PT_MESSAGE_H

#include "pt_error.h"
#include "pt_limits.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*  Bytes with a length, not terminated.  STR: valid UTF-8 without U+0000. */
typedef struct {
    const char *at;
    uint32_t len;
} pt_str_t;

typedef struct {
    const uint64_t *at;
    uint32_t count;
} pt_ids_t;

/*  A literal, and a C string, as pt_str_t. */
#define PT_LIT(text) ((pt_str_t){(text), (uint32_t)(sizeof (text) - 1)})
static inline pt_str_t pt_str (const char *text)
{
    return (pt_str_t){text, (uint32_t)strlen (text)};
}
static inline bool pt_str_eq (pt_str_t a, pt_str_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp (a.at, b.at, a.len) == 0);
}

/*  Enums: pt_role_t with PT_ROLE_OWNER, pt_change_t ... */
#define BEGIN(type) typedef enum { PT_##type##_none = 0,
#define VALUE(type, name, number, text) PT_##type##_##name = number,
#define FINISH(type)                                                                                                   \
    }                                                                                                                  \
    pt_##type##_t;
#include "enums.def"
#undef BEGIN
#undef VALUE
#undef FINISH

/*  Index of each enum of enums.def, for descriptors. */
typedef enum {
#define BEGIN(type) PT_ENUM_##type,
#define VALUE(type, name, number, text)
#define FINISH(type)
#include "enums.def"
#undef BEGIN
#undef VALUE
#undef FINISH
    PT_ENUM_COUNT
} pt_enum_t;

/*  Services and roles of roles.def. */
#define PT_CALLS(service) (1u << PT_SERVICE_##service)
typedef enum {
    PT_SERVICE_none = 0,
#define SERVICE(name, number) PT_SERVICE_##name = number,
#define ROLE(name, number, serves, calls, publishes, subscribes)
#include "roles.def"
#undef SERVICE
#undef ROLE
    PT_SERVICE_COUNT
} pt_service_t;

typedef enum {
    PT_PEER_none = 0,
#define SERVICE(name, number)
#define ROLE(name, number, serves, calls, publishes, subscribes) PT_PEER_##name = number,
#include "roles.def"
#undef SERVICE
#undef ROLE
    PT_PEER_COUNT
} pt_peer_t;

typedef struct {
    const char *name;
    pt_service_t serves;
    uint32_t calls;        /* set of PT_CALLS (service) */
    const char *publishes; /* allowed first characters of topics */
    const char *subscribes;
} pt_peer_rule_t;

/*  Rule of a role; NULL for an unknown one.  Names of services and roles. */
const pt_peer_rule_t *pt_peer_rule (pt_peer_t role);
const char *pt_service_name (unsigned service);

/*  ---- structs ------------------------------------------------------------ */

typedef uint64_t pt_c_ID;
typedef uint64_t pt_c_U64;
typedef int64_t pt_c_TIME;
typedef bool pt_c_BOOL;
typedef pt_str_t pt_c_STR;
typedef pt_str_t pt_c_BIN;
typedef pt_ids_t pt_c_IDS;

#define MSG(name, doc) typedef struct pt_##name pt_##name##_t;
#include "messages.def"

/*  C has no empty structs, hence the first member. */
#define MSG(name, doc)                                                                                                 \
    struct pt_##name {                                                                                                 \
        bool unused_;
#define FIELD(msg, name, type, min, max, flags, doc)                                                                   \
    pt_c_##type name;                                                                                                  \
    bool has_##name;
#define NAMED(msg, name, type, flags, doc)                                                                             \
    pt_##type##_t name;                                                                                                \
    bool has_##name;
#define OBJ(msg, name, type, flags, doc)                                                                               \
    const pt_##type##_t *name;                                                                                         \
    bool has_##name;
#define LIST(msg, name, type, min, max, flags, doc)                                                                    \
    struct {                                                                                                           \
        const pt_##type##_t *at;                                                                                       \
        uint32_t count;                                                                                                \
    } name;                                                                                                            \
    bool has_##name;
#define END(msg)                                                                                                       \
    }                                                                                                                  \
    ;
#include "messages.def"

/*  Index of each message: PT_MSG_item ... */
typedef enum {
#define MSG(name, doc) PT_MSG_##name,
#include "messages.def"
    PT_MSG_COUNT
} pt_msg_t;

/*  Opcodes: PT_OP_chat_send ..., PT_EV_room_items ... */
enum {
#define CALL(name, opcode, service, request, reply, flags, doc) PT_OP_##name = opcode,
#define EVENT(name, opcode, body, doc) PT_EV_##name = opcode,
#include "messages.def"
};

/*  ---- descriptors -------------------------------------------------------- */

typedef enum {
    PT_T_ID,
    PT_T_U64,
    PT_T_TIME,
    PT_T_BOOL,
    PT_T_STR,
    PT_T_BIN,
    PT_T_IDS,
    PT_T_NAMED, /* `elem` is a pt_enum_t */
    PT_T_OBJ,   /* `elem` is a pt_msg_t */
    PT_T_LIST,  /* `elem` is a pt_msg_t */
} pt_type_t;

enum { PT_OPTIONAL = 0, PT_REQUIRED = 1, PT_SECRET = 2, PT_INNER = 4 };
enum { PT_READ = 1, PT_WRITE = 2, PT_BATCH = 4, PT_OPERATOR = 8, PT_WITHIN = 16 };

typedef struct {
    const char *name;
    uint16_t name_len;
    uint8_t type; /* pt_type_t */
    uint8_t flags;
    uint16_t elem;       /* see pt_type_t */
    uint16_t offset;     /* of the member in the struct */
    uint16_t has_offset; /* of its has_ flag */
    uint64_t min, max;   /* value, bytes or elements, by type */
    const char *doc;
} pt_field_t;

typedef struct {
    const char *name;
    const char *doc;
    const pt_field_t *fields;
    uint16_t field_count;
    uint16_t size; /* sizeof the struct */
} pt_desc_t;

typedef struct {
    const char *name;
    const char *doc;
    uint16_t opcode;
    uint8_t service; /* pt_service_t; 0 for an event */
    uint8_t flags;   /* PT_READ, PT_WRITE, PT_BATCH, PT_OPERATOR, PT_WITHIN */
    pt_msg_t request;
    pt_msg_t reply; /* of an event: the same as request */
} pt_call_t;

const pt_desc_t *pt_desc (pt_msg_t msg);

/*  The field of that name; NULL when there is none. */
const pt_field_t *pt_desc_field (const pt_desc_t *desc, const char *name, size_t len);

/*  The operation or event with that opcode; NULL when there is none. */
const pt_call_t *pt_call_find (uint16_t opcode);

/*  The i-th row of the table, NULL past its end. */
const pt_call_t *pt_call_at (size_t i);

/*  Whether a role may ask this of a service: its rule names the service, and what
    is for operators is asked by one; or it serves the service itself, and the operation
    is one that instances ask of each other.  Of an unknown opcode the service decides. */
bool pt_peer_may_call (const pt_peer_rule_t *rule, unsigned service, uint16_t opcode);

/*  Text of an enum value (NULL when unknown), and value of a text (0). */
const char *pt_enum_text (pt_enum_t type, unsigned value);
unsigned pt_enum_value (pt_enum_t type, const char *text, size_t len);

/*  The i-th text of an enum, for messages that list them; NULL past the end. */
const char *pt_enum_at (pt_enum_t type, size_t i);

/*  Topic of a room's events: 'r' and the id, big-endian. */
#define PT_TOPIC_ROOM_LEN 9
static inline void pt_topic_room (uint8_t out[PT_TOPIC_ROOM_LEN], uint64_t room)
{
    out[0] = 'r';
    for (int i = 0; i < 8; i++)
        out[1 + i] = (uint8_t)(room >> (56 - 8 * i));
}

/*  Affinity of what is known by its name, alike in every process: FNV-1a, never 0. */
static inline uint64_t pt_affinity (pt_str_t name)
{
    uint64_t hash = UINT64_C (0xcbf29ce484222325);
    for (uint32_t i = 0; i < name.len; i++)
        hash = (hash ^ (uint8_t)name.at[i]) * UINT64_C (0x100000001b3);
    return hash ? hash : 1;
}

/*  Topic of the signals to an address: 's' and the address, of which at most
    LIM_ROOM_ADDRESS bytes count; returns its length.  It may begin another one. */
#define PT_TOPIC_SIGNAL_MAX (1 + LIM_ROOM_ADDRESS)
static inline size_t pt_topic_signal (uint8_t out[PT_TOPIC_SIGNAL_MAX], pt_str_t address)
{
    size_t len = address.len < LIM_ROOM_ADDRESS ? address.len : LIM_ROOM_ADDRESS;
    out[0] = 's';
    memcpy (out + 1, address.at, len);
    return 1 + len;
}

#endif
