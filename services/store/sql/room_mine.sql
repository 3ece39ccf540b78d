SELECT r.id, r.kind, r.name, r.topic, r.created_by, r.created_at,
       GREATEST (r.floor, coalesce ((SELECT i.seq FROM item i WHERE i.room = r.id ORDER BY i.seq DESC LIMIT 1), 0)),
       r.epoch, r.floor, m.role, coalesce (p.seq, m.joined_seq)
  FROM member m
  JOIN room r ON r.id = m.room
  LEFT JOIN read_position p ON p.room = m.room AND p.account = m.account
 WHERE m.account = $1::bigint AND m.room > $2::bigint
   AND ($4::text IS NULL OR strpos (lower (r.name), lower ($4::text)) > 0)
 ORDER BY m.room LIMIT $3::bigint
