-- After account_lock.  Verdicts: 0 done; 1 the key is used up or was never good; 2 it has expired; 3 the address is
-- somebody else's by now.  The same key again within a minute is a lost answer.
WITH who AS (
    SELECT a.id, m.email, m.used_at IS NOT NULL AS is_known,
           CASE WHEN m.kind <> 1 OR NOT a.active THEN 1
                WHEN m.used_at IS NOT NULL
                     AND NOT (m.used_at > clock_timestamp () - interval '1 minute' AND a.email_confirmed AND a.email = m.email) THEN 1
                WHEN m.expires_at <= clock_timestamp () THEN 2
                WHEN EXISTS (SELECT FROM account o WHERE lower (o.email) = m.email AND o.id <> a.id) THEN 3
                ELSE 0 END AS verdict
      FROM mail m JOIN account a ON a.id = m.account
     WHERE m.id = $1::bigint
), changed AS (
    UPDATE account a SET email = w.email, email_confirmed = true FROM who w WHERE a.id = w.id AND w.verdict = 0
    RETURNING a.id, a.login, a.email, a.name, a.created_at, a.uuid, a.nickname, a.email_confirmed, a.active, a.staff, a.avatar
), void AS (
    UPDATE mail m SET used_at = clock_timestamp () FROM who w
     WHERE m.account = w.id AND m.kind = 1 AND m.email = w.email AND m.used_at IS NULL AND w.verdict = 0
), noted AS (
    INSERT INTO audit (what, account, address, trace)
    SELECT 9, w.id, $2::text, $3::text FROM who w WHERE w.verdict = 0 AND NOT w.is_known
)
SELECT w.verdict::bigint, c.id, c.login, c.email, c.name, c.created_at, c.uuid::text, c.nickname, NULL::boolean, c.email_confirmed,
       c.active, c.staff, '/v1/avatars/' || c.avatar
  FROM who w LEFT JOIN changed c ON c.id = w.id
