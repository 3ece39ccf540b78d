-- A day longer than the key lasts: the limit of an address counts a day.
DELETE FROM mail WHERE id IN
       (SELECT m.id FROM mail m WHERE m.expires_at < clock_timestamp () - interval '1 day'
         ORDER BY m.expires_at LIMIT $1::bigint FOR UPDATE SKIP LOCKED)
