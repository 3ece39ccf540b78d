-- The members of the room that room_find finds, in order of joining.
SELECT a.id, a.uuid::text, a.login, a.name, a.nickname, CASE WHEN r.dialect = 4 OR a.id = $1::bigint THEN a.email END,
       '/v1/avatars/' || a.avatar, a.active, NULL::boolean
  FROM room r
  JOIN member m ON m.room = r.id
  JOIN account a ON a.id = m.account
 WHERE r.dialect = $5::smallint
   AND r.id = coalesce ($2::bigint, (SELECT u.id FROM room u WHERE u.uuid = ($3::text)::uuid),
                        (SELECT d.id FROM room d WHERE d.address = $4::text COLLATE "C"))
 ORDER BY m.joined_seq LIMIT $6::bigint
