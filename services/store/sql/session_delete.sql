-- After account_lock.  One, all of a kind, or all but API tokens.  The last columns: whether it may be done at all, and
-- how many there were.  To repeat it is success, and tells again what was revoked before.
WITH allowed AS (
    SELECT a.id FROM account a
     WHERE a.id = $1::bigint
       AND ($4::bigint = a.id OR EXISTS (SELECT FROM account s WHERE s.id = $4::bigint AND s.staff AND s.active))
), found AS (
    SELECT c.id, c.kind, c.revoked_at FROM allowed a JOIN credential c ON c.account = a.id
     WHERE ($3::smallint IS NULL OR c.kind = $3::smallint)
       AND CASE WHEN $2::bigint IS NOT NULL THEN c.id = $2::bigint
                ELSE c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > clock_timestamp ())
                     AND ($3::smallint IS NOT NULL OR c.kind <> 4) END
       FOR UPDATE OF c
), gone AS (
    UPDATE credential c SET revoked_at = clock_timestamp () FROM found f WHERE c.id = f.id AND f.revoked_at IS NULL
    RETURNING c.id, c.kind
), counted AS (
    UPDATE account a
       SET generation = a.generation + CASE WHEN coalesce ($2::bigint, $3::smallint) IS NULL THEN 1 ELSE 0 END,
           authtoken = a.authtoken + CASE WHEN EXISTS (SELECT FROM gone g WHERE g.kind = 2) THEN 1 ELSE 0 END
      FROM allowed w
     WHERE a.id = w.id AND (coalesce ($2::bigint, $3::smallint) IS NULL OR EXISTS (SELECT FROM gone g WHERE g.kind = 2))
    RETURNING a.id, a.generation
), told AS (
    INSERT INTO revocation (account, session, generation)
    SELECT $1::bigint, g.id, NULL FROM gone g WHERE coalesce ($2::bigint, $3::smallint) IS NOT NULL
    UNION ALL
    SELECT c.id, NULL, c.generation FROM counted c WHERE coalesce ($2::bigint, $3::smallint) IS NULL
    RETURNING account, session, generation, at
), noted AS (
    INSERT INTO audit (what, account, by, session, address, trace)
    SELECT 4, $1::bigint, $4::bigint, $2::bigint, $5::text, $6::text WHERE EXISTS (SELECT FROM told)
)
SELECT r.account, r.session, r.generation, NULL::bigint, r.at, EXISTS (SELECT FROM allowed), (SELECT count (*) FROM found)
  FROM (SELECT 1) one
  LEFT JOIN (SELECT t.account, t.session, t.generation, t.at FROM told t
             UNION ALL
             SELECT $1::bigint, f.id, NULL, f.revoked_at FROM found f WHERE $2::bigint IS NOT NULL AND f.revoked_at IS NOT NULL) r ON true
