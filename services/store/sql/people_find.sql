-- By any part, as account_search: the trigrams find candidates, each field decides by itself.  A row of NULLs and the
-- total: nobody is left behind the offset.
WITH part AS (
    SELECT '%' || replace (replace (replace (lower ($2::text COLLATE "default"), '\', '\\'), '%', '\%'), '_', '\_') || '%' AS text
), found AS MATERIALIZED (
    SELECT a.id FROM account a CROSS JOIN part p
     WHERE lower ((coalesce (a.login, '') || E'\n' || coalesce (a.name, '') || E'\n' || coalesce (a.nickname, '') || E'\n'
                   || coalesce (a.email, '')) COLLATE "default") LIKE p.text
       AND (lower (a.login COLLATE "default") LIKE p.text OR lower (a.nickname) LIKE p.text)
       AND a.id <> $1::bigint AND a.active AND a.deleted_at IS NULL
     ORDER BY a.id LIMIT $6::bigint
)
SELECT x.*, t.total
  FROM (SELECT count (*) AS total FROM found) t
  LEFT JOIN LATERAL (
      SELECT a.id, a.uuid::text, a.login, a.name, a.nickname, CASE WHEN $5::boolean THEN a.email END, '/v1/avatars/' || a.avatar,
             a.active,
             EXISTS (SELECT FROM contact c
                      WHERE LEAST (c.asker, c.asked) = LEAST (a.id, $1::bigint)
                        AND GREATEST (c.asker, c.asked) = GREATEST (a.id, $1::bigint) AND c.accepted_at IS NOT NULL)
        FROM found f JOIN account a ON a.id = f.id
       ORDER BY a.id OFFSET $3::bigint LIMIT $4::bigint) x ON true
 ORDER BY x.id
