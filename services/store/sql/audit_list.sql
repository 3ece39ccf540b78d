-- No row: who asks is not staff.  A row of NULLs: there is nothing.
SELECT x.* FROM account me
  LEFT JOIN LATERAL (
      SELECT u.id, u.at, u.what, u.account, u.by, u.session, u.address, u.trace
        FROM audit u WHERE u.id < $2::bigint ORDER BY u.id DESC LIMIT $3::bigint) x ON true
 WHERE me.id = $1::bigint AND me.staff AND me.active
 ORDER BY x.id DESC
