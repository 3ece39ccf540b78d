-- For its owner, and for who is a member of a room where it can still be read that it was posted.
SELECT f.id, f.owner, f.name, f.type, f.size, encode (b.sha256, 'hex'), f.created_at, b.name
  FROM file f JOIN blob b ON b.id = f.blob JOIN account o ON o.id = f.owner AND o.deleted_at IS NULL
 WHERE f.id = $2::bigint AND f.purpose = 1
   AND (f.owner = $1::bigint
        OR EXISTS (SELECT FROM attachment t
                     JOIN room r ON r.id = t.room AND r.floor < t.seq
                     JOIN member m ON m.room = t.room AND m.account = $1::bigint
                    WHERE t.file = f.id))
