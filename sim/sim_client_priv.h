/*  sim_client_priv - shared by sim_client.c and sim_client_read.c. */

#ifndef SIM_CLIENT_PRIV_H
#define SIM_CLIENT_PRIV_H

#include "sim_client.h"

/*  Completes a line with the client and the room (may be NULL), and enters it. */
void sim_client_log (sim_client_t *self, vf_kind_t kind, vf_op_t op, const sim_room_t *room, const sim_line_t *line);

/*  The body of a send, at least its name; `out` has LIM_BODY bytes.  Returns its length. */
uint32_t sim_body (char *out, uint64_t client, uint32_t number, uint32_t size);

/*  The next message of a seat's room; NULL: it has been told all. */
const pt_item_t *sim_client_owed (const sim_client_t *self, const sim_room_t *room);

void sim_client_subscribe (sim_client_t *self, sim_room_t *room);
void sim_client_pull (sim_client_t *self, sim_room_t *room);
void sim_client_read_all (sim_client_t *self);

#endif
