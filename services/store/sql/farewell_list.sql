-- Rooms that deleted accounts are members of.  An heir where nobody else who is left owns the room: who is active before
-- who is not, then the highest role, then the longest member.
SELECT a.id, m.room, h.account
  FROM account a
  JOIN member m ON m.account = a.id
  JOIN room r ON r.id = m.room AND r.kind <> 3
  LEFT JOIN LATERAL (
      SELECT o.account FROM member o JOIN account p ON p.id = o.account
       WHERE o.room = m.room AND p.deleted_at IS NULL
       ORDER BY p.active DESC, o.role DESC, o.joined_at, o.account LIMIT 1) h
    ON m.role = 4 AND NOT EXISTS (
       SELECT FROM member w JOIN account q ON q.id = w.account WHERE w.room = m.room AND w.role = 4 AND q.deleted_at IS NULL)
 WHERE a.leaving
 ORDER BY a.id, m.room LIMIT $1::bigint
