DELETE FROM audit WHERE id IN
       (SELECT a.id FROM audit a WHERE a.at < clock_timestamp () - interval '400 days'
         ORDER BY a.at LIMIT $1::bigint FOR UPDATE SKIP LOCKED)
