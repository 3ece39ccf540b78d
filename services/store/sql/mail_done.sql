UPDATE mail m
   SET sent_at = CASE WHEN $2::boolean THEN clock_timestamp () END, failed_at = CASE WHEN NOT $2::boolean THEN clock_timestamp () END
 WHERE m.id = $1::bigint
