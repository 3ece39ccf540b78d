-- The nearest messages before a time; otherwise as history_before.  Times rise with
-- seqs (store_append), so a time has a place among them, which is found by halving
-- what lies above the floor: no index on times is needed.
WITH RECURSIVE half AS (
    SELECT r.floor + 1 AS low,
           GREATEST (r.floor, coalesce ((SELECT i.seq FROM item i WHERE i.room = r.id ORDER BY i.seq DESC LIMIT 1), 0)) + 1 AS high
      FROM room r WHERE r.id = $2::bigint
    UNION ALL
    SELECT CASE WHEN t.created_at < $3::timestamptz THEN t.seq + 1 ELSE h.low END,
           CASE WHEN t.created_at < $3::timestamptz THEN h.high ELSE t.seq END
      FROM half h JOIN item t ON t.room = $2::bigint AND t.seq = (h.low + h.high) / 2
     WHERE h.low < h.high)
SELECT r.kind, m.role,
       GREATEST (r.floor, coalesce ((SELECT i.seq FROM item i WHERE i.room = r.id ORDER BY i.seq DESC LIMIT 1), 0)),
       r.epoch, r.floor, x.*
  FROM room r
  LEFT JOIN member m ON m.room = r.id AND m.account = $1::bigint
  LEFT JOIN LATERAL (
      SELECT w.seq, w.id, w.created_at, w.kind, w.sender, w.send_id, w.body, w.reply_to, w.account, w.what, w.role, w.attachments
        FROM (SELECT t.seq, t.id, t.created_at, t.kind, t.sender, t.send_id, t.body, t.reply_to, t.account, t.what, t.role, t.attachments,
                     sum (octet_length (coalesce (t.body, '')) + octet_length (coalesce (t.attachments, '')) + 256)
                         OVER (ORDER BY t.seq DESC ROWS UNBOUNDED PRECEDING) AS bytes
                FROM item t WHERE t.room = r.id AND t.seq < (SELECT max (h.low) FROM half h) AND t.seq > r.floor AND t.kind = 1
               ORDER BY t.seq DESC LIMIT $4::bigint) w
       WHERE w.bytes <= $5::bigint) x ON m.role IS NOT NULL
 WHERE r.id = $2::bigint AND (r.kind = 1 OR m.role IS NOT NULL)
 ORDER BY x.seq
