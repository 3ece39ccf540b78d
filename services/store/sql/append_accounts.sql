SELECT a.id FROM account a WHERE a.id = ANY ($1::bigint[]) AND a.deleted_at IS NULL
