UPDATE account a SET avatar = NULL WHERE a.id = $1::bigint AND a.avatar IS NOT NULL
