WITH family AS (
    INSERT INTO refresh_family (account, device, expires_at) VALUES ($1::bigint, $2::text, $4::timestamptz)
    RETURNING id, account
), token AS (
    INSERT INTO refresh_token (hash, family, expires_at) SELECT $3::bytea, f.id, $4::timestamptz FROM family f
)
SELECT f.account, f.id FROM family f
