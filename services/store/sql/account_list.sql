-- By a beginning, as a range, so that one plan with index scans serves every beginning. Of one that many have, the next
-- accounts in the order of ids are a page already (near), and the indexes, which would bring all of them, are not asked.
-- No row: as staff, but who asks is not.  A row of NULLs: nothing was found.
WITH me AS (
    SELECT me.id, $5::boolean AS is_staff FROM account me
     WHERE me.id = $1::bigint AND (NOT $5::boolean OR (me.staff AND me.active))
), part AS (
    SELECT lower ($2::text COLLATE "C") AS plain, lower ($2::text) COLLATE "C" AS text
), near AS MATERIALIZED (
    SELECT a.id
      FROM (SELECT n.* FROM account n WHERE n.id > $3::bigint ORDER BY n.id LIMIT 2000) a CROSS JOIN me CROSS JOIN part p
     WHERE a.deleted_at IS NULL AND (a.active OR me.is_staff)
       AND (starts_with (lower (a.login), p.plain) OR starts_with (lower (a.name) COLLATE "C", p.text)
            OR starts_with (lower (a.nickname) COLLATE "C", p.text)
            OR (me.is_staff AND starts_with (lower (a.email), p.plain)))
     ORDER BY a.id LIMIT $4::bigint
), far AS MATERIALIZED (
    SELECT a.id FROM account a
     WHERE (SELECT count (*) FROM near) < $4::bigint
       AND ((lower (a.login) >= lower ($2::text COLLATE "C") AND lower (a.login) < lower ($2::text COLLATE "C") || chr (1114111))
         OR (lower (a.name) COLLATE "C" >= lower ($2::text) COLLATE "C"
             AND lower (a.name) COLLATE "C" < (lower ($2::text) || chr (1114111)) COLLATE "C")
         OR (lower (a.nickname) COLLATE "C" >= lower ($2::text) COLLATE "C"
             AND lower (a.nickname) COLLATE "C" < (lower ($2::text) || chr (1114111)) COLLATE "C")
         OR ($5::boolean AND lower (a.email) >= lower ($2::text COLLATE "C")
             AND lower (a.email) < lower ($2::text COLLATE "C") || chr (1114111)))
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
        FROM found f JOIN account a ON a.id = f.id CROSS JOIN LATERAL (SELECT me.is_staff OR a.id = me.id AS sees) s
       WHERE f.id > $3::bigint AND a.deleted_at IS NULL AND (a.active OR me.is_staff)
       ORDER BY f.id LIMIT $4::bigint) x ON true
 ORDER BY x.id
