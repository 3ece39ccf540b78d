-- Verdicts: 1 good, 2 revoked, 3 expired, 4 the account is not active.  Its use is noted once a minute, and what lives by
-- use is prolonged once an hour, unless somebody else holds the row; the commit of that alone waits for no disk
-- and no standby.  Mostly nothing is written.
WITH seen AS MATERIALIZED (
    SELECT c.id, c.account, c.kind, c.scopes, c.expires_at, a.generation, a.staff,
           CASE WHEN c.revoked_at IS NOT NULL THEN 2 WHEN c.expires_at <= clock_timestamp () THEN 3
                WHEN NOT a.active THEN 4 ELSE 1 END AS verdict,
           c.used_at IS NULL OR c.used_at < clock_timestamp () - interval '1 minute' AS is_old
      FROM credential c JOIN account a ON a.id = c.account
     WHERE c.hash = $1::bytea AND ($2::smallint IS NULL OR c.kind = $2::smallint)
), free AS (
    SELECT c.id FROM seen s JOIN credential c ON c.id = s.id
     WHERE s.verdict = 1 AND s.is_old AND c.revoked_at IS NULL
       FOR NO KEY UPDATE OF c SKIP LOCKED
), touched AS (
    UPDATE credential c
       SET used_at = clock_timestamp (),
           expires_at = CASE WHEN c.expires_at < clock_timestamp () + c.life - interval '1 hour' THEN clock_timestamp () + c.life
                             ELSE c.expires_at END
      FROM free f WHERE c.id = f.id
    RETURNING c.id, c.expires_at
)
SELECT s.verdict::bigint, s.account, s.id, s.kind, s.generation, s.staff, s.scopes, coalesce (t.expires_at, s.expires_at),
       CASE WHEN t.id IS NOT NULL THEN set_config ('synchronous_commit', 'off', true) END
  FROM seen s LEFT JOIN touched t ON t.id = s.id
