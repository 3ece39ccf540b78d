-- The last items of each room, cut as sync_members is.
SELECT z.slot, z.seq, z.id, z.created_at, z.kind, z.sender, z.send_id, z.body, z.reply_to, z.account, z.what, z.role, z.attachments
  FROM (SELECT y.*, sum (octet_length (coalesce (y.body, '')) + octet_length (coalesce (y.attachments, '')) + 256)
                    OVER (ORDER BY y.n, y.slot ROWS UNBOUNDED PRECEDING) AS bytes
          FROM unnest ($1::bigint[], $2::bigint[]) WITH ORDINALITY AS g (id, floor, slot_)
          CROSS JOIN LATERAL (
              SELECT g.slot_ AS slot, t.seq, t.id, t.created_at, t.kind, t.sender, t.send_id, t.body, t.reply_to,
                     t.account, t.what, t.role, t.attachments, row_number () OVER (ORDER BY t.seq DESC) AS n
                FROM item t WHERE t.room = g.id AND t.seq > g.floor ORDER BY t.seq DESC LIMIT $3::bigint) y
         ORDER BY y.n, y.slot LIMIT $4::bigint) z
 WHERE z.bytes <= $5::bigint
 ORDER BY z.slot, z.seq
