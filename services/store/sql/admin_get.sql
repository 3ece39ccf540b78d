-- No row: who asks is not staff.  A row of NULLs: there is no such account.
SELECT a.id, a.login, a.email, a.name, a.created_at, a.uuid::text, a.nickname, NULLIF (a.deleted_at IS NOT NULL, false),
       a.email_confirmed, a.active, a.staff, '/v1/avatars/' || a.avatar
  FROM account me
  LEFT JOIN account a ON a.id = coalesce ($2::bigint, (SELECT u.id FROM account u WHERE u.uuid = ($3::text)::uuid))
 WHERE me.id = $1::bigint AND me.staff AND me.active
