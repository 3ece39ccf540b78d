-- Handed out once a minute, until they are swept.
UPDATE upload SET sweep_at = clock_timestamp () + interval '1 minute' WHERE id IN
       (SELECT u.id FROM upload u WHERE u.sweep_at <= statement_timestamp ()
         ORDER BY u.sweep_at LIMIT $1::bigint FOR UPDATE SKIP LOCKED)
RETURNING id
