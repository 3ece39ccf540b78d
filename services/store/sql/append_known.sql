-- The rows that already carry a key of the batch, with what they said.
SELECT g.ord, k.seq, k.id, k.created_at, k.kind, k.body, k.reply_to, k.account, k.what, k.role, k.attachments
  FROM unnest ($1::bigint[], $2::bigint[], $3::text[]) WITH ORDINALITY AS g (room, sender, send_id, ord)
  JOIN item k ON k.room = g.room AND k.sender = g.sender AND k.send_id = g.send_id COLLATE "C"
