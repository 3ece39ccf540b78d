-- After account_create: a statement of its own sees the row that was in the way.
SELECT EXISTS (SELECT FROM account a WHERE lower (a.login) = lower ($1::text COLLATE "C")),
       EXISTS (SELECT FROM account a WHERE lower (a.email) = lower ($2::text COLLATE "C"))
