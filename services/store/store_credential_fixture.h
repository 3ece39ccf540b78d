/*  store_credential_fixture - what tests of credentials share: somebody with one of each kind, and what
    is left, told and noted of them. */

#ifndef STORE_CREDENTIAL_FIXTURE_H
#define STORE_CREDENTIAL_FIXTURE_H

#include "store_fixture.h"

S_HELPER pt_credential_find_t find_of (pt_str_t hash)
{
    return (pt_credential_find_t){.secret_hash = hash};
}

S_HELPER uint64_t generation_of (bench_t *bench, uint64_t account)
{
    const pt_account_secret_t *secret =
        must (bench->store, PT_OP_store_account_find, &(pt_account_find_t){.id = account, .has_id = true});
    return secret->generation;
}

S_HELPER long long live (bench_t *bench, uint64_t account)
{
    return sqlf (bench, "SELECT count (*) FROM credential WHERE account = %llu AND revoked_at IS NULL",
                 (unsigned long long)account);
}

S_HELPER long long told (bench_t *bench, uint64_t account)
{
    return sqlf (bench, "SELECT count (*) FROM revocation WHERE account = %llu", (unsigned long long)account);
}

S_HELPER long long noted (bench_t *bench, uint64_t account, pt_audit_action_t what)
{
    return sqlf (bench, "SELECT count (*) FROM audit WHERE account = %llu AND what = %d", (unsigned long long)account,
                 (int)what);
}

S_HELPER pt_password_store_t password_of (bench_t *bench, uint64_t account)
{
    return (pt_password_store_t){
        .account = account,
        .has_account = account != 0,
        .password_hash = PT_LIT ("another argon"),
        .hash = make_hash (bench->store),
        .key = key (bench->store),
    };
}

typedef struct {
    uint64_t account, session, authtoken, knox, token, cookie;
} people_t;

S_HELPER people_t make_people (bench_t *bench)
{
    uint64_t account = make_account (bench);
    return (people_t){
        account,
        make_session (bench, account, make_hash (bench->store)),
        make_credential (bench, account, PT_credential_kind_AUTHTOKEN, make_hash (bench->store)),
        make_credential (bench, account, PT_credential_kind_KNOX, make_hash (bench->store)),
        make_credential (bench, account, PT_credential_kind_TOKEN, make_hash (bench->store)),
        make_credential (bench, account, PT_credential_kind_COOKIE, make_hash (bench->store)),
    };
}

#endif
