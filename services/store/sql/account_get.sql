SELECT a.id, a.login, CASE WHEN a.id = $1::bigint THEN a.email END, a.name, a.created_at
  FROM account a WHERE a.id = $2::bigint
