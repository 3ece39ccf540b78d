-- No row: there is none, or it is not this account that was asked.
SELECT c.asker, c.accepted_at IS NOT NULL
  FROM contact c JOIN account a ON a.id = c.asker AND a.deleted_at IS NULL
 WHERE c.id = $1::bigint AND c.asked = $2::bigint
   FOR UPDATE OF c
