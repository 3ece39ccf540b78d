-- One row with NULLs when the room may be seen and the page is empty.
SELECT x.account, x.role, x.login, x.name, x.joined_at
  FROM room r
  LEFT JOIN member me ON me.room = r.id AND me.account = $1::bigint
  LEFT JOIN LATERAL (
      SELECT m.account, m.role, a.login, a.name, m.joined_at
        FROM member m JOIN account a ON a.id = m.account
       WHERE m.room = r.id AND m.account > $3::bigint ORDER BY m.account LIMIT $4::bigint) x ON true
 WHERE r.id = $2::bigint AND (r.kind = 1 OR me.role IS NOT NULL)
 ORDER BY x.account
