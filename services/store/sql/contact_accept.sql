UPDATE contact SET accepted_at = clock_timestamp () WHERE id = $1::bigint
