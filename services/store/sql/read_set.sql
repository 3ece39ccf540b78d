-- Forward only and never past the head.  No row: the account may not know the
-- room; kind alone: it is no member.
WITH r AS (
    SELECT r.id, r.kind, m.account,
           GREATEST (r.floor, coalesce ((SELECT i.seq FROM item i WHERE i.room = r.id ORDER BY i.seq DESC LIMIT 1), 0)) AS head
      FROM room r LEFT JOIN member m ON m.room = r.id AND m.account = $1::bigint
     WHERE r.id = $2::bigint AND (r.kind = 1 OR m.role IS NOT NULL)
), moved AS (
    INSERT INTO read_position AS p (room, account, seq)
    SELECT r.id, r.account, LEAST ($3::bigint, r.head) FROM r WHERE r.account IS NOT NULL
        ON CONFLICT (room, account) DO UPDATE SET seq = excluded.seq WHERE p.seq < excluded.seq
)
SELECT r.account FROM r
