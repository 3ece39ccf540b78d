-- The first members of each room; when the rows or bytes end, every room has
-- had its first ones before any room gets more.
SELECT z.slot, z.account, z.role, z.login, z.name, z.joined_at
  FROM (SELECT y.*, sum (coalesce (octet_length (y.login), 0) + coalesce (octet_length (y.name), 0) + 96)
                    OVER (ORDER BY y.n, y.slot ROWS UNBOUNDED PRECEDING) AS bytes
          FROM unnest ($1::bigint[]) WITH ORDINALITY AS g (id, slot_)
          CROSS JOIN LATERAL (
              SELECT g.slot_ AS slot, m.account, m.role, a.login, a.name, m.joined_at,
                     row_number () OVER (ORDER BY m.account) AS n
                FROM member m JOIN account a ON a.id = m.account
               WHERE m.room = g.id ORDER BY m.account LIMIT $2::bigint) y
         ORDER BY y.n, y.slot LIMIT $3::bigint) z
 WHERE z.bytes <= $4::bigint
 ORDER BY z.slot, z.n
