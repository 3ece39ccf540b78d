-- After account_lock.  Verdicts: 0 done; 1 no such account; 4 beyond the quota; 5 too many are under way; 6 there would be
-- too many files: each that is under way may become one.
WITH who AS (
    SELECT a.id,
           CASE WHEN a.deleted_at IS NOT NULL THEN 1
                WHEN a.drive_used + coalesce ($3::bigint, 0) > $6::bigint THEN 4
                WHEN y.uploads >= $7::bigint THEN 5
                WHEN a.drive_files + y.uploads >= $8::bigint THEN 6
                ELSE 0 END AS verdict
      FROM account a
     CROSS JOIN LATERAL (
          SELECT count (*) AS uploads
            FROM (SELECT FROM upload u WHERE u.owner = a.id AND u.file IS NULL AND u.sweep_at IS NULL LIMIT $7::bigint) x) y
     WHERE a.id = $1::bigint
), made AS (
    INSERT INTO upload (owner, name, length, purpose, expires_at)
    SELECT w.id, $2::text, $3::bigint, $4::smallint, $5::timestamptz FROM who w WHERE w.verdict = 0
    RETURNING id, name, length, purpose, expires_at
), counted AS (
    UPDATE account a SET drive_used = a.drive_used + m.length FROM made m WHERE a.id = $1::bigint AND m.length > 0
)
SELECT w.verdict::bigint, m.id, m.name, m.length, m.purpose, m.expires_at, NULL::bigint FROM who w LEFT JOIN made m ON true
