-- No row: the login or the address is taken.
WITH made AS (
    INSERT INTO account (login, email, name, password_hash, nickname, staff)
    VALUES ($1::text, lower ($2::text), $3::text, $4::text, $5::text, coalesce ($6::boolean, false))
        ON CONFLICT DO NOTHING
    RETURNING id, login, email, name, created_at, uuid, nickname, email_confirmed, active, staff
), confirm AS (
    INSERT INTO mail (kind, account, email, expires_at, address, dialect)
    SELECT 1, m.id, m.email, clock_timestamp () + interval '3 days', $7::text, $9::smallint FROM made m
     WHERE m.email IS NOT NULL
       AND NOT EXISTS (SELECT FROM mail l WHERE l.email = m.email AND l.kind = 1 AND l.account IS NOT NULL
                          AND l.created_at > clock_timestamp () - interval '1 minute')
       AND (SELECT count (*) FROM (SELECT FROM mail l WHERE l.email = m.email AND l.kind = 1 AND l.account IS NOT NULL
               AND l.created_at > clock_timestamp () - interval '1 day' LIMIT 10) x) < 10
), noted AS (
    INSERT INTO audit (what, account, address, trace) SELECT 1, m.id, $7::text, $8::text FROM made m
)
SELECT m.id, m.login, m.email, m.name, m.created_at, m.uuid::text, m.nickname, NULL::boolean, m.email_confirmed, m.active, m.staff,
       NULL::text
  FROM made m
