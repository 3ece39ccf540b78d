UPDATE account a SET name = coalesce ($2::text, a.name), nickname = coalesce ($3::text, a.nickname)
 WHERE a.id = $1::bigint AND a.deleted_at IS NULL
RETURNING a.id, a.login, a.email, a.name, a.created_at, a.uuid::text, a.nickname, NULL::boolean, a.email_confirmed, a.active, a.staff,
          '/v1/avatars/' || a.avatar
