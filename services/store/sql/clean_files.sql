-- What deleted accounts kept.  Their picture is unset here, which stores of a version before do not.
WITH who AS MATERIALIZED (
    SELECT a.id FROM account a WHERE a.deleted_at IS NOT NULL AND a.drive_files > 0
     ORDER BY a.id LIMIT 100 FOR NO KEY UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM file f WHERE f.id IN
           (SELECT x.id FROM who w CROSS JOIN LATERAL (
                SELECT y.id FROM file y WHERE y.owner = w.id ORDER BY y.owner, y.purpose, y.id LIMIT $1::bigint) x
            LIMIT $1::bigint)
    RETURNING f.owner, f.blob, f.size
), freed AS (
    UPDATE blob b SET refs = b.refs - g.files, sweep_at = CASE WHEN b.refs = g.files THEN clock_timestamp () END
      FROM (SELECT o.blob, count (*) AS files FROM gone o GROUP BY o.blob) g WHERE b.id = g.blob
), counted AS (
    UPDATE account a SET drive_used = a.drive_used - g.size, drive_files = a.drive_files - g.files, avatar = NULL
      FROM (SELECT o.owner, sum (o.size) AS size, count (*) AS files FROM gone o GROUP BY o.owner) g WHERE a.id = g.owner
)
SELECT FROM gone
