-- Runs after session_lock, in a snapshot of its own.  Verdicts: 1 rotated,
-- 2 the same rotation again within its grace, 3 expired, 4 revoked, 5 a used
-- token shown again, for which the whole family is revoked, 6 not active.  $8: the token
-- stays good, there is no successor.  $9: a used token is revoked, and nothing else.
WITH seen AS (
    SELECT t.hash, t.family, f.account, f.created_at, a.generation, a.staff, t.next_hash = $5::bytea AS is_other,
           CASE WHEN f.revoked_at IS NOT NULL THEN 4
                WHEN NOT a.active THEN 6
                WHEN t.used_at IS NULL AND t.expires_at > clock_timestamp () THEN 1
                WHEN t.used_at IS NULL THEN 3
                WHEN t.next_hash IN ($2::bytea, $5::bytea)
                     AND t.used_at + $4::bigint * interval '1 millisecond' >= clock_timestamp () THEN 2
                WHEN $9::boolean THEN 4
                ELSE 5 END AS verdict
      FROM refresh_token t JOIN credential f ON f.id = t.family JOIN account a ON a.id = f.account
     WHERE t.hash = $1::bytea
), used AS (
    UPDATE refresh_token t SET used_at = clock_timestamp (), next_hash = $2::bytea
      FROM seen s WHERE t.hash = s.hash AND s.verdict = 1 AND NOT $8::boolean
), successor AS (
    INSERT INTO refresh_token (hash, family, expires_at)
    SELECT $2::bytea, s.family, $3::timestamptz FROM seen s WHERE s.verdict = 1 AND NOT $8::boolean
), family AS (
    UPDATE credential f
       SET used_at = CASE WHEN s.verdict = 1 THEN clock_timestamp () ELSE f.used_at END,
           expires_at = CASE WHEN s.verdict = 1 AND NOT $8::boolean THEN GREATEST (f.expires_at, $3::timestamptz) ELSE f.expires_at END,
           revoked_at = CASE WHEN s.verdict = 5 THEN clock_timestamp () ELSE f.revoked_at END
      FROM seen s WHERE f.id = s.family AND s.verdict IN (1, 5)
), told AS (
    INSERT INTO revocation (account, session) SELECT s.account, s.family FROM seen s WHERE s.verdict = 5
), noted AS (
    INSERT INTO audit (what, account, session, address, trace)
    SELECT 5, s.account, s.family, $6::text, $7::text FROM seen s WHERE s.verdict = 5
)
SELECT s.verdict::bigint, s.account, s.family, s.generation, s.staff, coalesce (s.verdict = 2 AND s.is_other, false), s.created_at
  FROM seen s
