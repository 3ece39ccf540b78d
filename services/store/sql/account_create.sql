INSERT INTO account (login, email, name, password_hash) VALUES ($1::text, lower ($2::text), $3::text, $4::text)
RETURNING id, login, email, name, created_at
