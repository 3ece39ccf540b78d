SELECT g.pair, m.role
  FROM unnest ($1::bigint[], $2::bigint[]) WITH ORDINALITY AS g (room, account, pair)
  JOIN member m ON m.room = g.room AND m.account = g.account
