-- All rooms of the dialect `public`, cut where the page's bytes end: their members' ids and uuids among them, of $7 at most.
SELECT w.id, w.kind, w.name, w.topic, w.created_by, w.created_at, w.head, w.epoch, w.floor, w.role, w.read, w.uuid, w.address,
       w.dialect, w.updated_at, w.active_at, NULL::text
  FROM (SELECT t.*, sum (octet_length (concat (t.name, t.topic)) + 64 * t.people + 512) OVER (ORDER BY t.id
                                                                                ROWS UNBOUNDED PRECEDING) AS bytes
          FROM (SELECT r.id, r.kind, r.name, r.topic, r.created_by, r.created_at, GREATEST (r.floor, coalesce (l.seq, 0)) AS head,
                       r.epoch, r.floor, m.role, coalesce (p.seq, m.joined_seq) AS read, r.uuid::text AS uuid, r.address, r.dialect,
                       coalesce (r.updated_at, r.created_at) AS updated_at, coalesce (l.created_at, r.created_at) AS active_at,
                       (SELECT count (*) FROM (SELECT FROM member o WHERE o.room = r.id LIMIT $7::bigint) o) AS people
                  FROM room r
                  LEFT JOIN member m ON m.room = r.id AND m.account = $1::bigint
                  LEFT JOIN read_position p ON p.room = m.room AND p.account = m.account
                  LEFT JOIN LATERAL (SELECT i.seq, i.created_at FROM item i WHERE i.room = r.id
                                      ORDER BY i.seq DESC LIMIT 1) l ON true
                 WHERE r.dialect = 1 AND $2::smallint = 1 AND ($3::smallint IS NULL OR r.kind = $3::smallint)
                 ORDER BY r.id OFFSET $4::bigint LIMIT $5::bigint) t) w
 WHERE w.bytes <= $6::bigint
 ORDER BY w.id
