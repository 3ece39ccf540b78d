/*  sv_text - what is in a text that people wrote: valid UTF-8, as decoded. */

#ifndef SV_TEXT_H
#define SV_TEXT_H

#include "pt_message.h"

/*  Whether it holds a character that is not white space (Unicode's White_Space). */
bool sv_text_has_ink (pt_str_t text);

/*  Whether it holds a control character (C0, DEL, C1); `is_block` lets line
    feed, carriage return and tab pass. */
bool sv_text_has_control (pt_str_t text, bool is_block);

#endif
