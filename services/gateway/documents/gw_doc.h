/*  gw_doc - writes a document as JSON or as YAML, member by member; pure.

    Members are given as they come: a key inside an object, NULL inside a list and for the
    whole.  YAML has the same tree in block form; its texts are in quotes, so that none is taken
    for a number or a truth. */

#ifndef GW_DOC_H
#define GW_DOC_H

#include "pt_buf.h"
#include <stdbool.h>
#include <stdint.h>

/*  Objects and lists within each other; deeper is the error -PT_E_too_large of the buffer. */
#define GW_DOC_DEPTH 32

typedef struct {
    pt_buf_t *out; /* the caller's; see pt_buf_error */
    bool is_yaml;
    unsigned depth;
    struct {
        bool is_list;
        unsigned count;
    } up[GW_DOC_DEPTH];
} gw_doc_t;

void gw_doc_init (gw_doc_t *self, pt_buf_t *out, bool is_yaml);

/*  What is opened is closed by gw_doc_end. */
void gw_doc_object (gw_doc_t *self, const char *key);
void gw_doc_list (gw_doc_t *self, const char *key);
void gw_doc_end (gw_doc_t *self);

/*  Texts are UTF-8. */
void gw_doc_text (gw_doc_t *self, const char *key, const char *text);
void gw_doc_printf (gw_doc_t *self, const char *key, const char *format, ...) __attribute__ ((format (printf, 3, 4)));
void gw_doc_number (gw_doc_t *self, const char *key, uint64_t value);
void gw_doc_bool (gw_doc_t *self, const char *key, bool value);

#endif
