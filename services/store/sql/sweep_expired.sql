-- Uploads that are over, of accounts that nobody has locked; what was promised to them is free again.
WITH due AS MATERIALIZED (
    SELECT u.id, u.owner, u.file, u.length FROM upload u
     WHERE u.sweep_at IS NULL AND u.expires_at <= statement_timestamp ()
     ORDER BY u.expires_at LIMIT $1::bigint FOR UPDATE SKIP LOCKED
), whose AS MATERIALIZED (
    SELECT a.id FROM account a WHERE a.id IN (SELECT d.owner FROM due d) FOR NO KEY UPDATE SKIP LOCKED
), gone AS (
    UPDATE upload u SET sweep_at = clock_timestamp () FROM due d JOIN whose w ON w.id = d.owner WHERE u.id = d.id
    RETURNING u.owner, u.file, u.length
)
UPDATE account a SET drive_used = a.drive_used - g.length
  FROM (SELECT o.owner, sum (o.length) AS length FROM gone o WHERE o.file IS NULL GROUP BY o.owner) g
 WHERE a.id = g.owner AND g.length > 0
