-- After admin_lock.  Verdicts: 0 done; 1 who asks is not staff; 2 no such account; 3 it would leave nobody of staff.
-- Who is active no longer is signed out, as by session_delete, and stays so when active again.
WITH me AS (
    SELECT s.id FROM account s WHERE s.id = $1::bigint AND (($8::boolean) OR (s.staff AND s.active))
), before AS (
    SELECT a.id, a.active AS was_active, a.staff AS was_staff, coalesce ($3::boolean, a.active) AS active,
           coalesce ($4::boolean, a.staff) AS staff,
           a.id = $1::bigint AND (NOT coalesce ($3::boolean, true) OR NOT coalesce ($4::boolean, true))
           AND NOT EXISTS (SELECT FROM account o WHERE o.staff AND o.active AND o.id <> a.id) AS is_last
      FROM account a WHERE a.id = $2::bigint AND a.deleted_at IS NULL AND EXISTS (SELECT FROM me)
), changed AS (
    UPDATE account a
       SET active = b.active, staff = b.staff, name = coalesce ($5::text, a.name),
           generation = a.generation + CASE WHEN b.active <> b.was_active OR b.staff <> b.was_staff THEN 1 ELSE 0 END,
           authtoken = a.authtoken + CASE WHEN b.was_active AND NOT b.active THEN 1 ELSE 0 END
      FROM before b WHERE a.id = b.id AND NOT b.is_last
    RETURNING a.id, a.login, a.email, a.name, a.created_at, a.uuid, a.nickname, a.email_confirmed, a.active, a.staff, a.avatar, a.generation,
              b.was_active, b.was_staff
), ended AS (
    UPDATE credential c SET revoked_at = clock_timestamp () FROM changed h
     WHERE c.account = h.id AND h.was_active AND NOT h.active AND c.kind <> 4 AND c.revoked_at IS NULL
), told AS (
    INSERT INTO revocation (account, generation)
    SELECT c.id, c.generation FROM changed c WHERE c.active <> c.was_active OR c.staff <> c.was_staff
    RETURNING generation, at
), noted AS (
    INSERT INTO audit (what, account, by, address, trace)
    SELECT v.what, c.id, CASE WHEN NOT $8::boolean THEN $1::bigint END, $6::text, $7::text
      FROM changed c CROSS JOIN LATERAL (
           VALUES (CASE WHEN c.active <> c.was_active THEN CASE WHEN c.active THEN 10 ELSE 11 END END),
                  (CASE WHEN c.staff <> c.was_staff THEN CASE WHEN c.staff THEN 12 ELSE 13 END END)) v (what)
     WHERE v.what IS NOT NULL
)
SELECT CASE WHEN me.id IS NULL THEN 1 WHEN b.id IS NULL THEN 2 WHEN b.is_last THEN 3 ELSE 0 END::bigint, t.generation, t.at,
       c.id, c.login, c.email, c.name, c.created_at, c.uuid::text, c.nickname, NULL::boolean, c.email_confirmed, c.active, c.staff,
       '/v1/avatars/' || c.avatar
  FROM (SELECT 1) one LEFT JOIN me ON true LEFT JOIN before b ON true LEFT JOIN changed c ON true LEFT JOIN told t ON true
