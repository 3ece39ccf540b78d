-- A prefix as a range, so that one plan with index scans serves every prefix.
SELECT a.id, a.login, CASE WHEN a.id = $1::bigint THEN a.email END, a.name, a.created_at
  FROM account a
 WHERE a.id > $3::bigint AND a.active
   AND ((lower (a.login) >= lower ($2::text COLLATE "C") AND lower (a.login) < lower ($2::text COLLATE "C") || chr (1114111))
     OR (lower (a.name) COLLATE "C" >= lower ($2::text) COLLATE "C"
         AND lower (a.name) COLLATE "C" < (lower ($2::text) || chr (1114111)) COLLATE "C"))
 ORDER BY a.id LIMIT $4::bigint
