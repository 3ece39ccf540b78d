UPDATE member m SET role = g.role
  FROM unnest ($1::bigint[], $2::bigint[], $3::smallint[]) AS g (room, account, role)
 WHERE m.room = g.room AND m.account = g.account
