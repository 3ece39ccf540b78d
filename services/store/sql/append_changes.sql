INSERT INTO item (room, seq, id, created_at, sender, account, kind, what, role, send_id)
SELECT g.room, g.seq, g.id, g.created_at, g.sender, g.account, 2, g.what, g.role, g.send_id
  FROM unnest ($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::bigint[], $6::bigint[], $7::smallint[], $8::smallint[], $9::text[])
       AS g (room, seq, id, created_at, sender, account, what, role, send_id)
