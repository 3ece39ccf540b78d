INSERT INTO request_key (caller, key, opcode, hash, expires)
VALUES ($1::bigint, $2::text, $3::integer, sha256 ($4::bytea), clock_timestamp () + interval '24 hours')
    ON CONFLICT (caller, key, opcode) DO NOTHING
RETURNING 1::bigint
