-- As account_list, by any part: the trigrams find candidates, each field decides by itself.
WITH me AS (
    SELECT me.id, $5::boolean AS is_staff FROM account me
     WHERE me.id = $1::bigint AND (NOT $5::boolean OR (me.staff AND me.active))
), part AS (
    SELECT '%' || replace (replace (replace (lower ($2::text COLLATE "default"), '\', '\\'), '%', '\%'), '_', '\_') || '%' AS text
), found AS MATERIALIZED (
    SELECT a.id FROM account a
     WHERE lower ((coalesce (a.login, '') || E'\n' || coalesce (a.name, '') || E'\n' || coalesce (a.nickname, '') || E'\n'
                   || coalesce (a.email, '')) COLLATE "default") LIKE (SELECT p.text FROM part p)
)
SELECT x.* FROM me
  LEFT JOIN LATERAL (
      SELECT a.id, a.login, CASE WHEN s.sees THEN a.email END, a.name, a.created_at, a.uuid::text, a.nickname, NULL::boolean,
             CASE WHEN s.sees THEN a.email_confirmed END, CASE WHEN s.sees THEN a.active END, CASE WHEN s.sees THEN a.staff END
        FROM found f JOIN account a ON a.id = f.id CROSS JOIN part p
             CROSS JOIN LATERAL (SELECT me.is_staff OR a.id = me.id AS sees) s
       WHERE f.id > $3::bigint AND a.deleted_at IS NULL AND (a.active OR me.is_staff)
         AND (lower (a.login COLLATE "default") LIKE p.text OR lower (a.name) LIKE p.text OR lower (a.nickname) LIKE p.text
              OR (me.is_staff AND lower (a.email COLLATE "default") LIKE p.text))
       ORDER BY f.id LIMIT $4::bigint) x ON true
 ORDER BY x.id
