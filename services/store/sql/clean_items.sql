-- What deleted rooms left behind, the oldest first, a bounded number of rows.
DELETE FROM item i USING
       (SELECT x.room, x.seq FROM (SELECT t.room FROM room_trash t ORDER BY t.room LIMIT 1) r,
               LATERAL (SELECT x.room, x.seq FROM item x WHERE x.room = r.room ORDER BY x.seq LIMIT $1::bigint) x) g
 WHERE i.room = g.room AND i.seq = g.seq
