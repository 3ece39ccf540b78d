-- The lease doubles with each try, which is the pause before the next one.
WITH waiting AS (
    SELECT m.id FROM mail m
     WHERE m.account IS NOT NULL AND m.sent_at IS NULL AND m.failed_at IS NULL AND m.used_at IS NULL
       AND m.lease_until <= clock_timestamp () AND m.expires_at > clock_timestamp () AND m.tries < $3::bigint
     ORDER BY m.lease_until LIMIT $1::bigint FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE mail m
       SET tries = m.tries + 1, lease_until = clock_timestamp () + $2::bigint * (1 << m.tries) * interval '1 millisecond'
      FROM waiting w WHERE m.id = w.id
    RETURNING m.id, m.kind, m.account, m.email, m.expires_at, m.tries, m.dialect
)
SELECT t.id, t.kind, t.account, t.email, coalesce (a.name, a.nickname, a.login), t.expires_at, t.tries - 1, t.dialect
  FROM taken t JOIN account a ON a.id = t.account AND a.active
