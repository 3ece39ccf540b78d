-- After account_lock; otherwise as session_create.  One that is live under that hash is it.  No row:
-- also when the authtoken key has begun anew, or the hash is somebody else's.
WITH who AS (
    SELECT a.id, a.generation, a.staff FROM account a
     WHERE a.id = $1::bigint AND a.active AND ($8::bigint IS NULL OR a.authtoken = $8::bigint)
       AND ($9::bigint IS NULL OR a.generation = $9::bigint)
), known AS (
    SELECT c.id, c.account, c.created_at FROM who w JOIN credential c ON c.account = w.id
     WHERE c.hash = $3::bytea AND c.kind = $2::smallint AND c.revoked_at IS NULL
       AND (c.expires_at IS NULL OR c.expires_at > clock_timestamp ())
), ended AS (
    UPDATE credential c SET revoked_at = clock_timestamp ()
     WHERE c.id IN (SELECT o.id FROM who w JOIN credential o ON o.account = w.id
                     WHERE o.kind = $2::smallint AND o.revoked_at IS NULL
                       AND (o.expires_at IS NULL OR o.expires_at > clock_timestamp ()) AND NOT EXISTS (SELECT FROM known)
                     ORDER BY o.id DESC OFFSET $12::bigint - 1)
    RETURNING c.id, c.account
), told AS (
    INSERT INTO revocation (account, session) SELECT e.account, e.id FROM ended e
), made AS (
    INSERT INTO credential (account, kind, hash, prefix, device, scopes, expires_at, used_at, life)
    SELECT w.id, $2::smallint, $3::bytea, $4::text, $5::text, $6::text, $7::timestamptz,
           CASE WHEN $2::smallint <> 4 THEN clock_timestamp () END,
           CASE WHEN $2::smallint = 5 THEN $7::timestamptz - clock_timestamp () END
      FROM who w WHERE NOT EXISTS (SELECT FROM known)
        ON CONFLICT (hash) WHERE hash IS NOT NULL DO NOTHING
    RETURNING id, account, created_at
), result AS (
    SELECT k.id, k.account, k.created_at FROM known k UNION ALL SELECT m.id, m.account, m.created_at FROM made m
), noted AS (
    INSERT INTO audit (what, account, by, session, address, trace)
    SELECT CASE WHEN $2::smallint = 4 THEN 6 ELSE 2 END, r.account, r.account, r.id, $10::text, $11::text FROM result r
    UNION ALL
    SELECT 4, e.account, e.account, e.id, $10::text, $11::text FROM ended e
)
SELECT r.account, r.id, w.generation, w.staff, r.created_at FROM result r CROSS JOIN who w
