-- After account_lock.  No row: there is none of the account's, or it is over.
WITH gone AS (
    UPDATE upload u SET sweep_at = clock_timestamp ()
     WHERE u.id = $2::bigint AND u.owner = $1::bigint AND u.sweep_at IS NULL
    RETURNING u.id, u.owner, u.file, u.length
), counted AS (
    UPDATE account a SET drive_used = a.drive_used - g.length FROM gone g WHERE a.id = g.owner AND g.file IS NULL AND g.length > 0
)
SELECT g.id FROM gone g
