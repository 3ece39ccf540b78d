SELECT a.drive_files - (a.avatar IS NOT NULL)::integer, a.drive_used FROM account a WHERE a.id = $1::bigint AND a.deleted_at IS NULL
