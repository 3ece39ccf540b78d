DELETE FROM upload u WHERE u.id = ANY ($1::bigint[]) AND u.sweep_at IS NOT NULL
