SELECT a.id, a.uuid::text, a.login, a.name, a.nickname, CASE WHEN a.id = $1::bigint OR $4::boolean THEN a.email END,
       '/v1/avatars/' || a.avatar, a.active, NULL::boolean
  FROM account a
 WHERE a.id = coalesce ($2::bigint, (SELECT u.id FROM account u WHERE u.uuid = ($3::text)::uuid)) AND a.deleted_at IS NULL
