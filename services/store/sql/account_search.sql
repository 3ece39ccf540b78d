-- As account_list, by any part: the trigrams find candidates, each field decides by itself. Of a part that many have, the
-- next accounts in the order of ids are a page already (near), and the trigrams, which would bring all of them, are not asked.
WITH me AS (
    SELECT me.id, $5::boolean AS is_staff FROM account me
     WHERE me.id = $1::bigint AND (NOT $5::boolean OR (me.staff AND me.active))
), part AS (
    SELECT '%' || replace (replace (replace (lower ($2::text COLLATE "default"), '\', '\\'), '%', '\%'), '_', '\_') || '%' AS text
), near AS MATERIALIZED (
    SELECT a.id
      FROM (SELECT n.* FROM account n WHERE n.id > $3::bigint ORDER BY n.id LIMIT 2000) a CROSS JOIN me CROSS JOIN part p
     WHERE a.deleted_at IS NULL AND (a.active OR me.is_staff)
       AND (lower (a.login COLLATE "default") LIKE p.text OR lower (a.name) LIKE p.text OR lower (a.nickname) LIKE p.text
            OR (me.is_staff AND lower (a.email COLLATE "default") LIKE p.text))
     ORDER BY a.id LIMIT $4::bigint
), far AS MATERIALIZED (
    SELECT a.id FROM account a
     WHERE (SELECT count (*) FROM near) < $4::bigint
       AND lower ((coalesce (a.login, '') || E'\n' || coalesce (a.name, '') || E'\n' || coalesce (a.nickname, '') || E'\n'
                   || coalesce (a.email, '')) COLLATE "default") LIKE (SELECT p.text FROM part p)
), found AS (
    SELECT n.id FROM near n WHERE (SELECT count (*) FROM near) >= $4::bigint
    UNION ALL
    SELECT f.id FROM far f
)
SELECT x.* FROM me
  LEFT JOIN LATERAL (
      SELECT a.id, a.login, CASE WHEN s.sees THEN a.email END, a.name, a.created_at, a.uuid::text, a.nickname, NULL::boolean,
             CASE WHEN s.sees THEN a.email_confirmed END, CASE WHEN s.sees THEN a.active END, CASE WHEN s.sees THEN a.staff END,
             '/v1/avatars/' || a.avatar
        FROM found f JOIN account a ON a.id = f.id CROSS JOIN part p
             CROSS JOIN LATERAL (SELECT me.is_staff OR a.id = me.id AS sees) s
       WHERE f.id > $3::bigint AND a.deleted_at IS NULL AND (a.active OR me.is_staff)
         AND (lower (a.login COLLATE "default") LIKE p.text OR lower (a.name) LIKE p.text OR lower (a.nickname) LIKE p.text
              OR (me.is_staff AND lower (a.email COLLATE "default") LIKE p.text))
       ORDER BY f.id LIMIT $4::bigint) x ON true
 ORDER BY x.id
