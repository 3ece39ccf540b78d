SELECT c.id, a.id, a.uuid::text, a.login, a.name, a.nickname, NULL::text, '/v1/avatars/' || a.avatar, a.active, NULL::boolean,
       b.id, b.uuid::text, b.login, b.name, b.nickname, NULL::text, '/v1/avatars/' || b.avatar, b.active, NULL::boolean
  FROM contact c JOIN account a ON a.id = c.asker AND a.deleted_at IS NULL JOIN account b ON b.id = c.asked
 WHERE c.asked = $1::bigint AND c.accepted_at IS NULL
 ORDER BY c.id LIMIT $2::bigint
