-- As history_after, for a daemon that has judged membership itself; the kind and
-- role columns are there so that one reader serves all.
SELECT r.kind, 2::smallint,
       GREATEST (r.floor, coalesce ((SELECT i.seq FROM item i WHERE i.room = r.id ORDER BY i.seq DESC LIMIT 1), 0)),
       r.epoch, r.floor, x.*
  FROM room r
  LEFT JOIN LATERAL (
      SELECT w.seq, w.id, w.created_at, w.kind, w.sender, w.send_id, w.body, w.reply_to, w.account, w.what, w.role, w.attachments
        FROM (SELECT t.seq, t.id, t.created_at, t.kind, t.sender, t.send_id, t.body, t.reply_to, t.account, t.what, t.role, t.attachments,
                     sum (octet_length (coalesce (t.body, '')) + octet_length (coalesce (t.attachments, '')) + 256)
                         OVER (ORDER BY t.seq ROWS UNBOUNDED PRECEDING) AS bytes
                FROM item t WHERE t.room = r.id AND t.seq > GREATEST ($2::bigint, r.floor)
               ORDER BY t.seq LIMIT $3::bigint) w
       WHERE w.bytes <= $4::bigint) x ON true
 WHERE r.id = $1::bigint
 ORDER BY x.seq
