-- No row: unknown, oneself, the two have a contact, or too many were asked.
INSERT INTO contact (asker, asked)
SELECT $1::bigint, a.id FROM account a
 WHERE a.uuid = ($2::text)::uuid AND a.deleted_at IS NULL AND a.id <> $1::bigint
   AND (SELECT count (*) FROM (SELECT FROM contact c WHERE c.asker = $1::bigint LIMIT $3::bigint) x) < $3::bigint
    ON CONFLICT DO NOTHING
RETURNING id
