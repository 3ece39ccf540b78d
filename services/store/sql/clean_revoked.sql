-- Kept for a month, so that what was revoked is told from what never was.
DELETE FROM credential WHERE id IN
       (SELECT c.id FROM credential c WHERE c.revoked_at < clock_timestamp () - interval '30 days'
         ORDER BY c.revoked_at LIMIT $1::bigint FOR UPDATE SKIP LOCKED)
