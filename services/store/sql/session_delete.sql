-- Says how many there were, revoked before or now: to repeat it is success. The locks make a repeat write, so that its
-- commit too waits for a standby.
WITH found AS (
    SELECT f.id FROM refresh_family f
     WHERE f.account = $1::bigint AND ($2::bigint IS NULL OR f.id = $2::bigint)
       FOR UPDATE
), gone AS (
    UPDATE refresh_family f SET revoked_at = clock_timestamp ()
      FROM found WHERE f.id = found.id AND f.revoked_at IS NULL
)
SELECT count (*) FROM found
