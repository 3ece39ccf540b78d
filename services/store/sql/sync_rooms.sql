-- One's rooms, the most lately active first.
SELECT r.id, r.kind, r.name, r.topic, r.created_by, r.created_at,
       GREATEST (r.floor, coalesce (l.seq, 0)), r.epoch, r.floor, m.role, coalesce (p.seq, m.joined_seq)
  FROM member m
  JOIN room r ON r.id = m.room
  LEFT JOIN read_position p ON p.room = m.room AND p.account = m.account
  LEFT JOIN LATERAL (SELECT i.seq, i.created_at FROM item i WHERE i.room = r.id ORDER BY i.seq DESC LIMIT 1) l ON true
 WHERE m.account = $1::bigint AND ($2::bigint[] IS NULL OR m.room = ANY ($2::bigint[]))
 ORDER BY l.created_at DESC NULLS LAST, r.id LIMIT $3::bigint
