-- After contact_create, in a snapshot that has the row it met.  No row: unknown, or oneself.
-- NULL: no contact; then whether too many were asked.
SELECT c.id, (SELECT count (*) FROM (SELECT FROM contact o WHERE o.asker = $1::bigint LIMIT $3::bigint) x) >= $3::bigint
  FROM account a
  LEFT JOIN contact c ON LEAST (c.asker, c.asked) = LEAST (a.id, $1::bigint)
                     AND GREATEST (c.asker, c.asked) = GREATEST (a.id, $1::bigint)
 WHERE a.uuid = ($2::text)::uuid AND a.deleted_at IS NULL AND a.id <> $1::bigint
