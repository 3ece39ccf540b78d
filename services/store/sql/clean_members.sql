DELETE FROM member m USING
       (SELECT x.room, x.account FROM (SELECT t.room FROM room_trash t ORDER BY t.room LIMIT 1) r,
               LATERAL (SELECT x.room, x.account FROM member x WHERE x.room = r.room ORDER BY x.account LIMIT $1::bigint) x) g
 WHERE m.room = g.room AND m.account = g.account
