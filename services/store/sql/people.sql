-- Names of accounts, also of deleted ones, which have none.
SELECT a.id, a.uuid::text, a.login, a.name, a.nickname, CASE WHEN a.id = $1::bigint THEN a.email END,
       '/v1/avatars/' || a.avatar, a.active, NULL::boolean
  FROM account a WHERE a.id = ANY ($2::bigint[]) ORDER BY a.id
