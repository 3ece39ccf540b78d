DELETE FROM refresh_family WHERE id IN
       (SELECT f.id FROM refresh_family f WHERE f.expires_at < clock_timestamp () - interval '1 day'
         ORDER BY f.expires_at LIMIT $1::bigint FOR UPDATE SKIP LOCKED)
