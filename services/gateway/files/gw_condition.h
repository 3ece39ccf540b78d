/*  gw_condition - whether a request for a file holds under the conditions that came
    with it (RFC 9110, 13); pure. */

#ifndef GW_CONDITION_H
#define GW_CONDITION_H

#include "pt_message.h"
#include <stdbool.h>
#include <stdint.h>

/*  Values of the headers; `at` is NULL where one is absent. */
typedef struct {
    pt_str_t if_match, if_none_match, if_unmodified_since, if_modified_since, if_range;
} gw_conditions_t;

typedef enum {
    GW_CONDITION_HOLDS,
    GW_CONDITION_NOT_MODIFIED, /* 304 */
    GW_CONDITION_FAILED,       /* 412 */
} gw_condition_t;

/*  Judges a GET or HEAD of what has this strong `etag`, quotes included, and was
    modified so many seconds after 1970.  Dates that can't be read count as absent. */
gw_condition_t gw_condition_judge (const gw_conditions_t *conditions, pt_str_t etag, int64_t modified);

/*  Whether a Range may be served: there is no If-Range, or it names just this. */
bool gw_condition_range_ok (const gw_conditions_t *conditions, pt_str_t etag, int64_t modified);

#endif
