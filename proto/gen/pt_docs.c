/*  pt_docs - prints PROTOCOL.md or messages.json from the tables of proto/.

    Only the committed files are for readers: `make docs` writes them, `make
    docs-check` fails when they are not what the tables say. */

#include "pt_docs.h"
#include "pt_envelope.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const pt_docs_error_t pt_docs_errors[] = {
#define ERR(name, number, http, title) {#name, title, number, http},
#include "errors.def"
#undef ERR
    {NULL, NULL, 0, 0},
};

const char *const pt_docs_enums[PT_ENUM_COUNT] = {
#define BEGIN(type) #type,
#define VALUE(type, name, number, text)
#define FINISH(type)
#include "enums.def"
#undef BEGIN
#undef VALUE
#undef FINISH
};

const char *const pt_docs_types[] = {
    [PT_T_ID] = "ID",   [PT_T_U64] = "U64", [PT_T_TIME] = "TIME",   [PT_T_BOOL] = "BOOL", [PT_T_STR] = "STR",
    [PT_T_BIN] = "BIN", [PT_T_IDS] = "IDS", [PT_T_NAMED] = "NAMED", [PT_T_OBJ] = "OBJ",   [PT_T_LIST] = "LIST",
};

const pt_docs_kind_t pt_docs_kinds[] = {
    {"request", PT_KIND_REQUEST, "body: the operation's request"},
    {"reply", PT_KIND_REPLY, "body: the operation's reply, or `error` when the status is not 0"},
    {"event", PT_KIND_EVENT, "behind a topic frame; body: the event's message"},
    {"ready", PT_KIND_READY, "a peer enters, or changes its credit to 0 and back; body: `presence`"},
    {"heartbeat", PT_KIND_HEARTBEAT, "both ways; body: `presence`"},
    {"disconnect", PT_KIND_DISCONNECT, "broker: I do not know you, send ready; peer: I leave; the body may be empty"},
    {"credit", PT_KIND_CREDIT, "a worker's new credit; body: `presence`"},
    {"direct", PT_KIND_DIRECT,
     "a request for one instance alone, whose generation is the affinity; delivered as request"},
    {NULL, 0, NULL},
};

const pt_docs_element_t pt_docs_envelope[] = {
    {"version", "u8", "1; a frame of another one is refused as `version_unsupported`"},
    {"kind", "u8", "see the kinds below"},
    {"service", "u8", "number of the service; 0 where it means nothing"},
    {"opcode", "u16", "of the operation or event; 0 in control frames"},
    {"correlation", "u64", "stable id of a request, repeated in its reply and when it is resent; counter of an event"},
    {"deadline_ms", "u32", "what remains of a request's time; 0 in all others"},
    {"affinity", "u64", "key of a request (0: none); generation of an event's publisher"},
    {"status", "u16", "of a reply: 0 or the number of an error"},
    {"trace", "str", "request id, at most 64 printable ASCII characters, may be empty"},
    {NULL, NULL, NULL},
};

const pt_docs_limit_t pt_docs_limits[] = {
    {"LIM_FRAME", LIM_FRAME, "bytes of one frame"},
    {"LIM_ENVELOPE", LIM_ENVELOPE, "bytes of one envelope"},
    {"LIM_SCAN_DEPTH", LIM_SCAN_DEPTH, "maps and arrays inside one another in a body"},
    {"LIM_SCAN_OBJECTS", LIM_SCAN_OBJECTS, "objects in a body, keys included"},
    {"LIM_TRACE", LIM_TRACE, "bytes of the trace"},
    {"LIM_FIELD_ERRORS", LIM_FIELD_ERRORS, "field errors in one reply"},
    {"LIM_PAGE", LIM_PAGE, "elements of one page of a list"},
    {"LIM_PAGE_DEFAULT", LIM_PAGE_DEFAULT, "elements when no limit is asked for"},
    {"LIM_PAGE_BYTES", LIM_PAGE_BYTES, "bytes after which a page of items ends early"},
    {"LIM_DEADLINE_MS", LIM_DEADLINE_MS, "longest deadline; a longer one is cut to it"},
    {NULL, 0, NULL},
};

int main (int argc, char **argv)
{
    if (argc == 2 && strcmp (argv[1], "markdown") == 0)
        pt_docs_markdown ();
    else if (argc == 2 && strcmp (argv[1], "json") == 0)
        pt_docs_json ();
    else {
        fprintf (stderr, "usage: pt_docs markdown|json\n");
        return 2;
    }
    return fflush (stdout) == 0 && !ferror (stdout) ? 0 : 1;
}
