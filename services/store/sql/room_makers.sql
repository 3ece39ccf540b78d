-- Which of these accounts there are, and whether the first may make rooms as staff.
SELECT a.id, a.id = $2::bigint AND a.staff AND a.active
  FROM account a WHERE a.id = ANY ($1::bigint[]) AND a.deleted_at IS NULL
