/*  pt_docs_json - messages.json: the whole schema, for programs.

    A field stands on a line of its own, so that a change of the schema is one
    line of a diff.  Bounds of ID and TIME are text: they exceed what numbers
    of JSON hold exactly. */

#include "pt_docs.h"
#include "pt_envelope.h"
#include <inttypes.h>
#include <stdio.h>

/*  Texts of the .def files: ASCII, but for quotes and backslashes plain. */
static void s_print_text (const char *text)
{
    putchar ('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putchar ('\\');
        putchar (*text);
    }
    putchar ('"');
}

static void s_print_member (const char *name, const char *text)
{
    printf (", \"%s\": ", name);
    s_print_text (text);
}

/*  Between elements: a comma before all but the first, each on a new line. */
static void s_print_gap (bool *is_first, const char *indent)
{
    printf ("%s\n%s", *is_first ? "" : ",", indent);
    *is_first = false;
}

static void s_print_envelope (void)
{
    bool is_first = true;
    printf ("  \"envelope\": [");
    for (unsigned i = 0; pt_docs_envelope[i].name; i++) {
        s_print_gap (&is_first, "    ");
        printf ("{\"name\": \"%s\", \"type\": \"%s\"", pt_docs_envelope[i].name, pt_docs_envelope[i].type);
        s_print_member ("doc", pt_docs_envelope[i].doc);
        printf ("}");
    }
    is_first = true;
    printf ("\n  ],\n  \"kinds\": {");
    for (unsigned i = 0; pt_docs_kinds[i].name; i++) {
        s_print_gap (&is_first, "    ");
        printf ("\"%s\": %u", pt_docs_kinds[i].name, pt_docs_kinds[i].number);
    }
    printf ("\n  },\n");
}

static void s_print_services (void)
{
    bool is_first = true;
    printf ("  \"services\": {");
    for (unsigned service = 1; service < PT_SERVICE_COUNT; service++) {
        s_print_gap (&is_first, "    ");
        printf ("\"%s\": %u", pt_service_name (service), service);
    }
    printf ("\n  },\n");
}

static void s_print_role (const pt_peer_rule_t *rule, unsigned number)
{
    const char *gap = "";
    printf ("{\"name\": \"%s\", \"number\": %u, \"serves\": ", rule->name, number);
    if (rule->serves)
        s_print_text (pt_service_name (rule->serves));
    else
        printf ("null");
    printf (", \"calls\": [");
    for (unsigned service = 1; service < PT_SERVICE_COUNT; service++)
        if (rule->calls & 1u << service) {
            printf ("%s\"%s\"", gap, pt_service_name (service));
            gap = ", ";
        }
    printf ("]");
    s_print_member ("publishes", rule->publishes);
    s_print_member ("subscribes", rule->subscribes);
    printf ("}");
}

static void s_print_roles (void)
{
    bool is_first = true;
    printf ("  \"roles\": [");
    for (unsigned role = 1; role < PT_PEER_COUNT; role++) {
        s_print_gap (&is_first, "    ");
        s_print_role (pt_peer_rule (role), role);
    }
    printf ("\n  ],\n");
}

static void s_print_errors (void)
{
    bool is_first = true;
    printf ("  \"errors\": [");
    for (unsigned i = 0; pt_docs_errors[i].name; i++) {
        const pt_docs_error_t *error = &pt_docs_errors[i];
        s_print_gap (&is_first, "    ");
        printf ("{\"name\": \"%s\", \"number\": %d, \"http\": %d, \"transient\": %s", error->name, error->number,
                error->http, pt_error_is_transient (error->number) ? "true" : "false");
        s_print_member ("title", error->title);
        printf ("}");
    }
    printf ("\n  ],\n");
}

static void s_print_enums (void)
{
    bool is_first = true;
    printf ("  \"enums\": {");
    for (unsigned type = 0; type < PT_ENUM_COUNT; type++) {
        s_print_gap (&is_first, "    ");
        printf ("\"%s\": [", pt_docs_enums[type]);
        for (size_t i = 0; pt_enum_at (type, i); i++)
            printf ("%s\"%s\"", i ? ", " : "", pt_enum_at (type, i));
        printf ("]");
    }
    printf ("\n  },\n");
}

static void s_print_bounds (const pt_field_t *field)
{
    if (field->type == PT_T_BOOL || field->type == PT_T_NAMED || field->type == PT_T_OBJ)
        return;
    const char *quote = field->type == PT_T_ID || field->type == PT_T_TIME ? "\"" : "";
    printf (", \"min\": %s%" PRIu64 "%s, \"max\": %s%" PRIu64 "%s", quote, field->min, quote, quote, field->max, quote);
}

static void s_print_field (const pt_field_t *field)
{
    printf ("{\"name\": \"%s\", \"type\": \"%s\"", field->name, pt_docs_types[field->type]);
    if (field->type == PT_T_NAMED)
        s_print_member ("enum", pt_docs_enums[field->elem]);
    if (field->type == PT_T_OBJ || field->type == PT_T_LIST)
        s_print_member ("message", pt_desc (field->elem)->name);
    s_print_bounds (field);
    printf (", \"required\": %s", field->flags & PT_REQUIRED ? "true" : "false");
    printf ("%s%s", field->flags & PT_SECRET ? ", \"secret\": true" : "",
            field->flags & PT_INNER ? ", \"inner\": true" : "");
    s_print_member ("doc", field->doc);
    printf ("}");
}

static void s_print_messages (void)
{
    bool is_first = true;
    printf ("  \"messages\": {");
    for (unsigned type = 0; type < PT_MSG_COUNT; type++) {
        const pt_desc_t *desc = pt_desc (type);
        bool is_first_field = true;
        s_print_gap (&is_first, "    ");
        printf ("\"%s\": {\"doc\": ", desc->name);
        s_print_text (desc->doc);
        printf (", \"fields\": [");
        for (uint16_t i = 0; i < desc->field_count; i++) {
            s_print_gap (&is_first_field, "      ");
            s_print_field (&desc->fields[i]);
        }
        printf ("%s]}", desc->field_count ? "\n    " : "");
    }
    printf ("\n  },\n");
}

static void s_print_operations (void)
{
    bool is_first = true;
    printf ("  \"operations\": [");
    for (size_t i = 0; pt_call_at (i); i++) {
        const pt_call_t *call = pt_call_at (i);
        if (call->service == PT_SERVICE_none)
            continue;
        s_print_gap (&is_first, "    ");
        printf ("{\"name\": \"%s\", \"opcode\": %u, \"service\": \"%s\", \"request\": \"%s\", \"reply\": \"%s\", "
                "\"effect\": \"%s\", \"batch\": %s, \"operator\": %s, \"within\": %s",
                call->name, call->opcode, pt_service_name (call->service), pt_desc (call->request)->name,
                pt_desc (call->reply)->name, call->flags & PT_READ ? "read" : "write",
                call->flags & PT_BATCH ? "true" : "false", call->flags & PT_OPERATOR ? "true" : "false",
                call->flags & PT_WITHIN ? "true" : "false");
        s_print_member ("doc", call->doc);
        printf ("}");
    }
    printf ("\n  ],\n");
}

static void s_print_events (void)
{
    bool is_first = true;
    printf ("  \"events\": [");
    for (size_t i = 0; pt_call_at (i); i++) {
        const pt_call_t *call = pt_call_at (i);
        if (call->service != PT_SERVICE_none)
            continue;
        s_print_gap (&is_first, "    ");
        printf ("{\"name\": \"%s\", \"opcode\": %u, \"body\": \"%s\"", call->name, call->opcode,
                pt_desc (call->request)->name);
        s_print_member ("doc", call->doc);
        printf ("}");
    }
    printf ("\n  ],\n");
}

static void s_print_limits (void)
{
    bool is_first = true;
    printf ("  \"limits\": {");
    for (unsigned i = 0; pt_docs_limits[i].name; i++) {
        s_print_gap (&is_first, "    ");
        printf ("\"%s\": %" PRIu64, pt_docs_limits[i].name, pt_docs_limits[i].value);
    }
    printf ("\n  }\n");
}

void pt_docs_json (void)
{
    printf ("{\n  \"version\": %d,\n", PT_VERSION);
    s_print_envelope ();
    s_print_services ();
    s_print_roles ();
    s_print_errors ();
    s_print_enums ();
    s_print_messages ();
    s_print_operations ();
    s_print_events ();
    s_print_limits ();
    printf ("}\n");
}
