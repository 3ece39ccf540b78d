-- Who is in these rooms, in order of joining.
SELECT g.room, x.account, a.uuid::text
  FROM unnest ($1::bigint[]) AS g (room)
 CROSS JOIN LATERAL (SELECT m.account, m.joined_seq FROM member m WHERE m.room = g.room ORDER BY m.joined_seq LIMIT $2::bigint) x
  JOIN account a ON a.id = x.account
 ORDER BY g.room, x.joined_seq
