-- After account_lock.  No row: it is none of the account's.
WITH gone AS (
    DELETE FROM file f WHERE f.id = $2::bigint AND f.owner = $1::bigint AND f.purpose = 1
    RETURNING f.id, f.owner, f.blob, f.size
), freed AS (
    UPDATE blob b SET refs = b.refs - 1, sweep_at = CASE WHEN b.refs = 1 THEN clock_timestamp () END
      FROM gone g WHERE b.id = g.blob
)
UPDATE account a SET drive_used = a.drive_used - g.size, drive_files = a.drive_files - 1 FROM gone g WHERE a.id = g.owner
RETURNING g.id
