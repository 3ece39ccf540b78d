SELECT f.id, f.owner, f.name, f.type, f.size, encode (b.sha256, 'hex'), f.created_at, b.name
  FROM file f JOIN blob b ON b.id = f.blob JOIN account a ON a.id = f.owner AND a.avatar = f.uuid AND a.deleted_at IS NULL
 WHERE f.uuid = ($1::text)::uuid
