/*  store_create - the statement that makes a room with its first members. */

#include "store_create.h"
#include "store_address.h"
#include <stdio.h>

void store_create_direct_key (uint64_t a, uint64_t b, char key[STORE_DIRECT_KEY_BYTES])
{
    snprintf (key, STORE_DIRECT_KEY_BYTES, "%llu:%llu", (unsigned long long)(a < b ? a : b),
              (unsigned long long)(a < b ? b : a));
}

/*  NULL for a room without address, else those to try; an address that can't be made is left out.
    One that was given is the only one. */
static void s_put_addresses (store_args_t *args, const pt_room_create_t *ask)
{
    char addresses[STORE_ADDRESS_TRIES][STORE_ADDRESS_BYTES];
    unsigned count = 0;
    if (ask->has_room_address) {
        store_args_array (args, STORE_OID_TEXT, 1);
        store_elem_str (args, ask->room_address);
        return;
    }
    if (!ask->has_dialect || !store_address_is_made (ask->dialect)) {
        store_args_null (args);
        return;
    }
    const pt_str_t name = ask->has_name ? ask->name : PT_LIT ("");
    for (unsigned i = 0; i < STORE_ADDRESS_TRIES; i++)
        count += store_address_make (ask->dialect, name, ask->key, i, addresses[count]) == 0;
    store_args_array (args, STORE_OID_TEXT, count);
    for (unsigned i = 0; i < count; i++)
        store_elem_str (args, pt_str (addresses[i]));
}

void store_create_send (store_pg_t *pg, const pt_room_create_t *ask, const char *direct_key, const uint64_t *accounts,
                        unsigned count)
{
    bool has_owner = ask->kind != PT_room_kind_DIRECT;
    store_args_t *args = store_pg_args (pg);
    store_args_i16 (args, ask->kind);
    store_args_opt_str (args, ask->has_name, ask->name);
    store_args_opt_str (args, ask->has_topic, ask->topic);
    store_args_i64 (args, ask->account);
    store_args_opt_str (args, direct_key[0] != 0, pt_str (direct_key));
    store_args_ids (args, accounts, count);
    store_args_array (args, STORE_OID_INT2, count);
    for (unsigned i = 0; i < count; i++)
        store_elem_i16 (args, i == 0 && has_owner ? PT_role_OWNER : PT_role_MEMBER);
    store_args_opt_i16 (args, ask->has_dialect, ask->dialect);
    s_put_addresses (args, ask);
    store_pg_send (pg, STORE_SQL_room_create);
}

void store_create_send_direct (store_pg_t *pg, const char *direct_key)
{
    store_args_str (store_pg_args (pg), pt_str (direct_key));
    store_pg_send (pg, STORE_SQL_room_direct);
}
