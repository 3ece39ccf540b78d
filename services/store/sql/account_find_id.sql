SELECT a.id, a.login, a.email, a.name, a.created_at, a.uuid::text, a.nickname, NULL::boolean, a.email_confirmed, a.active, a.staff,
       '/v1/avatars/' || a.avatar, a.password_hash, a.active, a.generation, a.authtoken, a.staff
  FROM account a WHERE a.id = $1::bigint AND a.deleted_at IS NULL
