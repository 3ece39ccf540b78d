DELETE FROM attachment t USING
       (SELECT x.file, x.room FROM (SELECT t.room FROM room_trash t ORDER BY t.room LIMIT 1) r,
               LATERAL (SELECT x.file, x.room FROM attachment x WHERE x.room = r.room ORDER BY x.room LIMIT $1::bigint) x) g
 WHERE t.file = g.file AND t.room = g.room
