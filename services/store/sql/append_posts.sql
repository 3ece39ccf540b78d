-- As append_messages, for a batch with files.
INSERT INTO item (room, seq, id, created_at, sender, reply_to, kind, send_id, body, attachments)
SELECT g.room, g.seq, g.id, g.created_at, g.sender, g.reply_to, 1, g.send_id, g.body, g.attachments
  FROM unnest ($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::bytea[])
       AS g (room, seq, id, created_at, sender, reply_to, send_id, body, attachments)
