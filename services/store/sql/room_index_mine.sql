-- One's rooms of a dialect, the most lately active first, cut where the page's bytes end.
SELECT w.id, w.kind, w.name, w.topic, w.created_by, w.created_at, w.head, w.epoch, w.floor, w.role, w.read, w.uuid, w.address,
       w.dialect, w.updated_at, w.active_at, w.last
  FROM (SELECT t.*, sum (octet_length (concat (t.name, t.topic, t.last)) + 512) OVER (ORDER BY t.active_at DESC, t.id DESC
                                                                                      ROWS UNBOUNDED PRECEDING) AS bytes
          FROM (SELECT r.id, r.kind, r.name, r.topic, r.created_by, r.created_at, GREATEST (r.floor, coalesce (l.seq, 0)) AS head,
                       r.epoch, r.floor, m.role, coalesce (p.seq, m.joined_seq) AS read, r.uuid::text AS uuid, r.address, r.dialect,
                       coalesce (r.updated_at, r.created_at) AS updated_at, coalesce (l.created_at, r.created_at) AS active_at,
                       CASE WHEN r.dialect = 2 THEN (SELECT i.body FROM item i WHERE i.room = r.id AND i.kind = 1
                                                      ORDER BY i.seq DESC LIMIT 1) END AS last
                  FROM member m
                  JOIN room r ON r.id = m.room
                  LEFT JOIN read_position p ON p.room = m.room AND p.account = m.account
                  LEFT JOIN LATERAL (SELECT i.seq, i.created_at FROM item i WHERE i.room = r.id
                                      ORDER BY i.seq DESC LIMIT 1) l ON true
                 WHERE m.account = $1::bigint AND r.dialect = $2::smallint
                   AND ($3::smallint IS NULL OR r.kind = $3::smallint)
                 ORDER BY coalesce (l.created_at, r.created_at) DESC, r.id DESC OFFSET $4::bigint LIMIT $5::bigint) t) w
 WHERE w.bytes <= $6::bigint
 ORDER BY w.active_at DESC, w.id DESC
