DELETE FROM read_position p USING
       (SELECT x.room, x.account FROM (SELECT t.room FROM room_trash t ORDER BY t.room LIMIT 1) r,
               LATERAL (SELECT x.room, x.account FROM read_position x WHERE x.room = r.room ORDER BY x.account LIMIT $1::bigint) x) g
 WHERE p.room = g.room AND p.account = g.account
