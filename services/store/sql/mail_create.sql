-- After mail_lock.  Too many (one a minute, ten a day, by address and kind), an address of nobody, and one that is
-- confirmed already: the row is made all the same, for nobody.
WITH whose AS (
    SELECT a.id FROM account a
     WHERE a.id = coalesce ($2::bigint, (SELECT e.id FROM account e WHERE lower (e.email) = lower ($3::text COLLATE "C")))
       AND a.active AND NOT ($1::smallint = 1 AND a.email_confirmed AND lower (a.email) = lower ($3::text COLLATE "C"))
), others AS (
    SELECT e.id FROM account e
     WHERE lower (e.email) = lower ($3::text COLLATE "C") AND e.id <> $2::bigint
), lately AS (
    SELECT m.created_at FROM mail m
     WHERE m.email = lower ($3::text COLLATE "C") AND m.kind = $1::smallint AND m.account IS NOT NULL
       AND m.created_at > clock_timestamp () - interval '1 day'
     ORDER BY m.created_at DESC LIMIT 10
)
INSERT INTO mail (kind, account, email, expires_at, address)
SELECT $1::smallint,
       (SELECT w.id FROM whose w
         WHERE NOT EXISTS (SELECT FROM others) AND (SELECT count (*) FROM lately) < 10
           AND NOT EXISTS (SELECT FROM lately l WHERE l.created_at > clock_timestamp () - interval '1 minute')),
       lower ($3::text COLLATE "C"), $4::timestamptz, $5::text
