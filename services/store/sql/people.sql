-- Names of accounts; unless $3 also of deleted ones, which have none.
SELECT a.id, a.uuid::text, a.login, a.name, a.nickname, CASE WHEN a.id = $1::bigint THEN a.email END,
       '/v1/avatars/' || a.avatar, a.active, NULL::boolean
  FROM account a WHERE a.id = ANY ($2::bigint[]) AND (NOT $3::boolean OR a.deleted_at IS NULL) ORDER BY a.id
