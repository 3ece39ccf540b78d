INSERT INTO member (room, account, role, joined_at, joined_seq)
SELECT g.room, g.account, g.role, g.joined_at, g.joined_seq
  FROM unnest ($1::bigint[], $2::bigint[], $3::smallint[], $4::timestamptz[], $5::bigint[])
       AS g (room, account, role, joined_at, joined_seq)
    ON CONFLICT (room, account)
    DO UPDATE SET role = excluded.role, joined_at = excluded.joined_at, joined_seq = excluded.joined_seq
