-- Whoever gives or takes credentials of an account waits here for the other; what follows
-- has a snapshot younger than the lock.
SELECT a.active, a.generation, a.authtoken FROM account a
 WHERE a.id = coalesce ($1::bigint, (SELECT m.account FROM mail m WHERE m.id = $2::bigint))
   FOR NO KEY UPDATE
