-- The address wins: nobody can shut another out by taking the other's address
-- for a login.
SELECT a.id, a.login, a.email, a.name, a.created_at, a.uuid::text, a.nickname, NULL::boolean, a.email_confirmed, a.active, a.staff,
       '/v1/avatars/' || a.avatar, a.password_hash, a.active, a.generation, a.authtoken, a.staff
  FROM account a
 WHERE lower (a.email) = lower ($1::text COLLATE "C") OR lower (a.login) = lower ($1::text COLLATE "C")
 ORDER BY lower (a.email) = lower ($1::text COLLATE "C") DESC NULLS LAST LIMIT 1
