-- By a beginning, as a range, so that one plan with index scans serves every beginning.
-- No row: as staff, but who asks is not.  A row of NULLs: nothing was found.
WITH me AS (
    SELECT me.id, $5::boolean AS is_staff FROM account me
     WHERE me.id = $1::bigint AND (NOT $5::boolean OR (me.staff AND me.active))
), found AS MATERIALIZED (
    SELECT a.id FROM account a
     WHERE (lower (a.login) >= lower ($2::text COLLATE "C") AND lower (a.login) < lower ($2::text COLLATE "C") || chr (1114111))
        OR (lower (a.name) COLLATE "C" >= lower ($2::text) COLLATE "C"
            AND lower (a.name) COLLATE "C" < (lower ($2::text) || chr (1114111)) COLLATE "C")
        OR (lower (a.nickname) COLLATE "C" >= lower ($2::text) COLLATE "C"
            AND lower (a.nickname) COLLATE "C" < (lower ($2::text) || chr (1114111)) COLLATE "C")
        OR ($5::boolean AND lower (a.email) >= lower ($2::text COLLATE "C")
            AND lower (a.email) < lower ($2::text COLLATE "C") || chr (1114111))
)
SELECT x.* FROM me
  LEFT JOIN LATERAL (
      SELECT a.id, a.login, CASE WHEN s.sees THEN a.email END, a.name, a.created_at, a.uuid::text, a.nickname, NULL::boolean,
             CASE WHEN s.sees THEN a.email_confirmed END, CASE WHEN s.sees THEN a.active END, CASE WHEN s.sees THEN a.staff END
        FROM found f JOIN account a ON a.id = f.id CROSS JOIN LATERAL (SELECT me.is_staff OR a.id = me.id AS sees) s
       WHERE f.id > $3::bigint AND a.deleted_at IS NULL AND (a.active OR me.is_staff)
       ORDER BY f.id LIMIT $4::bigint) x ON true
 ORDER BY x.id
