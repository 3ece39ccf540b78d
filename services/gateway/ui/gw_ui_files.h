/*  gw_ui_files - the pages for people and what they load, compiled in. */

#ifndef GW_UI_FILES_H
#define GW_UI_FILES_H

#include <stddef.h>

typedef struct {
    const char *name;
    const unsigned char *at;
    size_t len;
} gw_ui_file_t;

/*  What pages load; its place among them is told.  NULL past the last. */
#define GW_UI_FILES 16
const gw_ui_file_t *gw_ui_files_at (size_t i);

/*  16 hex digits that change with the content of any of these: one for all, so that one script may name another
    by what stands beside it. */
const char *gw_ui_files_stamp (void);

/*  A page by its name, without `.html`; NULL when there is none. */
const gw_ui_file_t *gw_ui_files_page (const char *name);

#endif
