-- Deleted accounts that no room has any longer.  After an hour: what added them to a room as they were deleted
-- has ended since.
UPDATE account SET leaving = false WHERE id IN
       (SELECT a.id FROM account a
         WHERE a.leaving AND a.deleted_at < clock_timestamp () - interval '1 hour'
           AND NOT EXISTS (SELECT FROM member m JOIN room r ON r.id = m.room AND r.kind <> 3 WHERE m.account = a.id)
         ORDER BY a.id LIMIT $1::bigint FOR NO KEY UPDATE OF a SKIP LOCKED)
