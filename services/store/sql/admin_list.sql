-- As account_list, all.
SELECT x.* FROM account me
  LEFT JOIN LATERAL (
      SELECT a.id, a.login, a.email, a.name, a.created_at, a.uuid::text, a.nickname, NULL::boolean, a.email_confirmed, a.active, a.staff,
             '/v1/avatars/' || a.avatar
        FROM account a WHERE a.id > $2::bigint AND a.deleted_at IS NULL ORDER BY a.id LIMIT $3::bigint) x ON true
 WHERE me.id = $1::bigint AND me.staff AND me.active
 ORDER BY x.id
