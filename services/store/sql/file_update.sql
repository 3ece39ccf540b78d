UPDATE file f SET name = $3::text FROM blob b
 WHERE f.id = $2::bigint AND f.owner = $1::bigint AND f.purpose = 1 AND b.id = f.blob
RETURNING f.id, f.owner, f.name, f.type, f.size, encode (b.sha256, 'hex'), f.created_at
