SELECT f.id, f.owner, f.name, f.type, f.size, encode (b.sha256, 'hex'), f.created_at
  FROM file f JOIN blob b ON b.id = f.blob
 WHERE f.owner = $1::bigint AND f.purpose = 1 AND f.id < $2::bigint
   AND ($4::text IS NULL OR strpos (lower (f.name), lower ($4::text)) > 0)
 ORDER BY f.id DESC LIMIT $3::bigint
