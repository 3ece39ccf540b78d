-- After account_lock.  One more than $8 ends the oldest.  No row: the account is not active, or its sessions
-- began anew since the password was looked at.
WITH who AS (
    SELECT a.id, a.generation, a.staff FROM account a
     WHERE a.id = $1::bigint AND a.active AND ($5::bigint IS NULL OR a.generation = $5::bigint)
), ended AS (
    UPDATE credential c SET revoked_at = clock_timestamp ()
     WHERE c.id IN (SELECT o.id FROM who w JOIN credential o ON o.account = w.id
                     WHERE o.kind = 1 AND o.revoked_at IS NULL AND o.expires_at > clock_timestamp ()
                     ORDER BY o.id DESC OFFSET $8::bigint - 1)
    RETURNING c.id, c.account
), told AS (
    INSERT INTO revocation (account, session) SELECT e.account, e.id FROM ended e
), made AS (
    INSERT INTO credential (account, device, expires_at) SELECT w.id, $2::text, $4::timestamptz FROM who w
    RETURNING id, account, created_at
), token AS (
    INSERT INTO refresh_token (hash, family, expires_at) SELECT $3::bytea, m.id, $4::timestamptz FROM made m
), noted AS (
    INSERT INTO audit (what, account, by, session, address, trace)
    SELECT 2, m.account, m.account, m.id, $6::text, $7::text FROM made m
    UNION ALL
    SELECT 4, e.account, e.account, e.id, $6::text, $7::text FROM ended e
)
SELECT m.account, m.id, w.generation, w.staff, m.created_at FROM made m CROSS JOIN who w
