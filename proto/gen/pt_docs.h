/*  pt_docs - tables that the two writers share, and the writers. */

#ifndef PT_DOCS_H
#define PT_DOCS_H

#include "pt_message.h"

typedef struct {
    const char *name, *title;
    int number, http;
} pt_docs_error_t;

typedef struct {
    const char *name;
    unsigned number;
    const char *doc;
} pt_docs_kind_t;

typedef struct {
    const char *name, *type, *doc;
} pt_docs_element_t;

typedef struct {
    const char *name;
    uint64_t value;
    const char *doc;
} pt_docs_limit_t;

/*  Each ends with a row without a name. */
extern const pt_docs_error_t pt_docs_errors[];
extern const pt_docs_kind_t pt_docs_kinds[];
extern const pt_docs_element_t pt_docs_envelope[];
extern const pt_docs_limit_t pt_docs_limits[];

/*  Names by pt_enum_t and by pt_type_t. */
extern const char *const pt_docs_enums[PT_ENUM_COUNT];
extern const char *const pt_docs_types[];

/*  Print the whole file to stdout. */
void pt_docs_markdown (void);
void pt_docs_json (void);

#endif
