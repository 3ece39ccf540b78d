DELETE FROM member m USING unnest ($1::bigint[], $2::bigint[]) AS g (room, account)
 WHERE m.room = g.room AND m.account = g.account
