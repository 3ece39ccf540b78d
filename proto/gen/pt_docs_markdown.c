/*  pt_docs_markdown - PROTOCOL.md, for people. */

#include "pt_docs.h"
#include <inttypes.h>
#include <stdio.h>

static const char s_intro[] =
    "# Parley's wire between services\n"
    "\n"
    "This file is generated from `messages.def`, `enums.def`, `errors.def` and `roles.def` by `make docs`; edit "
    "those.\n"
    "`messages.json` says the same for programs. Framing and the rule of versions are in [README.md](README.md).\n"
    "\n"
    "## How to read this\n"
    "- An **operation** is a request to a service and its one reply. Find it under [Operations](#operations); its "
    "request\n"
    "  and reply link to [Messages](#messages), where each field stands with its type and bounds.\n"
    "- A message is a msgpack map from field names to values. Unknown fields are ignored; a field twice, a key that is "
    "not\n"
    "  a str, trailing bytes, floats and ext types make it `malformed`; a field that is missing or out of bounds makes "
    "it\n"
    "  `invalid`, and the reply names the field.\n"
    "- **Needed**: `yes`, or `no` for a field that may be absent (never nil).\n"
    "- **inner**: set by a daemon; never read from, nor shown to, a client. **secret**: never printed.\n"
    "\n"
    "| type | msgpack | JSON at the edge | bounds count |\n"
    "|---|---|---|---|\n"
    "| ID | uint | text | value |\n"
    "| U64 | uint below 2^53 | number | value |\n"
    "| TIME | int, microseconds since 1970 | RFC 3339, UTC | value |\n"
    "| BOOL | bool | true, false | |\n"
    "| STR | str, valid UTF-8 without U+0000 | text | bytes |\n"
    "| BIN | bin | never shown | bytes |\n"
    "| IDS | array of ID | array of text | elements |\n"
    "| an enum | str, one of its texts | text | |\n"
    "| a message | map | object | |\n"
    "| list of a message | array of maps | array of objects | elements |\n";

static void s_print_envelope (void)
{
    printf ("\n## Envelope\n\nThe first frame: a msgpack array of exactly these elements.\n\n"
            "| # | element | type | meaning |\n|---|---|---|---|\n");
    for (unsigned i = 0; pt_docs_envelope[i].name; i++)
        printf ("| %u | %s | %s | %s |\n", i, pt_docs_envelope[i].name, pt_docs_envelope[i].type,
                pt_docs_envelope[i].doc);
    printf ("\n| kind | number | meaning |\n|---|---|---|\n");
    for (unsigned i = 0; pt_docs_kinds[i].name; i++)
        printf ("| %s | %u | %s |\n", pt_docs_kinds[i].name, pt_docs_kinds[i].number, pt_docs_kinds[i].doc);
}

/*  `ra` as "`r` `a`"; a dash when there is none. */
static void s_print_topics (const char *topics)
{
    printf (" %s", *topics ? "" : "-");
    for (; *topics; topics++)
        printf ("`%c`%s", *topics, topics[1] ? " " : "");
    printf (" |");
}

static void s_print_services (uint32_t set)
{
    const char *gap = " ";
    for (unsigned service = 1; service < PT_SERVICE_COUNT; service++)
        if (set & 1u << service) {
            printf ("%s%s", gap, pt_service_name (service));
            gap = ", ";
        }
    printf ("%s |", set ? "" : " -");
}

static void s_print_roles (void)
{
    printf ("\n## Roles\n\nA broker has one set of endpoints for each role and judges by the endpoint. "
            "Topics are given by their first character.\n\n"
            "| role | serves | calls | publishes | subscribes |\n|---|---|---|---|---|\n");
    for (unsigned role = 1; role < PT_PEER_COUNT; role++) {
        const pt_peer_rule_t *rule = pt_peer_rule (role);
        printf ("| %s | %s |", rule->name, rule->serves ? pt_service_name (rule->serves) : "-");
        s_print_services (rule->calls);
        s_print_topics (rule->publishes);
        s_print_topics (rule->subscribes);
        printf ("\n");
    }
}

static void s_print_call (const pt_call_t *call)
{
    const char *request = pt_desc (call->request)->name, *reply = pt_desc (call->reply)->name;
    printf ("| `0x%04x` | %s | [%s](#%s) | [%s](#%s) | %s%s%s%s | %s |\n", call->opcode, call->name, request, request,
            reply, reply, call->flags & PT_READ ? "read" : "write", call->flags & PT_BATCH ? ", batch" : "",
            call->flags & PT_OPERATOR ? ", operator" : "", call->flags & PT_WITHIN ? ", within" : "", call->doc);
}

static void s_print_operations (void)
{
    printf ("\n## Operations\n\n`read`: repeating it is harmless. `write`: idempotent by `key`, by `send_id`, or by "
            "nature, so that it may be resent. `operator`: refused to\nevery other role. `within`: instances of the "
            "service "
            "ask it of each other too. Every operation may be answered with any of the [errors](#errors).\n");
    for (unsigned service = 1; service < PT_SERVICE_COUNT; service++) {
        bool is_first = true;
        for (size_t i = 0; pt_call_at (i); i++) {
            if (pt_call_at (i)->service != service)
                continue;
            if (is_first)
                printf ("\n### Service %s (%u)\n\n| opcode | operation | request | reply | effect | what |\n"
                        "|---|---|---|---|---|---|\n",
                        pt_service_name (service), service);
            is_first = false;
            s_print_call (pt_call_at (i));
        }
    }
    printf ("\n## Events\n\n| opcode | event | body | what |\n|---|---|---|---|\n");
    for (size_t i = 0; pt_call_at (i); i++) {
        const pt_call_t *call = pt_call_at (i);
        const char *body = pt_desc (call->request)->name;
        if (call->service == PT_SERVICE_none)
            printf ("| `0x%04x` | %s | [%s](#%s) | %s |\n", call->opcode, call->name, body, body, call->doc);
    }
}

static void s_print_type (const pt_field_t *field)
{
    if (field->type == PT_T_NAMED)
        printf ("[%s](#enum-%s)", pt_docs_enums[field->elem], pt_docs_enums[field->elem]);
    else if (field->type == PT_T_OBJ)
        printf ("[%s](#%s)", pt_desc (field->elem)->name, pt_desc (field->elem)->name);
    else if (field->type == PT_T_LIST)
        printf ("list of [%s](#%s)", pt_desc (field->elem)->name, pt_desc (field->elem)->name);
    else
        printf ("%s", pt_docs_types[field->type]);
}

/*  The two great bounds by what they mean. */
static void s_print_bound (uint64_t bound)
{
    if (bound == LIM_ID)
        printf ("2^63-1");
    else if (bound == LIM_SEQ)
        printf ("2^53-1");
    else
        printf ("%" PRIu64, bound);
}

static void s_print_bounds (const pt_field_t *field)
{
    if (field->type == PT_T_BOOL || field->type == PT_T_NAMED || field->type == PT_T_OBJ)
        return;
    s_print_bound (field->min);
    if (field->max != field->min) {
        printf ("..");
        s_print_bound (field->max);
    }
}

static void s_print_messages (void)
{
    printf ("\n## Messages\n");
    for (unsigned type = 0; type < PT_MSG_COUNT; type++) {
        const pt_desc_t *desc = pt_desc (type);
        printf ("\n### %s\n\n%s.\n", desc->name, desc->doc);
        if (desc->field_count)
            printf ("\n| field | type | bounds | needed | marks | meaning |\n|---|---|---|---|---|---|\n");
        for (uint16_t i = 0; i < desc->field_count; i++) {
            const pt_field_t *field = &desc->fields[i];
            bool is_secret = field->flags & PT_SECRET, is_inner = field->flags & PT_INNER;
            printf ("| %s | ", field->name);
            s_print_type (field);
            printf (" | ");
            s_print_bounds (field);
            printf (" | %s | %s%s%s | %s |\n", field->flags & PT_REQUIRED ? "yes" : "no", is_secret ? "secret" : "",
                    is_secret && is_inner ? ", " : "", is_inner ? "inner" : "", field->doc);
        }
    }
}

static void s_print_enums (void)
{
    printf ("\n## Enums\n\nOn the wire and in JSON a value is its text.\n");
    for (unsigned type = 0; type < PT_ENUM_COUNT; type++) {
        printf ("\n### Enum %s\n\n", pt_docs_enums[type]);
        for (size_t i = 0; pt_enum_at (type, i); i++)
            printf ("%s`%s`", i ? ", " : "", pt_enum_at (type, i));
        printf ("\n");
    }
}

static void s_print_errors (void)
{
    printf ("\n## Errors\n\nThe envelope carries the number, HTTP and WebSocket the name as `code`. "
            "**Again**: the same request may succeed later.\n\n"
            "| number | name | HTTP | again | title |\n|---|---|---|---|---|\n");
    for (unsigned i = 0; pt_docs_errors[i].name; i++) {
        const pt_docs_error_t *error = &pt_docs_errors[i];
        printf ("| %d | %s | %d | %s | %s |\n", error->number, error->name, error->http,
                pt_error_is_transient (error->number) ? "yes" : "", error->title);
    }
}

static void s_print_limits (void)
{
    printf ("\n## Limits\n\nThose of all messages; the others stand with their fields. All are in `pt_limits.h`.\n\n"
            "| name | value | of what |\n|---|---|---|\n");
    for (unsigned i = 0; pt_docs_limits[i].name; i++)
        printf ("| %s | %" PRIu64 " | %s |\n", pt_docs_limits[i].name, pt_docs_limits[i].value, pt_docs_limits[i].doc);
}

void pt_docs_markdown (void)
{
    printf ("%s", s_intro);
    s_print_envelope ();
    s_print_roles ();
    s_print_operations ();
    s_print_messages ();
    s_print_enums ();
    s_print_errors ();
    s_print_limits ();
}
