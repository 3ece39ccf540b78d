DELETE FROM credential WHERE id IN
       (SELECT c.id FROM credential c WHERE c.expires_at < clock_timestamp () - interval '1 day'
         ORDER BY c.expires_at LIMIT $1::bigint FOR UPDATE SKIP LOCKED)
