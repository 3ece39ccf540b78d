-- After room_lock; changes nothing unless the account may.
UPDATE room r SET name = coalesce ($3::text, r.name), topic = coalesce ($4::text, r.topic)
  FROM member m
 WHERE r.id = $2::bigint AND r.kind <> 3 AND m.room = r.id AND m.account = $1::bigint AND m.role >= 3
