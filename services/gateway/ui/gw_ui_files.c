/*  gw_ui_files - the pages for people and what they load, compiled in. */

#include "gw_ui_files.h"
#include <string.h>

/*  Written by ui_files.sh: the bytes of each file, s_pages, s_files and UI_STAMP. */
#include "ui_files.inc"

#define COUNT(table) (sizeof (table) / sizeof (table)[0])

_Static_assert(COUNT (s_files) <= GW_UI_FILES, "more files than GW_UI_FILES");

const gw_ui_file_t *gw_ui_files_at (size_t i)
{
    return i < COUNT (s_files) ? &s_files[i] : NULL;
}

const char *gw_ui_files_stamp (void)
{
    return UI_STAMP;
}

const gw_ui_file_t *gw_ui_files_page (const char *name)
{
    for (size_t i = 0; i < COUNT (s_pages); i++)
        if (strcmp (s_pages[i].name, name) == 0)
            return &s_pages[i];
    return NULL;
}
