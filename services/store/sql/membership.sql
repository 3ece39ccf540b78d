SELECT m.role,
       GREATEST (r.floor, coalesce ((SELECT i.seq FROM item i WHERE i.room = r.id ORDER BY i.seq DESC LIMIT 1), 0)),
       r.epoch, r.floor
  FROM room r
  LEFT JOIN member m ON m.room = r.id AND m.account = $1::bigint
 WHERE r.id = $2::bigint AND (r.kind = 1 OR m.role IS NOT NULL)
