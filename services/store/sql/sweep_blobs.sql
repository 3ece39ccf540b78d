UPDATE blob SET sweep_at = clock_timestamp () + interval '1 minute' WHERE id IN
       (SELECT b.id FROM blob b WHERE b.sweep_at <= statement_timestamp ()
         ORDER BY b.sweep_at LIMIT $1::bigint FOR UPDATE SKIP LOCKED)
RETURNING name
