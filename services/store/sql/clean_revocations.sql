DELETE FROM revocation WHERE (xid, id) IN
       (SELECT r.xid, r.id FROM revocation r WHERE r.at < clock_timestamp () - $2::bigint * interval '1 millisecond'
         ORDER BY r.at LIMIT $1::bigint FOR UPDATE SKIP LOCKED)
