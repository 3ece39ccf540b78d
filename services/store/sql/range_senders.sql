-- Who sent the messages that range reads with the same bounds, for gateways that show names.
SELECT a.id, a.uuid::text, a.login, a.name, a.nickname, a.email, '/v1/avatars/' || a.avatar, a.active, NULL::boolean
  FROM account a
 WHERE a.deleted_at IS NULL
   AND a.id IN (SELECT t.sender
                  FROM (SELECT i.sender FROM item i JOIN room r ON r.id = i.room
                         WHERE i.room = $1::bigint AND i.seq > GREATEST ($2::bigint, r.floor)
                         ORDER BY i.seq LIMIT $3::bigint) t)
