-- A row of NULLs and the total: nobody is left behind the offset.
WITH found AS MATERIALIZED (
    SELECT a.id
      FROM (SELECT c.asked AS id FROM contact c WHERE c.asker = $1::bigint AND c.accepted_at IS NOT NULL
            UNION ALL
            SELECT c.asker FROM contact c WHERE c.asked = $1::bigint AND c.accepted_at IS NOT NULL) f
      JOIN account a ON a.id = f.id AND a.deleted_at IS NULL
)
SELECT x.*, t.total
  FROM (SELECT count (*) AS total FROM found) t
  LEFT JOIN LATERAL (
      SELECT a.id, a.uuid::text, a.login, a.name, a.nickname, CASE WHEN $4::boolean THEN a.email END, '/v1/avatars/' || a.avatar,
             a.active, true
        FROM found f JOIN account a ON a.id = f.id
       ORDER BY a.id OFFSET $2::bigint LIMIT $3::bigint) x ON true
 ORDER BY x.id
