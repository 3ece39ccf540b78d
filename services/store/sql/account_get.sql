-- What is private is shown to oneself alone.
SELECT a.id, a.login, CASE WHEN a.id = $1::bigint THEN a.email END, a.name, a.created_at, a.uuid::text, a.nickname,
       NULLIF (a.deleted_at IS NOT NULL, false), CASE WHEN a.id = $1::bigint THEN a.email_confirmed END,
       CASE WHEN a.id = $1::bigint THEN a.active END, CASE WHEN a.id = $1::bigint THEN a.staff END, '/v1/avatars/' || a.avatar
  FROM account a
 WHERE a.id = coalesce ($2::bigint, (SELECT u.id FROM account u WHERE u.uuid = ($3::text)::uuid))
