-- After admin_lock.  The row stays, for what the account wrote; to repeat it is success.
-- No row: not by somebody who may.  First whether it is the last of staff, which stays as it is.
WITH allowed AS (
    SELECT a.id, a.generation, a.deleted_at,
           a.staff AND a.active AND NOT EXISTS (SELECT FROM account o WHERE o.staff AND o.active AND o.id <> a.id) AS is_last
      FROM account a
     WHERE a.id = $1::bigint
       AND ($2::bigint = a.id OR EXISTS (SELECT FROM account s WHERE s.id = $2::bigint AND s.staff AND s.active))
), gone AS (
    UPDATE account a
       SET login = NULL, email = NULL, name = NULL, nickname = NULL, password_hash = NULL, active = false, staff = false,
           email_confirmed = false, deleted_at = clock_timestamp (), leaving = true, avatar = NULL, generation = a.generation + 1,
           authtoken = a.authtoken + 1,
           drive_used = a.drive_used - coalesce ((SELECT sum (u.length) FROM upload u
                         WHERE u.owner = a.id AND u.file IS NULL AND u.sweep_at IS NULL), 0)
      FROM allowed w WHERE a.id = w.id AND w.deleted_at IS NULL AND NOT w.is_last
    RETURNING a.id, a.generation, a.deleted_at
), ended AS (
    UPDATE credential c SET revoked_at = clock_timestamp () FROM gone g WHERE c.account = g.id AND c.revoked_at IS NULL
), given_up AS (
    UPDATE upload u SET sweep_at = clock_timestamp ()
     WHERE u.owner = $1::bigint AND u.file IS NULL AND u.sweep_at IS NULL AND EXISTS (SELECT FROM gone)
), parted AS (
    DELETE FROM contact c USING gone g WHERE g.id IN (c.asker, c.asked)
), void AS (
    UPDATE mail m SET used_at = clock_timestamp () FROM gone g WHERE m.account = g.id AND m.used_at IS NULL
), told AS (
    INSERT INTO revocation (account, generation) SELECT g.id, g.generation FROM gone g
), noted AS (
    INSERT INTO audit (what, account, by, address, trace) SELECT 14, g.id, $2::bigint, $3::text, $4::text FROM gone g
)
SELECT w.is_last, coalesce (g.generation, w.generation), coalesce (g.deleted_at, w.deleted_at)
  FROM allowed w LEFT JOIN gone g ON g.id = w.id
