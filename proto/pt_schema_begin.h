/*  pt_schema_begin.h - empty definitions for the macros of messages.def that
    its includer did not define.  Included by messages.def alone; no include
    guard, by design. */

#ifndef MSG
#define MSG(name, doc)
#endif
#ifndef FIELD
#define FIELD(msg, name, type, min, max, flags, doc)
#endif
#ifndef NAMED
#define NAMED(msg, name, type, flags, doc)
#endif
#ifndef OBJ
#define OBJ(msg, name, type, flags, doc)
#endif
#ifndef LIST
#define LIST(msg, name, type, min, max, flags, doc)
#endif
#ifndef END
#define END(msg)
#endif
#ifndef CALL
#define CALL(name, opcode, service, request, reply, flags, doc)
#endif
#ifndef EVENT
#define EVENT(name, opcode, body, doc)
#endif
