SELECT a.id, a.deleted_at IS NULL, a.staff AND a.active FROM account a WHERE a.id = ANY ($1::bigint[])
