-- After account_lock.  Verdicts: 0 done; 2 it is over; 3 it has another length; 4 beyond the quota.  One that is
-- complete stays as it is.
WITH who AS (
    SELECT u.id, u.name, u.purpose, u.expires_at, u.file, u.length, coalesce (u.length, $4::bigint) AS size,
           CASE WHEN u.sweep_at IS NOT NULL OR u.expires_at <= clock_timestamp () THEN 2
                WHEN u.length <> $4::bigint THEN 3
                WHEN u.file IS NULL AND u.length IS NULL AND a.drive_used + $4::bigint > $5::bigint THEN 4
                ELSE 0 END AS verdict
      FROM upload u JOIN account a ON a.id = u.owner
     WHERE u.id = $2::bigint AND u.owner = $1::bigint
), gone_on AS (
    UPDATE upload u SET length = w.size, expires_at = GREATEST (u.expires_at, $3::timestamptz)
      FROM who w WHERE u.id = w.id AND w.verdict = 0 AND w.file IS NULL
    RETURNING u.expires_at
), counted AS (
    UPDATE account a SET drive_used = a.drive_used + w.size
      FROM who w WHERE a.id = $1::bigint AND w.verdict = 0 AND w.file IS NULL AND w.length IS NULL AND w.size > 0
)
SELECT w.verdict::bigint, w.id, w.name, w.size, w.purpose, coalesce ((SELECT g.expires_at FROM gone_on g), w.expires_at),
       f.id, f.owner, f.name, f.type, f.size, encode (b.sha256, 'hex'), f.created_at
  FROM who w LEFT JOIN file f ON f.id = w.file LEFT JOIN blob b ON b.id = f.blob
