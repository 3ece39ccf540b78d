/*  pt_schema_end.h - forget the macros of messages.def, ready for the next
    expansion.  Included by messages.def alone; no include guard, by design. */

#undef MSG
#undef FIELD
#undef NAMED
#undef OBJ
#undef LIST
#undef END
#undef CALL
#undef EVENT
