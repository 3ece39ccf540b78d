-- Items after a seq for a member, with where the room stands, in one snapshot;
-- cut where the page's bytes end.  A row without item when there is none.
SELECT r.kind, m.role,
       GREATEST (r.floor, coalesce ((SELECT i.seq FROM item i WHERE i.room = r.id ORDER BY i.seq DESC LIMIT 1), 0)),
       r.epoch, r.floor, x.*
  FROM room r
  LEFT JOIN member m ON m.room = r.id AND m.account = $1::bigint
  LEFT JOIN LATERAL (
      SELECT w.seq, w.id, w.created_at, w.kind, w.sender, w.send_id, w.body, w.reply_to, w.account, w.what, w.role, w.attachments
        FROM (SELECT t.seq, t.id, t.created_at, t.kind, t.sender, t.send_id, t.body, t.reply_to, t.account, t.what, t.role, t.attachments,
                     sum (octet_length (coalesce (t.body, '')) + octet_length (coalesce (t.attachments, '')) + 256)
                         OVER (ORDER BY t.seq ROWS UNBOUNDED PRECEDING) AS bytes
                FROM item t WHERE t.room = r.id AND t.seq > GREATEST ($3::bigint, r.floor)
               ORDER BY t.seq LIMIT $4::bigint) w
       WHERE w.bytes <= $5::bigint) x ON m.role IS NOT NULL
 WHERE r.id = $2::bigint AND (r.kind = 1 OR m.role IS NOT NULL)
 ORDER BY x.seq
