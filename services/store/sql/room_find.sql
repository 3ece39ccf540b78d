-- A room of a dialect by one of its names, whether the account (NULL: nobody) may see it, and who made it.
SELECT r.id, r.kind, r.name, r.topic, r.created_by, r.created_at, GREATEST (r.floor, coalesce (l.seq, 0)), r.epoch, r.floor,
       m.role, coalesce (p.seq, m.joined_seq), r.uuid::text, r.address, r.dialect, coalesce (r.updated_at, r.created_at),
       coalesce (l.created_at, r.created_at),
       CASE WHEN r.dialect = 2
            THEN (SELECT i.body FROM item i WHERE i.room = r.id AND i.kind = 1 ORDER BY i.seq DESC LIMIT 1) END,
       CASE WHEN r.dialect IN (1, 5) THEN true WHEN r.dialect = 3 THEN $1::bigint IS NOT NULL ELSE m.role IS NOT NULL END,
       c.id, c.uuid::text, c.login, c.name, c.nickname, CASE WHEN r.dialect = 4 OR c.id = $1::bigint THEN c.email END,
       '/v1/avatars/' || c.avatar, c.active, NULL::boolean
  FROM room r
  JOIN account c ON c.id = r.created_by
  LEFT JOIN member m ON m.room = r.id AND m.account = $1::bigint
  LEFT JOIN read_position p ON p.room = m.room AND p.account = m.account
  LEFT JOIN LATERAL (SELECT i.seq, i.created_at FROM item i WHERE i.room = r.id ORDER BY i.seq DESC LIMIT 1) l ON true
 WHERE r.dialect = $5::smallint
   AND r.id = coalesce ($2::bigint, (SELECT u.id FROM room u WHERE u.uuid = ($3::text)::uuid),
                        (SELECT d.id FROM room d WHERE d.address = $4::text COLLATE "C"))
