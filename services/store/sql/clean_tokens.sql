DELETE FROM refresh_token WHERE hash IN
       (SELECT t.hash FROM refresh_token t WHERE t.expires_at < clock_timestamp () - interval '1 day'
         ORDER BY t.expires_at LIMIT $1::bigint FOR UPDATE SKIP LOCKED)
