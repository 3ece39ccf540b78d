-- For its owner, and for who is a member of a room where it can still be read that it was posted.  A subquery with
-- a value is asked about this file alone; EXISTS would read all that was posted in one's rooms.
SELECT f.id, f.owner, f.name, f.type, f.size, encode (b.sha256, 'hex'), f.created_at, b.name
  FROM file f JOIN blob b ON b.id = f.blob JOIN account o ON o.id = f.owner AND o.deleted_at IS NULL
 WHERE f.id = $2::bigint AND f.purpose = 1
   AND (f.owner = $1::bigint
        OR (SELECT m.role FROM attachment t
              JOIN room r ON r.id = t.room AND r.floor < t.seq
             CROSS JOIN LATERAL (SELECT x.role FROM member x WHERE x.room = t.room AND x.account = $1::bigint LIMIT 1) m
             WHERE t.file = f.id LIMIT 1) IS NOT NULL)
