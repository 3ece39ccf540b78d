DELETE FROM room_trash t
 WHERE t.room = (SELECT x.room FROM room_trash x ORDER BY x.room LIMIT 1)
   AND NOT EXISTS (SELECT FROM item i WHERE i.room = t.room)
   AND NOT EXISTS (SELECT FROM member m WHERE m.room = t.room)
   AND NOT EXISTS (SELECT FROM attachment f WHERE f.room = t.room)
   AND NOT EXISTS (SELECT FROM read_position p WHERE p.room = t.room)
