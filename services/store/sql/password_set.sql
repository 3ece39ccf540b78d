-- After account_lock.  Verdicts: 0 done; 1 no such account; 2 the mail's key is used up or was never good;
-- 3 it has expired; 4 the account is not active; 5 the session is over; 6 the password is another by now.
WITH who AS (
    SELECT a.id, a.generation + 1 AS next,
           CASE WHEN $3::bigint IS NOT NULL
                     AND (m.id IS NULL OR m.kind <> 2 OR m.account <> a.id OR m.used_at IS NOT NULL
                          OR m.email IS DISTINCT FROM lower (a.email)) THEN 2
                WHEN a.deleted_at IS NOT NULL THEN 1
                WHEN m.expires_at <= clock_timestamp () THEN 3
                WHEN NOT a.active THEN 4
                WHEN $2::bigint IS NOT NULL AND NOT EXISTS (
                     SELECT FROM credential c
                      WHERE c.id = $2::bigint AND c.account = a.id AND c.revoked_at IS NULL
                        AND (c.expires_at IS NULL OR c.expires_at > clock_timestamp ())) THEN 5
                WHEN $4::text IS NOT NULL AND a.password_hash IS DISTINCT FROM $4::text THEN 6
                ELSE 0 END AS verdict
      FROM account a LEFT JOIN mail m ON m.id = $3::bigint
     WHERE a.id = coalesce ($1::bigint, (SELECT x.account FROM mail x WHERE x.id = $3::bigint))
), changed AS (
    UPDATE account a SET password_hash = $5::text, generation = w.next, authtoken = a.authtoken + 1
      FROM who w WHERE a.id = w.id AND w.verdict = 0
), void AS (
    UPDATE mail m SET used_at = clock_timestamp ()
      FROM who w WHERE m.account = w.id AND m.kind = 2 AND m.used_at IS NULL AND w.verdict = 0
), ended AS (
    UPDATE credential c SET revoked_at = clock_timestamp ()
      FROM who w
     WHERE c.account = w.id AND c.kind <> 4 AND c.revoked_at IS NULL AND c.id IS DISTINCT FROM $2::bigint AND w.verdict = 0
), told AS (
    INSERT INTO revocation (account, generation, spared) SELECT w.id, w.next, $2::bigint FROM who w WHERE w.verdict = 0
    RETURNING at
), noted AS (
    INSERT INTO audit (what, account, by, session, address, trace)
    SELECT CASE WHEN $3::bigint IS NULL THEN 7 ELSE 8 END, w.id, CASE WHEN $3::bigint IS NULL THEN w.id END, $2::bigint, $6::text, $7::text
      FROM who w WHERE w.verdict = 0
)
SELECT w.verdict::bigint, w.id, w.next, t.at FROM who w LEFT JOIN told t ON true
