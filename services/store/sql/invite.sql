-- No row: no such room of the dialect chat.  First the room and the asker's role in it, then
-- whom it is about, whether that is a member already, and whether a friend of the asker.
SELECT r.id, r.kind, m.role, a.id, t.account IS NOT NULL,
       EXISTS (SELECT FROM contact c
                WHERE LEAST (c.asker, c.asked) = LEAST (a.id, $1::bigint)
                  AND GREATEST (c.asker, c.asked) = GREATEST (a.id, $1::bigint) AND c.accepted_at IS NOT NULL)
  FROM room r
  LEFT JOIN member m ON m.room = r.id AND m.account = $1::bigint
  LEFT JOIN account a ON a.uuid = ($3::text)::uuid AND a.deleted_at IS NULL
  LEFT JOIN member t ON t.room = r.id AND t.account = a.id
 WHERE r.uuid = ($2::text)::uuid AND r.dialect = 2
