-- After account_lock: the pictures that are no longer the account's.  A statement of its own: the blob may be the
-- one that the new picture was given.
WITH gone AS (
    DELETE FROM file f USING account a
     WHERE a.id = $1::bigint AND f.owner = a.id AND f.purpose = 2 AND f.uuid IS DISTINCT FROM a.avatar
    RETURNING f.blob, f.size
), freed AS (
    UPDATE blob b SET refs = b.refs - g.files, sweep_at = CASE WHEN b.refs = g.files THEN clock_timestamp () END
      FROM (SELECT o.blob, count (*) AS files FROM gone o GROUP BY o.blob) g WHERE b.id = g.blob
)
UPDATE account a SET drive_used = a.drive_used - g.size, drive_files = a.drive_files - g.files
  FROM (SELECT sum (o.size) AS size, count (*) AS files FROM gone o) g WHERE a.id = $1::bigint AND g.files > 0
