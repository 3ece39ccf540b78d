/*  gw_dialect_member - the dialect of rooms that belong to their members, in its parts:
    gw_dialect_member.c (accounts and tokens), gw_dialect_member_profile.c (names and pictures),
    gw_dialect_member_rooms.c. */

#ifndef GW_DIALECT_MEMBER_H
#define GW_DIALECT_MEMBER_H

#include "gw_dialect.h"
#include "gw_shape.h"

extern const gw_dialect_t gw_dialect_member;

/*  Handlers of PATCH /api/v1/accounts/user/update/, and of PATCH and PUT .../update/avatar/. */
gw_route_fn gw_dialect_member_update, gw_dialect_member_update_avatar;

/*  Document what these take and give. */
extern const gw_spec_t gw_dialect_member_update_spec, gw_dialect_member_avatar_spec;

#endif
