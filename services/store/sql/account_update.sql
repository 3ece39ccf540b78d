UPDATE account SET name = coalesce ($2::text, name) WHERE id = $1::bigint
RETURNING id, login, email, name, created_at
