-- Whether rooms are whole: at most $2 rooms behind $1, of each at most $3 items
-- behind $4 and $3 members behind $5.  Rooms are also found by their items and
-- members, so that nothing stays behind unseen.  One statement is one snapshot:
-- an append or a deletion in between shows wholly or not at all.
WITH RECURSIVE guard AS MATERIALIZED (
    SELECT count (*) = 2 AS stands
      FROM pg_constraint c JOIN pg_index x ON x.indexrelid = c.conindid
     WHERE c.conrelid = to_regclass ('item') AND c.conname IN ('item_pkey', 'item_send') AND c.contype IN ('p', 'u')
       AND x.indisunique AND x.indisvalid AND x.indisready
), found (id, n) AS (
    SELECT LEAST ((SELECT r.id FROM room r WHERE r.id > $1::bigint ORDER BY r.id LIMIT 1),
                  (SELECT i.room FROM item i WHERE i.room > $1::bigint ORDER BY i.room, i.seq LIMIT 1),
                  (SELECT m.room FROM member m WHERE m.room > $1::bigint ORDER BY m.room, m.account LIMIT 1)), 1
    UNION ALL
    SELECT LEAST ((SELECT r.id FROM room r WHERE r.id > f.id ORDER BY r.id LIMIT 1),
                  (SELECT i.room FROM item i WHERE i.room > f.id ORDER BY i.room, i.seq LIMIT 1),
                  (SELECT m.room FROM member m WHERE m.room > f.id ORDER BY m.room, m.account LIMIT 1)), f.n + 1
      FROM found f WHERE f.id IS NOT NULL AND f.n < $2::bigint
)
SELECT g.stands, f.id, d.room IS NOT NULL, r.id IS NOT NULL, h.head, coalesce (r.floor, 0),
       s.items, coalesce (s.last, $4::bigint), s.missing, s.hole, s.doubled, s.unordered, s.unknown, s.fault,
       p.members, coalesce (p.last, $5::bigint), p.strays, p.stray
  FROM guard g
  LEFT JOIN found f ON f.id IS NOT NULL
  LEFT JOIN room r ON r.id = f.id
  LEFT JOIN room_trash d ON d.room = f.id
  CROSS JOIN LATERAL (
      SELECT GREATEST (r.floor, coalesce ((SELECT i.seq FROM item i WHERE i.room = f.id ORDER BY i.seq DESC LIMIT 1), 0)) AS head) h
  CROSS JOIN LATERAL (
      SELECT count (*) AS items, max (k.seq) AS last,
             coalesce (sum (k.seq - k.before - 1) FILTER (WHERE k.seq > k.before + 1), 0)::bigint AS missing,
             min (k.before + 1) FILTER (WHERE k.seq > k.before + 1) AS hole,
             count (*) FILTER (WHERE k.is_double) AS doubled, count (*) FILTER (WHERE k.is_late) AS unordered,
             count (*) FILTER (WHERE k.is_unknown) AS unknown,
             min (k.seq) FILTER (WHERE k.is_double OR k.is_late OR k.is_unknown) AS fault
        FROM (SELECT t.seq, lag (t.seq, 1, GREATEST ($4::bigint, r.floor)) OVER w AS before,
                     t.seq = lag (t.seq) OVER w OR (t.send_id IS NOT NULL AND row_number () OVER (
                         PARTITION BY t.sender, t.send_id ORDER BY t.seq) > 1) AS is_double,
                     t.created_at <= lag (t.created_at, 1, (SELECT b.created_at FROM item b
                         WHERE b.room = f.id AND b.seq <= $4::bigint ORDER BY b.seq DESC LIMIT 1)) OVER w AS is_late,
                     a.id IS NULL OR (t.account IS NOT NULL AND o.id IS NULL) AS is_unknown
                FROM (SELECT i.seq, i.created_at, i.sender, i.account, i.send_id
                        FROM item i WHERE i.room = f.id AND i.seq > GREATEST ($4::bigint, r.floor)
                       ORDER BY i.seq LIMIT $3::bigint) t
                LEFT JOIN account a ON a.id = t.sender
                LEFT JOIN account o ON o.id = t.account
              WINDOW w AS (ORDER BY t.seq)) k) s
  CROSS JOIN LATERAL (
      SELECT count (*) AS members, max (k.account) AS last, count (*) FILTER (WHERE k.is_stray) AS strays,
             min (k.account) FILTER (WHERE k.is_stray) AS stray
        FROM (SELECT t.account, a.id IS NULL OR t.joined_seq > h.head OR q.seq > h.head
                     OR (t.joined_seq > r.floor AND (j.account IS DISTINCT FROM t.account OR j.what IS DISTINCT FROM 1)) AS is_stray
                FROM (SELECT m.account, m.joined_seq FROM member m WHERE m.room = f.id AND m.account > $5::bigint
                       ORDER BY m.account LIMIT $3::bigint) t
                LEFT JOIN account a ON a.id = t.account
                LEFT JOIN read_position q ON q.room = f.id AND q.account = t.account
                LEFT JOIN item j ON j.room = f.id AND j.seq = t.joined_seq) k) p
 ORDER BY f.id
